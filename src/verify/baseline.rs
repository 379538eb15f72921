//! What was found before the first action: what `no_regression` and a metric's `baseline` compare with. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::words::{CheckId, Hash};

/// Names of passed tests, by check; of a metric its one number as a text. A check without an entry had no report that
/// could be read: nothing of it can regress.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline(BTreeMap<CheckId, BTreeSet<String>>);

impl Baseline {
    /// Adds what passed in one check.
    pub fn insert(&mut self, check: CheckId, passed: BTreeSet<String>) {
        self.0.insert(check, passed);
    }

    /// What passed in one check; `None` if it had no readable report.
    #[must_use]
    pub fn passed(&self, check: &CheckId) -> Option<&BTreeSet<String>> {
        self.0.get(check)
    }

    /// All entries, for the record.
    pub fn iter(&self) -> impl Iterator<Item = (&CheckId, &BTreeSet<String>)> {
        self.0.iter()
    }

    /// Stands for one check's entry in a verdict's key.
    pub(super) fn hash(&self, check: &CheckId) -> Hash {
        let names = self.passed(check).into_iter().flatten();
        Hash::of_parts(names.map(|name| name.as_bytes()))
    }
}

impl FromIterator<(CheckId, BTreeSet<String>)> for Baseline {
    fn from_iter<I: IntoIterator<Item = (CheckId, BTreeSet<String>)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}
