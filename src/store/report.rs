//! The reports of a run, beside its journal: each is there whole or not at all.

use super::dir::StateDir;
use super::durable;
use super::error::Error;

impl StateDir {
    /// Replaces the reports of the run in this folder.
    ///
    /// # Errors
    /// If one of them cannot be written.
    pub fn write_reports(&self, markdown: &str, json: &[u8]) -> Result<(), Error> {
        durable::write_whole(&self.report_text(), markdown.as_bytes())?;
        durable::write_whole(&self.report_json(), json)
    }
}
