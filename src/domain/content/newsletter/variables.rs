//! What is put in for the names in the words of an issue, and what the provider fills in for each reader.

use super::Version;
use crate::{
    api::{NewsletterVariable, Severity},
    domain::content::{
        diagnostic::Diagnostic,
        email::Placeholder,
        text::{nearest, quoted},
    },
};

/// The longest value, in characters; the schema of Campaigns has the same bound.
const LONGEST_VALUE: usize = 2048;

/// What the words of a version are completed with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filling<'a> {
    /// What is put in for the names.
    pub variables: &'a [NewsletterVariable],
    /// Name and value of the parameter that the link gets.
    pub parameter: (&'a str, &'a str),
}

impl Filling<'_> {
    /// The words with the values of the names that are declared, each put in once and as it is.
    pub(super) fn fill(&self, words: &str) -> String {
        let mut filled = String::with_capacity(words.len());
        let mut rest = words;
        while let Some((before, tail)) = rest.split_once("{{") {
            let Some((inner, after)) = tail.split_once("}}") else {
                break;
            };
            filled.push_str(before);
            let name = inner.split('|').next().unwrap_or_default().trim();
            let kept = || format!("{{{{{inner}}}}}");
            filled.push_str(&self.value(name).map_or_else(kept, str::to_owned));
            rest = after;
        }
        filled.push_str(rest);
        filled
    }

    /// The value of a name that can be put in.
    fn value(&self, name: &str) -> Option<&str> {
        let value = self.declared(name)?;
        problem_of(value).is_none().then_some(value)
    }

    fn declared(&self, name: &str) -> Option<&str> {
        let found = self.variables.iter().find(|variable| variable.name == name);
        found.map(|variable| variable.value.trim())
    }

    /// Names without a value and without words for when nothing is known, and values that cannot be put in.
    pub(super) fn problems(&self, version: &Version) -> Vec<Diagnostic> {
        let of = |placeholder: &Placeholder| match self.declared(&placeholder.name) {
            None if placeholder.fallback.is_none() => Some(self.undeclared(&version.path, placeholder)),
            None => None,
            Some(value) => problem_of(value).map(|problem| invalid(&version.path, placeholder, problem)),
        };
        version.placeholders.iter().filter_map(of).collect()
    }

    fn undeclared(&self, path: &str, placeholder: &Placeholder) -> Diagnostic {
        let name = &placeholder.name;
        let known: Vec<&str> = self
            .variables
            .iter()
            .map(|variable| variable.name.as_str())
            .collect();
        let meant =
            nearest(name, &known).map_or_else(String::new, |known| format!("Did you mean `{known}`? "));
        let message = format!("The placeholder {} has no value and no fallback.", quoted(name));
        let help = format!(
            "{meant}Give it one in queues[].newsletters.variables of the Campaign, or write `{{{{{name} | words}}}}` where \
             the provider fills it in for each reader."
        );
        at(path, placeholder, "PlaceholderUndeclared", (message, &help))
    }
}

/// Why a value cannot be put in.
fn problem_of(value: &str) -> Option<&'static str> {
    if value.is_empty() {
        Some("is empty")
    } else if value.chars().nth(LONGEST_VALUE).is_some() {
        Some("has more than 2,048 characters")
    } else if value.chars().any(char::is_control) {
        Some("goes over more than one line, or has another control character")
    } else if value.contains("{{") || value.contains("}}") {
        Some("holds braces, which the provider would take for a placeholder")
    } else {
        None
    }
}

fn invalid(path: &str, placeholder: &Placeholder, problem: &str) -> Diagnostic {
    let message = format!("The value of {} {problem}.", quoted(&placeholder.name));
    let help = "Repair it in queues[].newsletters.variables of the Campaign.";
    at(path, placeholder, "VariableInvalid", (message, help))
}

fn at(path: &str, placeholder: &Placeholder, code: &'static str, said: (String, &str)) -> Diagnostic {
    Diagnostic {
        excerpt: placeholder.excerpt.clone(),
        ..Diagnostic::at(path, placeholder.span, (Severity::Error, code), said)
    }
}
