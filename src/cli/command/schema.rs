//! `cco schema`: the JSON Schema of a file, for editors.

use crate::cli::output::Output;

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
    /// Prints a schema as the rooms that own the types generated it.
    pub fn print(&self, schema: &str, output: &mut Output) {
        output.data(schema.trim_end());
        output.data("\n");
    }
}
