//! Clover XML, as OpenClover, PHPUnit, nyc, jest and vitest write it.
//!
//! Lines are counted from the `<line>` elements. Branches and functions come from the sums of each *file*, because the
//! tools do not agree on what `truecount` and `falsecount` mean, and most write no line for a method; the sums of packages
//! and of the project are ignored.

use std::collections::BTreeMap;

use roxmltree::Node;

use super::{Coverage, Share};

pub(super) fn read(root: Node<'_, '_>) -> Result<Coverage, String> {
    if root.tag_name().name() != "coverage" || !root.children().any(|node| node.has_tag_name("project")) {
        return Err(format!("is not Clover's: its root is <{}> without <project>", root.tag_name().name()));
    }
    let mut lines: BTreeMap<(&str, u64), bool> = BTreeMap::new();
    let mut sums: BTreeMap<&str, (Share, Share)> = BTreeMap::new();
    for file in root.descendants().filter(|node| node.has_tag_name("file")) {
        let path = file.attribute("path").or(file.attribute("name")).ok_or("has a file without a name")?;
        for line in file.children().filter(|node| node.has_tag_name("line")) {
            let hit = hit(line)?;
            *lines.entry((path, number(line, "num")?)).or_default() |= hit;
        }
        if let Some(metrics) = file.children().find(|node| node.has_tag_name("metrics")) {
            let of = |covered, all| Share::checked(sum(metrics, covered)?, sum(metrics, all)?);
            let shares = (of("coveredconditionals", "conditionals")?, of("coveredmethods", "methods")?);
            if sums.insert(path, shares).is_some() {
                return Err(format!("has the sums of `{path}` twice"));
            }
        }
    }
    Ok(Coverage {
        lines: Share::of(lines.into_values()),
        branches: sums.values().map(|(branches, _)| *branches).sum(),
        functions: sums.values().map(|(_, functions)| *functions).sum(),
    })
}

/// A condition that was never reached has no count in some dialects, only what it came to.
fn hit(line: Node<'_, '_>) -> Result<bool, String> {
    if line.attribute("count").is_some() {
        return Ok(number(line, "count")? > 0);
    }
    Ok(number(line, "truecount")? > 0 || number(line, "falsecount")? > 0)
}

fn number(node: Node<'_, '_>, name: &str) -> Result<u64, String> {
    let text = node.attribute(name).unwrap_or("");
    text.trim().parse().map_err(|_| format!("has a <{}> with `{name}` = `{text}`", node.tag_name().name()))
}

fn sum(metrics: Node<'_, '_>, name: &str) -> Result<u64, String> {
    if metrics.attribute(name).is_some() { number(metrics, name) } else { Ok(0) }
}

#[cfg(test)]
mod tests {
    use super::super::xml;
    use super::*;

    fn of(file: &str) -> Result<Coverage, String> {
        let text = format!(
            "<coverage><project><metrics conditionals='99' coveredconditionals='99'/><file name='a'>{file}</file></project></coverage>"
        );
        super::read(xml::parse(&text)?.root_element())
    }

    #[test]
    fn lines_are_counted_and_sums_are_those_of_files() {
        let coverage = of("<metrics conditionals='4' coveredconditionals='1' methods='2' coveredmethods='1'/>\
                           <line num='1' type='method' count='1'/><line num='1' type='stmt' count='0'/>\
                           <line num='2' type='cond' truecount='0' falsecount='0'/>")
        .unwrap();
        assert_eq!(coverage.lines, Share { reached: 1, all: 2 });
        assert_eq!(coverage.branches, Share { reached: 1, all: 4 });
        assert_eq!(coverage.functions, Share { reached: 1, all: 2 });
    }

    #[test]
    fn more_reached_than_there_is_and_counts_that_are_none_are_refused() {
        assert!(of("<metrics conditionals='1' coveredconditionals='2'/>").is_err());
        assert!(of("<metrics methods='1'/><metrics methods='1'/>").is_ok(), "the first is the file's own");
        for wrong in [
            "<line num='1'/>",
            "<line num='x' count='1'/>",
            "<line num='1' count='-1'/>",
            "<line num='1' count='NaN'/>",
        ] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
