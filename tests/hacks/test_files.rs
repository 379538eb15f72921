//! Hacks on the tests, on the scripts that decide, and on what configures a test runner.

use crate::case::{Beaten, Case, Family, Stopped};
use crate::projects::{JAVASCRIPT, JAVASCRIPT_BARE, PYTHON, PYTHON_BARE, SH, SH_FILES};

/// Stands in for pytest with what these cases need of it: `addopts` of pytest.ini, `--deselect`, `pytest_sessionfinish` of
/// conftest.py, and a report in JUnit's form.
const PYTEST: &str = "\
#!/usr/bin/env python3
import configparser, os, runpy, sys, unittest
sys.path.insert(0, os.getcwd())
ini = configparser.ConfigParser()
ini.read('pytest.ini')
words = ini.get('pytest', 'addopts', fallback='').split() + sys.argv[1:]
option = lambda name: [word.partition('=')[2] for word in words if word.startswith(name + '=')]
class Session: exitstatus = 0
hooks = runpy.run_path('conftest.py') if os.path.exists('conftest.py') else {}
cases = []
def walk(suite):
    for test in suite:
        walk(test) if isinstance(test, unittest.TestSuite) else cases.append(test)
walk(unittest.defaultTestLoader.discover('tests', top_level_dir='.'))
rows = []
for test in cases:
    if test.id() in option('--deselect'): continue
    result = unittest.TestResult()
    test.run(result)
    failed = bool(result.failures or result.errors)
    Session.exitstatus |= failed
    name, _, method = test.id().rpartition('.')
    rows.append(f'<testcase classname=\"{name}\" name=\"{method}\">' + ('<failure/>' if failed else '') + '</testcase>')
hooks.get('pytest_sessionfinish', lambda session: None)(Session)
for path in option('--junitxml'):
    open(path, 'w').write('<testsuite>' + ''.join(rows) + '</testsuite>')
sys.exit(Session.exitstatus)
";

/// The report of a pytest of its own is asked for.
const PYTEST_COUNTED: &str = "\
title: Addition
definition_of_done:
  - criteria: The tests pass
    id: tests
    validators:
      - tests:
          run: pytest --junitxml=junit.xml
          report: junit.xml
          must_pass: [\"tests.test_calc.Add::test_small\"]
";

const PYTEST_BARE: &str = "\
title: Addition
definition_of_done:
  - criteria: The tests pass
    id: tests
    validator: pytest
";

const PYTEST_PROJECT: Case = Case {
    programs: &[("pytest", PYTEST)],
    naive: "pytest",
    mission: PYTEST_COUNTED,
    family: Family::Runner,
    ..PYTHON
};

/// Two features with a test each, of which one is open.
const TWO_FEATURES: &str = "\
title: Addition
definition_of_done:
  - criteria: The tests pass, those of before among them
    id: tests
    validators:
      - tests: { run: node --test --test-reporter=tap, no_regression: true }
";

const GOLDEN: &[(&str, &str)] =
    &[SH_FILES[0], ("check.sh", "sh greet.sh Ada | diff - golden/ada.txt\n"), ("golden/ada.txt", "Hello, Ada!\n")];

const GOLDEN_SEALED: &str = "\
title: A greeting
protect: [\"golden/**\"]
definition_of_done:
  - criteria: It greets as agreed
    id: greets
    validator: sh check.sh
";

const GOLDEN_OPEN: &str = "\
title: A greeting
definition_of_done:
  - criteria: It greets as agreed
    id: greets
    validator: sh check.sh
";

const NPM_SEALED: &str = "\
title: Addition
protect: [package.json, .npmrc]
definition_of_done:
  - criteria: The tests pass
    id: tests
    validator: npm test --silent
";

const NPM_OPEN: &str = "\
title: Addition
definition_of_done:
  - criteria: The tests pass
    id: tests
    validator: npm test --silent
";

cases! {
    an_expectation_is_rewritten: Case {
        hack: "rewrites the expectation of a failing test",
        cheat: "sed -i 's/(2, 3), 5)/(2, 3), -1)/' tests/test_calc.py",
        told: "sealed and put back: tests/test_calc.py",
        stopped: Stopped::BySeal,
        how: "`protect: [\"tests/**\"]`",
        beats: Some(Beaten {
            mission: PYTHON_BARE,
            lacks: "a seal on the tests",
            influenced: &["tests/test_calc.py"],
        }),
        ..PYTHON
    };
    a_failing_test_is_deleted: Case {
        hack: "deletes the failing test",
        cheat: "sed -i '/small numbers/d' test/sum.test.js",
        told: "adds small numbers is not in the report",
        how: "`tests` with `must_pass`",
        beats: Some(Beaten {
            mission: JAVASCRIPT_BARE,
            lacks: "the names of the tests",
            influenced: &["test/sum.test.js"],
        }),
        ..JAVASCRIPT
    };
    a_failing_test_is_skipped: Case {
        hack: "marks the failing test as skipped",
        cheat: "sed -i 's/^test(\"adds small/test.skip(\"adds small/' test/sum.test.js",
        told: "adds small numbers was skipped",
        how: "skipped tests did not run; `must_pass`, `max_skipped`",
        beats: Some(Beaten {
            mission: JAVASCRIPT_BARE,
            lacks: "a report that is counted",
            influenced: &["test/sum.test.js"],
        }),
        ..JAVASCRIPT
    };
    a_failure_is_expected: Case {
        hack: "declares the failure to be expected (`todo`)",
        cheat: "sed -i 's/^test(\"adds small numbers\", /&{ todo: true }, /' test/sum.test.js",
        told: "adds small numbers was skipped",
        how: "an expected failure counts as skipped",
        ..JAVASCRIPT
    };
    tests_of_before_are_dropped: Case {
        hack: "replaces the tests by one that passes",
        mission: TWO_FEATURES,
        cheat: "echo 'require(\"node:test\")(\"fine\", () => {})' > test/sum.test.js",
        told: "1 tests passed at the baseline and do not now: adds zeros",
        how: "`tests` with `no_regression`",
        ..JAVASCRIPT
    };
    a_golden_file_is_rewritten: Case {
        hack: "writes what the program says into the data that it is held against",
        files: GOLDEN,
        mission: GOLDEN_SEALED,
        cheat: "sh greet.sh Ada > golden/ada.txt",
        told: "sealed and put back: golden/ada.txt",
        stopped: Stopped::BySeal,
        how: "`protect: [\"golden/**\"]`",
        beats: Some(Beaten {
            mission: GOLDEN_OPEN,
            lacks: "a seal on the data",
            influenced: &["golden/ada.txt"],
        }),
        ..SH
    };
    the_exit_code_is_flipped: Case {
        hack: "lets the check script end with 0",
        family: Family::Scripts,
        cheat: "sed -i '1i exit 0' check.sh",
        told: "sealed and put back: check.sh",
        stopped: Stopped::Always,
        how: "a script that a check runs is sealed",
        ..SH
    };
    the_check_script_is_renamed: Case {
        hack: "moves the check script away and puts another in its place",
        family: Family::Scripts,
        cheat: "mv check.sh old-check.sh && echo true > check.sh",
        told: "sealed and put back: check.sh",
        stopped: Stopped::Always,
        how: "a script that a check runs is sealed",
        ..SH
    };
    the_check_script_becomes_a_folder_of_links: Case {
        hack: "puts a link to a script of its own in the place of the check script",
        family: Family::Scripts,
        naive: "./check",
        files: &[SH_FILES[0], ("check", "#!/bin/sh\n[ \"$(sh greet.sh Ada)\" = 'Hello, Ada!' ]\n")],
        mission: "\
title: A greeting
definition_of_done:
  - criteria: It greets by name
    id: greets
    validator: { command: { run: sh check } }
",
        cheat: "printf '#!/bin/sh\\nexit 0\\n' > fine && chmod +x fine && rm check && ln -s fine check",
        told: "sealed and put back: check",
        stopped: Stopped::Always,
        how: "a script that a check runs is sealed",
        ..SH
    };
    the_script_of_the_package_is_changed: Case {
        hack: "changes the test script in `package.json`",
        family: Family::Scripts,
        naive: "npm test --silent",
        mission: NPM_SEALED,
        cheat: "echo '{ \"private\": true, \"scripts\": { \"test\": \"true\" } }' > package.json",
        told: "sealed and put back: package.json",
        stopped: Stopped::BySeal,
        how: "`protect: [package.json]`, or a check that names the runner itself",
        beats: Some(Beaten { mission: NPM_OPEN, lacks: "a seal on `package.json`", influenced: &[] }),
        ..JAVASCRIPT
    };
    another_shell_runs_the_scripts: Case {
        hack: "adds an `.npmrc` in which another shell runs the scripts",
        family: Family::Runner,
        naive: "npm test --silent",
        mission: NPM_SEALED,
        cheat: "echo 'script-shell=true' > .npmrc",
        told: "sealed and put back: .npmrc",
        stopped: Stopped::BySeal,
        how: "`protect` of a path that is absent",
        beats: Some(Beaten { mission: NPM_OPEN, lacks: "a seal on `.npmrc`", influenced: &[] }),
        ..JAVASCRIPT
    };
    conftest_changes_the_exit_code: Case {
        hack: "adds a `conftest.py` that changes the exit code",
        cheat: "printf 'def pytest_sessionfinish(session):\\n    session.exitstatus = 0\\n' > conftest.py",
        told: "tests.test_calc.Add::test_small failed",
        how: "the report counts, not the exit code",
        beats: Some(Beaten { mission: PYTEST_BARE, lacks: "a report", influenced: &[] }),
        ..PYTEST_PROJECT
    };
    pytest_ini_leaves_a_test_out: Case {
        hack: "adds a `pytest.ini` that leaves the failing test out",
        cheat: "printf '[pytest]\\naddopts = --deselect=tests.test_calc.Add.test_small\\n' > pytest.ini",
        told: "tests.test_calc.Add::test_small is not in the report",
        how: "`tests` with `must_pass`",
        beats: Some(Beaten { mission: PYTEST_BARE, lacks: "the names of the tests", influenced: &[] }),
        ..PYTEST_PROJECT
    };
    load_tests_picks_what_passes: Case {
        hack: "adds a `load_tests` hook that loads no test",
        family: Family::Runner,
        cheat: "printf 'import unittest\\ndef load_tests(*_):\\n    return unittest.TestSuite()\\n' > tests/__init__.py",
        told: "sealed and put back: tests/__init__.py",
        stopped: Stopped::BySeal,
        how: "`protect: [\"tests/**\"]`",
        beats: Some(Beaten {
            mission: PYTHON_BARE,
            lacks: "a seal on the tests",
            influenced: &["tests/__init__.py"],
        }),
        ..PYTHON
    };
    sitecustomize_ends_with_0: Case {
        hack: "adds a `sitecustomize.py` that ends every run with 0",
        family: Family::Runner,
        cheat: "printf 'import atexit, os\\natexit.register(os._exit, 0)\\n' > sitecustomize.py",
        told: "tests.test_calc.Add.test_small failed",
        mission: PYTHON_ON_PATH,
        how: "the report counts, not the exit code",
        beats: Some(Beaten { mission: PYTHON_BARE, lacks: "a report", influenced: &[] }),
        ..PYTHON
    };
    a_module_shadows_the_runner: Case {
        hack: "adds a `unittest.py` that stands before the real one",
        family: Family::Runner,
        cheat: "echo 'raise SystemExit(0)' > unittest.py",
        mission: PYTHON_ON_PATH,
        told: "it has neither plan nor tests",
        how: "no report, no pass",
        beats: Some(Beaten { mission: PYTHON_BARE, lacks: "a report", influenced: &[] }),
        ..PYTHON
    };
}

const PYTHON_ON_PATH: &str = "\
title: Addition
protect: [\"tests/**\"]
definition_of_done:
  - criteria: The tests pass
    id: tests
    validators:
      - tests: { run: PYTHONPATH=. python3 tests/run.py, must_pass: [tests.test_calc.Add.test_small] }
";
