//! Links must lead somewhere, and to the pages of the post's own language.

use std::collections::BTreeMap;

use url::Url;

use super::Examine;
use crate::{
    api,
    domain::{
        content::text::quoted,
        policy::{
            evidence::LinkFinding,
            reading::{Hits, Reading},
            words::{domains, host_of, is_under},
        },
        slot::compared_locale,
    },
};

/// What is asked of links.
#[derive(Debug)]
pub(super) struct Links {
    own_domains: Vec<String>,
    deny: Vec<String>,
    /// Where the pages of a language begin, by the language.
    locale_path: BTreeMap<String, String>,
    check: bool,
    https_only: bool,
}

impl Links {
    pub(super) fn new(parameters: &api::Links) -> Result<Self, String> {
        if !parameters.locale_path.is_empty() && parameters.own_domains.is_empty() {
            return Err(
                "localePath says where on your domains a language begins: add ownDomains.".to_owned(),
            );
        }
        let path = |(locale, path): (&String, &String)| {
            let path = format!("/{}", path.trim_matches('/'));
            (compared_locale(locale), path)
        };
        Ok(Self {
            own_domains: domains(&parameters.own_domains),
            deny: domains(&parameters.deny),
            locale_path: parameters.locale_path.iter().map(path).collect(),
            check: parameters.check,
            https_only: parameters.https_only,
        })
    }

    fn examine_link(&self, link: &str, reading: &Reading<'_>, hits: &mut Hits) {
        let host = host_of(link).unwrap_or_default();
        if is_under(&host, &self.deny) {
            let message = format!("{} may not be linked to.", quoted(link));
            hits.fail(reading.place_of(link), message, "Link to another site.");
        }
        if self.https_only && !link.to_ascii_lowercase().starts_with("https:") {
            let message = format!("{} is not https.", quoted(link));
            hits.fail(reading.place_of(link), message, "Write https://.");
        }
        let own = is_under(&host, &self.own_domains);
        if own {
            self.locale(link, reading, hits);
        }
        if self.check {
            answer(link, own, reading, hits);
        }
    }

    /// A link to an own domain leads below the path of the post's language, and of no other one.
    fn locale(&self, link: &str, reading: &Reading<'_>, hits: &mut Hits) {
        let Ok(url) = Url::parse(link) else { return };
        let locale = reading.subject.locale.as_str();
        let language = locale.split('-').next().unwrap_or_default();
        let wanted = self
            .locale_path
            .get(locale)
            .or_else(|| self.locale_path.get(language));
        let below = |path: &str| {
            let rest = url.path().strip_prefix(path.trim_end_matches('/'));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let help = "Link to the page in the language of the post.";
        match wanted {
            Some(path) if !below(path) => {
                let message = format!(
                    "{} does not lead to the pages in {locale}, which begin at {path}.",
                    quoted(link)
                );
                hits.fail(reading.place_of(link), message, help);
            }
            Some(_) => {}
            None => {
                let mut others = self.locale_path.iter().filter(|(_, path)| path.as_str() != "/");
                if let Some((other, _)) = others.find(|(_, path)| below(path)) {
                    let message = format!(
                        "{} leads to the pages in {other}; the post is in {locale}.",
                        quoted(link)
                    );
                    hits.fail(reading.place_of(link), message, help);
                }
            }
        }
    }
}

impl Examine for Links {
    fn examine(&self, reading: &Reading<'_>, hits: &mut Hits) {
        for link in &reading.subject.links {
            self.examine_link(link, reading, hits);
        }
    }
}

/// What asking for a link gave: own sites have to answer with success; others may turn robots away.
fn answer(link: &str, own: bool, reading: &Reading<'_>, hits: &mut Hits) {
    let at = || reading.place_of(link);
    let shown = quoted(link);
    let help = "Open the link; correct it, or put the page there.";
    let again = "Open the link and look whether it is right; it is asked again later.";
    match reading.evidence.links.get(link) {
        None => hits.inconclusive(at(), format!("{shown} was not looked at yet."), "Wait a moment."),
        Some(LinkFinding::Status(200..=299)) => {}
        Some(LinkFinding::Status(300..=399)) if !own => {}
        Some(LinkFinding::Status(status @ (404 | 410))) => {
            hits.fail(
                at(),
                format!("{shown} leads nowhere: the answer is {status}."),
                help,
            );
        }
        Some(LinkFinding::Status(status)) if own => {
            hits.fail(
                at(),
                format!("{shown} is on a domain of yours and answers {status}."),
                help,
            );
        }
        Some(LinkFinding::NoSuchHost) => hits.fail(at(), format!("{shown} leads to no host."), help),
        Some(LinkFinding::Status(status)) => {
            hits.inconclusive(
                at(),
                format!("{shown} answers {status}, which may be meant for robots."),
                again,
            );
        }
        Some(LinkFinding::TimedOut) => {
            hits.inconclusive(at(), format!("{shown} gave no answer in time."), again);
        }
        Some(LinkFinding::Unreachable(why)) => {
            let why: String = why.chars().take(100).collect();
            hits.inconclusive(at(), format!("{shown} could not be asked: {why}."), again);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        api::RuleResult,
        domain::policy::fixtures::{check, judged, rule, subject},
    };

    const RULE: &str = r#"{"links": {"ownDomains": ["example.com"], "deny": ["bit.ly"], "localePath": {"he": "/he"}, "httpsOnly": true}}"#;

    fn result(link: &str, finding: Option<LinkFinding>) -> RuleResult {
        let links: BTreeMap<String, LinkFinding> = finding
            .map(|finding| (link.to_owned(), finding))
            .into_iter()
            .collect();
        let subject = subject(&format!(r#"{{"text": "{link}"}}"#));
        judged(
            &rule(RULE),
            &subject,
            &crate::domain::policy::Evidence {
                links: &links,
                ..crate::domain::policy::Evidence::NONE
            },
        )
        .result
    }

    #[test]
    fn links_are_three_valued() {
        use LinkFinding::{NoSuchHost, Status, TimedOut, Unreachable};
        let (own, other) = ("https://blog.example.com/x", "https://other.org/x");
        for (link, finding, expected) in [
            (own, None, RuleResult::Inconclusive),
            (own, Some(Status(200)), RuleResult::Pass),
            (own, Some(Status(204)), RuleResult::Pass),
            (own, Some(Status(403)), RuleResult::Fail),
            (own, Some(Status(500)), RuleResult::Fail),
            (own, Some(Status(301)), RuleResult::Fail),
            (own, Some(TimedOut), RuleResult::Inconclusive),
            (other, None, RuleResult::Inconclusive),
            (other, Some(Status(200)), RuleResult::Pass),
            (other, Some(Status(403)), RuleResult::Inconclusive),
            (other, Some(Status(429)), RuleResult::Inconclusive),
            (other, Some(Status(999)), RuleResult::Inconclusive),
            (other, Some(Status(503)), RuleResult::Inconclusive),
            (other, Some(Status(404)), RuleResult::Fail),
            (other, Some(Status(410)), RuleResult::Fail),
            (other, Some(NoSuchHost), RuleResult::Fail),
            (other, Some(TimedOut), RuleResult::Inconclusive),
            (
                other,
                Some(Unreachable("refused".to_owned())),
                RuleResult::Inconclusive,
            ),
        ] {
            assert_eq!(result(link, finding.clone()), expected, "{link} {finding:?}");
        }
    }

    #[test]
    fn a_link_leads_to_the_language_of_its_post() {
        let unchecked = rule(
            r#"{"links": {"ownDomains": ["example.com"], "check": false, "localePath": {"he": "/he"}}}"#,
        );
        for (locale, link, wrong) in [
            ("he", "https://example.com/he?a=1", 0),
            ("he-IL", "https://example.com/he/x", 0),
            ("he", "https://example.com/", 1),
            ("he", "https://example.com/help", 1),
            ("he", "https://other.org/", 0),
            ("en", "https://example.com/", 0),
            ("en", "https://example.com/he/x", 1),
            ("en", "https://example.com/help", 0),
        ] {
            let asset = format!(r#"{{"locale": "{locale}", "text": "{link}"}}"#);
            assert_eq!(check(&unchecked, &asset).len(), wrong, "{locale} {link}");
        }
    }

    #[test]
    fn denied_domains_and_plain_http_are_refused() {
        let links = |link: &str| check(&rule(RULE), &format!(r#"{{"text": "{link}"}}"#)).len();
        // Beside that nobody looked at them yet.
        assert_eq!(
            (
                links("https://bit.ly/x"),
                links("http://other.org"),
                links("https://other.org")
            ),
            (2, 2, 1)
        );
    }
}
