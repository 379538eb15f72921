//! `cco config`: the configuration in force.

use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::place::Place;

/// Show the configuration in force.
#[derive(Debug, clap::Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "\
Examples:
  cco config show
  cco config show --origin     where each value comes from"
)]
pub struct ConfigArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// What can be done with the configuration.
#[derive(Debug, clap::Subcommand)]
pub enum ConfigCommand {
    /// Print every value in force
    #[command(after_help = "\
Examples:
  cco config show --origin | grep timeout")]
    Show {
        /// Tell where each value comes from: flag, variable, file and line, default
        #[arg(long)]
        origin: bool,
        /// Print JSON on stdout
        #[arg(long)]
        json: bool,
    },
}

impl ConfigArgs {
    /// Prints every value in force.
    ///
    /// # Errors
    /// The mistakes of the configuration.
    pub fn run(&self, context: &mut Context<'_>) -> Result<(), Error> {
        let ConfigCommand::Show { origin, json } = &self.command;
        let place = Place::find(context, None)?;
        let loaded = context.config(&place)?;
        for warning in &loaded.warnings {
            context.output.note(&format!("{warning}\n"));
        }
        if *json {
            let rows: Vec<_> = loaded
                .rows()
                .into_iter()
                .map(|row| serde_json::json!({ "key": row.key, "value": row.value, "origin": row.origin.to_string() }))
                .collect();
            let value = serde_json::json!({ "schema": "cco.config", "version": 1, "values": rows });
            return context.output.json(&value).map_err(crate::cli::internal);
        }
        let rows = loaded.rows();
        let width = rows.iter().map(|row| row.key.chars().count()).max().unwrap_or(0);
        for row in rows {
            let place = if *origin { format!("   # {}", row.origin) } else { String::new() };
            context.output.data(&format!("{:width$}  {}{place}\n", row.key, row.value));
        }
        Ok(())
    }
}
