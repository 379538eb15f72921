//! The templates: embedded, overridable, checked before a mission starts rather than when they are first needed.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use crate::words::Hash;

/// The five variables of the specification's system prompt (section 3.3.1).
const SYSTEM: &[&str] = &["repository_path", "mission", "dod_criteria", "progress_summary", "cc_status"];
/// What the six interactions (section 3.3.2) and the part they share may use.
const ASK: &[&str] = &[
    "part",
    "standing",
    "evidence",
    "last_action",
    "claim",
    "history",
    "tasks",
    "lessons",
    "made",
    "guidance",
    "footing",
    "encouragement",
    "blockers",
    "ladder",
];
const ACTION: &[&str] = &["title", "action", "aims", "summary"];

/// One embedded template.
struct Template {
    name: &'static str,
    file: &'static str,
    text: &'static str,
    variables: &'static [&'static str],
}

macro_rules! template {
    ($name:literal, $variables:expr) => {
        Template {
            name: $name,
            file: concat!($name, ".md"),
            text: include_str!(concat!("../../prompts/", $name, ".md")),
            variables: $variables,
        }
    };
}

const TEMPLATES: &[Template] = &[
    template!("system", SYSTEM),
    template!("rules", &[]),
    template!("state", ASK),
    template!("task_initiation", ASK),
    template!("progress_check", ASK),
    template!("motivational_boost", ASK),
    template!("error_recovery", ASK),
    template!("dod_validation", ASK),
    template!("session_transition", ASK),
    template!("repair", &["problem"]),
    template!("worker", &["title", "mission", "constraints", "protected", "repository_path"]),
    template!("action", ACTION),
    template!("transition", ACTION),
    template!("interrupted", ACTION),
    template!("continue", ACTION),
    template!("derive", &["mission", "services", "repository"]),
    template!("derive_ask", &["criteria", "refused"]),
    template!("judge", &[]),
];

/// The names of all templates: `system` is `.cco/prompts/system.md` in a repository.
pub const NAMES: [&str; 18] = {
    let mut names = [""; 18];
    let mut place = 0;
    while place < names.len() {
        names[place] = TEMPLATES[place].name;
        place += 1;
    }
    names
};

/// Why a prompt cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An override of something that is no prompt.
    #[error("prompt `{name}.md` is not known; known are: {known}")]
    UnknownPrompt {
        /// The file's name without its ending.
        name: String,
        /// All names.
        known: String,
    },
    /// A variable that the prompt is not given.
    #[error("prompt `{name}.md` uses `{variable}`, which it is not given; it is given: {known}")]
    UnknownVariable {
        /// The prompt.
        name: String,
        /// The variable.
        variable: String,
        /// All that it is given.
        known: String,
    },
    /// A template that cannot be read or rendered.
    #[error("prompt `{name}.md` line {line}: {what}")]
    Template {
        /// The prompt.
        name: String,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// A prompt without a word.
    #[error("prompt `{name}.md` is empty")]
    Empty {
        /// The prompt.
        name: String,
    },
}

/// The values a template is rendered with.
pub(super) type Values = BTreeMap<&'static str, String>;

/// The prompts in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompts {
    texts: BTreeMap<&'static str, String>,
    pub(super) repository: String,
}

impl Prompts {
    /// Takes the overrides of a repository (file name, with or without `.md`, to text) over the embedded texts and
    /// checks them all. `repository` is shown as the repository's path.
    ///
    /// # Errors
    /// The first prompt that is unknown, empty, cannot be read, or uses a variable it is not given.
    pub fn new(overrides: &BTreeMap<String, String>, repository: impl Into<String>) -> Result<Self, Error> {
        let mut texts: BTreeMap<&'static str, String> =
            TEMPLATES.iter().map(|template| (template.name, template.text.to_owned())).collect();
        for (file, text) in overrides {
            let name = file.strip_suffix(".md").unwrap_or(file);
            let Some(template) = TEMPLATES.iter().find(|template| template.name == name) else {
                return Err(Error::UnknownPrompt { name: name.to_owned(), known: NAMES.join(", ") });
            };
            texts.insert(template.name, text.clone());
        }
        if let Some(system) = texts.get_mut("system") {
            *system = double_braces(system);
        }
        let prompts = Self { texts, repository: repository.into() };
        TEMPLATES.iter().try_for_each(|template| prompts.check(template))?;
        Ok(prompts)
    }

    /// Hash over all texts in use: what of them is sealed.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash::of_parts(self.texts.iter().flat_map(|(name, text)| [name.as_bytes(), text.as_bytes()]))
    }

    /// Renders the words for a second try at an answer that could not be used.
    ///
    /// # Errors
    /// [`Error::Template`] where an override fails on the values.
    pub fn repair(&self, problem: &str) -> Result<String, Error> {
        self.render("repair", &Values::from([("problem", super::quote::line(problem, 1200))]))
    }

    pub(super) fn render(&self, name: &'static str, values: &Values) -> Result<String, Error> {
        let environment = self.environment()?;
        let template = environment.get_template(&format!("{name}.md")).map_err(|error| told(name, &error))?;
        let text = template.render(values).map_err(|error| told(name, &error))?;
        Ok(tidy(&text))
    }

    /// Holds a template against what it is given, then renders it once with every value set and once with none.
    fn check(&self, template: &Template) -> Result<(), Error> {
        let name = template.name;
        if self.texts.get(name).is_none_or(|text| text.trim().is_empty()) {
            return Err(Error::Empty { name: name.to_owned() });
        }
        let environment = self.environment()?;
        let parsed = environment.get_template(template.file).map_err(|error| told(name, &error))?;
        let used: BTreeSet<String> = parsed.undeclared_variables(false).into_iter().collect();
        let globals: BTreeSet<&str> = environment.globals().map(|(name, _)| name).collect();
        let unknown = |used: &&String| !template.variables.contains(&used.as_str()) && !globals.contains(used.as_str());
        if let Some(variable) = used.iter().find(unknown) {
            let known = template.variables.join(", ");
            return Err(Error::UnknownVariable { name: name.to_owned(), variable: variable.clone(), known });
        }
        for sample in ["sample text", ""] {
            let values: Values = template.variables.iter().map(|variable| (*variable, sample.to_owned())).collect();
            parsed.render(&values).map_err(|error| told(name, &error))?;
        }
        Ok(())
    }

    fn environment(&self) -> Result<Environment<'_>, Error> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        for template in TEMPLATES {
            if let Some(text) = self.texts.get(template.name) {
                environment.add_template(template.file, text).map_err(|error| told(template.name, &error))?;
            }
        }
        Ok(environment)
    }
}

fn told(name: &str, error: &minijinja::Error) -> Error {
    let name = error.name().and_then(|file| file.strip_suffix(".md")).unwrap_or(name).to_owned();
    let what = error.detail().map_or_else(|| error.kind().to_string(), |detail| format!("{}: {detail}", error.kind()));
    Error::Template { name, line: error.line().unwrap_or(1), what }
}

/// Writes the specification's own placeholders, `{mission}`, as a template's; a text that has them doubled stays.
fn double_braces(text: &str) -> String {
    SYSTEM.iter().fold(text.to_owned(), |text, variable| {
        let single = format!("{{{variable}}}");
        let mut out = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(at) = rest.find(&single) {
            let (before, from) = rest.split_at(at);
            let after = &from[single.len()..];
            out.push_str(before);
            if before.ends_with('{') || after.starts_with('}') {
                out.push_str(&single);
            } else {
                out.push_str(&format!("{{{{ {variable} }}}}"));
            }
            rest = after;
        }
        out.push_str(rest);
        out
    })
}

/// Folds the empty lines that absent parts leave behind.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.trim().lines() {
        empty = if line.trim().is_empty() { empty + 1 } else { 0 };
        if empty < 2 {
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, text: &str) -> Result<Prompts, Error> {
        Prompts::new(&BTreeMap::from([(name.to_owned(), text.to_owned())]), "/repo")
    }

    fn system_values() -> Values {
        SYSTEM.iter().map(|name| (*name, format!("<{name}>"))).collect()
    }

    #[test]
    fn the_embedded_prompts_are_in_order() {
        let prompts = Prompts::new(&BTreeMap::new(), "/repo").unwrap();
        assert_eq!(prompts.hash(), Prompts::new(&BTreeMap::new(), "/elsewhere").unwrap().hash());
    }

    #[test]
    fn the_specifications_text_in_single_braces_is_accepted_and_means_the_same_as_double_ones() {
        let literal = TEMPLATES[0].text;
        assert!(literal.contains("{repository_path}"));
        let single = with("system.md", literal).unwrap();
        let double = with("system", &literal.replace('{', "{{").replace('}', "}}")).unwrap();
        let text = single.render("system", &system_values()).unwrap();
        assert_eq!(text, double.render("system", &system_values()).unwrap());
        for name in SYSTEM {
            assert!(text.contains(&format!("<{name}>")), "{name}");
        }
    }

    #[test]
    fn other_braces_stay_as_they_are() {
        let prompts = with("system", "Answer {\"a\": 1} for {mission} and {other}").unwrap();
        let text = prompts.render("system", &system_values()).unwrap();
        assert_eq!(text, "Answer {\"a\": 1} for <mission> and {other}");
    }

    #[test]
    fn a_mistake_in_an_override_names_file_and_variable() {
        let error = with("system.md", "Hello {{ mision }}").unwrap_err();
        assert!(
            matches!(&error, Error::UnknownVariable { name, variable, .. } if name == "system" && variable == "mision")
        );
        let error = with("progress_check", "{% if evidence %}\n{{ secret }}{% endif %}").unwrap_err();
        assert!(error.to_string().contains("`secret`"), "{error}");
        let error = with("worker", "one\n{% if %}").unwrap_err();
        assert!(matches!(&error, Error::Template { name, line: 2, .. } if name == "worker"), "{error}");
        assert!(matches!(with("sytem", "x"), Err(Error::UnknownPrompt { .. })));
        assert!(matches!(with("system", " \n"), Err(Error::Empty { .. })));
    }

    #[test]
    fn markup_is_not_escaped() {
        let prompts = with("repair", "{{ problem }}").unwrap();
        assert_eq!(prompts.repair("<a> & \"b\"").unwrap(), "<a> & \"b\"");
    }
}
