//! The kinds of rule: a file for each, all with the same two steps, prepared once and examined often.

mod accessibility;
mod ai_disclosure;
mod alt_text;
mod banned_phrases;
mod call_to_action;
mod cel;
mod conditional;
mod duplicate;
mod email_compliance;
mod glossary;
mod hashtags;
mod length;
mod links;
mod locale_quality;
mod numeric_claims;
mod occurrence;
mod pattern;
mod prompt_leak;
mod readability;
mod required_text;
mod secret_leak;
mod sensitivity;
mod seo;
mod substitution;
mod utm;
pub(in crate::domain) mod weighted;

use std::fmt::Debug;

use super::reading::{Hits, Reading};
use crate::api::RuleKind;

/// A rule that is ready to look at subjects.
pub(super) trait Examine: Debug + Send + Sync {
    /// Looks at a subject; what it finds wrong is a hit, and nothing found is a pass.
    ///
    /// # Guarantees
    /// Equal readings give equal hits. The time is bounded for every pack, and near linear in the words.
    fn examine(&self, reading: &Reading<'_>, hits: &mut Hits);

    /// True where it asks for words that have to stand somewhere: of a post of several items, in any of them.
    fn demands(&self) -> bool {
        false
    }
}

/// Why a rule cannot be prepared: the member, and what is wrong with it.
pub(super) type Fault = (&'static str, String);

type Member = (&'static str, Result<Box<dyn Examine>, String>);

/// Prepares the rule that a kind describes.
pub(super) fn prepare(kind: &RuleKind) -> Result<Box<dyn Examine>, Fault> {
    let mut members = members(kind);
    let fault = |message: String| ("", message);
    let Some((name, prepared)) = members.pop() else {
        return Err(fault(
            "The rule has no kind: add one member such as bannedPhrases.".to_owned(),
        ));
    };
    if let Some((other, _)) = members.pop() {
        return Err(fault(format!(
            "The rule has more than one kind, {other} and {name}: make two rules of it."
        )));
    }
    prepared.map_err(|message| (name, message))
}

/// Every member that is there, prepared by its function.
///
/// The kind is taken apart, so that a kind that is added to the API and not here does not compile.
macro_rules! members {
    ($kind:expr, $($member:ident: $name:literal => $new:expr),+ $(,)?) => {{
        let RuleKind { $($member),+ } = $kind;
        let all: [Option<Member>; _] = [$($member.as_ref().map(|parameters| ($name, boxed($new(parameters))))),+];
        all.into_iter().flatten().collect()
    }};
}

fn members(kind: &RuleKind) -> Vec<Member> {
    members!(
        kind,
        accessibility: "accessibility" => |rule| Ok(accessibility::Accessibility::new(rule)),
        ai_disclosure: "aiDisclosure" => ai_disclosure::AiDisclosure::new,
        alt_text: "altText" => |rule| Ok(alt_text::AltText::new(rule)),
        banned_phrases: "bannedPhrases" => banned_phrases::BannedPhrases::new,
        call_to_action: "callToAction" => call_to_action::CallToAction::new,
        cel: "cel" => cel::Cel::new,
        conditional: "conditional" => conditional::Conditional::new,
        duplicate: "duplicate" => |rule| Ok(duplicate::Duplicate::new(rule)),
        email_compliance: "emailCompliance" => email_compliance::EmailCompliance::new,
        glossary: "glossary" => glossary::Glossary::new,
        hashtags: "hashtags" => |rule| Ok(hashtags::Hashtags::new(rule)),
        length: "length" => length::Length::new,
        links: "links" => links::Links::new,
        locale_quality: "localeQuality" => locale_quality::LocaleQuality::new,
        numeric_claims: "numericClaims" => numeric_claims::NumericClaims::new,
        occurrence: "occurrence" => occurrence::Occurrence::new,
        prompt_leak: "promptLeak" => prompt_leak::PromptLeak::new,
        readability: "readability" => readability::Readability::new,
        regex: "regex" => pattern::Pattern::new,
        required_text: "requiredText" => required_text::RequiredText::new,
        secret_leak: "secretLeak" => secret_leak::SecretLeak::new,
        sensitivity: "sensitivity" => sensitivity::Sensitivity::new,
        seo: "seo" => |rule| Ok(seo::Seo::new(rule)),
        substitution: "substitution" => substitution::Substitution::new,
        utm: "utm" => |rule| Ok(utm::Utm::new(rule)),
    )
}

fn boxed<R: Examine + 'static>(rule: Result<R, String>) -> Result<Box<dyn Examine>, String> {
    rule.map(|rule| Box::new(rule) as Box<dyn Examine>)
}
