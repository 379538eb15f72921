//! Listings of typical repositories and what is proposed for them.

use super::*;

fn listing(files: &[(&str, &str)], folders: &[&str]) -> Listing {
    Listing {
        files: files.iter().map(|(name, _)| (*name).to_owned()).collect(),
        folders: folders.iter().map(|name| (*name).to_owned()).collect(),
        contents: files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect(),
    }
}

/// The mission's text, after it was read as YAML.
fn text(listing: &Listing) -> String {
    let text = mission_text(&propose(listing), "Say in one line what is wanted");
    let file =
        crate::mission::read("mission.yaml", &text).unwrap_or_else(|all| panic!("{}", crate::reading::render(&all)));
    assert!(file.warnings.is_empty() && file.unsupported.is_empty(), "{:?}", file.warnings);
    let read: serde_json::Value = serde_yaml::from_str(&text).unwrap();
    let criteria = read["definition_of_done"].as_array().unwrap();
    assert!(!criteria.is_empty());
    let mut ids: Vec<_> = criteria.iter().map(|one| one["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), criteria.len(), "identifiers are unique");
    assert!(criteria.iter().all(|one| !one["validator"].is_null()));
    assert!(uncommented(&text) > criteria.len());
    text
}

/// Takes the marks off every proposal that is only a comment, as a user would, and counts the criteria then.
fn uncommented(text: &str) -> usize {
    let proposal = |line: &str| {
        let rest = line.trim_start().trim_start_matches("# ").trim_start();
        let key = rest.split(':').next().unwrap_or_default();
        rest.starts_with("- ") || ["id", "measurable", "validator", "protect", "carry", "constraints"].contains(&key)
    };
    let lines: Vec<String> = text
        .lines()
        .map(|line| match line.strip_prefix("#   - ") {
            Some(item) => format!("  - {item}"),
            None if line.trim_start().starts_with("# ") && proposal(line) => line.replacen("# ", "", 1),
            None => line.to_owned(),
        })
        .collect();
    crate::mission::read("uncommented.yaml", lines.join("\n"))
        .unwrap_or_else(|all| panic!("{}", crate::reading::render(&all)));
    let read: serde_json::Value = serde_yaml::from_str(&lines.join("\n")).unwrap();
    assert!(read["protect"].is_array() && read["carry"].is_array() && read["constraints"].is_array());
    read["definition_of_done"].as_array().unwrap().len()
}

#[test]
fn a_rust_workspace_with_nextest_and_workflows() {
    let workflow = "jobs:\n  test:\n    steps:\n      - run: cargo fmt --check\n      - run: |\n          cargo deny check\n          \
                    echo ${{ matrix.os }} test\n      - uses: actions/checkout\n";
    let listing = listing(
        &[
            ("Cargo.toml", "[workspace]\nmembers = []\n"),
            (".config/nextest.toml", "[profile.ci]\n[profile.ci.junit]\npath = \"junit.xml\"\n"),
            (".github/workflows/ci.yml", workflow),
            ("Makefile", "test: build\n\tcargo test\nlint:\n\tcargo clippy\n"),
        ],
        &["src", "tests"],
    );
    insta::assert_snapshot!(text(&listing));
}

#[test]
fn a_typescript_service_with_pnpm_vitest_and_a_dockerfile() {
    let package = r#"{"scripts": {"lint": "eslint .", "build": "tsc"}, "devDependencies": {"vitest": "3"}}"#;
    let listing = listing(
        &[
            ("package.json", package),
            ("pnpm-lock.yaml", ""),
            ("tsconfig.json", "{}"),
            ("Dockerfile", ""),
            (".gitignore", "node_modules/\n.env*\n!.env.example\n"),
            (".env", ""),
            (".env.test", ""),
            (".env.example", ""),
        ],
        &["src", "test"],
    );
    insta::assert_snapshot!(text(&listing));
}

#[test]
fn a_python_package_under_uv_with_commands_in_claude_md() {
    let claude = "# Project\n\n## Commands\n\n```sh\nuv run pytest -q  # fast\n```\n- `make docs` builds the manual\n\n## Style\n- `x`\n";
    let pyproject = "[dependency-groups]\ndev = [\"pytest\", \"pytest-cov\", \"mypy\"]\n[tool.ruff]\n";
    let listing = listing(&[("pyproject.toml", pyproject), ("uv.lock", ""), ("CLAUDE.md", claude)], &["tests"]);
    insta::assert_snapshot!(text(&listing));
}

#[test]
fn several_languages_in_one_repository() {
    let listing = listing(
        &[("go.mod", "module x\n"), ("pom.xml", ""), ("mvnw", ""), ("app.csproj", ""), ("build.gradle", "")],
        &[],
    );
    let proposal = propose(&listing);
    let ids: Vec<_> = proposal.checks.iter().map(|check| proposal.id(check)).collect();
    assert_eq!(ids, ["go-tests", "lint", "java-tests", "java-tests", "dotnet-tests"]);
}

#[test]
fn only_make_targets() {
    let listing = listing(&[("Makefile", "CC := cc\ntest:=x\ntest: all\n\t./run\ncheck:\n\t./check\n")], &[]);
    insta::assert_snapshot!(text(&listing));
}

#[test]
fn targets_of_just_and_task_are_told_from_what_only_looks_like_one() {
    let roles = |files: &[(&str, &str)]| {
        propose(&listing(files, &[])).checks.iter().map(|check| check.validator.run().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(roles(&[("justfile", "test filter='':\n  x\n")]), ["just test"]);
    assert_eq!(roles(&[("Taskfile.yml", "version: 3\ntasks:\n  lint:\n    cmds: []\n")]), ["task lint"]);
    assert!(roles(&[("Makefile", "\ttest: indented\ntesting: x\ntest := y\n")]).is_empty());
}

#[test]
fn an_empty_repository() {
    insta::assert_snapshot!(text(&listing(&[("README.md", "")], &[])));
}

#[test]
fn the_configuration_says_little_and_is_valid() {
    let text = config_text();
    // A file with nothing but comments would be refused as empty.
    assert_eq!(serde_yaml::from_str::<serde_json::Value>(&text).unwrap()["orchestrator"]["manager"], "auto");
    insta::assert_snapshot!(text);
}

#[test]
fn a_package_without_real_tests_gets_no_test_check() {
    let package = r#"{"scripts": {"test": "echo \"Error: no test specified\" && exit 1"}}"#;
    assert!(propose(&listing(&[("package.json", package)], &[])).checks.is_empty());
    // A file that is no JSON is not guessed at.
    assert!(propose(&listing(&[("package.json", "{")], &[])).checks.is_empty());
}

#[test]
fn names_from_outside_cannot_leave_their_comment() {
    let workflow = "steps:\n  - run: \"make test\u{85}evil: true\"\n";
    let listing = listing(&[(".github/workflows/a.yml", workflow)], &[]);
    let text = text(&listing);
    assert!(!text.contains('\u{85}'));
}

#[test]
fn only_what_tells_something_is_read() {
    let listing = listing(&[("Cargo.toml", ""), ("secrets.txt", ""), (".github/workflows/a.yml", "")], &[]);
    assert_eq!(listing.wanted(), [".github/workflows/a.yml", "Cargo.toml"]);
}
