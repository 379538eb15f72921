//! What the programs of an earlier daemon left running: ended before anything of this one starts (invariants I1, I8).
//!
//! A supervisor ends its tree when its daemon dies. Only one that was killed together with it leaves a tree behind: a
//! worker's, or a check's that would still write into the kept checkout.

use std::path::{Path, PathBuf};

use super::error::Error;
use crate::process;
use crate::store::StateDir;
use crate::words::AttemptId;
use crate::worker;

/// The attempts looked at. Each daemon ends what it finds, so that only attempts since the start of the last one can
/// have left something, and of those only the newest that started a program.
const NEWEST: u64 = 64;

/// Ends the trees of the newest attempts that never came to a recorded end.
pub(super) async fn end(state: &StateDir, newest: AttemptId) -> Result<(), Error> {
    for number in newest.0.saturating_sub(NEWEST)..=newest.0 {
        let attempt = state.attempt(AttemptId(number));
        for dir in checks_of(&attempt).into_iter().chain([attempt]) {
            // A record that says that something was wrong is an end all the same.
            if matches!(process::finished(&dir), Ok(None)) {
                process::settle(&dir).await.map_err(worker::Error::from)?;
            }
        }
    }
    Ok(())
}

/// The folders of the checks of an attempt; most attempts have none left.
fn checks_of(attempt: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(attempt.join("checks")).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}
