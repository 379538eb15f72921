//! `cco explain`: cause and cure of an error, by its code.

use crate::cli::code::Code;
use crate::cli::error::Error;
use crate::cli::output::{Output, Style};
use crate::cli::screen::text;

/// Explain an error by its code: cause and cure.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco explain CCO-E0421
  cco explain 421")]
pub struct ExplainArgs {
    /// The code, as printed in brackets behind `error`
    #[arg(value_name = "CODE")]
    pub code: String,
}

/// An entry of a table of codes; other rooms have tables of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The code as printed.
    pub code: &'a str,
    /// What is wrong, in a few words.
    pub title: &'a str,
    /// Cause and cure.
    pub explanation: &'a str,
}

impl ExplainArgs {
    /// Prints the entry of the code that was asked for: one of this room's, or one of `others`.
    ///
    /// # Errors
    /// If no table has it.
    pub fn print<'a>(&self, others: impl IntoIterator<Item = Entry<'a>>, output: &mut Output) -> Result<(), Error> {
        let own = Code::ALL.iter().map(|code| Entry {
            code: code.as_str(),
            title: code.title(),
            explanation: code.explanation(),
        });
        let found = own.chain(others).find(|entry| self.means(entry.code));
        let entry = found.ok_or_else(|| {
            let message = format!("there is no code {:?}", self.code);
            Error::new(Code::UnknownCode, message).hint("codes look like CCO-E0410")
        })?;
        output.data(&page(entry, output.data_style()));
        Ok(())
    }

    /// Takes the code whole, without `CCO-`, without the letter, and without zeros in front.
    fn means(&self, code: &str) -> bool {
        let asked = self.code.trim().to_ascii_uppercase();
        let asked = asked.trim_start_matches("CCO-");
        let known = code.trim_start_matches("CCO-");
        let digits = |text: &str| text.trim_start_matches(['E', 'W']).trim_start_matches('0').to_owned();
        let lettered = asked.starts_with(['E', 'W']);
        asked == known || (!lettered || asked.get(..1) == known.get(..1)) && digits(asked) == digits(known)
    }
}

fn page(entry: Entry<'_>, style: Style) -> String {
    let body = text::wrap(entry.explanation, style.width.min(90)).join("\n");
    format!("{}: {}\n\n{body}\n", style.paint().strong(entry.code), entry.title)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::Volume;
    use crate::cli::output::tests::kept;

    #[test]
    fn a_code_is_found_however_it_is_written() {
        for code in ["CCO-E0421", "cco-e0421", "E0421", "421", "0421"] {
            let (mut output, out, _) = kept(Volume::Normal);
            ExplainArgs { code: code.to_owned() }.print([], &mut output).unwrap();
            assert!(out.text().starts_with("CCO-E0421: no cco is running here\n\n"), "{code}");
        }
    }

    #[test]
    fn codes_of_other_rooms_are_found_and_unknown_ones_are_not() {
        let other = Entry { code: "CCO-W0301", title: "not believed", explanation: "Because." };
        let (mut output, out, _) = kept(Volume::Normal);
        ExplainArgs { code: "w301".to_owned() }.print([other], &mut output).unwrap();
        assert_eq!(out.text(), "CCO-W0301: not believed\n\nBecause.\n");
        let unknown = ExplainArgs { code: "E0301".to_owned() }.print([other], &mut output).unwrap_err();
        assert_eq!(unknown.code, Code::UnknownCode);
    }
}
