//! Reports as the tools themselves wrote them, about projects of a handful of tests: each holds one test that is broken
//! and one that is skipped. `dotnet.trx` and `jacoco.xml` are written by their published schemas.

use super::{Coverage, Share, TestReport, TestState, coverage, tests};

macro_rules! report {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../tests/fixtures/reports/", $name)))
    };
}

/// The name and the text of a report.
type Named = (&'static str, &'static str);

/// Every test report: ran, failed, skipped, and the end of one name that passed.
pub(super) const TESTS: [(Named, (u64, u64, u64), &str); 13] = [
    (report!("dotnet.trx"), (4, 1, 1), "Shop.Tests.TillTests::Adds"),
    (report!("go-test.json"), (5, 1, 1), "example.org/sum::TestAdd/with_zero"),
    (report!("jest.xml"), (3, 1, 1), "sum adds::sum adds"),
    (report!("libtest.json"), (4, 1, 1), "tests::panics"),
    (report!("libtest.txt"), (5, 1, 1), "tests::panics"),
    (report!("mocha.tap"), (3, 1, 1), "sum adds"),
    (report!("mocha.xml"), (3, 1, 1), "sum::adds"),
    (report!("nextest.json"), (4, 1, 1), "sums::sums$tests::panics"),
    (report!("nextest.xml"), (4, 1, 0), "sums::tests::panics"),
    (report!("node.tap"), (3, 1, 1), "sum::adds"),
    (report!("node.xml"), (3, 1, 1), "test::alone"),
    (report!("pytest.json"), (5, 2, 2), "test_shop.py::TestRefund::test_it_is_given"),
    (report!("pytest.xml"), (5, 2, 2), "test_shop.TestRefund::test_it_is_given"),
];

/// Every coverage report: lines, branches, functions, each reached of all.
pub(super) const COVERAGE: [(Named, [(u64, u64); 3]); 13] = [
    (report!("coverage-py.json"), [(6, 8), (2, 4), (2, 2)]),
    (report!("coverage-py.lcov"), [(6, 8), (2, 4), (2, 2)]),
    (report!("coverage-py.xml"), [(6, 8), (2, 4), (0, 0)]),
    (report!("go-cover.out"), [(3, 4), (0, 0), (0, 0)]),
    (report!("jacoco.xml"), [(4, 6), (3, 4), (2, 3)]),
    (report!("llvm-cov.json"), [(20, 23), (0, 0), (6, 7)]),
    (report!("llvm-cov.lcov"), [(20, 23), (0, 0), (6, 7)]),
    (report!("nyc-clover.xml"), [(5, 6), (1, 4), (2, 3)]),
    (report!("nyc-cobertura.xml"), [(5, 6), (1, 4), (2, 3)]),
    (report!("nyc.json"), [(5, 6), (1, 4), (2, 3)]),
    (report!("nyc.lcov"), [(5, 6), (1, 4), (2, 3)]),
    (report!("vitest.json"), [(8, 8), (2, 4), (2, 3)]),
    (report!("vitest-clover.xml"), [(8, 8), (2, 4), (2, 3)]),
];

fn counts(report: &TestReport) -> (u64, u64, u64) {
    (report.ran(), report.failed(), report.skipped())
}

#[test]
fn tests_are_counted_as_the_tools_that_wrote_them_do() {
    for ((name, text), wanted, passed) in TESTS {
        let report = tests(text.as_bytes()).unwrap_or_else(|reason| panic!("{name} {reason}"));
        assert_eq!(counts(&report), wanted, "{name}: {report:?}");
        assert_eq!(report.state(passed), Some(TestState::Passed), "{name}: {report:?}");
    }
}

#[test]
fn coverage_is_measured_as_the_tools_that_wrote_it_do() {
    for ((name, text), [lines, branches, functions]) in COVERAGE {
        let share = |(reached, all)| Share { reached, all };
        let wanted = Coverage { lines: share(lines), branches: share(branches), functions: share(functions) };
        assert_eq!(coverage(text.as_bytes()), Ok(wanted), "{name}");
    }
}

#[test]
fn reports_of_no_number_and_of_something_else_are_refused_with_what_to_do() {
    let summary = coverage(include_bytes!("../../../tests/fixtures/reports/nyc-summary.json"));
    assert!(summary.unwrap_err().contains("coverage-final.json"));
    for ((name, text), _) in COVERAGE {
        assert!(tests(text.as_bytes()).is_err(), "{name} is no test report");
    }
    for ((name, text), ..) in TESTS {
        assert!(coverage(text.as_bytes()).is_err(), "{name} is no coverage report");
    }
}

#[test]
fn vitest_names_a_test_the_same_however_long_it_took() {
    let report = tests(include_bytes!("../../../tests/fixtures/reports/vitest.tap")).unwrap();
    assert_eq!(counts(&report), (3, 1, 1));
    assert_eq!(report.state("sum.test.js > sum > adds"), Some(TestState::Passed));
    let junit = tests(include_bytes!("../../../tests/fixtures/reports/vitest.xml")).unwrap();
    assert_eq!(counts(&junit), (3, 1, 1));
}
