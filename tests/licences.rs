//! Every dependency is under a licence that `deny.toml` allows; cargo-deny checks the same where it is installed.

#![expect(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "a test may unwrap and ask cargo")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const DENY: &str = include_str!("../deny.toml");

/// The platforms that cco is built for (design section 9); what only other platforms pull in is not shipped.
const PLATFORMS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

/// The licences that `deny.toml` allows.
fn allowed() -> BTreeSet<&'static str> {
    let list = DENY.split_once("\nallow = [").unwrap().1.split_once(']').unwrap().0;
    list.split('"').skip(1).step_by(2).collect()
}

/// Whether an SPDX expression is satisfied by allowed licences alone.
///
/// `OR` leaves the choice, `AND` binds tighter and asks for both; an exception (`WITH`) only ever permits more. The
/// slash that old manifests use means `OR`.
fn is_allowed(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    let holds = any_of(&mut words, allowed);
    assert!(words.next().is_none(), "not a licence expression: {expression}");
    holds
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any_of(words: &mut Words<'_>, allowed: &BTreeSet<&str>) -> bool {
    let mut holds = all_of(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        holds |= all_of(words, allowed);
    }
    holds
}

fn all_of(words: &mut Words<'_>, allowed: &BTreeSet<&str>) -> bool {
    let mut holds = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        holds &= one(words, allowed);
    }
    holds
}

fn one(words: &mut Words<'_>, allowed: &BTreeSet<&str>) -> bool {
    let name = words.next().unwrap_or_else(|| panic!("a licence is missing"));
    if name == "(" {
        let holds = any_of(words, allowed);
        assert_eq!(words.next(), Some(")"), "a bracket is not closed");
        return holds;
    }
    if words.next_if_eq(&"WITH").is_some() {
        words.next();
    }
    allowed.contains(name)
}

/// What cargo knows of the packages that are built for a platform.
fn packages(platform: &str) -> BTreeMap<String, Option<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--all-features", "--filter-platform", platform])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let built: BTreeSet<&str> = nodes.iter().filter_map(|node| node["id"].as_str()).collect();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages
        .filter(|package| package["id"].as_str().is_some_and(|id| built.contains(id)))
        .map(|package| {
            let name = format!("{} {}", package["name"].as_str().unwrap(), package["version"].as_str().unwrap());
            (name, package["license"].as_str().map(str::to_owned))
        })
        .collect()
}

#[test]
fn every_dependency_is_under_an_allowed_licence() {
    let allowed = allowed();
    for platform in PLATFORMS {
        let packages = packages(platform);
        assert!(packages.len() > 100, "only {} packages for {platform}", packages.len());
        let wrong: Vec<_> = packages
            .iter()
            .filter(|(_, licence)| !licence.as_ref().is_some_and(|licence| is_allowed(licence, &allowed)))
            .collect();
        assert!(wrong.is_empty(), "not allowed by deny.toml: {wrong:?}");
    }
}

#[test]
fn an_expression_holds_when_a_choice_of_allowed_licences_satisfies_it() {
    let allowed = BTreeSet::from(["MIT", "Apache-2.0", "ISC"]);
    for good in ["MIT", "MIT/GPL-3.0", "GPL-3.0 OR (MIT AND ISC)", "Apache-2.0 WITH LLVM-exception", "MIT AND ISC OR X"]
    {
        assert!(is_allowed(good, &allowed), "{good}");
    }
    for bad in ["GPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC) AND GPL-3.0", "GPL-2.0 WITH linking OR LGPL-3.0"] {
        assert!(!is_allowed(bad, &allowed), "{bad}");
    }
}

#[test]
fn the_list_of_allowed_licences_is_read_from_the_file() {
    let allowed = allowed();
    assert!(allowed.contains("MIT") && allowed.contains("MPL-2.0"), "{allowed:?}");
    assert!(!allowed.iter().any(|licence| licence.contains("GPL")), "{allowed:?}");
}
