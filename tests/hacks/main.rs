//! That checks cannot be gamed: each case is a way to make a check pass without doing the work. It shows three things: a
//! run of the check in the work tree believes it, cco does not, and honest work on the very same mission is proven.
//!
//! `docs/trust.md` has the table of them; `CCO_UPDATE=1 cargo test --test hacks table` writes it anew.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may unwrap, and it owns the programs, files and clock it needs"
)]

#[expect(clippy::allow_attributes, reason = "which parts of the support are unused differs between the test binaries")]
#[allow(dead_code, unused_imports, reason = "each test binary uses its own part of the support")]
#[path = "../support/mod.rs"]
mod support;

#[expect(clippy::allow_attributes, reason = "which parts of the support are unused differs between the test binaries")]
#[allow(dead_code, reason = "each test binary uses its own part of the support")]
#[path = "../support/openrouter.rs"]
mod openrouter;

#[expect(clippy::allow_attributes, reason = "which parts of the support are unused differs between the test binaries")]
#[allow(dead_code, reason = "each test binary uses its own part of the support")]
#[path = "../e2e/world.rs"]
mod world;

/// Names the cases of a file, and makes a test of each.
macro_rules! cases {
    ($($test:ident: $case:expr;)*) => {
        pub(crate) const ALL: &[crate::case::Case] = &[$($case),*];
        $(#[test]
        fn $test() {
            const CASE: crate::case::Case = $case;
            crate::play::play(&CASE);
        })*
    };
}

mod case;
mod code;
mod files;
mod opinions;
mod play;
mod projects;
mod reports;
mod state;
mod table;
mod test_files;
