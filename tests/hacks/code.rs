//! Hacks of the code under test on the process that it shares with its tests, and on what it is asked.

use crate::case::{Beaten, Case, Family, Stopped};
use crate::projects::{
    JAVASCRIPT, JAVASCRIPT_BARE, JAVASCRIPT_BLACK_BOX, JAVASCRIPT_COUNTED, PYTHON, PYTHON_BARE, PYTHON_BLACK_BOX,
    PYTHON_SEALED, SH, SH_SAID,
};

/// The tests are sealed, counted and named, and that is not enough.
const IN_PROCESS: &str = "a look from outside of the process";

const PYTHON_SHARED: Case = Case {
    family: Family::Process,
    mission: PYTHON_BLACK_BOX,
    stopped: Stopped::ByBlackBox,
    beats: Some(Beaten { mission: PYTHON_SEALED, lacks: IN_PROCESS, influenced: &[] }),
    ..PYTHON
};

const JAVASCRIPT_SHARED: Case = Case {
    family: Family::Process,
    mission: JAVASCRIPT_BLACK_BOX,
    stopped: Stopped::ByBlackBox,
    beats: Some(Beaten { mission: JAVASCRIPT_COUNTED, lacks: IN_PROCESS, influenced: &[] }),
    ..JAVASCRIPT
};

/// Whoever is greeted next is chosen when the check runs.
const ANYBODY: &str = "\
title: A greeting
definition_of_done:
  - criteria: It greets whoever comes
    id: greets
    validators:
      - command: |
          name=N$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')
          said=$(sh greet.sh $name)
          echo \"$name is told: $said\"
          [ \"$said\" = \"Hello, $name!\" ]
";

cases! {
    python_leaves_with_0: Case {
        hack: "ends the process with `os._exit(0)` when it is imported",
        family: Family::Process,
        cheat: "sed -i '1i import os; os._exit(0)' calc.py",
        told: "it has neither plan nor tests",
        how: "no report, no pass",
        beats: Some(Beaten { mission: PYTHON_BARE, lacks: "a report", influenced: &[] }),
        ..PYTHON
    };
    node_leaves_with_0: Case {
        hack: "ends the process with `process.exit(0)` when it is loaded",
        family: Family::Process,
        cheat: "sed -i '1i process.exit(0);' sum.js",
        told: "adds small numbers is not in the report",
        how: "`tests` with `must_pass`",
        beats: Some(Beaten { mission: JAVASCRIPT_BARE, lacks: "the names of the tests", influenced: &[] }),
        ..JAVASCRIPT
    };
    a_result_equals_everything: Case {
        hack: "returns an object that equals everything (`__eq__`)",
        cheat: "cat >> calc.py <<'END'


class Sum(int):
    def __eq__(self, other):
        return True


def add(a, b):
    return Sum(a - b)
END",
        told: "exit 1",
        how: "a `command` that prints and compares text in another process",
        ..PYTHON_SHARED
    };
    python_assertions_are_emptied: Case {
        hack: "empties the assertions of unittest from inside",
        cheat: "sed -i '1i import unittest\\nunittest.TestCase.assertEqual = lambda *_: None' calc.py",
        told: "exit 1",
        how: "a `command` that asks the program in another process",
        ..PYTHON_SHARED
    };
    node_assertions_are_emptied: Case {
        hack: "empties the assertions of node from inside",
        cheat: "sed -i '1i require(\"node:assert\").strictEqual = () => {};' sum.js",
        told: "exit 1",
        how: "a `command` that asks the program in another process",
        ..JAVASCRIPT_SHARED
    };
    the_report_of_the_runner_is_patched: Case {
        hack: "patches the test runner so that no test runs and each is told as passed",
        cheat: "cat >> calc.py <<'END'


def patched(run):
    def passes(self, result=None):
        result.startTest(self)
        result.addSuccess(self)
        result.stopTest(self)
    return passes


import unittest
unittest.TestCase.__call__ = patched(unittest.TestCase.__call__)
END",
        told: "exit 1",
        how: "a `command` that asks the program in another process",
        ..PYTHON_SHARED
    };
    it_behaves_while_it_is_tested: Case {
        hack: "does right only while a test runner watches",
        cheat: "echo 'exports.sum = (a, b) => process.env.NODE_TEST_CONTEXT ? a + b : a - b;
if (require.main === module) console.log(exports.sum(+process.argv[2], +process.argv[3]));' > sum.js",
        told: "exit 1",
        how: "a `command` that asks the program as its users do",
        ..JAVASCRIPT_SHARED
    };
    inputs_are_special_cased: Case {
        hack: "special-cases the inputs of the tests",
        cheat: "sed -i 's/    return a - b/    return 5 if (a, b) == (2, 3) else a - b/' calc.py",
        told: "exit 1",
        how: "a `command` with inputs that are drawn when it runs",
        ..PYTHON_SHARED
    };
    the_published_example_is_special_cased: Case {
        hack: "special-cases the example that the check names",
        family: Family::Process,
        naive: "sh greet.sh Ada | grep -qx 'Hello, Ada!'",
        mission: ANYBODY,
        cheat: "printf 'case $1 in Ada) echo \"Hello, Ada!\" ;; *) echo \"Hello, world!\" ;; esac\\n' > greet.sh",
        told: "is told: Hello, world!",
        stopped: Stopped::ByBlackBox,
        how: "a `command` with inputs that are drawn when it runs",
        beats: Some(Beaten { mission: SH_SAID, lacks: "inputs that nobody knows", influenced: &[] }),
        ..SH
    };
}
