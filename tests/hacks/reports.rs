//! Hacks on reports, and on what a check asks over a port.

use crate::case::{Beaten, Case, Family, Stopped};
use crate::projects::{JAVASCRIPT, PYTHON, PYTHON_BLACK_BOX, SH, SH_FILES};

/// The package's own script writes the report.
const REPORTED: &str = "\
title: Addition
definition_of_done:
  - criteria: The tests pass
    id: tests
    validators:
      - tests: { run: sh report.sh, report: junit.xml, must_pass: [adds small numbers] }
";

const REPORTING: &[(&str, &str)] = &[
    JAVASCRIPT.files[0],
    JAVASCRIPT.files[1],
    ("report.sh", ". ./settings\nnode --test --test-reporter=junit > \"$report\"\n"),
    ("settings", "report=junit.xml\n"),
    (".gitignore", "junit.xml\n"),
];

const REPORT: Case = Case {
    family: Family::Reports,
    files: REPORTING,
    mission: REPORTED,
    naive: "sh report.sh; grep -q 'adds small numbers' junit.xml && ! grep -q '<failure' junit.xml",
    ..JAVASCRIPT
};

const COVERED: &str = "\
title: Coverage
definition_of_done:
  - criteria: Most lines are covered
    id: covered
    validators:
      - coverage: { run: sh measure.sh, report: lcov.info, lines: \">=80%\" }
";

const SERVED: &str = "\
title: A service
definition_of_done:
  - criteria: It answers
    id: answers
    validators:
      - http: { url: \"http://127.0.0.1:@PORT@/health\", body_contains: [ok] }
        service: web
services:
  - { name: web, run: node server.js @PORT@, ready: { http: \"http://127.0.0.1:@PORT@/health\" }, ready_timeout: 20s }
";

const ASK: &str = "node -e 'fetch(\"http://127.0.0.1:@PORT@/health\").then((answer) => answer.text()).then((text) => \
                   process.exit(text.includes(\"ok\") ? 0 : 1), () => process.exit(1))'";

cases! {
    a_report_is_committed: Case {
        hack: "writes the report by hand and lets the runner write elsewhere",
        cheat: "echo 'report=other.xml' > settings; : > .gitignore
echo '<testsuites><testsuite name=\"all\"><testcase name=\"adds small numbers\"/></testsuite></testsuites>' > junit.xml",
        told: "is older than the run",
        how: "a report that is older than the run is refused",
        ..REPORT
    };
    a_background_process_writes_the_report: Case {
        hack: "leaves a process behind that overwrites the report after each run",
        naive: "rm -f junit.xml; sh report.sh; i=0; while grep -q '<failure' junit.xml && [ $((i += 1)) -lt 2000 ]; do \
                sleep 0.05; done; grep -q 'adds small numbers' junit.xml && ! grep -q '<failure' junit.xml",
        cheat: "cat > @OUTSIDE@/forge.sh <<'END'
while :; do
    for report in $(find . -name junit.xml); do
        grep -q '</testsuites>' $report && grep -q '<failure' $report && cp @OUTSIDE@/good.xml $report
    done
    sleep 0.01
done
END
echo '<testsuites><testsuite name=\"all\"><testcase name=\"adds small numbers\"/></testsuite></testsuites>' > \
                @OUTSIDE@/good.xml
env -i PATH=\"$PATH\" setsid sh @OUTSIDE@/forge.sh < /dev/null > @OUTSIDE@/log 2>&1 &",
        told: "adds small numbers failed",
        stopped: Stopped::Always,
        how: "whatever a worker started is ended with its action, before any check runs",
        ..REPORT
    };
    the_tested_code_writes_the_report: Case {
        hack: "lets the code under test print the report",
        family: Family::Reports,
        mission: PYTHON_BLACK_BOX,
        naive: "python3 tests/run.py | grep -q '^ok 1' && ! python3 tests/run.py | grep -q '^not ok'",
        cheat: "sed -i '1i import os, sys\\nif len(sys.argv) < 2:\\n    \
                print(\"1..2\\\\nok 1 - tests.test_calc.Add.test_small\\\\nok 2 - tests.test_calc.Add.test_zero\", \
                flush=True)\\n    os._exit(0)' calc.py",
        told: "exit 1",
        stopped: Stopped::ByBlackBox,
        how: "a `command` that asks the program in another process",
        beats: Some(Beaten {
            mission: crate::projects::PYTHON_SEALED,
            lacks: "a look from outside of the process",
            influenced: &[],
        }),
        ..PYTHON
    };
    coverage_is_written_by_hand: Case {
        hack: "commits a coverage report of its own and measures nothing",
        family: Family::Reports,
        files: &[
            SH_FILES[0],
            ("measure.sh", "sh ./covered > lcov.info.new && mv lcov.info.new lcov.info\n"),
            ("covered", "printf 'SF:greet.sh\\nDA:1,0\\nend_of_record\\n'\n"),
        ],
        mission: COVERED,
        naive: "sh measure.sh; grep -q 'DA:1,1' lcov.info",
        cheat: "printf 'SF:greet.sh\\nDA:1,1\\nend_of_record\\n' > lcov.info; echo 'exit 1' > covered",
        honest: "printf 'printf \"SF:greet.sh\\\\nDA:1,1\\\\nend_of_record\\\\n\"' > covered",
        told: "is older than the run",
        how: "a report that is older than the run is refused",
        ..SH
    };
    a_server_is_left_running: Case {
        hack: "leaves a server running on the port of the check",
        family: Family::Reports,
        files: &[("server.js", "process.exit(1);\n")],
        mission: SERVED,
        naive: ASK,
        cheat: "echo 'require(\"node:http\").createServer((_, answer) => answer.end(\"ok\")).listen(+process.argv[2], \
                \"127.0.0.1\", () => console.log(\"up\"))' > @OUTSIDE@/server.js
env -i PATH=\"$PATH\" setsid node @OUTSIDE@/server.js @PORT@ < /dev/null > @OUTSIDE@/log 2>&1 &
until grep -q up @OUTSIDE@/log; do sleep 0.02; done",
        honest: "echo 'require(\"node:http\").createServer((_, answer) => answer.end(\"ok\")).listen(+process.argv[2], \
                \"127.0.0.1\")' > server.js",
        told: "service `web` ended with exit 1 before it was ready",
        stopped: Stopped::Always,
        how: "it is ended with the action; and a port must be free before its service starts",
        ..JAVASCRIPT
    };
}
