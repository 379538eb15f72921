//! `cco guide`: tell manager and worker something.

use crate::cli::context::Context;
use crate::daemon::protocol::Ask;

use crate::cli::code::Code;
use crate::cli::error::Error;

/// The longest guidance in characters: it goes into a prompt whose size is bounded.
const LONGEST: usize = 4_000;

/// Tell manager and worker something; the next prompt carries it.
///
/// It answers a question of the manager, and it can never make a criterion pass.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco guide \"the API listens on port 3000\"
  cco guide \"leave the parser alone, the fault is in the lexer\"")]
pub struct GuideArgs {
    /// What to tell them
    #[arg(value_name = "TEXT", required = true)]
    pub words: Vec<String>,
}

impl GuideArgs {
    /// The guidance as one text.
    ///
    /// # Errors
    /// If it is empty or too long.
    pub fn text(&self) -> Result<String, Error> {
        let text = self.words.join(" ").trim().to_owned();
        match text.chars().count() {
            0 => Err(Error::new(Code::BadArgument, "there is nothing in this guidance")),
            count if count > LONGEST => {
                let message = format!("guidance has {count} characters, at most {LONGEST} fit into a prompt");
                Err(Error::new(Code::BadArgument, message)
                    .hint("put it into a file of the repository and name that file"))
            }
            _ => Ok(text),
        }
    }
}

impl GuideArgs {
    /// Hands the text to the run, also to one that nobody works on at the moment.
    ///
    /// # Errors
    /// If there is no run, or the text does not fit.
    pub fn run(&self, context: &mut Context<'_>) -> Result<(), Error> {
        let text = self.text()?;
        context.tell(Ask::Guide { text }, "noted for the next prompt")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guidance_is_neither_empty_nor_endless() {
        let text = |words: &[&str]| GuideArgs { words: words.iter().map(|&word| word.to_owned()).collect() }.text();
        assert_eq!(text(&["use", "port 3000"]), Ok("use port 3000".to_owned()));
        assert!(text(&[" "]).is_err());
        assert!(text(&["x".repeat(LONGEST + 1).as_str()]).is_err());
    }
}
