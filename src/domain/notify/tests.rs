use serde_json::json;

use super::*;
use crate::api::{Notify, NotifyRoute};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

const NOON: &str = "2026-02-16T10:00:00Z";

fn later(seconds: i64) -> Timestamp {
    at(NOON) + jiff::SignedDuration::from_secs(seconds)
}

fn notify(routes: &serde_json::Value) -> Notify {
    serde_json::from_value(json!({"routes": routes, "summaryAt": "18:00"})).unwrap()
}

fn one_route(extra: &serde_json::Value) -> Notify {
    let mut route = json!({"name": "team", "secretRef": {"name": "slack"}, "slack": {}});
    route
        .as_object_mut()
        .unwrap()
        .extend(extra.as_object().unwrap().clone());
    notify(&json!([route]))
}

fn stands(object: &str, event: NotifyEvent, reason: &str) -> Situation {
    Situation {
        object: object.to_owned(),
        event,
        reason: reason.to_owned(),
        digest: "sha256:00".to_owned(),
        channel: "linkedin/company".to_owned(),
        message: "Because.".to_owned(),
        at: None,
    }
}

fn published(object: &str, when: Timestamp) -> Situation {
    Situation {
        at: Some(when),
        ..stands(object, NotifyEvent::Published, "Posted")
    }
}

/// A campaign that is looked at again and again, every message delivered.
struct Story {
    notify: Notify,
    memory: Memory,
    standing: Vec<Situation>,
    happened: Vec<Situation>,
}

impl Story {
    fn of(notify: Notify) -> Self {
        let memory = notify
            .routes
            .iter()
            .map(|route| (route.name.clone(), RouteMemory::since(at(NOON))));
        Self {
            memory: memory.collect(),
            notify,
            standing: Vec::new(),
            happened: Vec::new(),
        }
    }

    fn pending(&self, route: &NotifyRoute, now: Timestamp) -> (Vec<Message>, Vec<Mark>) {
        let round = Round {
            namespace: "team",
            campaign: "week1",
            time_zone: "Asia/Jerusalem",
            standing: &self.standing,
            happened: &self.happened,
            now,
        };
        messages(&self.notify, route, &self.memory, &round)
    }

    /// Looks, delivers, and survives a restart: what is told, as `route: title`.
    fn look(&mut self, now: Timestamp) -> Vec<String> {
        let mut said = Vec::new();
        for route in self.notify.routes.clone() {
            let (messages, silent) = self.pending(&route, now);
            let memory = self.memory.get_mut(&route.name).unwrap();
            memory.apply(&silent);
            for message in messages {
                memory.apply(message.marks());
                said.push(format!("{}: {}", route.name, message.title));
            }
            let stored = serde_json::to_string(memory).unwrap();
            *memory = serde_json::from_str(&stored).unwrap();
        }
        said
    }
}

#[test]
fn what_stands_is_told_once_and_once_more_when_it_is_gone() {
    let mut story = Story::of(one_route(&json!({})));
    story.standing = vec![
        stands("asset/a", NotifyEvent::Failed, "Rejected"),
        stands("asset/b", NotifyEvent::Failed, "Rejected"),
    ];
    assert_eq!(story.look(later(0)), ["team: week1: 2 failed"]);
    assert_eq!(story.look(later(100)), Vec::<String>::new());
    story.standing.remove(0);
    assert_eq!(story.look(later(200)), ["team: week1: 1 failed no longer"]);
    assert_eq!(story.look(later(300)), Vec::<String>::new());
}

#[test]
fn other_words_and_other_reasons_are_news_and_what_they_replace_is_not_taken_back() {
    let mut story = Story::of(one_route(&json!({})));
    story.standing = vec![stands("asset/a", NotifyEvent::Failed, "Rejected")];
    story.look(later(0));
    story.standing = vec![stands("asset/a", NotifyEvent::Unknown, "MayBeLive")];
    assert_eq!(
        story.look(later(100)),
        ["team: week1: 1 unknown: nobody knows whether it arrived"]
    );
    story.standing = vec![Situation {
        digest: "sha256:11".to_owned(),
        ..stands("asset/a", NotifyEvent::Unknown, "MayBeLive")
    }];
    assert_eq!(story.look(later(200)).len(), 1);
    assert_eq!(story.memory["team"].told.len(), 1);
}

#[test]
fn what_a_failing_sink_did_not_take_is_told_later_in_one_message() {
    let mut story = Story::of(one_route(&json!({})));
    let route = story.notify.routes[0].clone();
    story.standing = vec![stands("asset/a", NotifyEvent::Blocked, "NoChannel")];
    let first = story.pending(&route, later(0)).0;
    story
        .standing
        .push(stands("asset/b", NotifyEvent::Blocked, "NoChannel"));
    assert_eq!(story.look(later(3600)), ["team: week1: 2 blocked"]);
    // The same news has the same id, so that a receiver may drop what it got twice.
    story.memory.clear();
    story.standing.truncate(1);
    assert_eq!(story.pending(&route, later(7200)).0[0].id, first[0].id);
}

#[test]
fn a_route_rests_for_a_minute_but_not_from_a_branch_that_cannot_be_read() {
    let mut story = Story::of(one_route(&json!({})));
    story.standing = vec![stands("asset/a", NotifyEvent::Blocked, "NoChannel")];
    story.look(later(0));
    story
        .standing
        .push(stands("asset/b", NotifyEvent::Blocked, "NoChannel"));
    assert_eq!(story.look(later(59)), Vec::<String>::new());
    story.standing.push(stands(
        "campaign/week1",
        NotifyEvent::SourceFailed,
        "SheetUnreadable",
    ));
    assert_eq!(story.look(later(59)), ["team: week1: 1 problem with the branch"]);
    assert_eq!(story.look(later(120)), ["team: week1: 1 blocked"]);
}

#[test]
fn a_flood_is_bounded_and_nothing_of_it_is_lost() {
    let mut story = Story::of(one_route(&json!({"groupBy": "Asset"})));
    story.standing = (0..500)
        .map(|number| stands(&format!("asset/{number}"), NotifyEvent::Failed, "Rejected"))
        .collect();
    let mut told = 0;
    for round in 0..30 {
        let said = story.look(later(round * 60)).len();
        assert!(said <= 10);
        told += said;
    }
    assert_eq!((told, story.memory["team"].told.len()), (160, 160));
    // What is told at once finds room.
    story
        .standing
        .push(stands("receipt/r1-x", NotifyEvent::Unknown, "MayBeLive"));
    assert_eq!(
        story.look(later(30 * 60)),
        ["team: week1: 1 unknown: nobody knows whether it arrived"]
    );
    // Where some are dealt with, the others move up.
    story
        .standing
        .retain(|one| !story.memory["team"].told.contains_key(&one.key()));
    let said: usize = (31..100).map(|round| story.look(later(round * 60)).len()).sum();
    assert_eq!(said, 161 + 160, "resolved and raised");
    let mut story = Story::of(one_route(&json!({})));
    story.standing = (0..500)
        .map(|number| stands(&format!("asset/{number}"), NotifyEvent::Failed, "Rejected"))
        .collect();
    let message = &story.pending(&story.notify.routes[0], later(0)).0[0];
    assert_eq!((message.lines.len(), message.left_out), (20, 140));
    assert!(message.text().len() < 10_000);
}

#[test]
fn publications_are_told_once_and_old_ones_never() {
    let mut story = Story::of(one_route(&json!({})));
    story.happened = vec![
        published("asset/old", later(-10)),
        published("asset/a", later(5)),
        published("asset/b", later(6)),
    ];
    assert_eq!(story.look(later(10)), ["team: week1: 2 published"]);
    story.happened.push(published("asset/late", later(1)));
    assert_eq!(story.look(later(100)), ["team: week1: 1 published"]);
    assert_eq!(story.look(later(200)), Vec::<String>::new());
    // Of a thousand nothing is lost, though the memory is bounded.
    story.happened = (0..1000)
        .map(|number| published(&format!("asset/{number}"), later(300 + number)))
        .collect();
    for round in 0..10 {
        assert_eq!(
            story.look(later(2000 + 60 * round)),
            ["team: week1: 100 published"]
        );
        assert!(story.memory["team"].happened.len() <= 300);
    }
    assert_eq!(story.look(later(3000)), Vec::<String>::new());
}

#[test]
fn a_route_is_told_what_it_wants() {
    let mut story = Story::of(one_route(&json!({"events": ["Failed"]})));
    story.standing = vec![
        stands("asset/a", NotifyEvent::Blocked, "NoChannel"),
        stands("asset/b", NotifyEvent::Failed, "Rejected"),
    ];
    story.happened = vec![published("asset/c", later(5))];
    assert_eq!(story.look(later(10)), ["team: week1: 1 failed"]);
}

#[test]
fn the_end_of_a_halt_is_told_as_such_and_a_decision_needs_no_answer() {
    let mut story = Story::of(one_route(&json!({})));
    story.standing = vec![
        stands("asset/a", NotifyEvent::Halted, "Halted"),
        stands("asset/b", NotifyEvent::ApprovalNeeded, "ReviewPending"),
    ];
    assert_eq!(story.look(later(0)).len(), 2);
    story.standing.clear();
    let messages = story.pending(&story.notify.routes[0].clone(), later(100)).0;
    assert_eq!(messages.len(), 1);
    assert_eq!(
        (messages[0].event, messages[0].resolved),
        (NotifyEvent::Resumed, true)
    );
    assert_eq!(event_of(AssetPhase::AwaitingApproval, "Draft"), None);
}

#[test]
fn what_nobody_deals_with_is_escalated_once_and_taken_back() {
    let mut story = Story::of(notify(&json!([
        {"name": "team", "secretRef": {"name": "slack"}, "slack": {}, "escalation": {"after": "2h", "to": "owner"}},
        {"name": "owner", "secretRef": {"name": "mail"}, "email": {"from": "a@example.com", "to": ["b@example.com"]}, "events": []},
    ])));
    story.standing = vec![stands("asset/a", NotifyEvent::Failed, "Rejected")];
    assert_eq!(story.look(later(0)), ["team: week1: 1 failed"]);
    assert_eq!(story.look(later(7199)), Vec::<String>::new());
    assert_eq!(
        story.look(later(7200)),
        ["owner: week1: nobody has dealt with 1 failed"]
    );
    assert_eq!(story.look(later(9000)), Vec::<String>::new());
    story.standing.clear();
    assert_eq!(
        story.look(later(10_000)),
        [
            "team: week1: 1 failed no longer",
            "owner: week1: 1 failed no longer"
        ]
    );
}

#[test]
fn a_day_is_summed_up_at_its_time_if_anything_was_published_or_failed() {
    // 18:00 in Jerusalem is 16:00 in UTC.
    let mut story = Story::of(one_route(&json!({"events": ["Summary"]})));
    story.happened = vec![published("asset/a", later(5))];
    assert_eq!(story.look(at("2026-02-16T15:59:59Z")), Vec::<String>::new());
    assert_eq!(
        story.look(at("2026-02-16T16:00:00Z")),
        ["team: week1: 1 published, 0 failed, unknown or missed"]
    );
    assert_eq!(story.look(at("2026-02-16T20:00:00Z")), Vec::<String>::new());
    assert_eq!(story.look(at("2026-02-17T16:00:00Z")), Vec::<String>::new());
    assert_eq!(story.memory["team"].summed_up, at("2026-02-17T16:00:00Z"));
    story.standing = vec![stands("asset/b", NotifyEvent::Missed, "Missed")];
    assert_eq!(
        story.look(at("2026-02-18T16:00:00Z")),
        ["team: week1: 0 published, 1 failed, unknown or missed"]
    );
}

#[test]
fn words_of_the_branch_break_no_line_of_a_message() {
    let mut story = Story::of(one_route(&json!({"groupBy": "Campaign"})));
    let message = "Line\n- asset/forged: Published\u{1b}[31m".to_owned();
    story.standing = vec![
        Situation {
            message,
            ..stands("asset/a", NotifyEvent::Failed, "Rejected")
        },
        stands("asset/b", NotifyEvent::Missed, "Missed"),
    ];
    let messages = story.pending(&story.notify.routes[0].clone(), later(0)).0;
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].title, "week1: 2 news");
    assert_eq!(messages[0].text().lines().count(), 3);
}

#[test]
fn an_opening_of_the_review_window_is_told_once_and_only_where_something_waits() {
    let spec = json!({
        "source": {"git": {"url": "https://git.example.com/gtm.git", "branch": "main"}}, "timeZone": "Asia/Jerusalem",
        "approval": {"mode": "Window", "window": {"start": "12:00", "duration": "15m"}},
    });
    let campaign = CampaignFacts::of_spec("week1", &serde_json::from_value(spec).unwrap());
    let opens = |waiting, now| review_opens("week1", &campaign, waiting, now);
    assert_eq!(opens(0, later(0)), None);
    assert_eq!(opens(3, later(15 * 60)), None);
    let told = opens(3, later(0)).unwrap();
    assert_eq!(told.key(), opens(2, later(60)).unwrap().key());
    assert_eq!(
        told.message,
        "3 wait for a decision, and the window is open until 2026-02-16 12:15 Asia/Jerusalem: campanile review."
    );
    let mut story = Story::of(one_route(&json!({})));
    story.happened = vec![told];
    story.look(later(60));
    story.happened = opens(2, later(120)).into_iter().collect();
    assert_eq!(story.look(later(200)), Vec::<String>::new());
}
