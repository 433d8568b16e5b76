//! The reader must be told what to do next.

use super::{Examine, banned_phrases::some_phrases, required_text::is_said};
use crate::{
    api,
    domain::policy::{
        folded::Case,
        phrases::Phrases,
        reading::{At, Hits, Reading},
        words::{domains, host_of, is_under, placeholders_in},
    },
};

/// Phrases and domains that call to action.
#[derive(Debug)]
pub(super) struct CallToAction {
    phrases: Option<Phrases>,
    own_domains: Vec<String>,
    max_links: usize,
}

impl CallToAction {
    pub(super) fn new(parameters: &api::CallToAction) -> Result<Self, String> {
        if parameters.phrases.is_empty() && parameters.own_domains.is_empty() {
            return Err("The rule knows no call to action: add phrases or ownDomains.".to_owned());
        }
        Ok(Self {
            phrases: some_phrases(&parameters.phrases, Case::Ignored)?,
            own_domains: domains(&parameters.own_domains),
            max_links: parameters.max_links.map_or(usize::MAX, |max| max as usize),
        })
    }

    /// A link to an own domain whose clicks are counted; in an e-mail also a placeholder that is a link by its name.
    fn is_linked(&self, reading: &Reading<'_>) -> bool {
        let own = |link: &String| host_of(link).is_some_and(|host| is_under(&host, &self.own_domains));
        let links = &reading.subject.links;
        links.iter().any(|link| own(link) && link.contains("utm_"))
            || (reading.subject.is_email() && !self.own_domains.is_empty() && names_a_link(reading))
    }
}

impl Examine for CallToAction {
    fn demands(&self) -> bool {
        true
    }

    fn examine(&self, reading: &Reading<'_>, hits: &mut Hits) {
        let said = self
            .phrases
            .as_ref()
            .is_some_and(|phrases| is_said(phrases, reading));
        if !said && !self.is_linked(reading) {
            let message = "Nothing tells the reader what to do next.".to_owned();
            let help = "Add a call to action, or a link to a page of yours with its utm parameters.";
            hits.fail(At::Whole, message, help);
        }
        let links = reading.subject.links.len();
        if links > self.max_links {
            let message = format!(
                "{links} links compete with each other; at most {} are allowed.",
                self.max_links
            );
            hits.fail(At::Whole, message, "Keep the one that matters.");
        }
    }
}

fn names_a_link(reading: &Reading<'_>) -> bool {
    reading.running().any(|part| {
        placeholders_in(&part.words).into_iter().any(|range| {
            let name = part.words.get(range).unwrap_or_default().to_ascii_lowercase();
            (name.contains("link") || name.contains("url")) && !name.contains("unsubscribe")
        })
    })
}

#[cfg(test)]
mod tests {
    use crate::domain::policy::fixtures::{check, failing, passing, rule};

    const RULE: &str = r#"{"callToAction": {"phrases": ["run a free", "try it", "נסו", "בדיקה חינמית"], "ownDomains": ["example.com"], "maxLinks": 2}}"#;

    #[test]
    fn a_phrase_or_an_own_link_with_utm_is_one() {
        passing(
            RULE,
            &[
                ("en", "Run a free ATS check."),
                ("en", "See https://example.com/?utm_source=x"),
                ("he", "ונסו עכשיו"),
                ("he", "בדיקה חינמית"),
            ],
        );
        failing(
            RULE,
            &[
                ("en", "We are here."),
                ("en", "See https://example.com/"),
                ("en", "See https://other.org/?utm_source=x"),
                ("he", "אנחנו כאן"),
            ],
        );
    }

    #[test]
    fn the_link_of_an_email_may_be_a_placeholder() {
        let rule = rule(RULE);
        let email = |text: &str| check(&rule, &format!(r#"{{"type": "Template", "text": "{text}"}}"#)).len();
        assert_eq!(
            (
                email("Go: {{dashboard_link}}"),
                email("Hi {{name}}"),
                email("{{unsubscribe_url}}")
            ),
            (0, 1, 1)
        );
    }

    #[test]
    fn links_that_compete_are_counted() {
        let text = "Try it: https://a.org https://b.org https://c.org";
        assert_eq!(check(&rule(RULE), &format!(r#"{{"text": "{text}"}}"#)).len(), 1);
    }
}
