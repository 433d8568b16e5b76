use super::*;
use crate::domain::policy::claims::{find, quantity};

const REGISTRY: &str = "\
Date: 2026-02-14

| Metric | Current | Window | Source | Verified |
|---|---:|---|---|---|
| Unique visitors | 12,400 | last 28 days | GA4 | Yes |
| Signup rate | 4.2% | last 28 days | PostHog | Yes |
| Paid rate | 1.1% | last 28 days | billing | No |
| Check starts | TBD | last 28 days | PostHog | No |
| Twin | 4.2% | last 28 days | PostHog | No |
";

fn rulings(text: &str, named: &[&str], now: &str) -> Vec<Ruling> {
    let (registry, found) = Registry::read("m.md", REGISTRY.as_bytes());
    assert_eq!(found, []);
    let claims = find(text, "en");
    let named: Vec<String> = named.iter().map(|name| (*name).to_owned()).collect();
    let prices = [quantity("$9").unwrap(), quantity("$19").unwrap()];
    let question = Question {
        claims: &claims,
        named: &named,
        registry: Some(&registry),
        prices: &prices,
        max_age: DEFAULT_MAX_AGE,
        now: now.parse().unwrap(),
    };
    judge(&question)
        .into_iter()
        .map(|judgement| judgement.ruling)
        .collect()
}

const FRESH: &str = "2026-02-16T09:00:00Z";
const STALE: &str = "2026-03-16T00:00:00Z";

fn only(text: &str, named: &[&str]) -> Ruling {
    let mut rulings = rulings(text, named, FRESH);
    assert_eq!(rulings.len(), 1);
    rulings.remove(0)
}

#[test]
fn a_claim_passes_where_its_row_names_a_metric_that_says_the_same() {
    let ruling = only("4.2% of visitors sign up.", &["signup RATE"]);
    assert_eq!(ruling.outcome(), Outcome::Pass);
    assert_eq!(ruling.until().unwrap().to_string(), STALE);
    assert_eq!(
        only("12.4K visitors", &["Check starts", "Unique visitors"]).outcome(),
        Outcome::Pass
    );
}

#[test]
fn a_value_that_matches_without_being_named_is_inconclusive() {
    let ruling = only("4.2% of visitors sign up.", &[]);
    assert_eq!(ruling.outcome(), Outcome::Inconclusive);
    assert!(ruling.message("4.2%", "m.md").contains("`Signup rate`"));
    // Naming another metric does not name this one.
    assert_eq!(
        only("4.2% sign up.", &["Unique visitors"]).outcome(),
        Outcome::Inconclusive
    );
}

#[test]
fn unverified_unmeasured_and_other_values_fail_and_say_which() {
    let cases: [(&str, &[&str], &str); 6] = [
        ("1.1% pay.", &["Paid rate"], "not verified"),
        ("1.1% pay.", &[], "not verified"),
        ("9,000 visitors", &["Check starts"], "no value yet"),
        ("4.3% sign up.", &["Signup rate"], "`4.2%`"),
        ("Signups grew 4.2x.", &["Signup rate"], "unit"),
        ("80% are happy.", &[], "no metric"),
    ];
    for (text, named, said) in cases {
        let ruling = only(text, named);
        assert_eq!(ruling.outcome(), Outcome::Fail, "{text}");
        let message = ruling.message("it", "m.md");
        assert!(message.contains(said), "{message}");
        assert_eq!(ruling.until(), None);
    }
}

#[test]
fn a_metric_that_nobody_knows_is_answered_with_the_nearest() {
    let ruling = only("80% are happy.", &["Sign-up rates"]);
    assert!(
        ruling.message("80%", "m.md").contains("Is `Signup rate` meant?"),
        "{ruling:?}"
    );
    assert_eq!(ruling.outcome(), Outcome::Fail);
}

#[test]
fn the_same_claim_fails_once_its_metric_is_too_old() {
    let before = "2026-03-15T23:59:59Z";
    assert_eq!(
        rulings("4.2% sign up.", &["Signup rate"], before)[0].outcome(),
        Outcome::Pass
    );
    let expired = &rulings("4.2% sign up.", &["Signup rate"], STALE)[0];
    assert_eq!(expired.outcome(), Outcome::Fail);
    assert!(expired.message("4.2%", "m.md").contains("2026-02-14"));
    // And where it is dated ahead, since nobody has measured the future.
    assert_eq!(
        rulings("4.2% sign up.", &["Signup rate"], "2026-02-12T00:00:00Z")[0].outcome(),
        Outcome::Fail
    );
}

#[test]
fn listed_prices_are_no_claims_and_other_amounts_are() {
    let outcomes: Vec<Outcome> = rulings("$9/month (regular: $19/month), $49 later", &[], FRESH)
        .iter()
        .map(Ruling::outcome)
        .collect();
    assert_eq!(outcomes, [Outcome::Pass, Outcome::Pass, Outcome::Fail]);
}

#[test]
fn without_a_registry_every_claim_fails() {
    let claims = find("40% more, and $9.", "en");
    let question = Question {
        claims: &claims,
        named: &["Signup rate".to_owned()],
        registry: None,
        prices: &[quantity("$9").unwrap()],
        max_age: DEFAULT_MAX_AGE,
        now: FRESH.parse().unwrap(),
    };
    let outcomes: Vec<Outcome> = judge(&question).iter().map(|one| one.ruling.outcome()).collect();
    assert_eq!(outcomes, [Outcome::Fail, Outcome::Pass]);
}
