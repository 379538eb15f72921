//! The front that reads mission files: bytes to a [`Mission`] with every mistake of the file at once.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::bound::{BoundText, ShareText};
use super::check_reading::check;
use super::criteria::criteria;
use super::file::{BudgetKeys, ConstraintFile, ConstraintsFile, MissionKeys};
use super::findings::{Findings, texts};
use super::mission::{Budget, Constraint, Mission};
use super::phases::phases;
use super::services::services;
use super::slug::slug;
use crate::reading::{
    self, Code, Content, Count, Diagnostic, DollarLimit, Format, Glob, Many, NameText, Node, Pattern, Percent, Period,
    QueryText, RelativePath, Sha256Text, Shape, Unsupported, UrlText, VariableName, Wording, published,
};
use crate::words::MissionId;

/// A mission that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct MissionFile {
    /// The mission. Where `unsupported` is not empty it lacks what is named there and must not be started.
    pub mission: Mission,
    /// What someone should know, in the order of the file.
    pub warnings: Vec<Diagnostic>,
    /// What the file asks for and this version cannot do; it may guard the end, so a start is refused.
    pub unsupported: Vec<Unsupported>,
}

/// Every format that a mission file uses.
pub(super) const FORMATS: &[Format] = &[
    Format::of::<Period>(),
    Format::of::<Percent>(),
    Format::of::<DollarLimit>(),
    Format::of::<Count>(),
    Format::of::<Pattern>(),
    Format::of::<Glob>(),
    Format::of::<RelativePath>(),
    Format::of::<QueryText>(),
    Format::of::<UrlText>(),
    Format::of::<VariableName>(),
    Format::of::<NameText>(),
    Format::of::<Sha256Text>(),
    Format::of::<Wording>(),
    Format::of::<BoundText>(),
    Format::of::<ShareText>(),
];

static SHAPE: LazyLock<Shape> = LazyLock::new(|| Shape::of::<MissionKeys>(FORMATS));

/// Reads a mission file; `file_name` is how messages call it.
///
/// # Errors
///
/// Every mistake and every warning of the file, in its order.
pub fn read(file_name: &str, text: impl AsRef<[u8]>) -> Result<MissionFile, Vec<Diagnostic>> {
    let (source, root) = reading::parse(file_name, text.as_ref())?;
    let mut mistakes = Vec::new();
    let root = unwrapped(root, |at, key| {
        let message = format!("unknown key `{key}` beside `mission`");
        mistakes.push(source.error(Code::UnknownKey, at, message).help("move it below `mission:`"));
    });
    let clean = SHAPE.hold(source, root, &mut mistakes);
    let mut found = Findings::new(source, mistakes);
    let Some(clean) = clean else { return Err(found.into_result().err().unwrap_or_default()) };
    let mission = match serde_json::from_value::<MissionKeys>(clean.to_json()) {
        Ok(keys) => mission(&keys, &clean, &mut found),
        Err(error) => {
            let message = format!("the file could not be taken over: {error}");
            found.error(Code::Broken, clean.at, message, "please report this as a mistake of cco");
            return Err(found.into_result().err().unwrap_or_default());
        }
    };
    let (warnings, unsupported) = found.into_result()?;
    Ok(MissionFile { mission, warnings, unsupported })
}

/// The repository that a mission file names, as it is written, whatever else is wrong with the file: who only looks on
/// must find the right repository while somebody edits the mission.
#[must_use]
pub fn named_repository(text: impl AsRef<[u8]>) -> Option<String> {
    let (_, root) = reading::parse("mission", text.as_ref()).ok()?;
    let root = unwrapped(root, |_, _| {});
    match &root.entry("repository")?.value.content {
        Content::Text(path) => Some(path.clone()),
        Content::Null | Content::Bool(_) | Content::Number(_) | Content::List(_) | Content::Map(_) => None,
    }
}

/// The JSON Schema of mission files, for editors.
#[must_use]
pub fn schema() -> Value {
    let mut schema: Value = schemars::schema_for!(MissionKeys).into();
    let Some(root) = schema.as_object_mut() else { return schema };
    let definitions = root.shift_remove("$defs").unwrap_or_default();
    let dialect = root.shift_remove("$schema").unwrap_or_default();
    let mission = std::mem::take(root);
    let mut all = json!({ "Mission": mission });
    if let (Some(all), Value::Object(definitions)) = (all.as_object_mut(), definitions) {
        all.extend(definitions);
    }
    let wrapped = json!({
        "type": "object",
        "properties": { "mission": { "$ref": "#/$defs/Mission" } },
        "required": ["mission"],
        "additionalProperties": false,
    });
    let whole = json!({
        "$schema": dialect,
        "title": "A mission of cco",
        "if": { "type": "object", "required": ["mission"] },
        "then": wrapped,
        "else": { "$ref": "#/$defs/Mission" },
        "$defs": all,
    });
    published(whole, "urn:cco:schema:mission:1")
}

/// Takes off the optional wrapper `mission:`; `stray` is told of keys beside it.
fn unwrapped(root: Node, mut stray: impl FnMut(crate::reading::Span, &str)) -> Node {
    match root.content {
        Content::Map(mut map) if map.entries.iter().any(|entry| entry.key == "mission") => {
            let place = map.entries.iter().position(|entry| entry.key == "mission").unwrap_or_default();
            let entry = map.entries.remove(place);
            map.entries.iter().for_each(|other| stray(other.key_at, &other.key));
            // An empty wrapper is pointed at by its key.
            Node { at: if entry.value.content == Content::Null { entry.key_at } else { entry.value.at }, ..entry.value }
        }
        content => Node { content, ..root },
    }
}

fn mission(keys: &MissionKeys, at: &Node, found: &mut Findings<'_>) -> Mission {
    let services = services(keys.services.as_deref().unwrap_or_default(), at.child("services"), found);
    not_obeyed(keys, at, found);
    let criteria = criteria(&keys.definition_of_done, at.child("definition_of_done"), found);
    let (constraints, intake_tokens) = constraints(keys.constraints.as_ref(), at.child("constraints"), found);
    let mut budget = budget(keys.budget.as_ref());
    budget.tokens = budget.tokens.or(intake_tokens);
    Mission {
        id: MissionId::new(keys.id.clone().map_or_else(|| slug(&keys.title), Into::into)),
        title: keys.title.trim().to_owned(),
        repository: keys.repository.clone(),
        description: keys.description.clone().unwrap_or_default(),
        context: keys.context.clone().unwrap_or_default(),
        phases: phases(keys, &criteria, at, found),
        criteria,
        constraints,
        setup: keys.setup.as_ref().map(|commands| texts(Some(commands))),
        protect: texts(keys.protect.as_ref()),
        unprotect: texts(keys.unprotect.as_ref()),
        carry: texts(keys.carry.as_ref()),
        pass_env: texts(keys.pass_env.as_ref()),
        services,
        budget,
    }
}

/// Keys of the mission that guard its end and are not obeyed yet.
fn not_obeyed(keys: &MissionKeys, at: &Node, found: &mut Findings<'_>) {
    if keys.client.is_some() {
        let why = "governance of clients is not read yet; write its rules as constraints and checks";
        found.unsupported("client", at.key_at("client"), why);
    }
    if keys.gates.as_ref().is_some_and(|gates| !gates.is_empty()) {
        let why = "gates are not run yet; write each as a criterion with `every: phase`";
        found.unsupported("gates", at.key_at("gates"), why);
    }
    if keys.approvals.as_ref().is_some_and(|approvals| !approvals.is_empty()) {
        let why = "approvals are not asked for yet; write each as a criterion with `manual:`";
        found.unsupported("approvals", at.key_at("approvals"), why);
    }
    if keys.budget.as_ref().is_some_and(|budget| budget.window_share.is_some()) {
        let why = "the share of a usage window is not measured yet; use `usd:` or `tokens:`";
        found.unsupported("budget.window_share", at.child("budget").key_at("window_share"), why);
    }
    for (name, gate) in keys.gates.iter().flatten() {
        // A gate is right or wrong whether gates are run or not.
        drop(check(gate, at.child("gates").child(name), found));
    }
}

fn constraints(file: Option<&ConstraintsFile>, at: &Node, found: &mut Findings<'_>) -> (Vec<Constraint>, Option<u64>) {
    let words = |rule: String| Constraint { rule, paths_denied: Vec::new(), check: None };
    match file {
        None => (Vec::new(), None),
        Some(ConstraintsFile::List(rules)) => {
            let rules = rules.iter().enumerate().map(|(index, rule)| match rule {
                ConstraintFile::Text(rule) => words(rule.0.clone()),
                ConstraintFile::Full(keys) => Constraint {
                    rule: keys.rule.clone(),
                    paths_denied: texts(keys.paths_denied.as_ref()),
                    check: keys.check.as_ref().and_then(|file| check(file, at.item(index).child("check"), found)),
                },
            });
            (rules.collect(), None)
        }
        Some(ConstraintsFile::Map(map)) => {
            let tokens = map.get("budget_tokens").and_then(Value::as_u64).filter(|tokens| *tokens > 0);
            if tokens.is_none() && map.contains_key("budget_tokens") {
                let place = at.child("budget_tokens").at;
                found.error(
                    Code::WrongType,
                    place,
                    "`budget_tokens` must be a whole number above 0",
                    "a ceiling must bind",
                );
            }
            let rules = map.iter().filter(|(name, _)| *name != "budget_tokens");
            (
                rules.map(|(name, value)| words(format!("{}: {}", name.replace('_', " "), shown(value)))).collect(),
                tokens,
            )
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

fn budget(keys: Option<&BudgetKeys>) -> Budget {
    let Some(keys) = keys else { return Budget::default() };
    let shares = keys.warn_at.as_ref().map(Many::as_slice).unwrap_or_default();
    Budget {
        usd: keys.usd.and_then(|limit| limit.0),
        tokens: keys.tokens.and_then(|count| count.0),
        warn_at: shares.iter().map(|share| share.0).collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mission::{CheckKind, Every, Relation};
    use crate::reading::{render, shape_assert_known};

    const EVERYTHING: &str = include_str!("../../tests/fixtures/mission/everything.yaml");
    const SPECIFICATION: &str = include_str!("../../missions/specification.yaml");

    fn mistakes(text: &str) -> Vec<String> {
        let found = read("mission.yaml", text).unwrap_err();
        found.iter().map(|d| format!("{}:{} {} {}", d.line, d.column, d.code.as_str(), d.message)).collect()
    }

    /// A mission with one criterion whose validators are these.
    fn with_checks(validators: &str) -> String {
        format!(
            "title: t\nservices: [{{name: api, run: x, ready: {{port: 80}}}}]\ndefinition_of_done:\n- criteria: c\n  validators: {validators}\n"
        )
    }

    #[test]
    fn the_walk_knows_every_keyword_of_the_schema() {
        SHAPE.assert_known();
    }

    #[test]
    fn the_specifications_own_text_is_read() {
        let file = read("mission.yaml", SPECIFICATION).unwrap();
        assert_eq!((file.warnings.len(), file.unsupported.len()), (0, 0));
        let mission = file.mission;
        assert_eq!(mission.id.as_str(), "build-rest-api-for-task-management");
        assert_eq!(mission.repository.as_deref(), Some("./task-api-repo"));
        assert_eq!(mission.criteria.len(), 5);
        assert!(mission.criteria.iter().all(|criterion| criterion.checks.is_empty() && criterion.required));
        assert_eq!(mission.constraints.len(), 3);
        assert_eq!(mission.phases.len(), 1);
        assert_eq!(mission.phases[0].criteria.len(), 5);
    }

    #[test]
    fn the_names_of_the_specifications_data_model_are_read() {
        let text = "{id: m, repository: ., title: t, description: d, context: x, createdAt: 2026-01-01, \
                    definitionOfDone: [{id: a, description: works, measurable: true, priority: high, completed: false}]}";
        let mission = read("mission.json", text).unwrap().mission;
        assert_eq!((mission.id.as_str(), mission.context.as_str()), ("m", "x"));
        assert_eq!((mission.criteria[0].id.as_str(), mission.criteria[0].text.as_str()), ("a", "works"));
    }

    #[test]
    fn every_key_is_accepted_and_what_is_not_obeyed_is_named() {
        let file = read("mission.yaml", EVERYTHING).unwrap();
        let keys: Vec<(&str, usize)> = file.unsupported.iter().map(|key| (key.key.as_str(), key.line)).collect();
        assert_eq!(
            keys,
            [
                ("client", 10),
                ("phases.agents", 38),
                ("phases.gates", 38),
                ("phases.approval", 39),
                ("phases.artifacts", 39),
                ("gates", 40),
                ("approvals", 41),
                ("budget.window_share", 42),
            ]
        );
        let warnings: Vec<Code> = file.warnings.iter().map(|warning| warning.code).collect();
        assert_eq!(warnings, [Code::Completed, Code::EmptyPhase]);
        let mission = file.mission;
        let homes: Vec<(&str, usize)> = mission.phases.iter().map(|p| (p.id.as_str(), p.criteria.len())).collect();
        assert_eq!(homes, [("planning", 0), ("development", 1), ("qa", 2)]);
        assert_eq!(mission.budget.tokens, Some(2_000_000));
        assert_eq!(mission.budget.warn_at, [50, 80]);
        assert_eq!(mission.constraints[1].paths_denied, ["tests/contract/**"]);
    }

    #[test]
    fn eight_mistakes_are_eight_diagnostics() {
        let found = read("mission.yaml", include_str!("../../tests/fixtures/mission/eight-mistakes.yaml")).unwrap_err();
        insta::assert_snapshot!("eight_mistakes", render(&found));
        assert_eq!(found.len(), 8);
    }

    #[test]
    fn checks_get_their_defaults_and_their_common_keys() {
        let text = with_checks(
            "[make, {command: {run: x, exit_code: 3}, timeout: 1h, retries: 2, every: final, cache: false, \
             cwd: sub, inputs: src/**, protect: [a, b], name: n}, {manual: look}, {coverage: {run: r, report: l, lines: '>80%'}}]",
        );
        let checks = read("m", text).unwrap().mission.criteria.remove(0).checks;
        assert_eq!(checks[0].timeout.as_secs(), 600);
        assert_eq!((checks[0].every, checks[0].cache), (Every::Iteration, true));
        assert_eq!((checks[1].every, checks[1].cache, checks[1].retries), (Every::Final, false, 2));
        assert_eq!((checks[1].cwd.as_str(), checks[1].inputs.len(), checks[1].protect.len()), ("sub", 1, 2));
        assert!(matches!(&checks[1].kind, CheckKind::Command(command) if command.exit_code == 3));
        assert_eq!(checks[2].every, Every::Final);
        let CheckKind::Coverage(coverage) = &checks[3].kind else { panic!("{:?}", checks[3]) };
        assert_eq!(coverage.bounds[0].1.relation, Relation::Above);
    }

    #[test]
    fn a_check_can_be_turned_round_in_two_ways() {
        let checks =
            read("m", with_checks("[{command: x, not: true, service: api, every: phase}, {not: {command: x}}]"))
                .unwrap()
                .mission
                .criteria
                .remove(0)
                .checks;
        let CheckKind::Not(inner) = &checks[0].kind else { panic!("{:?}", checks[0]) };
        assert_eq!(
            (checks[0].every, checks[0].service.as_deref(), inner.service.as_deref()),
            (Every::Phase, None, Some("api"))
        );
        assert!(matches!(&checks[1].kind, CheckKind::Not(inner) if matches!(inner.kind, CheckKind::Command(_))));
    }

    #[test]
    fn a_query_for_null_is_not_a_query_for_anything() {
        let text = with_checks("{file: {path: a.json, json: {path: $.a, equals: null}}}");
        let check = read("m", text).unwrap().mission.criteria.remove(0).checks.remove(0);
        let CheckKind::File(file) = check.kind else { panic!() };
        assert_eq!(file.json.unwrap().condition, crate::mission::PathCondition::Equals(Value::Null));
    }

    #[test]
    fn what_a_check_cannot_mean_is_refused() {
        let cases = [
            ("{}", "CCO-E0122 a validator without a kind"),
            ("{command: a, file: b}", "CCO-E0122 a validator with 2 kinds: command, file"),
            ("{not: true}", "CCO-E0122 a validator without a kind"),
            ("{coverage: {run: a, report: b}}", "CCO-E0112 a coverage check without a bound"),
            (
                "{file: {path: a, exists: false, contains: b}}",
                "CCO-E0125 `exists: false` stands beside other conditions",
            ),
            ("{file: {path: a, max_count: 0}}", "CCO-E0125 `max_count` is smaller than `min_count`"),
            ("{metric: {run: a}}", "CCO-E0112 a metric check without a bound"),
            ("{metric: {run: a, min: 3, max: 2}}", "CCO-E0125 `max` is smaller than `min`"),
            ("{metric: {run: a, max: 2, matches: x, json: $.a}}", "CCO-E0125 `json` stands beside `matches`"),
            (
                "{metric: {run: a, baseline: less}}",
                "CCO-E0115 `baseline` must be a bound such as `>80%`, `>= 3` or `80`",
            ),
            ("{metric: {run: a, max: .nan}}", "CCO-E0111 `max` must be a number, not a text"),
            ("{git: {}}", "CCO-E0112 a git check that asks for nothing"),
            ("{git: {clean: false}}", "CCO-E0112 a git check that asks for nothing"),
            ("{git: {max_diff: -1}}", "CCO-E0114 `max_diff` must be at least 0"),
            ("{sarif: {report: a}}", "CCO-E0112 `sarif` lacks the key `run`"),
            (
                "{sarif: {run: a, report: b, max_level: fatal}}",
                "CCO-E0113 `max_level` cannot be `fatal`; it is one of none, note, warning, error",
            ),
            ("{plugin: {config: {a: 1}}}", "CCO-E0112 `plugin` lacks the key `run`"),
            ("{command: {run: a, number: {matches: b}}}", "CCO-E0112 `number` lacks the key `bound`"),
            (
                "{file: {path: a, toml: {path: b}}}",
                "CCO-E0115 `path` is not a JSON path such as `$.items[0].id`: parser error",
            ),
            ("{file: {path: a, min_bytes: 2, max_bytes: 1}}", "CCO-E0125 `max_bytes` is smaller than `min_bytes`"),
            ("{file: ../secret}", "CCO-E0115 `file` leads out of the repository; paths here are relative to it"),
            (
                "{command: {run: a, json: {path: $, exists: true, matches: b}}}",
                "CCO-E0125 a query with several conditions",
            ),
            ("{command: a, service: web}", "CCO-E0121 there is no service `web`"),
            ("{http: {url: 'http://a', status: 999}}", "CCO-E0114 `status` must be at most 599"),
            ("{tests: {run: a, min_total: 0}}", "CCO-E0114 `min_total` must be at least 1"),
            ("{judge: {rubric: a, threshold: 0}}", "CCO-E0114 `threshold` must be more than 0"),
            ("{any: []}", "CCO-E0116 `any` is empty"),
            ("true", "CCO-E0111 `validators` must be a text or a mapping or a list, not true or false"),
        ];
        for (validators, wanted) in cases {
            let found = mistakes(&with_checks(validators));
            assert_eq!(found.len(), 1, "{validators}: {found:?}");
            assert!(found[0].ends_with(wanted), "{validators}: {found:?}");
        }
    }

    #[test]
    fn a_critical_criterion_needs_more_than_an_opinion() {
        let text =
            |validators| format!("title: t\ndod: [{{criteria: c, priority: critical, validators: {validators}}}]");
        for alone in ["{judge: a}", "[{judge: a}, {judge: b}]", "{any: [{judge: a}, make]}"] {
            assert!(mistakes(&text(alone))[0].contains("CCO-E0123"), "{alone}");
        }
        for fine in ["[{judge: a}, make]", "{all: [{judge: a}, {manual: b}]}"] {
            assert!(read("m", text(fine)).is_ok(), "{fine}");
        }
    }

    #[test]
    fn what_must_pass_in_a_row_is_not_repeated_until_it_passes() {
        let text =
            |stable: &str, check: &str| format!("title: t\ndod: [{{criteria: c, {stable} validators: {check}}}]");
        let repeated = "{any: [make, {command: x, retries: 2}]}";
        assert!(mistakes(&text("stable_for: 2,", repeated))[0].contains("CCO-E0125"));
        assert!(read("m", text("", repeated)).is_ok() && read("m", text("stable_for: 2,", "make")).is_ok());
    }

    #[test]
    fn references_must_lead_somewhere() {
        let text = "title: t\ndod:\n- {criteria: a, id: x}\n- {criteria: b, id: x}\nphases:\n- {id: one, criteria: [x, y], depends_on: [two]}\n\
                    - {id: two, criteria: [x], gates: [lint], depends_on: [zero]}\n- two\n";
        assert_eq!(
            mistakes(text),
            [
                "4:21 CCO-E0120 there are two criteria `x`",
                "6:27 CCO-E0121 there is no criterion `y`",
                "6:44 CCO-E0124 `one` depends on `two`, which does not come before it",
                "7:24 CCO-E0125 the criterion `x` ends two phases",
                "7:36 CCO-E0121 there is no gate `lint`",
                "7:56 CCO-E0121 there is no phase `zero`",
                "8:3 CCO-E0120 there are two phases `two`",
                "8:3 CCO-W0304 nothing ends the phase `two`: it has no criteria",
            ]
        );
    }

    #[test]
    fn an_empty_definition_of_done_is_refused() {
        assert_eq!(mistakes("title: t\ndefinition_of_done: []\n"), ["2:21 CCO-E0116 `definition_of_done` is empty"]);
        assert_eq!(mistakes("title: t\n"), ["1:1 CCO-E0112 the file lacks the key `definition_of_done`"]);
        assert_eq!(mistakes("title: t\ndod:\n"), ["2:1 CCO-E0111 `dod` has no value"]);
        assert_eq!(mistakes("title: t\ndod: ['']\n"), ["2:7 CCO-E0115 item 1 of `dod` is empty"]);
        let none = "title: t\ndod: [{criteria: a, required: false}]\n";
        let told = "2:6 CCO-E0125 no criterion is required: the mission would be done without any proof";
        assert_eq!(mistakes(none), [told]);
    }

    #[test]
    fn ids_are_slugs_that_never_collide() {
        let text = "title: t\ndod: [Same words, {criteria: Other, id: same-words}, Same words]";
        let ids: Vec<String> = read("m", text).unwrap().mission.criteria.iter().map(|c| c.id.to_string()).collect();
        assert_eq!(ids, ["same-words-2", "same-words", "same-words-3"]);
    }

    #[test]
    fn the_constraints_of_the_intake_form_are_rules_and_a_budget() {
        let text = "title: t\ndod: [a]\nconstraints: {timeline: 2 weeks, budget_tokens: 2000000, stack: [Rust, sled]}";
        let mission = read("m", text).unwrap().mission;
        let rules: Vec<&str> = mission.constraints.iter().map(|constraint| constraint.rule.as_str()).collect();
        assert_eq!(rules, ["timeline: 2 weeks", "stack: Rust, sled"]);
        assert_eq!(mission.budget.tokens, Some(2_000_000));
        assert!(read("m", "title: t\ndod: [a]\nconstraints: {budget_tokens: lots}").is_err());
    }

    #[test]
    fn keys_beside_the_wrapper_are_mistakes() {
        assert_eq!(
            mistakes("mission: {title: t, dod: [a]}\nbudget: {usd: 5}\n"),
            ["2:1 CCO-E0110 unknown key `budget` beside `mission`"]
        );
        assert_eq!(mistakes("mission:\n"), ["1:1 CCO-E0111 the file has no value"]);
        assert_eq!(mistakes("just words\n"), ["1:1 CCO-E0111 the file must be a mapping, not a text"]);
    }

    #[test]
    fn a_proposed_check_passes_the_same_reading() {
        let check =
            crate::mission::check_from_json(&json!({"command": {"run": "make test"}, "timeout": "5m"})).unwrap();
        assert_eq!(check.timeout.as_secs(), 300);
        let wrong = crate::mission::check_from_json(&json!({"comand": "x", "timeout": "soon"})).unwrap_err();
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        assert!(wrong[0].contains("did you mean `command`?"));
        let inner = crate::mission::check_from_json(&json!({"all": [{"git": {"clean": false}}]})).unwrap_err();
        assert!(inner[0].contains("asks for nothing"), "{inner:?}");
    }

    #[test]
    fn the_published_schema_says_what_the_reader_says() {
        let schema = schema();
        assert!(schema["$defs"]["Mission"]["properties"]["definitionOfDone"].is_object());
        assert!(!schema.to_string().contains("x-aliases") && !schema.to_string().contains("x-kinds"));
        shape_assert_known(&schemars::schema_for!(MissionKeys).into());
    }

    #[test]
    fn a_file_of_a_thousand_mistakes_shows_a_hundred() {
        let wrong: String = (0..1000).map(|n| format!("bad{n}: 1\n")).collect();
        let text = format!("title: t\ndod: [a]\n{wrong}");
        let found = read("m", text).unwrap_err();
        assert_eq!(found.len(), 101);
        assert_eq!(found.iter().filter(|diagnostic| diagnostic.code == Code::TooMany).count(), 1);
    }

    #[test]
    fn files_that_are_large_in_every_way_are_read_or_refused() {
        let keys: String = (0..20_000).map(|n| format!("k{n}: x, ")).collect();
        assert!(read("m", format!("{{title: t, dod: [a], {keys}}}")).is_err());
        let same = format!("title: t\ndod:\n{}", "- a\n".repeat(10_000));
        assert_eq!(read("m", same).unwrap().mission.criteria.len(), 10_000);
        let gates: String = (0..5_000).map(|n| format!("g{n}: x, ")).collect();
        assert!(read("m", format!("{{title: t, dod: [a], gates: {{{gates}}}}}")).is_ok());
    }

    proptest! {
        #[test]
        fn a_cut_or_bent_file_never_makes_it_panic(cut in 0_usize..3000, place in 0_usize..3000, byte in any::<u8>()) {
            let mut bytes = EVERYTHING.as_bytes().to_vec();
            let place = place % bytes.len();
            bytes[place] = byte;
            bytes.truncate(cut.max(place));
            drop(read("mission.yaml", &bytes));
        }

        #[test]
        fn no_mapping_of_known_keys_makes_it_panic(
            keys in proptest::collection::vec(("(title|dod|phases|services|constraints|gates|budget|setup|mission)",
                "(1|x|true|~|\\[\\]|\\{\\}|\\[x\\]|\\{id: x\\}|\\[\\{id: x, criteria: x\\}\\]|\\{http: x, usd: 1\\})"), 0..6)
        ) {
            let text: String = keys.iter().map(|(key, value)| format!("{key}: {value}\n")).collect();
            drop(read("mission.yaml", &text));
        }
    }
}
