//! Numbers that claim something need evidence: the row names the metric, and the registry has it verified and fresh.

use std::time::Duration;

use super::{Examine, banned_phrases::some_phrases};
use crate::{
    api,
    domain::{
        content::text::quoted,
        policy::{
            claims::{Claim, Finder, Outcome, Quantity, Question, judge, quantity},
            folded::Case,
            phrases::Phrases,
            reading::{Hits, Part, Reading},
            words::Places,
        },
    },
};

/// What is a claim, and what stands behind it.
#[derive(Debug)]
pub(super) struct NumericClaims {
    finder: Finder,
    path: String,
    max_age: Duration,
    prices: Vec<Quantity>,
    exceptions: Option<Phrases>,
}

impl NumericClaims {
    pub(super) fn new(parameters: &api::NumericClaims) -> Result<Self, String> {
        let price = |price: &String| {
            quantity(price).ok_or_else(|| format!("{} is no price: write it as $9 or 9 EUR.", quoted(price)))
        };
        let mut finder = Finder::shipped();
        for language in &parameters.languages {
            finder = finder.with(language).map_err(|problems| {
                let first = problems.first().map(ToString::to_string).unwrap_or_default();
                format!(
                    "The words of {} cannot be used: {first}.",
                    quoted(&language.locale)
                )
            })?;
        }
        Ok(Self {
            finder,
            path: parameters.registry.path.clone(),
            max_age: parameters.registry.max_age.0,
            prices: parameters.prices.iter().map(price).collect::<Result<_, _>>()?,
            exceptions: some_phrases(&parameters.exceptions, Case::Ignored)?,
        })
    }

    fn claims(&self, part: &Part<'_>, locale: &str) -> Vec<Claim> {
        let mut claims = self.finder.find(&part.words, locale);
        if let Some(exceptions) = self.exceptions.as_ref().filter(|_| !claims.is_empty()) {
            let folded = part.folded(Case::Ignored);
            let excepted = exceptions.find(folded).into_iter();
            let excepted = Places::of(excepted.map(|found| folded.origin(found.range)).collect());
            claims.retain(|claim| !excepted.hold(&claim.span));
        }
        claims
    }
}

impl Examine for NumericClaims {
    fn examine(&self, reading: &Reading<'_>, hits: &mut Hits) {
        for part in reading.parts() {
            let claims = self.claims(part, &reading.subject.locale);
            let question = Question {
                claims: &claims,
                named: &reading.subject.claims,
                registry: reading.evidence.registries.at(&self.path),
                prices: &self.prices,
                max_age: self.max_age,
                now: reading.now,
            };
            for judgement in judge(&question) {
                let span = judgement.claim.span.clone();
                let words = part.words.get(span.clone()).unwrap_or_default();
                let message = judgement.ruling.message(words, &self.path);
                match judgement.ruling.outcome() {
                    Outcome::Pass => {}
                    Outcome::Fail => hits.fail(part.at(span), message, ""),
                    Outcome::Inconclusive => hits.inconclusive(part.at(span), message, ""),
                }
                if let Some(until) = judgement.ruling.until() {
                    hits.again(until);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        api::RuleResult,
        domain::policy::{
            Evidence, Registries,
            claims::Registry,
            fixtures::{check, failing, judged, passing, rule, subject},
        },
    };

    const RULE: &str = r#"{"numericClaims": {"registry": {"path": "metrics.md"}, "prices": ["$9"], "exceptions": ["top 1% club"]}}"#;
    const REGISTRY: &str = "Date: 2026-02-14\n\n| Metric | Current | Window | Source | Verified |\n|---|---|---|---|---|\n| Signup rate | 4.2% | last 28 days | GA4 | Yes |\n| Visitors | 12,000 | last 28 days | GA4 | No |\n";

    #[test]
    fn a_number_without_evidence_is_refused_and_others_pass() {
        failing(
            RULE,
            &[
                ("en", "40% more interviews."),
                ("he", "פי 3 ראיונות"),
                ("en", "Only $19 a month"),
            ],
        );
        passing(
            RULE,
            &[
                ("en", "7 ATS mistakes and a quick fix in 10 minutes."),
                ("he", "7 טעויות ATS"),
                ("en", "Only $9 a month"),
                ("en", "Join the top 1% club"),
            ],
        );
    }

    #[test]
    fn the_registry_decides_and_says_when_to_ask_again() {
        let (registry, problems) = Registry::read("metrics.md", REGISTRY.as_bytes());
        assert!(problems.is_empty(), "{problems:?}");
        let evidence = Evidence {
            registries: Registries::Each(&registry),
            ..Evidence::NONE
        };
        for (text, claims, result) in [
            (
                "4.2% of visitors sign up.",
                r#"["Signup rate"]"#,
                RuleResult::Pass,
            ),
            ("4.2% of visitors sign up.", "[]", RuleResult::Inconclusive),
            ("5% of visitors sign up.", r#"["Signup rate"]"#, RuleResult::Fail),
            ("12,000 visitors a month.", r#"["Visitors"]"#, RuleResult::Fail),
        ] {
            let asset = format!(r#"{{"text": "{text}", "claims": {claims}}}"#);
            let verdict = judged(&rule(RULE), &subject(&asset), &evidence);
            assert_eq!(verdict.result, result, "{text} {claims}");
            let lasts = result != RuleResult::Fail;
            assert_eq!(verdict.again_at.is_some(), lasts, "{text} {claims}");
        }
    }

    #[test]
    fn a_claim_is_shown_where_it_stands_once_for_text_and_html() {
        let found = check(
            &rule(RULE),
            r#"{"text": "So 40% more.", "html": "<p>So 40% more.</p>"}"#,
        );
        assert_eq!((found.len(), found[0].excerpt.contains("40%")), (1, true));
    }

    #[test]
    fn a_price_that_is_none_is_refused() {
        let kind =
            serde_json::from_str(r#"{"numericClaims": {"registry": {"path": "a"}, "prices": ["cheap"]}}"#)
                .unwrap();
        assert!(super::super::prepare(&kind).is_err());
    }
}
