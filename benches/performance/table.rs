//! The table that goes into `docs/performance.md`.

use std::fmt;
use std::time::Duration;

/// Rows and what was noted beside them.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<[String; 4]>,
    notes: Vec<String>,
}

impl Table {
    /// One figure: what, its target, the best neighbour's, and what was found here.
    pub(crate) fn row(&mut self, what: &str, target: &str, neighbour: &str, found: impl Into<String>) {
        let found = found.into();
        eprintln!("  {what}: {found} (target {target})");
        self.rows.push([what.to_owned(), target.to_owned(), neighbour.to_owned(), found]);
    }

    pub(crate) fn note(&mut self, note: String) {
        eprintln!("  {note}");
        self.notes.push(note);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n| figure | target | best neighbour | measured |\n|---|---|---|---|")?;
        for row in &self.rows {
            writeln!(f, "| {} |", row.join(" | "))?;
        }
        writeln!(f)?;
        self.notes.iter().try_for_each(|note| writeln!(f, "- {note}"))
    }
}

/// The middle of the times, and the one that a tenth exceeds.
pub(crate) fn spread(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() * 9 / 10])
}

/// A duration in milliseconds with one digit.
pub(crate) fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
