//! What links must carry so that clicks can be counted.

use url::Url;

use super::Examine;
use crate::{
    api,
    domain::{
        content::text::quoted,
        policy::{
            reading::{Hits, Reading},
            subject::Subject,
            words::{domains, host_of, is_under},
        },
        slot::compared,
    },
};

/// Parameters of links.
#[derive(Debug)]
pub(super) struct Utm {
    required: Vec<String>,
    allowed: Vec<api::AllowedValues>,
    post_id: Option<String>,
    own_domains: Vec<String>,
}

impl Utm {
    pub(super) fn new(parameters: &api::Utm) -> Self {
        Self {
            required: parameters.required.clone(),
            allowed: parameters.allowed.clone(),
            post_id: parameters.post_id.clone(),
            own_domains: domains(&parameters.own_domains),
        }
    }

    fn is_meant(&self, link: &str) -> bool {
        self.own_domains.is_empty() || host_of(link).is_some_and(|host| is_under(&host, &self.own_domains))
    }

    fn examine_link(&self, link: &str, reading: &Reading<'_>, hits: &mut Hits) {
        let Ok(url) = Url::parse(link) else { return };
        let value = |name: &str| -> Option<String> {
            let mut pairs = url.query_pairs();
            let found = pairs.find(|(key, value)| key == name && !value.trim().is_empty());
            found.map(|(_, value)| value.trim().to_owned())
        };
        let missing: Vec<&str> = self
            .required
            .iter()
            .map(String::as_str)
            .filter(|name| value(name).is_none())
            .collect();
        if !missing.is_empty() {
            let message = format!("The link {} lacks {}.", quoted(link), missing.join(", "));
            hits.fail(
                reading.place_of(link),
                message,
                "Clicks are counted by them: add them to the link.",
            );
        }
        for allowed in &self.allowed {
            let Some(value) = value(&allowed.parameter) else {
                continue;
            };
            let values: Vec<String> = allowed
                .values
                .iter()
                .map(|value| filled(value, reading.subject))
                .collect();
            if !values.iter().any(|known| compared(known) == compared(&value)) {
                let known: Vec<String> = values.iter().take(5).map(|value| quoted(value)).collect();
                let (name, value) = (&allowed.parameter, quoted(&value));
                let message = format!("{name} is {value}; allowed is {}.", known.join(", "));
                hits.fail(reading.place_of(link), message, "Correct the link.");
            }
        }
        if let Some(name) = &self.post_id
            && let Some(value) =
                value(name).filter(|value| compared(value) != compared(&reading.subject.post_id))
        {
            let message = format!(
                "{name} is {} and the post is {}.",
                quoted(&value),
                quoted(&reading.subject.post_id)
            );
            hits.fail(reading.place_of(link), message, "Write the id of the post there.");
        }
    }
}

impl Examine for Utm {
    fn examine(&self, reading: &Reading<'_>, hits: &mut Hits) {
        for link in reading.subject.links.iter().filter(|link| self.is_meant(link)) {
            self.examine_link(link, reading, hits);
        }
    }
}

/// A value with the post's own in the place of names in braces.
fn filled(value: &str, subject: &Subject) -> String {
    if !value.contains('{') {
        return value.to_owned();
    }
    value
        .replace("{platform}", &subject.platform)
        .replace("{campaign}", &subject.campaign)
        .replace("{postId}", &subject.post_id)
        .replace("{account}", &subject.account)
        .replace("{locale}", &subject.locale)
}

#[cfg(test)]
mod tests {
    use crate::domain::policy::fixtures::{check, rule};

    const RULE: &str = r#"{"utm": {"ownDomains": ["example.com"], "postId": "utm_content",
        "allowed": [{"parameter": "utm_source", "values": ["{platform}"]}, {"parameter": "utm_medium", "values": ["social"]}]}}"#;

    fn found(query: &str) -> Vec<String> {
        let asset = format!(
            r#"{{"postId": "Post_1", "platform": "linkedin", "text": "x", "links": [{{"url": "https://www.example.com/he{query}"}}]}}"#
        );
        check(&rule(RULE), &asset)
            .into_iter()
            .map(|finding| finding.message)
            .collect()
    }

    #[test]
    fn a_link_names_what_it_lacks_and_what_is_wrong_with_it() {
        let complete = "?utm_source=linkedin&utm_medium=social&utm_campaign=w1";
        assert!(found(complete).is_empty());
        assert!(found(&format!("{complete}&utm_content=post_1")).is_empty());
        assert!(found("")[0].contains("utm_source, utm_medium, utm_campaign"));
        assert!(found("?utm_source=&utm_medium=social&utm_campaign=w1")[0].contains("lacks utm_source"));
        assert!(found("?utm_source=x&utm_medium=social&utm_campaign=w1")[0].contains("utm_source is `x`"));
        assert!(found(&format!("{complete}&utm_content=post_2"))[0].contains("`post_2`"));
    }

    #[test]
    fn links_of_others_and_links_in_hebrew_copy() {
        let rule = rule(RULE);
        assert!(check(&rule, r#"{"text": "ראו https://other.org/x"}"#).is_empty());
        let found = check(
            &rule,
            r#"{"locale": "he", "text": "נסו https://example.com/he עכשיו"}"#,
        );
        assert_eq!(found[0].excerpt, "https://example.com/he");
    }
}
