//! JaCoCo XML. Lines and branches are counted from the `<line>` elements of source files, functions from the methods
//! of classes; the sums of packages and of the report are ignored.

use std::collections::BTreeMap;

use roxmltree::Node;

use super::{Coverage, Share};

pub(super) fn read(root: Node<'_, '_>) -> Result<Coverage, String> {
    if root.tag_name().name() != "report" || !root.descendants().any(|node| node.has_tag_name("package")) {
        return Err(format!("is not JaCoCo's: its root is <{}> without <package>", root.tag_name().name()));
    }
    let mut reader = Reader::default();
    for package in root.descendants().filter(|node| node.has_tag_name("package")) {
        reader.package(package)?;
    }
    Ok(Coverage {
        lines: Share::of(reader.lines.values().map(|line| line.hit)),
        branches: reader.lines.values().map(|line| line.branches).sum(),
        functions: Share::of(reader.methods.values().copied()),
    })
}

#[derive(Debug, Default)]
struct Reader<'a> {
    /// Packages by the groups they are in: two modules may have packages of one name.
    packages: BTreeMap<Vec<&'a str>, usize>,
    lines: BTreeMap<(usize, &'a str, u64), Line>,
    methods: BTreeMap<(usize, [&'a str; 4]), bool>,
}

#[derive(Debug, Default)]
struct Line {
    hit: bool,
    branches: Share,
}

impl<'a> Reader<'a> {
    fn package(&mut self, package: Node<'a, '_>) -> Result<(), String> {
        let place: Vec<&str> = package.ancestors().take(DEPTH_CAP).filter_map(|node| node.attribute("name")).collect();
        let next = self.packages.len();
        let place = *self.packages.entry(place).or_insert(next);
        for child in package.children() {
            let name = child.attribute("name").unwrap_or("");
            match child.tag_name().name() {
                "sourcefile" => self.source(place, name, child)?,
                "class" => self.class(place, name, child)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn source(&mut self, place: usize, file: &'a str, source: Node<'a, '_>) -> Result<(), String> {
        for line in source.children().filter(|node| node.has_tag_name("line")) {
            let count = |name| count(line, name);
            let number = count("nr")?;
            let (hit, reached, missed) = (count("ci")? > 0, count("cb")?, count("mb")?);
            let branches = Share::checked(reached, reached.saturating_add(missed))?;
            let known = self.lines.entry((place, file, number)).or_default();
            known.hit |= hit;
            // Twice the same line: the better one counts, as with lines.
            if branches.reached >= known.branches.reached {
                known.branches = branches;
            }
        }
        Ok(())
    }

    fn class(&mut self, place: usize, class: &'a str, node: Node<'a, '_>) -> Result<(), String> {
        for method in node.children().filter(|node| node.has_tag_name("method")) {
            let text = |name| method.attribute(name).unwrap_or("");
            let counters = method.children().filter(|node| node.has_tag_name("counter"));
            let Some(counter) = counters.into_iter().find(|counter| counter.attribute("type") == Some("METHOD")) else {
                continue;
            };
            let called = count(counter, "covered")? > 0;
            let key = [class, text("name"), text("desc"), text("line")];
            *self.methods.entry((place, key)).or_default() |= called;
        }
        Ok(())
    }
}

/// Groups are nested as deep as builds are; a report that nests deeper is not kept apart beyond this.
const DEPTH_CAP: usize = 8;

fn count(node: Node<'_, '_>, name: &str) -> Result<u64, String> {
    let text = node.attribute(name).ok_or_else(|| format!("has a <{}> without `{name}`", node.tag_name().name()))?;
    text.trim().parse().map_err(|_| format!("has a <{}> with `{name}` = `{text}`", node.tag_name().name()))
}

#[cfg(test)]
mod tests {
    use super::super::xml;
    use super::*;

    fn read(text: &str) -> Result<Coverage, String> {
        super::read(xml::parse(text)?.root_element())
    }

    #[test]
    fn one_line_of_two_modules_is_two_lines() {
        let module = |name: &str, hits: u64| {
            format!(
                "<group name='{name}'><package name='p'><sourcefile name='A.java'><line nr='1' mi='0' ci='{hits}' mb='0' cb='0'/></sourcefile></package></group>"
            )
        };
        let coverage = read(&format!("<report name='all'>{}{}</report>", module("a", 1), module("b", 0))).unwrap();
        assert_eq!(coverage.lines, Share { reached: 1, all: 2 });
    }

    #[test]
    fn what_is_something_else_or_broken_is_refused() {
        assert!(read("<report/>").is_err() && read("<coverage/>").is_err());
        let line = |attributes: &str| {
            read(&format!(
                "<report><package name='p'><sourcefile name='A'><line {attributes}/></sourcefile></package></report>"
            ))
        };
        assert!(line("nr='1' ci='1' cb='0' mb='0'").is_ok());
        for wrong in ["nr='1' ci='-1' cb='0' mb='0'", "nr='1' cb='0' mb='0'", "nr='1' ci='NaN' cb='0' mb='0'"] {
            assert!(line(wrong).is_err(), "{wrong}");
        }
        assert!(line("nr='1' ci='1' cb='18446744073709551615' mb='1'").is_err(), "absurd");
    }
}
