//! `judge` and `manual`: models and people.

use cco::mission::{Check, CheckKind, JudgeCheck, ManualCheck};
use cco::verify::{Answer, Approval, Citation, Item, Word, questions};
use cco::words::Outcome::{Fail, Inconclusive, Pass};
use cco::words::{CheckId, TreeId};

use crate::support::*;

fn judge() -> Check {
    check(CheckKind::Judge(JudgeCheck {
        rubric: "Every route rejects an invalid body".into(),
        evidence: vec!["src/**".into()],
        votes: 1,
        threshold: 1.0,
        require_citations: true,
    }))
}

fn tree() -> Tree {
    let tree = Tree::new();
    tree.write(
        "src/routes.js",
        "app.post('/tasks', (req, res) => {\n  if (!valid(req.body)) return res.status(400);\n});\n",
    );
    tree.write("src/.env", "PASSWORD=hunter22");
    std::os::unix::fs::symlink(".env", tree.at("src/link.js")).unwrap();
    tree.write("README.md", "All routes reject an invalid body.");
    tree
}

fn answer(path: &str, line: u32, quote: &str) -> Answer {
    let citation = Citation { path: path.into(), line_start: line, line_end: line, quote: quote.into() };
    Answer { criterion: "c/0".into(), pass: true, score: 1.0, reason: "It does.".into(), citations: vec![citation] }
}

async fn judged(answers: Vec<Answer>) -> cco::words::Verdict {
    let tree = tree();
    let mut job = tree.job(vec![judge()]);
    job.hidden = vec!["src/.env".into()];
    job.answers.insert(CheckId::new("c/0"), answers);
    run(job).await.verdicts.remove(0)
}

#[tokio::test]
async fn a_citation_that_cco_finds_in_the_tree_supports_the_vote() {
    let verdict = judged(vec![answer("src/routes.js", 2, "if (!valid(req.body)) return res.status(400);")]).await;
    assert_eq!(verdict.outcome, Pass, "{}", verdict.evidence.summary);
    assert!(verdict.evidence.citations[0].starts_with("src/routes.js:2: if (!valid"));
}

#[tokio::test]
async fn an_invented_citation_fails_the_verdict() {
    for (path, line, quote) in [
        ("src/routes.js", 2, "if (!schema.validate(req.body)) return res.status(400);"),
        ("src/routes.js", 1, "if (!valid(req.body)) return res.status(400);"),
        ("src/other.js", 1, "valid(req.body)"),
        ("README.md", 1, "All routes reject an invalid body."),
        ("src/.env", 1, "PASSWORD=hunter22"),
        ("src/link.js", 1, "PASSWORD=hunter22"),
        ("src/../README.md", 1, "All routes reject an invalid body."),
        ("/etc/passwd", 1, "root"),
    ] {
        let verdict = judged(vec![answer(path, line, quote)]).await;
        assert_eq!(verdict.outcome, Fail, "{path}:{line}");
    }
}

#[tokio::test]
async fn a_judge_that_has_not_answered_decides_nothing() {
    assert_eq!(judged(vec![]).await.outcome, Inconclusive);
}

#[tokio::test]
async fn a_judge_is_shown_its_evidence_and_nothing_hidden() {
    let tree = tree();
    let items: Vec<Item> = tree.job(vec![check(CheckKind::All(vec![command("true"), judge()]))]).items;
    let asked = questions(tree.path(), &items, &["src/.env".into()]);
    let [question] = asked.as_slice() else { panic!("{} questions", asked.len()) };
    assert_eq!(question.check.as_str(), "c/0.1");
    let paths: Vec<&str> = question.exhibits.iter().map(|exhibit| exhibit.path.as_str()).collect();
    assert_eq!(paths, ["src/routes.js"]);
}

#[tokio::test]
async fn a_person_approves_exactly_one_tree() {
    let tree = Tree::new();
    let manual = check(CheckKind::Manual(ManualCheck { instruction: "Open /errors and look".into() }));
    let said = |answer, tree: &str| Approval {
        check: CheckId::new("c/0"),
        tree: TreeId::new(tree.repeat(40)),
        answer,
        by: "ann".into(),
        note: "fine".into(),
    };
    let of = |approvals: Vec<Approval>| {
        let mut job = tree.job(vec![manual.clone()]);
        job.approvals = approvals;
        async { run(job).await.verdicts.remove(0) }
    };
    assert_eq!(of(vec![]).await.outcome, Inconclusive);
    assert_eq!(of(vec![said(Word::Approved, "b")]).await.outcome, Inconclusive, "another tree");
    let approved = of(vec![said(Word::Approved, "a")]).await;
    assert_eq!((approved.outcome, approved.evidence.summary.as_str()), (Pass, "approved by ann: fine"));
    assert_eq!(of(vec![said(Word::Approved, "a"), said(Word::Rejected, "a")]).await.outcome, Fail);
}
