//! The test cases that a pack carries, run on the pack alone.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{
    claims::Registry,
    compile::CompiledPack,
    evaluate::results,
    evidence::{Evidence, LinkFinding, Registries, Sibling},
    subject::{Picture, Subject},
};
use crate::{
    api::{AssetType, PolicyTest, RuleResult, TestAsset},
    domain::slot::{compared, compared_locale, compared_platform},
};

/// The day of a test that names none: the first of the week that the examples are about.
const DAY: Date = Date::constant(2026, 2, 16);

/// How a test of a pack came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestOutcome {
    /// Name of the test.
    pub name: String,
    /// The rule that it is about.
    pub rule: String,
    /// What the test expects the rule to say.
    pub expected: RuleResult,
    /// What the rule says; none where the pack has no such rule.
    pub got: Option<RuleResult>,
    /// True where they agree.
    pub passed: bool,
    /// What was expected and what came out, in a sentence; empty where they agree.
    pub message: String,
}

/// Runs the tests of a pack, in their order.
pub fn run_tests(pack: &CompiledPack) -> Vec<TestOutcome> {
    pack.tests.iter().map(|test| run(pack, test)).collect()
}

fn run(pack: &CompiledPack, test: &PolicyTest) -> TestOutcome {
    let subject = Subject::of_test(&test.asset);
    let now = instant(test.asset.on.as_deref());
    let links = links(&test.asset);
    let siblings = siblings(&test.asset, &subject, now);
    let registry = test.asset.registry.as_deref();
    let registry = registry.map(|text| Registry::read("registry", text.as_bytes()).0);
    let evidence = Evidence {
        registries: registry.as_ref().map_or(Registries::NONE, Registries::Each),
        links: &links,
        siblings: &siblings,
    };
    let (results, verdict) = results(pack, &subject, &evidence, now);
    let rule = test.expect.rule.as_str();
    let got = pack
        .has_rule(rule)
        .then(|| results.get(rule).copied().unwrap_or_default());
    let passed = got == Some(test.expect.result);
    let said = verdict.findings.iter().find(|finding| finding.rule == rule);
    let message = match got {
        _ if passed => String::new(),
        None => format!("The pack has no rule {rule}."),
        Some(got) => {
            let said = said
                .map(|finding| format!(": {}", finding.message))
                .unwrap_or_default();
            format!("Expected {:?} of {rule}, got {got:?}{said}", test.expect.result)
        }
    };
    TestOutcome {
        name: test.name.clone(),
        rule: rule.to_owned(),
        expected: test.expect.result,
        got,
        passed,
        message,
    }
}

fn instant(day: Option<&str>) -> Timestamp {
    let day = day.and_then(|day| day.parse().ok()).unwrap_or(DAY);
    let noon = day.at(12, 0, 0, 0);
    noon.to_zoned(TimeZone::UTC)
        .map(|zoned| zoned.timestamp())
        .unwrap_or_default()
}

fn links(asset: &TestAsset) -> BTreeMap<String, LinkFinding> {
    let asked = asset
        .links
        .iter()
        .filter_map(|link| Some((link.url.clone(), link.status?)));
    asked
        .map(|(url, status)| (url, LinkFinding::Status(status)))
        .collect()
}

fn siblings(asset: &TestAsset, subject: &Subject, now: Timestamp) -> Vec<Sibling> {
    let other = |(number, text): (usize, &String)| Sibling {
        post_id: format!("other-{}", number + 1),
        platform: subject.platform.clone(),
        account: subject.account.clone(),
        at: Some(now),
        text: text.clone(),
    };
    asset.other_posts.iter().enumerate().map(other).collect()
}

impl Subject {
    /// The subject of a test.
    pub(super) fn of_test(asset: &TestAsset) -> Self {
        let picture = |alt_text: &String| Picture {
            path: String::new(),
            alt_text: alt_text.clone(),
        };
        let mut subject = Self {
            post_id: asset.post_id.clone(),
            campaign: asset.campaign.clone(),
            platform: compared_platform(&asset.platform),
            account: compared(&asset.account),
            channel_type: None,
            type_: asset.type_.unwrap_or(AssetType::Post),
            locale: compared_locale(&asset.locale),
            title: asset.title.clone(),
            text: asset.text.clone(),
            html: asset.html.clone(),
            subject: asset.subject.clone(),
            preview_text: asset.preview_text.clone(),
            excerpt: asset.excerpt.clone(),
            tags: Vec::new(),
            links: asset.links.iter().map(|link| link.url.clone()).collect(),
            media: asset.alt_texts.iter().map(picture).collect(),
            thread_items: Vec::new(),
            is_later_item: false,
            claims: asset.claims.clone(),
            words_missing: false,
            places: super::Places::default(),
        };
        subject.gather_links();
        subject
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{api::PolicyPackSpec, domain::policy::compile};

    #[test]
    fn a_test_passes_where_the_rule_says_what_it_expects() {
        let spec: PolicyPackSpec = serde_json::from_value(serde_json::json!({
            "rules": [
                {"name": "no-hype", "bannedPhrases": {"phrases": ["guaranteed"]}},
                {"name": "quiet", "severity": "Warning", "mode": "Audit", "selector": {"platforms": ["x"]}, "length": {"max": 5}},
                {"name": "links", "links": {}},
                {"name": "again", "duplicate": {}}
            ],
            "tests": [
                {"name": "hype is refused", "asset": {"text": "Guaranteed", "locale": "en"}, "expect": {"rule": "no-hype", "result": "Fail"}},
                {"name": "a warning that is only tried out says what it finds", "asset": {"text": "Long text", "locale": "en", "platform": "twitter"}, "expect": {"rule": "quiet", "result": "Fail"}},
                {"name": "another platform is not meant", "asset": {"text": "Long text", "locale": "en"}, "expect": {"rule": "quiet", "result": "Pass"}},
                {"name": "a link answers", "asset": {"locale": "en", "links": [{"url": "https://e.com", "status": 200}]}, "expect": {"rule": "links", "result": "Pass"}},
                {"name": "a link was not asked", "asset": {"locale": "en", "links": [{"url": "https://e.com"}]}, "expect": {"rule": "links", "result": "Inconclusive"}},
                {"name": "it was said before", "asset": {"locale": "en", "text": "One two three four", "otherPosts": ["One two three four"]}, "expect": {"rule": "again", "result": "Fail"}},
                {"name": "this one is wrong", "asset": {"text": "Guaranteed", "locale": "en"}, "expect": {"rule": "no-hype", "result": "Pass"}},
                {"name": "so is this one", "asset": {"text": "Guaranteed", "locale": "en"}, "expect": {"rule": "no-such", "result": "Pass"}}
            ]
        }))
        .unwrap();
        let outcomes = run_tests(&compile("brand", &spec).unwrap());
        let failed: Vec<(&str, &str)> = outcomes
            .iter()
            .filter(|outcome| !outcome.passed)
            .map(|outcome| (outcome.name.as_str(), outcome.message.as_str()))
            .collect();
        assert_eq!(failed.len(), 2, "{failed:?}");
        assert!(
            failed[0]
                .1
                .starts_with("Expected Pass of no-hype, got Fail: `guaranteed` may not be said.")
        );
        assert_eq!(failed[1], ("so is this one", "The pack has no rule no-such."));
    }
}
