//! From a pack as it is written to one that can judge: every rule prepared, every problem named at once.

use std::{collections::BTreeSet, fmt};

use super::{
    reading::{Hits, Reading},
    rules::{Examine, prepare},
    subject::Subject,
};
use crate::{
    api::{
        AssetType, LocaleOverlay, PolicyPackSpec, PolicyRule, PolicyTest, RuleAction, RuleMode, RuleResult,
        RuleSelector, Severity,
    },
    domain::{
        digest, language,
        slot::{compared, compared_locale, compared_platform},
    },
};

/// Rises whenever equal rules may judge otherwise than before, so that remembered verdicts are forgotten.
const ENGINE: u32 = 1;

/// A pack that can judge; compiled once for each digest and shared.
#[derive(Debug)]
pub struct CompiledPack {
    /// Its name.
    pub name: String,
    /// Digest of its rules and of how they are understood; description and tests are no part of it.
    pub digest: String,
    pub(super) tests: Vec<PolicyTest>,
    rules: Vec<CompiledRule>,
    overlays: Vec<Overlay>,
}

/// Why a pack cannot judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackProblem {
    /// Where in the manifest: `spec.rules[3].regex`.
    pub path: String,
    /// The rule; empty where no rule is meant.
    pub rule: String,
    /// What is wrong, in a sentence.
    pub message: String,
}

impl fmt::Display for PackProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rule.is_empty() {
            write!(formatter, "{}: {}", self.path, self.message)
        } else {
            write!(formatter, "{} ({}): {}", self.path, self.rule, self.message)
        }
    }
}

/// Rules of one language.
#[derive(Debug)]
struct Overlay {
    locale: String,
    rules: Vec<CompiledRule>,
}

/// A rule that can judge.
#[derive(Debug)]
pub(super) struct CompiledRule {
    pub(super) name: String,
    pub(super) severity: Severity,
    pub(super) mode: RuleMode,
    pub(super) action: RuleAction,
    pub(super) on_inconclusive: RuleAction,
    pub(super) message: String,
    selector: Selector,
    check: Box<dyn Examine>,
}

/// Compiles a pack, or names everything that is wrong with it.
///
/// # Errors
/// A problem for each rule that cannot be prepared, and for each name that stands twice.
pub fn compile(name: &str, spec: &PolicyPackSpec) -> Result<CompiledPack, Vec<PackProblem>> {
    let mut compiling = Compiling::default();
    let rules = compiling.rules("spec.rules", &spec.rules);
    let overlays: Vec<Overlay> = spec
        .overlays
        .iter()
        .enumerate()
        .filter_map(|(number, overlay)| compiling.overlay(number, overlay))
        .collect();
    if compiling.problems.is_empty() {
        Ok(CompiledPack {
            name: name.to_owned(),
            digest: digest::of_json(&(ENGINE, &spec.rules, &spec.overlays)),
            tests: spec.tests.clone(),
            rules,
            overlays,
        })
    } else {
        Err(compiling.problems)
    }
}

impl CompiledPack {
    /// The rules that look at a subject: those of its language that select it take the place of those of the same name.
    pub(super) fn rules_for<'p>(&'p self, subject: &Subject) -> Vec<&'p CompiledRule> {
        let locale = compared_locale(&subject.locale);
        let mut overlays: Vec<&Overlay> = self
            .overlays
            .iter()
            .filter(|overlay| holds_for(&overlay.locale, &locale))
            .collect();
        overlays.sort_by_key(|overlay| std::cmp::Reverse(overlay.locale.len()));
        let mut rules: Vec<&CompiledRule> = Vec::with_capacity(self.rules.len());
        let mut named = BTreeSet::new();
        for rule in overlays
            .iter()
            .flat_map(|overlay| &overlay.rules)
            .chain(&self.rules)
        {
            if rule.selector.selects(subject, &locale) && named.insert(rule.name.as_str()) {
                rules.push(rule);
            }
        }
        rules
    }

    /// Whether any rule bears a name.
    pub(super) fn has_rule(&self, name: &str) -> bool {
        let overlaid = self.overlays.iter().flat_map(|overlay| &overlay.rules);
        self.rules.iter().chain(overlaid).any(|rule| rule.name == name)
    }
}

impl CompiledRule {
    /// What the rule finds in a subject.
    pub(super) fn examine(&self, reading: &Reading<'_>) -> Hits {
        let mut hits = Hits::default();
        self.check.examine(reading, &mut hits);
        hits
    }

    /// True where it asks for words that may stand in any item of a post: the first one is judged with all of them.
    pub(super) fn demands(&self) -> bool {
        self.check.demands()
    }

    /// True where it stops or asks for a person.
    pub(super) fn enforces(&self) -> bool {
        self.severity == Severity::Error && self.mode == RuleMode::Enforce
    }

    /// What follows a result.
    pub(super) fn action_of(&self, result: RuleResult) -> RuleAction {
        match result {
            RuleResult::Inconclusive => self.on_inconclusive,
            RuleResult::Fail | RuleResult::Pass => self.action,
        }
    }
}

#[derive(Default)]
struct Compiling {
    problems: Vec<PackProblem>,
}

impl Compiling {
    fn rules(&mut self, path: &str, rules: &[PolicyRule]) -> Vec<CompiledRule> {
        let mut names = BTreeSet::new();
        let mut compiled = Vec::with_capacity(rules.len());
        for (number, rule) in rules.iter().enumerate() {
            let path = format!("{path}[{number}]");
            if !names.insert(rule.name.as_str()) {
                let message = "A rule of this name stands here already: give it another name.".to_owned();
                self.problem(path.clone(), &rule.name, message);
            }
            compiled.extend(self.rule(&path, rule));
        }
        compiled
    }

    fn rule(&mut self, path: &str, rule: &PolicyRule) -> Option<CompiledRule> {
        self.locales(&format!("{path}.selector.locales"), rule);
        let check = match prepare(&rule.kind) {
            Ok(check) => check,
            Err(("", message)) => {
                self.problem(path.to_owned(), &rule.name, message);
                return None;
            }
            Err((member, message)) => {
                self.problem(format!("{path}.{member}"), &rule.name, message);
                return None;
            }
        };
        let default = if rule.kind.sensitivity.is_some() {
            RuleAction::RequireApproval
        } else {
            RuleAction::BlockAsset
        };
        let action = rule.action.unwrap_or(default);
        Some(CompiledRule {
            name: rule.name.clone(),
            severity: rule.severity,
            mode: rule.mode,
            action,
            on_inconclusive: rule.on_inconclusive.unwrap_or(action),
            message: rule.message.trim().to_owned(),
            selector: Selector::of(&rule.selector),
            check,
        })
    }

    /// A tag that is none would select nothing, and nobody would notice.
    fn locales(&mut self, path: &str, rule: &PolicyRule) {
        for locale in &rule.selector.locales {
            if language::canonical(locale).is_none() {
                let message = format!("{locale:?} is no language: write a BCP 47 tag such as en or he.");
                self.problem(path.to_owned(), &rule.name, message);
            }
        }
    }

    fn overlay(&mut self, number: usize, overlay: &LocaleOverlay) -> Option<Overlay> {
        let path = format!("spec.overlays[{number}]");
        let rules = self.rules(&format!("{path}.rules"), &overlay.rules);
        if language::canonical(&overlay.locale).is_none() {
            let message = format!(
                "{:?} is no language: write a BCP 47 tag such as en or he.",
                overlay.locale
            );
            self.problem(format!("{path}.locale"), "", message);
            return None;
        }
        Some(Overlay {
            locale: compared_locale(&overlay.locale),
            rules,
        })
    }

    fn problem(&mut self, path: String, rule: &str, message: String) {
        self.problems.push(PackProblem {
            path,
            rule: rule.to_owned(),
            message,
        });
    }
}

/// A selector, every name in its compared form.
#[derive(Debug)]
struct Selector {
    platforms: Vec<String>,
    accounts: Vec<String>,
    types: Vec<AssetType>,
    locales: Vec<String>,
}

impl Selector {
    fn of(selector: &RuleSelector) -> Self {
        let each = |names: &[String], compared: fn(&str) -> String| -> Vec<String> {
            names.iter().map(|name| compared(name)).collect()
        };
        Self {
            platforms: each(&selector.platforms, compared_platform),
            accounts: each(&selector.accounts, compared),
            types: selector.types.clone(),
            locales: each(&selector.locales, compared_locale),
        }
    }

    fn selects(&self, subject: &Subject, locale: &str) -> bool {
        let named = |names: &[String], name: &String| names.is_empty() || names.contains(name);
        named(&self.platforms, &subject.platform)
            && named(&self.accounts, &subject.account)
            && (self.types.is_empty() || self.types.contains(&subject.type_))
            && (self.locales.is_empty() || self.locales.iter().any(|language| holds_for(language, locale)))
    }
}

/// True where a language holds for a locale, both in their compared form: `he` for `he-il` too (RFC 4647, basic filtering).
fn holds_for(language: &str, locale: &str) -> bool {
    locale
        .strip_prefix(language)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}
