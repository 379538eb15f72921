//! Cobertura XML, as coverage.py, gcovr, coverlet, PHPUnit, tarpaulin and istanbul write it.
//!
//! Counted from the `<line>` elements of classes and methods; the rates in attributes are ignored.

use std::collections::BTreeMap;

use roxmltree::Node;

use super::{Coverage, Share};

pub(super) fn read(root: Node<'_, '_>) -> Result<Coverage, String> {
    if root.tag_name().name() != "coverage" || !root.descendants().any(|node| node.has_tag_name("packages")) {
        return Err(format!("is not cobertura: its root is <{}> without <packages>", root.tag_name().name()));
    }
    let mut reader = Reader::default();
    for class in root.descendants().filter(|node| node.has_tag_name("class")) {
        reader.class(class)?;
    }
    Ok(Coverage {
        lines: Share::of(reader.lines.values().copied()),
        branches: reader.branches.values().copied().sum(),
        functions: Share::of(reader.functions.values().copied()),
    })
}

#[derive(Debug, Default)]
struct Reader<'a> {
    lines: BTreeMap<(&'a str, u64), bool>,
    branches: BTreeMap<(&'a str, u64), Share>,
    functions: BTreeMap<(&'a str, &'a str, &'a str, &'a str), bool>,
}

impl<'a> Reader<'a> {
    fn class(&mut self, class: Node<'a, '_>) -> Result<(), String> {
        let file = class.attribute("filename").or(class.attribute("name")).ok_or("has a class without a file name")?;
        let name = class.attribute("name").unwrap_or("");
        for child in class.children() {
            match child.tag_name().name() {
                "lines" => self.lines(file, child)?,
                "methods" => self.methods(file, name, child)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn lines(&mut self, file: &'a str, lines: Node<'a, '_>) -> Result<(), String> {
        for line in lines.children().filter(|node| node.has_tag_name("line")) {
            let (number, hit) = line_of(line)?;
            *self.lines.entry((file, number)).or_default() |= hit;
            if let Some(share) = line.attribute("condition-coverage").and_then(conditions) {
                let known = self.branches.entry((file, number)).or_default();
                // Twice the same line (a template, a nested class): the better one counts, as with lines.
                if share.reached >= known.reached {
                    *known = share;
                }
            }
        }
        Ok(())
    }

    fn methods(&mut self, file: &'a str, class: &'a str, methods: Node<'a, '_>) -> Result<(), String> {
        for method in methods.children().filter(|node| node.has_tag_name("method")) {
            let text = |name| method.attribute(name).unwrap_or("");
            let mut called = false;
            for line in method.descendants().filter(|node| node.has_tag_name("line")) {
                called |= line_of(line)?.1;
            }
            *self.functions.entry((file, class, text("name"), text("signature"))).or_default() |= called;
        }
        Ok(())
    }
}

fn line_of(line: Node<'_, '_>) -> Result<(u64, bool), String> {
    let read = |name| line.attribute(name).and_then(|text| text.trim().parse::<u64>().ok());
    match (read("number"), read("hits")) {
        (Some(number), Some(hits)) => Ok((number, hits > 0)),
        _ => Err("has a line without number or hits".to_owned()),
    }
}

/// `50% (1/2)`
fn conditions(text: &str) -> Option<Share> {
    let (_, inner) = text.split_once('(')?;
    let (reached, all) = inner.split_once(')')?.0.split_once('/')?;
    Share::checked(reached.trim().parse().ok()?, all.trim().parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::super::xml;
    use super::*;

    fn read(text: &str) -> Result<Coverage, String> {
        super::read(xml::parse(text)?.root_element())
    }

    #[test]
    fn lines_branches_and_methods_are_counted() {
        let coverage = read(
            r#"<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
            <coverage line-rate="1.0"><packages><package><classes><class name="A" filename="a.py">
            <methods><method name="f" signature=""><lines><line number="1" hits="1"/></lines></method>
            <method name="g" signature=""><lines><line number="3" hits="0"/></lines></method></methods>
            <lines><line number="1" hits="2" branch="true" condition-coverage="50% (1/2)"/><line number="2" hits="0"/></lines>
            </class><class name="B" filename="a.py"><lines><line number="2" hits="1"/></lines></class>
            </classes></package></packages></coverage>"#,
        )
        .unwrap();
        assert_eq!(coverage.lines, Share { reached: 2, all: 2 });
        assert_eq!(coverage.branches, Share { reached: 1, all: 2 });
        assert_eq!(coverage.functions, Share { reached: 1, all: 2 });
    }

    #[test]
    fn rates_without_lines_are_nothing() {
        let coverage = read(r#"<coverage line-rate="0.99"><packages/></coverage>"#).unwrap();
        assert_eq!(coverage.lines.percent(), None);
    }

    #[test]
    fn what_is_something_else_is_refused() {
        assert!(read("<coverage><project/></coverage>").is_err(), "clover");
        assert!(read("<report/>").is_err());
        let odd = r#"<coverage><packages><class filename="a"><lines><line number="x" hits="1"/></lines></class></packages></coverage>"#;
        assert!(read(odd).is_err());
        assert_eq!(conditions("100% (9/2)"), None);
    }
}
