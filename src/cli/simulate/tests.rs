use std::collections::BTreeMap;

use super::*;
use crate::cli::forecast::of_files;

const HEADER: &str =
    "post_id,publish_date,publish_time,locale,platform,account_target,post_copy,utm_url,status\n";
const LINK: &str = "https://e.com/?utm_source=a&utm_medium=b&utm_campaign=c";

const MANIFESTS: &str = r#"
apiVersion: campanile.dev/v1alpha1
kind: Campaign
metadata: {name: week1, namespace: team}
spec:
  source:
    git: {url: "https://git.example.com/team/gtm.git", branch: main}
    sheets: [{path: sheet.csv}]
  timeZone: Asia/Jerusalem
  policies: []
---
apiVersion: campanile.dev/v1alpha1
kind: ChannelConfig
metadata: {name: linkedin-company, namespace: team}
spec: {platform: linkedin, account: company, webhook: {url: "https://hooks.example.com/"}}
"#;

fn row(post: &str, date: &str, time: &str, status: &str) -> String {
    format!("{post},{date},{time},en,linkedin,company,Hello {post},{LINK},{status}\n")
}

fn simulated(rows: &[String], from: &str, days: u64, approved: bool) -> Calendar {
    let files: BTreeMap<String, Vec<u8>> = [
        ("campanile.yaml".to_owned(), MANIFESTS.as_bytes().to_vec()),
        (
            "sheet.csv".to_owned(),
            format!("{HEADER}{}", rows.concat()).into_bytes(),
        ),
    ]
    .into();
    simulated_of(&files, from, days, approved)
}

fn simulated_of(files: &BTreeMap<String, Vec<u8>>, from: &str, days: u64, approved: bool) -> Calendar {
    let names: Vec<String> = files.keys().cloned().collect();
    let (from, how_long) = (from.parse().unwrap(), GoDuration::from_secs(days * 86_400));
    let wishes = Wishes {
        now: from,
        campaign: None,
        ahead: Some(how_long),
    };
    let settings = Settings {
        from,
        until: later(from, how_long),
        approved,
        time_zone: None,
    };
    calendar_of(&of_files(&names, files, None, &wishes).unwrap(), settings).unwrap()
}

fn text_of(calendar: &Calendar) -> String {
    anstream::adapter::strip_str(&calendar::text(calendar)).to_string()
}

fn week() -> [String; 5] {
    [
        row("first", "2026-02-16", "09:00", "approved"),
        row("pending", "2026-02-17", "09:00", "pending"),
        row("draft", "2026-02-18", "09:00", "draft"),
        row("odd", "2026-02-18", "10:00", "scheduled"),
        row("far", "2026-03-01", "09:00", "approved"),
    ]
}

#[test]
fn a_calendar_tells_by_day_what_is_published_and_what_is_missed() {
    let calendar = simulated(&week(), "2026-02-15T10:00:00Z", 7, false);
    insta::assert_snapshot!(text_of(&calendar), @"
    Simulated from 2026-02-15 12:00 to 2026-02-22 12:00 Asia/Jerusalem, approvals as they are

    Mon 2026-02-16  Asia/Jerusalem
      09:00  published  first  linkedin/company  en

    Wed 2026-02-18  Asia/Jerusalem
      00:00  missed     pending  linkedin/company  en  NotApprovedInTime

    Thu 2026-02-19  Asia/Jerusalem
      00:00  missed     draft  linkedin/company  en  NotApprovedInTime

    Not published in that time
      sheet.csv:3  pending  linkedin/company  en  Missed NotApprovedInTime
      sheet.csv:4  draft  linkedin/company  en  Missed NotApprovedInTime
      sheet.csv:5:108  odd  linkedin/company  en  Invalid AmbiguousStatus
      sheet.csv:6  far  linkedin/company  en  Scheduled WaitingForTime

    1 published, 2 missed, 2 held
    Assumed: No cluster was compared: what was published before is planned again, and no Secret was
    looked for.
    ");
}

#[test]
fn as_if_approved_publishes_what_is_pending_and_leaves_drafts() {
    let calendar = simulated(&week(), "2026-02-15T10:00:00Z", 21, true);
    let published: Vec<&str> = calendar
        .entries
        .iter()
        .filter(|entry| entry.published)
        .map(|entry| entry.subject.post_id.as_str())
        .collect();
    // The horizon of the campaign is 14 days; what is further away becomes an Asset as time goes by.
    assert_eq!(published, ["first", "pending", "far"]);
    assert!(text_of(&calendar).contains("as if all that waits"));
}

#[test]
fn over_a_change_of_the_clocks_local_times_stay_and_are_told_apart() {
    // Israel: 02:00 becomes 03:00 on 2026-03-27, and 02:00 becomes 01:00 on 2026-10-25.
    let spring = [
        row("before", "2026-03-26", "09:00", "approved"),
        row("gap", "2026-03-27", "02:30", "approved"),
        row("after", "2026-03-27", "09:00", "approved"),
    ];
    insta::assert_snapshot!(text_of(&simulated(&spring, "2026-03-25T22:00:00Z", 3, false)), @"
    Simulated from 2026-03-26 00:00 to 2026-03-29 01:00 Asia/Jerusalem, approvals as they are

    Thu 2026-03-26  Asia/Jerusalem
      09:00  published  before  linkedin/company  en

    Fri 2026-03-27  Asia/Jerusalem
      The clocks change on this day.
      03:00 +03:00  published  gap  linkedin/company  en
      09:00 +03:00  published  after  linkedin/company  en

    3 published, 0 missed, 0 held
    Assumed: No cluster was compared: what was published before is planned again, and no Secret was
    looked for.
    ");
    let autumn = [
        row("twice", "2026-10-25", "01:30", "approved"),
        row("once", "2026-10-25", "02:30", "approved"),
    ];
    insta::assert_snapshot!(text_of(&simulated(&autumn, "2026-10-24T10:00:00Z", 2, false)), @"
    Simulated from 2026-10-24 13:00 to 2026-10-26 12:00 Asia/Jerusalem, approvals as they are

    Sun 2026-10-25  Asia/Jerusalem
      The clocks change on this day.
      01:30 +03:00  published  twice  linkedin/company  en
      02:30 +02:00  published  once  linkedin/company  en

    2 published, 0 missed, 0 held
    Assumed: No cluster was compared: what was published before is planned again, and no Secret was
    looked for.
    ");
}

#[test]
fn a_calendar_for_programs_has_instants_and_local_times_with_their_offset() {
    let calendar = simulated(&week(), "2026-02-15T10:00:00Z", 7, false);
    let json = serde_json::to_value(&calendar).unwrap();
    let first = json["entries"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["published"] == true)
        .unwrap();
    assert_eq!(first["at"], "2026-02-16T07:00:00Z");
    assert_eq!(first["local"], "2026-02-16T09:00:00+02:00[Asia/Jerusalem]");
    assert_eq!(first["postId"], "first");
    let again = simulated(&week(), "2026-02-15T10:00:00Z", 7, false);
    assert_eq!(json, serde_json::to_value(&again).unwrap());
}

#[test]
fn a_duration_is_written_as_elsewhere_and_bounded() {
    assert_eq!(duration("14d").unwrap(), GoDuration::from_secs(14 * 86_400));
    assert!(duration("fortnight").unwrap_err().contains("14d"));
    assert!(duration("400d").unwrap_err().contains("year"));
}

#[test]
fn limits_move_what_has_no_room_and_what_is_missed_for_lack_of_it_says_so() {
    let limits = "  limits: {minimumGap: 45m}\n";
    let manifests = MANIFESTS.replace(
        "spec: {platform: linkedin, account: company, webhook: {url: \"https://hooks.example.com/\"}}",
        &format!("spec:\n  platform: linkedin\n  account: company\n  webhook: {{url: \"https://hooks.example.com/\"}}\n{limits}"),
    );
    let rows = ["a", "b", "c", "d"].map(|post| row(post, "2026-02-16", "09:00", "approved"));
    let files: BTreeMap<String, Vec<u8>> = [
        ("campanile.yaml".to_owned(), manifests.into_bytes()),
        (
            "sheet.csv".to_owned(),
            format!("{HEADER}{}", rows.concat()).into_bytes(),
        ),
    ]
    .into();
    let calendar = simulated_of(&files, "2026-02-15T10:00:00Z", 2, false);
    insta::assert_snapshot!(text_of(&calendar), @"
    Simulated from 2026-02-15 12:00 to 2026-02-17 12:00 Asia/Jerusalem, approvals as they are

    Mon 2026-02-16  Asia/Jerusalem
      09:00  published  a  linkedin/company  en
      09:45  published  b  linkedin/company  en  due 09:00, MinimumGap
      10:30  published  c  linkedin/company  en  due 09:00, MinimumGap
      11:00  missed     d  linkedin/company  en  NotPublishedInTime
          ChannelConfig linkedin-company keeps 45m between two publications (limits.minimumGap). There
          is no room for it before it is missed, after 2026-02-16T09:00:00Z. Give it another time, or
          change the limits.

    Not published in that time
      sheet.csv:5  d  linkedin/company  en  Missed NotPublishedInTime

    3 published, 1 missed, 0 held
    Assumed: No cluster was compared: what was published before is planned again, and no Secret was
    looked for.
    ");
    let json = serde_json::to_value(&calendar).unwrap();
    let entries = json["entries"].as_array().unwrap();
    let of = |post: &str, phase: &str| {
        let mut entries = entries.iter();
        entries
            .find(|entry| entry["postId"] == post && entry["phase"] == phase)
            .unwrap()
    };
    assert_eq!(of("b", "Posted")["waitedFor"], "MinimumGap");
    assert_eq!(of("b", "Posted")["due"], "2026-02-16T07:00:00Z");
    assert_eq!(of("d", "Missed")["noRoom"]["reason"], "MinimumGap");
    let markdown = markdown::text(&calendar);
    assert!(
        markdown.contains("due Mon 09&#58;00, <code>MinimumGap</code>"),
        "{markdown}"
    );
    assert!(markdown.contains("limits&#46;minimumGap"), "{markdown}");
}
