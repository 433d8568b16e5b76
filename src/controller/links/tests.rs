use super::*;

const ASSET: (&str, &str) = ("resumely", "launch");
const PAGE: &str = "https://www.example.com/";

fn at(seconds: u64) -> Duration {
    Duration::from_secs(1_000_000 + seconds)
}

fn well() -> Look {
    LinkFinding::Status(200).into()
}

fn looked_at(known: &mut Known, now: Duration) -> Option<String> {
    match known.next(now) {
        Next::Look(link) => Some(link),
        Next::Rest(_) => None,
    }
}

#[test]
fn what_only_counts_clicks_makes_no_second_look() {
    assert_eq!(
        place("https://www.example.com/a?utm_source=x&cid=abcdefgh#top"),
        "https://www.example.com/a"
    );
    assert_eq!(
        place("https://www.example.com/a?id=7&utm_medium=social"),
        "https://www.example.com/a?id=7"
    );
    assert_eq!(place("no link"), "no link");
}

#[test]
fn a_link_is_looked_at_once_for_all_who_want_it_and_wakes_them() {
    let mut known = Known::default();
    assert_eq!(known.want(PAGE, ASSET, at(0)), None);
    assert_eq!(known.want(PAGE, ("resumely", "other"), at(0)), None);
    assert_eq!(looked_at(&mut known, at(0)).as_deref(), Some(PAGE));
    assert_eq!(looked_at(&mut known, at(5)), None, "somebody looks already");
    assert_eq!(known.note(PAGE, &well(), at(6)).len(), 2);
    assert_eq!(known.want(PAGE, ASSET, at(7)), Some(LinkFinding::Status(200)));
    assert_eq!(looked_at(&mut known, at(8)), None);
}

#[test]
fn one_host_is_asked_once_a_second_and_left_alone_when_it_says_so() {
    let mut known = Known::default();
    let (first, second) = ("https://www.example.com/1", "https://www.example.com/2");
    known.want(first, ASSET, at(0));
    known.want(second, ASSET, at(0));
    known.want("https://www.example.org/", ASSET, at(0));
    assert_eq!(looked_at(&mut known, at(0)).as_deref(), Some(first));
    assert_eq!(
        looked_at(&mut known, at(0)).as_deref(),
        Some("https://www.example.org/")
    );
    assert_eq!(looked_at(&mut known, at(0)), None);
    let busy = Look {
        found: LinkFinding::Status(429),
        pause: Some(Duration::from_secs(100)),
    };
    known.note(first, &busy, at(1));
    assert_eq!(looked_at(&mut known, at(50)), None);
    assert_eq!(looked_at(&mut known, at(102)).as_deref(), Some(second));
}

#[test]
fn what_answered_well_is_looked_at_again_after_hours_and_trouble_after_minutes() {
    for (seen, minutes) in [(well(), 360), (LinkFinding::TimedOut.into(), 15)] {
        let mut known = Known::default();
        known.want(PAGE, ASSET, at(0));
        looked_at(&mut known, at(0));
        known.note(PAGE, &seen, at(0));
        assert_eq!(looked_at(&mut known, at(minutes * 60 - 1)), None);
        assert_eq!(looked_at(&mut known, at(minutes * 60)).as_deref(), Some(PAGE));
    }
}

#[test]
fn what_was_seen_a_day_ago_counts_for_nothing_and_what_nobody_wants_is_left_alone() {
    let mut known = Known::default();
    known.want(PAGE, ASSET, at(0));
    looked_at(&mut known, at(0));
    known.note(PAGE, &well(), at(0));
    let a_day = 24 * 3600;
    assert_eq!(
        looked_at(&mut known, at(a_day)),
        None,
        "nobody wanted it for a day"
    );
    assert_eq!(known.want(PAGE, ASSET, at(a_day)), None, "too old to count");
    assert_eq!(looked_at(&mut known, at(a_day)).as_deref(), Some(PAGE));
}

#[test]
fn the_same_answer_again_wakes_nobody() {
    let mut known = Known::default();
    known.want(PAGE, ASSET, at(0));
    looked_at(&mut known, at(0));
    assert_eq!(known.note(PAGE, &well(), at(0)).len(), 1);
    known.want(PAGE, ASSET, at(10));
    assert!(known.note(PAGE, &well(), at(20)).is_empty());
    assert_eq!(
        known.note(PAGE, &LinkFinding::Status(404).into(), at(30)).len(),
        1
    );
}

#[test]
fn more_links_than_have_room_wait_and_old_ones_make_room() {
    let mut known = Known::default();
    for number in 0..MOST_LINKS {
        known.want(&format!("https://www.example.com/{number}"), ASSET, at(0));
    }
    known.want("https://www.example.org/", ASSET, at(1));
    assert_eq!(known.links.len(), MOST_LINKS);
    known.want("https://www.example.org/", ASSET, at(24 * 3600));
    assert_eq!(known.links.len(), 1);
}
