//! The sign, the word and the colour of each state: always all three, so that no one needs the colour.

use crate::cli::output::{Charset, Paint, Style};
use crate::view::State;
use crate::words::Outcome;

/// The widest word of a state, in columns.
pub(super) const WORD: usize = 11;

/// The sign of a state.
pub(super) const fn sign(state: State, style: Style) -> &'static str {
    match (state, style.charset) {
        (State::Proven, Charset::Unicode) => "●",
        (State::Holds, Charset::Unicode) => "✓",
        (State::HeldBefore, Charset::Unicode) => "↓",
        (State::Failing, Charset::Unicode) => "✗",
        (State::Unknown, Charset::Unicode) => "·",
        (State::AwaitsPerson, Charset::Unicode) => "◇",
        (State::Proven, Charset::Ascii) => "*",
        (State::Holds, Charset::Ascii) => "+",
        (State::HeldBefore, Charset::Ascii) => "v",
        (State::Failing, Charset::Ascii) => "x",
        (State::Unknown, Charset::Ascii) => ".",
        (State::AwaitsPerson, Charset::Ascii) => "?",
    }
}

/// Colours what belongs to a state.
pub(super) fn paint(state: State, paint: Paint, text: &str) -> String {
    match state {
        State::Proven | State::Holds => paint.good(text),
        State::HeldBefore | State::Failing => paint.bad(text),
        State::AwaitsPerson => paint.warn(text),
        State::Unknown => paint.faint(text),
    }
}

/// Colours the word of an outcome.
pub(super) fn outcome(outcome: Outcome, paint: Paint) -> String {
    match outcome {
        Outcome::Pass => paint.good("pass"),
        Outcome::Fail => paint.bad("fail"),
        Outcome::Inconclusive => paint.warn("inconclusive"),
    }
}

/// What stands before something a person must look at.
pub(super) const ALERT: &str = "!";

/// A sign that turns with each frame.
pub(super) fn spinner(frame: usize, style: Style) -> &'static str {
    const TURNING: [&str; 8] = ["⠋", "⠙", "⠸", "⠴", "⠦", "⠧", "⠇", "⠏"];
    const PLAIN: [&str; 4] = ["|", "/", "-", "\\"];
    match style.charset {
        Charset::Unicode => TURNING[frame % TURNING.len()],
        Charset::Ascii => PLAIN[frame % PLAIN.len()],
    }
}

/// What separates facts on a line.
pub(super) const fn dot(style: Style) -> &'static str {
    match style.charset {
        Charset::Unicode => " · ",
        Charset::Ascii => " - ",
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::cli::output::Colour;

    /// 80×24 without colours.
    pub(crate) const STYLE: Style = Style { colour: Colour::Off, charset: Charset::Unicode, width: 80, height: 24 };

    #[test]
    fn every_state_has_a_sign_of_its_own_and_a_word_that_fits() {
        let states =
            [State::Proven, State::Holds, State::HeldBefore, State::Failing, State::Unknown, State::AwaitsPerson];
        for charset in [Charset::Unicode, Charset::Ascii] {
            let style = Style { charset, ..STYLE };
            let mut signs: Vec<_> = states.iter().map(|state| sign(*state, style)).collect();
            signs.sort_unstable();
            signs.dedup();
            assert_eq!(signs.len(), states.len());
            assert!(signs.iter().all(|sign| super::super::text::width(sign) == 1));
        }
        assert!(states.iter().all(|state| state.word().len() <= WORD));
    }
}
