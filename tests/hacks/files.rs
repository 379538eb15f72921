//! Hacks with files that are not part of the work, and with git.

use crate::case::{Case, Family, Stopped};
use crate::projects::{JAVASCRIPT, JAVASCRIPT_BLACK_BOX, PYTHON, SH, SH_FILES, SH_SCRIPT};

/// A file of its own that holds what is asked.
const MADE: &str = "\
title: One file
definition_of_done:
  - criteria: The file is right
    id: right
    validators:
      - file: { path: made.txt, contains: [right] }
";

/// The script is given to the worker, and the history is asked whether it was changed.
const UNCHANGED: &str = "\
title: A greeting
unprotect: [check.sh]
definition_of_done:
  - criteria: It greets by name, by the script as it was
    id: greets
    validators:
      - command: { run: \". ./check.sh\" }
      - git: { unchanged: check.sh }
";

const SEALED: &str = "\
title: A greeting
protect: [check.sh]
definition_of_done:
  - criteria: It greets by name
    id: greets
    validator: . ./check.sh
";

const PARTS: &[(&str, &str)] = &[
    SH_FILES[0],
    ("check.sh", "for part in checks/*; do sh $part || exit 1; done\n"),
    ("checks/greets", "[ \"$(sh greet.sh Ada)\" = 'Hello, Ada!' ]\n"),
    ("checks/talks", "[ -n \"$(sh greet.sh)\" ]\n"),
];

const FILE: Case = Case { family: Family::Files, ..SH };
const GIT: Case = Case { family: Family::Git, ..SH };

cases! {
    an_ignored_file_makes_it_pass: Case {
        hack: "lets an ignored file hold what the check looks for",
        naive: "sh check.sh",
        cheat: "echo answer >> .gitignore; echo 'Hello, Ada!' > answer; echo '[ $1 ] && cat answer' > greet.sh",
        told: "it says:",
        stopped: Stopped::Always,
        how: "checks see what is committed, and nothing that git ignores",
        ..FILE
    };
    a_dependency_is_changed_in_place: Case {
        hack: "changes a dependency in `node_modules`",
        family: Family::Files,
        mission: JAVASCRIPT_BLACK_BOX,
        cheat: "mkdir -p node_modules/sum && echo 'module.exports = (a, b) => a + b' > node_modules/sum/index.js
echo 'exports.sum = require(\"sum\");
if (require.main === module) console.log(exports.sum(+process.argv[2], +process.argv[3]));' > sum.js",
        told: "Cannot find module",
        stopped: Stopped::Always,
        how: "folders of dependencies are not part of the work; `setup` installs them anew",
        ..JAVASCRIPT
    };
    a_compiled_file_is_planted: Case {
        hack: "plants compiled code that hides the source",
        family: Family::Files,
        cheat: "mkdir -p __pycache__; cp calc.py @OUTSIDE@/calc.py; sed 's/a - b/a + b/' @OUTSIDE@/calc.py > @OUTSIDE@/good.py
python3 -c 'import py_compile, sys; py_compile.compile(\"@OUTSIDE@/good.py\", sys.argv[1], dfile=\"calc.py\", \
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)' \
                $(python3 -c 'import importlib.util as util; print(util.cache_from_source(\"calc.py\"))')",
        told: "tests.test_calc.Add.test_small failed",
        stopped: Stopped::Always,
        how: "checks see what is committed, and no caches",
        ..PYTHON
    };
    a_link_leads_out_of_the_tree: Case {
        hack: "commits a link to a file outside of the repository",
        mission: MADE,
        naive: "grep -q right made.txt",
        cheat: "echo right > @OUTSIDE@/made.txt; ln -s @OUTSIDE@/made.txt made.txt",
        honest: "echo right > made.txt",
        told: "made.txt",
        stopped: Stopped::Always,
        how: "a link out of the tree is not a file",
        ..FILE
    };
    the_program_is_a_link_out_of_the_tree: Case {
        hack: "commits a link to a program outside of the repository",
        cheat: "echo 'echo \"Hello, $1!\"' > @OUTSIDE@/greet.sh; ln -sf @OUTSIDE@/greet.sh greet.sh",
        told: "greet.sh",
        stopped: Stopped::Always,
        how: "a tree with a new link out of it passes no check",
        ..FILE
    };
    a_cut_in_the_archive: Case {
        hack: "keeps a failing check out of exports with `.gitattributes`",
        files: PARTS,
        naive: "git add -A && git commit -qm work && rm -rf @OUTSIDE@/export && mkdir @OUTSIDE@/export && \
                git archive HEAD | tar -x -C @OUTSIDE@/export && cd @OUTSIDE@/export && sh check.sh",
        cheat: "echo 'checks/greets export-ignore' > .gitattributes",
        mission: SH_SCRIPT,
        told: "exit 1",
        stopped: Stopped::Always,
        how: "check trees are checkouts, never archives",
        ..GIT
    };
    a_change_is_hidden_from_git: Case {
        hack: "hides a changed check from `git status` (`skip-worktree`)",
        mission: SEALED,
        naive: ". ./check.sh && git diff --quiet HEAD -- check.sh",
        cheat: "git update-index --skip-worktree check.sh; echo 'exit 0' > check.sh",
        told: "sealed and put back: check.sh",
        stopped: Stopped::BySeal,
        how: "`protect`; cco has an index of its own",
        ..GIT
    };
    the_start_is_moved: Case {
        hack: "commits a changed check and moves the branch that it is compared with",
        mission: UNCHANGED,
        naive: ". ./check.sh && git diff --quiet main -- check.sh",
        cheat: "echo : > check.sh; git add -A; git commit -qm work; git branch -f main HEAD 2> /dev/null || true",
        told: "changed at `check.sh`",
        how: "`git` with `unchanged` compares with cco's own record of the start",
        ..GIT
    };
    a_filter_rewrites_files_on_checkout: Case {
        hack: "sets a git filter that rewrites a check when it is checked out",
        naive: "rm check.sh && git checkout -q check.sh && sh check.sh",
        cheat: "git config filter.x.smudge 'echo true'; echo 'check.sh filter=x' > .git/info/attributes",
        ends: 9,
        told: "run programs: filter.x.smudge",
        stopped: Stopped::Always,
        how: "cco's git reads no setting of the worker, and pauses for a person",
        ..GIT
    };
    a_hook_rewrites_the_check: Case {
        hack: "plants a git hook that rewrites a check",
        naive: "git checkout -q -f HEAD && sh check.sh",
        cheat: "mkdir -p .git/hooks; printf '#!/bin/sh\\necho true > check.sh\\n' > .git/hooks/post-checkout
chmod +x .git/hooks/post-checkout",
        told: "sealed and put back: .git/hooks/post-checkout",
        stopped: Stopped::Always,
        how: "hooks are sealed, and cco's git runs none",
        ..GIT
    };
}
