//! What every reader does with what no tool writes: it ends, within bounds and without panic, and never reads more good
//! out of less.

use proptest::prelude::*;

use super::real::{COVERAGE, TESTS};
use super::{coverage, tests};

/// Every real report.
fn samples() -> Vec<(&'static str, &'static str)> {
    TESTS.iter().map(|(report, ..)| *report).chain(COVERAGE.iter().map(|(report, _)| *report)).collect()
}

/// Those that have an end: XML and whole JSON documents.
fn has_end(name: &str, text: &str) -> bool {
    let is_json = name.ends_with(".json") && serde_json::from_str::<serde_json::Value>(text).is_ok();
    is_json || text.starts_with('<')
}

fn char_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn garbage_never_panics(bytes: Vec<u8>) {
        drop((tests(&bytes), coverage(&bytes)));
    }

    #[test]
    fn a_report_with_an_end_is_refused_without_it(which in 0usize..26, cut in 0usize..6000) {
        let (name, text) = samples()[which];
        let text = text.trim_end();
        let cut = &text[..char_boundary(text, cut % text.len())];
        if has_end(name, text) {
            prop_assert!(tests(cut.as_bytes()).is_err(), "{}", name);
            prop_assert!(coverage(cut.as_bytes()).is_err(), "{}", name);
        }
    }

    #[test]
    fn a_cut_report_never_reads_better_than_the_whole(which in 0usize..13, cut in 0usize..6000) {
        let ((name, text), (ran, _, _), _) = TESTS[which];
        let cut = &text[..char_boundary(text, cut % text.len())];
        if let Ok(report) = tests(cut.as_bytes()) {
            prop_assert!(report.ran() - report.failed() <= ran, "{}", name);
        }
    }

    #[test]
    fn a_report_that_is_cut_or_changed_never_panics(
        which in 0usize..26, cut in 0usize..6000, at in 0usize..6000, byte: u8, piece in "[\\]\\[{}<>&\"/a-z0-9:,# \n-]{0,12}",
    ) {
        let mut bytes = samples()[which].1.as_bytes().to_vec();
        bytes.truncate(cut.max(at));
        let at = at.min(bytes.len());
        bytes.splice(at..at, piece.bytes());
        if let Some(spot) = bytes.get_mut(at) {
            *spot = byte;
        }
        drop((tests(&bytes), coverage(&bytes)));
    }

    #[test]
    fn a_number_that_cannot_be_meant_never_panics(which in 0usize..26, digit in 0usize..400, number in "(-1|NaN|1e999|18446744073709551615|99999999999999999999|0x1|)") {
        let text = samples()[which].1;
        let digits: Vec<usize> = text.char_indices().filter(|(_, c)| c.is_ascii_digit()).map(|(at, _)| at).collect();
        let at = digits[digit % digits.len()];
        let changed = format!("{}{number}{}", &text[..at], &text[at + 1..]);
        drop((tests(changed.as_bytes()), coverage(changed.as_bytes())));
    }

    #[test]
    fn lines_of_the_formats_in_any_order_never_panic(lines in prop::collection::vec(
        "(ok|not ok|1\\.\\.[0-9]{1,20}|Bail out!|    ok|  ---|SF:|DA:|BRDA:|FN:|FNDA:|FNL:|FNA:|# Subtest:|end_of_record\
         |running [0-9] tests|test a \\.\\.\\. |test result: |mode: |a\\.go:1\\.1,2\\.2 |FAIL\t|\\{\"Action\":\"pass\",\"Package\":\"p\")\
         [ ]?[-0-9a-z#:, }]{0,12}", 0..40,
    )) {
        let text = lines.join("\n");
        drop((tests(text.as_bytes()), coverage(text.as_bytes())));
    }
}

#[test]
fn bombs_are_refused() {
    let entities =
        "<!DOCTYPE testsuite [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><testsuite>&b;</testsuite>";
    let nested_xml = "<testsuite>".repeat(200_000);
    let nested_json = "{\"data\":".repeat(200_000);
    let brackets = format!("{{\"meta\": {}", "[".repeat(1_000_000));
    for bomb in [entities, &nested_xml, &nested_json, &brackets] {
        assert!(tests(bomb.as_bytes()).is_err() && coverage(bomb.as_bytes()).is_err());
    }
    assert!(tests(b"<testsuite><testcase name='\xff'/></testsuite>").unwrap_err().contains("UTF-8"));
    assert!(coverage(b"mode: set\n\xff\xfe").unwrap_err().contains("UTF-8"));
}

#[test]
fn names_that_come_many_times_are_one_name() {
    let line = "{\"Action\":\"pass\",\"Package\":\"p\",\"Test\":\"T\"}\n".repeat(50_000);
    let report = tests(format!("{line}{{\"Action\":\"pass\",\"Package\":\"p\"}}\n").as_bytes()).unwrap();
    assert_eq!(report.ran(), 1);
    let lines = "a.go:1.1,2.2 1 1\n".repeat(50_000);
    assert_eq!(coverage(format!("mode: set\n{lines}").as_bytes()).unwrap().lines.all, 1);
}
