//! Which checks run when, and which verdicts may be taken over. Pure.

use std::collections::BTreeSet;

use super::baseline::Baseline;
use super::{combine, http};
use crate::mission::{Check, CheckKind, Criterion, Every, Service};
use crate::words::{CheckId, CriterionId, Hash, TreeId};

/// One check to be run, with its place in the mission and its hash as sealed.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The criterion it belongs to.
    pub criterion: CriterionId,
    /// Its place: `criterion/0`.
    pub id: CheckId,
    /// What is run.
    pub check: Check,
    /// Hash of its definition as sealed.
    pub check_hash: Hash,
}

/// When checks run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// Before the first action: every check once.
    Baseline,
    /// After an action.
    Iteration,
    /// Before a phase is left.
    PhaseEnd,
    /// On the fresh checkout at the end, and when all else holds.
    Proof,
}

impl Occasion {
    /// Whether a check of this frequency runs now.
    #[must_use]
    pub const fn runs(self, every: Every) -> bool {
        match (self, every) {
            (Self::Baseline | Self::Proof, _) | (_, Every::Iteration) | (Self::PhaseEnd, Every::Phase) => true,
            (Self::Iteration, Every::Phase | Every::Final) | (Self::PhaseEnd, Every::Final) => false,
        }
    }
}

/// The criteria that are looked at.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'a> {
    /// All of them.
    All,
    /// Those of a phase, say.
    Only(&'a BTreeSet<CriterionId>),
}

/// The checks that run now, in the mission's order. `hash` gives a check's hash as sealed.
#[must_use]
pub fn items(criteria: &[Criterion], scope: Scope<'_>, occasion: Occasion, hash: impl Fn(&Check) -> Hash) -> Vec<Item> {
    let in_scope = |criterion: &&Criterion| match scope {
        Scope::All => true,
        Scope::Only(ids) => ids.contains(&criterion.id),
    };
    let of_one = |criterion: &Criterion| {
        let checks = criterion.checks.iter().enumerate().filter(|(_, check)| occasion.runs(check.every));
        let item = |(at, check): (usize, &Check)| Item {
            criterion: criterion.id.clone(),
            id: CheckId::new(format!("{}/{at}", criterion.id)),
            check: check.clone(),
            check_hash: hash(check),
        };
        checks.map(item).collect::<Vec<_>>()
    };
    criteria.iter().filter(in_scope).flat_map(of_one).collect()
}

/// The items that mean something on an emptied tree, where a derived check that passes is vacuous (design section 9).
/// Absence and negation hold there by nature; judges and people are not asked about nothing; a service cannot be started
/// from nothing.
#[must_use]
pub fn for_emptied_tree(items: &[Item]) -> Vec<Item> {
    items.iter().filter(|item| shows_vacuity(&item.check) && !needs_service(&item.check)).cloned().collect()
}

fn shows_vacuity(check: &Check) -> bool {
    match &check.kind {
        CheckKind::File(file) => file.exists,
        CheckKind::Command(_)
        | CheckKind::Http(_)
        | CheckKind::Tests(_)
        | CheckKind::Coverage(_)
        | CheckKind::Metric(_)
        | CheckKind::Plugin(_) => true,
        CheckKind::Git(_) | CheckKind::Sarif(_) | CheckKind::Judge(_) | CheckKind::Manual(_) | CheckKind::Not(_) => {
            false
        }
        CheckKind::All(parts) | CheckKind::Any(parts) => parts.iter().all(shows_vacuity),
    }
}

/// What a verdict depends on beside the check itself.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The environment's hash, carried files and set-up included.
    pub environment: Hash,
    /// The tree of what the check's `inputs` select; the whole tree if it names none.
    pub inputs: &'a TreeId,
    /// The mission's services.
    pub services: &'a [Service],
    /// What `no_regression` compares with, where there is one yet.
    pub baseline: Option<&'a Baseline>,
}

/// The key under which an earlier verdict may be found; `None` if it must be found anew. An inconclusive verdict is
/// never stored under it ([`is_kept`]).
#[must_use]
pub fn cache_key(item: &Item, known: Known<'_>) -> Option<Hash> {
    if !may_be_cached(&item.check) {
        return None;
    }
    let surroundings = depends(&item.id, &item.check, known)?;
    let parts = [item.check_hash.as_bytes(), known.environment.as_bytes(), surroundings.as_bytes()];
    let parts = parts
        .into_iter()
        .map(|hash| hash.as_slice())
        .chain([known.inputs.as_str().as_bytes(), item.id.as_str().as_bytes()]);
    Some(Hash::of_parts(parts))
}

/// Whether a verdict may be taken over later.
#[must_use]
pub const fn is_kept(outcome: crate::words::Outcome) -> bool {
    match outcome {
        crate::words::Outcome::Pass | crate::words::Outcome::Fail => true,
        crate::words::Outcome::Inconclusive => false,
    }
}

/// Whether the same inputs give the same outcome. What is outside of them (a server that cco did not start, a person)
/// may change its mind.
fn may_be_cached(check: &Check) -> bool {
    let own = match &check.kind {
        CheckKind::Http(what) => check.service.is_some() && !http::is_external(&what.url),
        // The history is not part of the key, and looking at it costs nothing.
        CheckKind::Git(_) | CheckKind::Manual(_) => false,
        CheckKind::All(_) | CheckKind::Any(_) | CheckKind::Not(_) => check.parts().iter().all(may_be_cached),
        CheckKind::Command(_)
        | CheckKind::File(_)
        | CheckKind::Tests(_)
        | CheckKind::Coverage(_)
        | CheckKind::Metric(_)
        | CheckKind::Sarif(_)
        | CheckKind::Plugin(_)
        | CheckKind::Judge(_) => true,
    };
    own && check.cache
}

/// Services and baseline as far as this check and its parts use them. `None`: it names a service that is not there.
fn depends(id: &CheckId, check: &Check, known: Known<'_>) -> Option<Hash> {
    let service = match &check.service {
        None => Hash::ZERO,
        Some(name) => service_hash(known.services.iter().find(|service| service.name == *name)?),
    };
    let baseline = known
        .baseline
        .filter(|_| itself_compares(check))
        .map_or(Hash::ZERO, |baseline| Hash::of_parts([b"baseline".as_slice(), baseline.hash(id).as_bytes()]));
    let mut hashes = vec![service, baseline];
    for (id, part) in combine::parts(id, check) {
        hashes.push(depends(&id, part, known)?);
    }
    Some(Hash::of_parts(hashes.iter().map(|hash| hash.as_bytes().as_slice())))
}

/// Debug text is enough here: a change of its form costs one more run, never a stale verdict.
fn service_hash(service: &Service) -> Hash {
    Hash::of(format!("{service:?}").as_bytes())
}

/// Whether a check compares its tests or its number with the baseline, itself or in a part.
#[must_use]
pub fn compares_with_baseline(check: &Check) -> bool {
    itself_compares(check) || check.parts().iter().any(compares_with_baseline)
}

fn itself_compares(check: &Check) -> bool {
    match &check.kind {
        CheckKind::Tests(tests) => tests.no_regression,
        CheckKind::Metric(metric) => metric.baseline.is_some(),
        _ => false,
    }
}

/// Whether a check runs programs of the tree, itself or in a part: those need the tree to be set up. What only reads
/// the tree, asks people, or a server that cco does not start, does not.
#[must_use]
pub fn needs_set_up(check: &Check) -> bool {
    match &check.kind {
        CheckKind::Command(_)
        | CheckKind::Tests(_)
        | CheckKind::Coverage(_)
        | CheckKind::Metric(_)
        | CheckKind::Sarif(_)
        | CheckKind::Plugin(_) => true,
        CheckKind::File(_) | CheckKind::Git(_) | CheckKind::Judge(_) | CheckKind::Manual(_) | CheckKind::Http(_) => {
            check.service.is_some()
        }
        CheckKind::All(_) | CheckKind::Any(_) | CheckKind::Not(_) => {
            check.service.is_some() || check.parts().iter().any(needs_set_up)
        }
    }
}

/// Whether a check needs a service, itself or in a part: those run alone.
pub(super) fn needs_service(check: &Check) -> bool {
    check.service.is_some() || check.parts().iter().any(needs_service)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::http::tests::get;
    use super::*;
    use crate::mission::{
        Bound, ChangeBound, ChangeUnit, CommandCheck, FileCheck, GitCheck, ManualCheck, MetricCheck, NumberPlace,
        Readiness, Relation, TestsCheck,
    };
    use crate::words::Priority;

    fn check(kind: CheckKind) -> Check {
        Check {
            name: String::new(),
            kind,
            timeout: Duration::from_secs(600),
            retries: 0,
            cwd: String::new(),
            every: Every::Iteration,
            inputs: vec![],
            protect: vec![],
            cache: true,
            service: None,
        }
    }

    fn command(run: &str) -> Check {
        let (stdout_contains, stdout_matches) = (vec![], vec![]);
        check(CheckKind::Command(CommandCheck {
            run: run.into(),
            exit_code: 0,
            stdout_contains,
            stdout_matches,
            stderr_empty: false,
            numbers: vec![],
            json: None,
        }))
    }

    fn http(url: &str, service: Option<&str>) -> Check {
        Check { service: service.map(str::to_owned), ..check(CheckKind::Http(get(url))) }
    }

    fn service(run: &str) -> Service {
        Service {
            name: "api".into(),
            run: run.into(),
            ready: Readiness::Port(1),
            ready_timeout: Duration::ZERO,
            stop: None,
            teardown: None,
        }
    }

    fn criterion(id: &str, checks: Vec<Check>) -> Criterion {
        Criterion {
            id: CriterionId::new(id),
            text: id.into(),
            measurable: true,
            priority: Priority::Medium,
            required: true,
            stable_for: 1,
            derived: false,
            checks,
        }
    }

    fn item(check: Check) -> Item {
        Item { criterion: CriterionId::new("c"), id: CheckId::new("c/0"), check, check_hash: Hash::of(b"check") }
    }

    fn key(
        check: &Check,
        environment: &[u8],
        inputs: &str,
        services: &[Service],
        baseline: Option<&Baseline>,
    ) -> Option<Hash> {
        let inputs = TreeId::new(inputs);
        cache_key(
            &item(check.clone()),
            Known { environment: Hash::of(environment), inputs: &inputs, services, baseline },
        )
    }

    #[test]
    fn each_occasion_runs_its_checks() {
        let every = |every| Check { every, ..command("true") };
        let criteria = [
            criterion("a", vec![every(Every::Iteration), every(Every::Phase), every(Every::Final)]),
            criterion("b", vec![command("x")]),
        ];
        let ids = |scope, occasion| -> Vec<String> {
            items(&criteria, scope, occasion, |_| Hash::ZERO).iter().map(|item| item.id.to_string()).collect()
        };
        assert_eq!(ids(Scope::All, Occasion::Baseline), ["a/0", "a/1", "a/2", "b/0"]);
        assert_eq!(ids(Scope::All, Occasion::Iteration), ["a/0", "b/0"]);
        assert_eq!(ids(Scope::All, Occasion::PhaseEnd), ["a/0", "a/1", "b/0"]);
        assert_eq!(ids(Scope::All, Occasion::Proof), ["a/0", "a/1", "a/2", "b/0"]);
        let only = BTreeSet::from([CriterionId::new("b")]);
        assert_eq!(ids(Scope::Only(&only), Occasion::Proof), ["b/0"]);
    }

    #[test]
    fn what_may_change_its_mind_is_never_cached() {
        let cached = |check: &Check| key(check, b"", "t", &[service("x")], None).is_some();
        assert!(cached(&command("true")));
        assert!(!cached(&Check { cache: false, ..command("true") }));
        assert!(!cached(&check(CheckKind::Manual(ManualCheck { instruction: "look".into() }))));
        assert!(!cached(&http("http://example.com/", Some("api"))));
        assert!(!cached(&http("http://127.0.0.1:80/", None)));
        assert!(cached(&http("http://127.0.0.1:80/", Some("api"))));
        assert!(!cached(&check(CheckKind::All(vec![command("true"), http("http://example.com/", None)]))));
        assert!(!cached(&check(CheckKind::Not(Box::new(Check { cache: false, ..command("x") })))));
        assert!(!cached(&Check { service: Some("gone".into()), ..command("x") }));
        assert!(!cached(&check(CheckKind::Git(GitCheck { clean: true, ..GitCheck::default() }))));
    }

    #[test]
    fn the_service_and_the_baseline_are_part_of_the_key() {
        let with = http("http://127.0.0.1:80/", Some("api"));
        assert_ne!(key(&with, b"", "t", &[service("a")], None), key(&with, b"", "t", &[service("b")], None));
        let tests = TestsCheck {
            run: "t".into(),
            report: String::new(),
            min_total: 1,
            max_failed: 0,
            max_skipped: None,
            must_pass: vec![],
            no_regression: true,
        };
        let tests = check(CheckKind::All(vec![check(CheckKind::Tests(tests))]));
        let baseline = |names: &[&str]| {
            Baseline::from_iter([(CheckId::new("c/0.0"), names.iter().map(ToString::to_string).collect())])
        };
        let of = |baseline: Option<&Baseline>| key(&tests, b"", "t", &[], baseline);
        assert_ne!(of(Some(&baseline(&["a"]))), of(Some(&baseline(&["a", "b"]))));
        assert_ne!(of(Some(&baseline(&["a"]))), of(None));
        let metric = |change: Option<ChangeBound>| {
            let number = NumberPlace::Whole;
            check(CheckKind::Metric(MetricCheck {
                run: "m".into(),
                number,
                min: None,
                max: Some(1.0),
                baseline: change,
            }))
        };
        let before = |number: &str| Baseline::from_iter([(CheckId::new("c/0"), [number.to_owned()].into())]);
        let keys = |check: &Check| {
            [Some(before("1")), Some(before("2")), None].map(|known| key(check, b"", "t", &[], known.as_ref()))
        };
        let bound = Bound { relation: Relation::AtMost, value: 0.0, text: "<= 0".into() };
        let [one, other, none] = keys(&metric(Some(ChangeBound { bound, unit: ChangeUnit::Plain })));
        assert!(one != other && one != none);
        let [one, other, none] = keys(&metric(None));
        assert!(one == other && one == none, "what is not compared with the start does not depend on it");
    }

    #[test]
    fn absence_and_negation_are_not_asked_of_an_emptied_tree() {
        let file = |exists| {
            check(CheckKind::File(FileCheck {
                path: "x".into(),
                exists,
                min_count: 1,
                max_count: None,
                min_bytes: None,
                max_bytes: None,
                contains: vec![],
                matches: vec![],
                sha256: None,
                json: None,
                yaml: None,
                toml: None,
            }))
        };
        let asked = |check: Check| !for_emptied_tree(&[item(check)]).is_empty();
        assert!(asked(command("true")) && asked(file(true)) && !asked(file(false)));
        assert!(!asked(check(CheckKind::Not(Box::new(command("true"))))));
        assert!(!asked(check(CheckKind::All(vec![command("true"), file(false)]))));
    }

    proptest! {
        #[test]
        fn a_change_of_anything_in_the_key_changes_the_key(a in ("[a-c]{1,2}", "[a-c]{1,2}", "[a-c]{1,2}"), b in ("[a-c]{1,2}", "[a-c]{1,2}", "[a-c]{1,2}")) {
            let of = |(hash, environment, inputs): &(String, String, String)| {
                let item = Item { check_hash: Hash::of(hash.as_bytes()), ..item(command("x")) };
                let inputs = TreeId::new(inputs.clone());
                cache_key(&item, Known { environment: Hash::of(environment.as_bytes()), inputs: &inputs, services: &[], baseline: None })
            };
            prop_assert_eq!(a == b, of(&a) == of(&b));
        }
    }
}
