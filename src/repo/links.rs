//! Links that lead out of a tree: whoever follows one sees what no commit holds.

use std::path::{Component, Path, PathBuf};

use super::{Error, files};

/// The paths among `paths`, relative to `dir`, that are links out of it: to an absolute path, or to one above `dir`.
///
/// # Errors
/// If a path cannot be looked at.
pub fn links_out(dir: &Path, paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut out = Vec::new();
    for path in paths {
        if files::is_here(dir, path)?
            && let Some(target) = files::link_target(&dir.join(path))?
            && leads_out(path, &target)
        {
            out.push(path.clone());
        }
    }
    Ok(out)
}

/// By the words of the path alone: a folder on the way that is a link itself is judged for itself.
fn leads_out(link: &Path, target: &Path) -> bool {
    let mut depth = link.components().count().saturating_sub(1);
    for part in target.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return true,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_out_where_its_words_do() {
        for (link, target, out) in [
            ("a", "b/c", false),
            ("x/a", "../b", false),
            ("x/a", "./../x/../b", false),
            ("a", "../b", true),
            ("x/a", "../../b", true),
            ("x/a", "../y/../../b", true),
            ("a", "/usr/bin/env", true),
        ] {
            assert_eq!(leads_out(Path::new(link), Path::new(target)), out, "{link} -> {target}");
        }
    }
}
