//! What a mission of the crowd asks for: pieces, each with its check, the work that meets it and work that does not.
//!
//! The truth about a piece ([`Piece::is_met`]) shares nothing with its check: it is computed here, from the blobs of a
//! commit, with inputs that no check uses.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::draw::draw;

/// One file of a commit, as git stores it.
pub(crate) enum Blob {
    /// A regular file and its bytes.
    File(Vec<u8>),
    /// A link, or a commit of another repository.
    Other,
}

/// The whole tree of a commit, by path.
pub(crate) type Tree = BTreeMap<String, Blob>;

/// Paths and what is written there.
pub(crate) type Files = Vec<(&'static str, String)>;

/// What a piece is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Motto,
    Total,
    Slug,
    Sorted,
    Notes,
    Shout,
    Settings,
}

const KINDS: [Kind; 7] = [Kind::Motto, Kind::Total, Kind::Slug, Kind::Sorted, Kind::Notes, Kind::Shout, Kind::Settings];

const WORDS: [&str; 12] =
    ["amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "inlet", "jetty", "knoll", "larch"];

/// One criterion with everything that belongs to it.
#[derive(Debug)]
pub(crate) struct Piece {
    kind: Kind,
    seed: u64,
}

/// What a mission asks for.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) pieces: Vec<Piece>,
}

impl Task {
    /// Two to four different pieces.
    pub(crate) fn drawn(seed: u64) -> Self {
        let mut kinds = KINDS.to_vec();
        // An interpreter that is slow to start, in the missions of one seed in three.
        kinds.retain(|kind| *kind != Kind::Slug || draw(seed, "slug", 0, 3) == 0);
        let count = 2 + draw(seed, "pieces", 0, 3);
        let pick = |n| Piece { kind: kinds.remove(draw(seed, "piece", n, kinds.len() as u64) as usize), seed };
        Self { pieces: (0..count).map(pick).collect() }
    }

    /// The mission file.
    pub(crate) fn mission(&self, seed: u64) -> String {
        let mut text = "id: crowd\ntitle: A task of the crowd\nprotect: [\"checks/**\", \"tests/**\", \"data/**\"]\n\
                        definition_of_done:\n"
            .to_owned();
        for (piece, n) in self.pieces.iter().zip(0..) {
            let priority = ["critical", "high", "medium", "low"][draw(seed, "priority", n, 4) as usize];
            text.push_str(&format!(
                "  - criteria: {}\n    id: {}\n    priority: {priority}\n    validators:\n      - {}\n",
                piece.text(),
                piece.id(),
                piece.check()
            ));
        }
        text
    }

    /// What is in the repository before any work, checks included.
    pub(crate) fn start(&self) -> Files {
        self.pieces.iter().flat_map(Piece::start).collect()
    }
}

impl Piece {
    fn word(&self, n: u64) -> &'static str {
        WORDS[draw(self.seed, self.id(), n, WORDS.len() as u64) as usize]
    }

    fn number(&self, n: u64, bound: u64) -> u64 {
        draw(self.seed, self.id(), 100 + n, bound)
    }

    /// The name of the criterion, and of its folder of works.
    pub(crate) const fn id(&self) -> &'static str {
        match self.kind {
            Kind::Motto => "motto",
            Kind::Total => "total",
            Kind::Slug => "slug",
            Kind::Sorted => "sorted",
            Kind::Notes => "notes",
            Kind::Shout => "shout",
            Kind::Settings => "settings",
        }
    }

    fn text(&self) -> String {
        match self.kind {
            Kind::Motto => format!("motto.txt says {}", self.motto()),
            Kind::Total => "total.sh prints the sum of its two arguments".to_owned(),
            Kind::Slug => "slug.py prints each argument in lower case with dashes for spaces".to_owned(),
            Kind::Sorted => "sorted.txt holds the lines of data/words.txt in order".to_owned(),
            Kind::Notes => "notes.md has nothing left to do and keeps its other lines".to_owned(),
            Kind::Shout => "shout.sh prints its argument in capitals".to_owned(),
            Kind::Settings => format!("settings.json limits max to {}", self.max()),
        }
    }

    fn check(&self) -> String {
        match self.kind {
            Kind::Motto => format!("file: {{ path: motto.txt, contains: [\"{}\"] }}", self.motto()),
            Kind::Total => "command: sh checks/total.sh".to_owned(),
            Kind::Slug => "command: { run: python3 checks/slug.py, stdout_contains: [\"all right\"] }".to_owned(),
            Kind::Sorted => "command: \"LC_ALL=C sort data/words.txt | cmp - sorted.txt\"".to_owned(),
            Kind::Notes => {
                format!("command: \"! grep -q OPEN notes.md && test $(grep -c '^keep' notes.md) -eq {KEPT}\"")
            }
            Kind::Shout => "tests: { run: sh tests/run.sh, min_total: 3 }".to_owned(),
            Kind::Settings => {
                format!("file: {{ path: settings.json, json: {{ path: \"$.limits.max\", equals: {} }} }}", self.max())
            }
        }
    }

    fn motto(&self) -> String {
        format!("{} over {}", self.word(1), self.word(2))
    }

    fn max(&self) -> u64 {
        10 + self.number(0, 80)
    }

    /// The words of data/words.txt; never in order, and some of them twice.
    fn unsorted(&self) -> Vec<&'static str> {
        let mut words: Vec<&str> = (10..18).map(|n| self.word(n)).collect();
        words.extend(["zephyr", "aspen"]);
        words
    }

    fn start(&self) -> Files {
        match self.kind {
            Kind::Motto | Kind::Settings => vec![],
            Kind::Total => vec![("checks/total.sh", TOTAL_CHECK.to_owned())],
            Kind::Slug => vec![("checks/slug.py", SLUG_CHECK.to_owned())],
            Kind::Sorted => vec![("data/words.txt", lines(&self.unsorted()))],
            Kind::Notes => vec![("notes.md", notes(Some("OPEN: the rest")))],
            Kind::Shout => vec![("tests/run.sh", SHOUT_TESTS.to_owned())],
        }
    }

    /// The work that meets the criterion.
    pub(crate) fn right(&self) -> Files {
        match self.kind {
            Kind::Motto => vec![("motto.txt", format!("{}\n", self.motto()))],
            Kind::Total => vec![("total.sh", "echo $(($1 + $2))\n".to_owned())],
            Kind::Slug => vec![(
                "slug.py",
                "import sys\nfor text in sys.argv[1:]:\n    print('-'.join(text.lower().split()))\n".to_owned(),
            )],
            Kind::Sorted => vec![("sorted.txt", lines(&self.sorted()))],
            Kind::Notes => vec![("notes.md", notes(None))],
            Kind::Shout => vec![("shout.sh", "printf '%s\\n' \"$1\" | tr a-z A-Z\n".to_owned())],
            Kind::Settings => vec![("settings.json", format!("{{\"limits\": {{\"max\": {}}}}}\n", self.max()))],
        }
    }

    /// Work that does not, in several ways: wrong, hard-coded, half done, empty.
    pub(crate) fn wrong(&self) -> Vec<Files> {
        let file = self.right()[0].0;
        let texts = match self.kind {
            Kind::Motto => vec![format!("{} under {}\n", self.word(1), self.word(2)), "soon\n".to_owned()],
            Kind::Total => vec!["echo $(($1 - $2))\n".to_owned(), "echo 8\n".to_owned()],
            Kind::Slug => {
                vec![
                    "import sys\nfor text in sys.argv[1:]:\n    print(text.lower())\n".to_owned(),
                    "print('a-fine-day')\n".to_owned(),
                ]
            }
            Kind::Sorted => {
                let mut backwards = self.sorted();
                backwards.reverse();
                vec![lines(&self.unsorted()), lines(&backwards)]
            }
            Kind::Notes => vec![notes(Some("OPEN: still the rest")), "all is done\n".to_owned()],
            Kind::Shout => vec!["printf '%s\\n' \"$1\"\n".to_owned(), "echo ONE\n".to_owned()],
            Kind::Settings => {
                vec![
                    format!("{{\"limits\": {{\"max\": {}}}}}\n", self.max() + 1),
                    "{\"limits\": {\"max\":\n".to_owned(),
                ]
            }
        };
        texts.into_iter().chain([String::new()]).map(|text| vec![(file, text)]).collect()
    }

    fn sorted(&self) -> Vec<&'static str> {
        let mut words = self.unsorted();
        words.sort_unstable();
        words
    }

    /// Whether a tree really meets the criterion; `folder` holds its regular files. And what the checks stand on must be
    /// as it was at the start.
    pub(crate) fn is_met(&self, tree: &Tree, folder: &Path) -> bool {
        let untouched = self.start().iter().all(|(path, text)| {
            *path == "notes.md" || matches!(tree.get(*path), Some(Blob::File(bytes)) if bytes == text.as_bytes())
        });
        let Some(Blob::File(bytes)) = tree.get(self.right()[0].0) else { return false };
        let text = String::from_utf8_lossy(bytes);
        untouched
            && match self.kind {
                Kind::Motto => text.contains(&self.motto()),
                Kind::Total => [(self.number(1, 900), 7), (1, self.number(2, 90)), (400, 0)].iter().all(|(a, b)| {
                    says(folder, "sh", &["total.sh", &a.to_string(), &b.to_string()]) == (a + b).to_string()
                }),
                Kind::Slug => {
                    says(folder, "python3", &["slug.py", "Larch And Knoll", "one", "FJORD heath"])
                        == "larch-and-knoll\none\nfjord-heath"
                }
                Kind::Sorted => text == lines(&self.sorted()),
                Kind::Notes => {
                    !text.contains("OPEN") && text.lines().filter(|line| line.starts_with("keep")).count() == KEPT
                }
                Kind::Shout => ["larch", "no Knoll", "fjord 7"]
                    .iter()
                    .all(|given| says(folder, "sh", &["shout.sh", given]) == given.to_uppercase()),
                Kind::Settings => {
                    let read: Result<serde_json::Value, _> = serde_json::from_slice(bytes);
                    read.is_ok_and(|settings| settings["limits"]["max"] == self.max())
                }
            }
    }
}

/// Lines of notes.md that must stay.
const KEPT: usize = 4;

fn notes(more: Option<&str>) -> String {
    let kept = (0..KEPT).map(|n| format!("keep line {n}"));
    kept.chain(more.map(str::to_owned)).map(|line| line + "\n").collect()
}

fn lines(words: &[&str]) -> String {
    words.iter().map(|word| format!("{word}\n")).collect()
}

/// What a program prints, without the last line's end; nothing if it fails.
fn says(folder: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap();
    let text =
        if output.status.success() { String::from_utf8_lossy(&output.stdout).into_owned() } else { String::new() };
    text.trim_end().to_owned()
}

const TOTAL_CHECK: &str = "\
for a in 3 17 40; do
    for b in 5 8; do
        said=$(sh total.sh $a $b)
        [ \"$said\" = $((a + b)) ] || { echo \"error: total.sh $a $b says '$said'\"; exit 1; }
    done
done
";

const SLUG_CHECK: &str = "\
import subprocess, sys

given = ['A Fine Day', 'Two  Spaces', 'plain']
wanted = ['a-fine-day', 'two-spaces', 'plain']
run = subprocess.run([sys.executable, '-S', 'slug.py', *given], capture_output=True, text=True)
if run.stdout.splitlines() != wanted:
    sys.exit(f'error: slug.py {given} says {run.stdout.splitlines()}, expected {wanted}')
print('all right')
";

const SHOUT_TESTS: &str = "\
echo 1..3
n=0
for word in one Two 'a b'; do
    n=$((n + 1))
    wanted=$(printf '%s' \"$word\" | tr a-z A-Z)
    if [ \"$(sh shout.sh \"$word\")\" = \"$wanted\" ]; then echo \"ok $n - $word\"; else echo \"not ok $n - $word\"; fi
done
";
