//! `cco schema`: the JSON Schema of a file, for editors.

use crate::cli::error::Error;
use crate::cli::internal;
use crate::cli::output::Output;
use crate::config;
use crate::mission;

/// Print the JSON Schema of mission or configuration files, for editors.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco schema mission > mission.schema.json
  cco schema config")]
pub struct SchemaArgs {
    /// Of which file
    #[arg(value_enum)]
    pub file: SchemaFile,
}

/// A file that has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum SchemaFile {
    /// .cco/mission.yaml
    Mission,
    /// .cco/config.yaml
    Config,
}

impl SchemaArgs {
    /// Prints the schema as generated from the types: byte for byte what is committed in `schema/`.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn print(&self, output: &mut Output) -> Result<(), Error> {
        let schema = match self.file {
            SchemaFile::Mission => mission::schema(),
            SchemaFile::Config => config::schema(),
        };
        let text = serde_json::to_string_pretty(&schema).map_err(internal)?;
        output.data(&text);
        output.data("\n");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::Volume;
    use crate::cli::output::tests::kept;

    #[test]
    fn what_is_printed_is_what_is_committed() {
        for (file, committed) in [
            (SchemaFile::Mission, include_str!("../../../schema/mission.json")),
            (SchemaFile::Config, include_str!("../../../schema/config.json")),
        ] {
            let (mut output, out, _) = kept(Volume::Normal);
            SchemaArgs { file }.print(&mut output).unwrap();
            assert!(out.text() == committed, "{file:?}");
        }
    }
}
