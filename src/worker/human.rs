//! In-session mode: the worker is a person. What they are asked to do, as text.

use super::request::Request;

/// The instruction as it is printed: what to do and how to say that it is done.
#[must_use]
pub(super) fn instruction(request: &Request) -> String {
    let mut text = format!("Action {} is yours:\n\n{}\n", request.iteration, request.prompt.trim());
    if !request.system_prompt.trim().is_empty() {
        text.push_str(&format!("\nRules that hold throughout:\n\n{}\n", request.system_prompt.trim()));
    }
    text.push_str("\nWhen you have done it, run `cco done` in this repository. cco then checks; it does not take your word for it.\n");
    text
}
