use super::*;

fn key() -> Key {
    ("resumely".to_owned(), "week1".to_owned())
}

fn judged_as(told: &str, answers: Option<&str>) -> Judged {
    Judged {
        told: told.to_owned(),
        answers: answers.map(str::to_owned),
        links: Arc::default(),
        verdict: Verdict::default(),
    }
}

fn learned(compared: bool, judged: &[(&str, &str)]) -> Learned {
    Learned {
        by: "packs".to_owned(),
        claims: Claims::default(),
        judged: judged
            .iter()
            .map(|(name, told)| ((*name).to_owned(), judged_as(told, None)))
            .collect(),
        compared,
    }
}

fn names(changed: &BTreeSet<String>) -> Vec<&str> {
    changed.iter().map(String::as_str).collect()
}

#[test]
fn only_what_is_judged_otherwise_than_before_is_woken() {
    let verdicts = Verdicts::default();
    let all = verdicts.learn(&key(), learned(false, &[("a", "1"), ("b", "1")]), |_| true);
    assert_eq!(names(&all), ["a", "b"]);
    let none = verdicts.learn(&key(), learned(false, &[("a", "1"), ("b", "1")]), |_| true);
    assert!(none.is_empty());
    let one = verdicts.learn(&key(), learned(false, &[("a", "1"), ("b", "2")]), |_| true);
    assert_eq!(names(&one), ["b"]);
}

#[test]
fn what_a_revision_does_not_name_is_remembered_while_it_stands() {
    let verdicts = Verdicts::default();
    verdicts.remember(&key(), "kept", judged_as("1", None));
    verdicts.remember(&key(), "gone", judged_as("1", None));
    verdicts.learn(&key(), learned(false, &[]), |name| name == "kept");
    assert!(verdicts.recall(&key(), "kept").is_some());
    assert!(verdicts.recall(&key(), "gone").is_none());
}

#[test]
fn the_answers_of_links_outlive_a_revision_that_changes_nothing_unless_posts_are_compared() {
    let verdicts = Verdicts::default();
    verdicts.remember(&key(), "a", judged_as("1", Some("200")));
    verdicts.learn(&key(), learned(false, &[("a", "1")]), |_| true);
    assert!(verdicts.recall(&key(), "a").unwrap().answers.is_some());
    let changed = verdicts.learn(&key(), learned(true, &[("a", "1")]), |_| true);
    assert_eq!(names(&changed), ["a"]);
}

#[test]
fn assets_wait_for_their_campaign_a_while_and_then_are_judged_one_by_one() {
    let verdicts = Verdicts::default();
    let at = Duration::from_secs;
    assert!(verdicts.is_being_learned(&key(), "packs", at(100)));
    assert!(verdicts.is_being_learned(&key(), "packs", at(104)));
    assert!(!verdicts.is_being_learned(&key(), "packs", at(106)));
    verdicts.learn(&key(), learned(false, &[]), |_| true);
    assert!(verdicts.is_being_learned(&key(), "tightened", at(200)));
    assert!(!verdicts.is_being_learned(&key(), "packs", at(200)));
}
