use super::*;
use crate::domain::content::sheet;

const COLUMNS: &str = "post_id,publish_date,locale,platform,account_target,post_copy,utm_url,status,publish_time,timezone,title,media,thread,first_comment,link_placement,occurrence,claims";
const LINK: &str = "https://e.com/?utm_source=a&utm_medium=b&utm_campaign=c";

/// A good row, with some of its cells replaced.
fn post(cells: &[(&str, &str)]) -> (Vec<&'static str>, Vec<String>, Post<'static>) {
    post_of(cells, None)
}

fn post_of(
    cells: &[(&str, &str)],
    closed: Option<Intent>,
) -> (Vec<&'static str>, Vec<String>, Post<'static>) {
    let row: Vec<String> = COLUMNS
        .split(',')
        .map(|column| {
            let good = match column {
                "post_id" => "a",
                "publish_date" => "2026-02-16",
                "locale" => "en",
                "platform" => "linkedin",
                "account_target" => "personal",
                "post_copy" => "Hello",
                "utm_url" => LINK,
                "status" => "approved",
                _ => "",
            };
            let words = cells
                .iter()
                .find(|(name, _)| *name == column)
                .map_or(good, |(_, words)| words);
            format!("\"{}\"", words.replace('"', "\"\""))
        })
        .collect();
    let bytes: &'static str = format!("{COLUMNS}\n{}\n", row.join(",")).leak();
    let text = sheet::decode("s.csv", bytes.as_bytes()).unwrap();
    let mut sheet = sheet::read(&text);
    let post = Post::read(&text, sheet.records.remove(0), closed);
    let codes = post.problems.iter().map(|problem| problem.code).collect();
    let sentences = post
        .problems
        .iter()
        .map(|problem| problem.sentence(500))
        .collect();
    (codes, sentences, post)
}

fn claimed(cell: &str) -> (Vec<&'static str>, Vec<String>, Vec<String>) {
    let (codes, sentences, post) = post(&[("claims", cell)]);
    (codes, sentences, post.claims)
}

fn codes(cells: &[(&str, &str)]) -> Vec<&'static str> {
    post(cells).0
}

#[test]
fn a_good_row_has_no_problem() {
    let (codes, _, post) = post(&[]);
    assert!(codes.is_empty());
    assert_eq!(post.intent, Intent::Approved);
    assert_eq!(post.accounts, ["personal"]);
}

#[test]
fn a_status_that_can_be_read_in_two_ways_is_no_approval() {
    let (codes, sentences, post) = post(&[("status", "Scheduled")]);
    assert_eq!(
        (codes.as_slice(), post.intent),
        (["AmbiguousStatus"].as_slice(), Intent::Draft)
    );
    assert!(sentences[0].contains("posted if it is out already"));
}

#[test]
fn days_as_excel_writes_them_are_answered_with_the_day_that_was_meant() {
    for (words, meant) in [
        ("16/02/2026", "2026-02-16."),
        ("2/16/2026", "2026-02-16."),
        ("05.06.2026", "2026-06-05 or 2026-05-06"),
        ("46069", "2026-02-16"),
        ("2026-02-30", "YYYY-MM-DD"),
        ("soon", "YYYY-MM-DD"),
    ] {
        let (codes, sentences, post) = post(&[("publish_date", words)]);
        assert_eq!(codes, ["BadDate"], "{words}");
        assert!(sentences[0].contains(meant), "{words}: {}", sentences[0]);
        assert_eq!(post.date, None);
        assert_eq!(post.accounts.len(), 1, "people see the row as an Asset");
    }
    assert_eq!(codes(&[("publish_date", " ")]), ["DateMissing"]);
}

#[test]
fn times_zones_and_locales_that_do_not_exist_are_each_their_own_problem() {
    assert_eq!(codes(&[("publish_time", "9am")]), ["BadTime"]);
    assert_eq!(codes(&[("timezone", "Asia/Atlantis")]), ["UnknownTimeZone"]);
    assert_eq!(codes(&[("locale", "english please")]), ["BadLocale"]);
    assert_eq!(
        codes(&[("publish_time", "9:30"), ("timezone", "asia/jerusalem")]),
        Vec::<&str>::new()
    );
    let (_, _, post) = post(&[("timezone", "asia/jerusalem"), ("locale", "iw")]);
    assert_eq!(
        (post.time_zone.as_deref(), post.locale.as_str()),
        (Some("Asia/Jerusalem"), "he")
    );
}

#[test]
fn a_row_without_an_identity_is_no_asset() {
    for (column, code) in [
        ("post_id", "PostIdMissing"),
        ("platform", "PlatformMissing"),
        ("account_target", "TargetMissing"),
        ("locale", "LocaleMissing"),
    ] {
        let (codes, _, post) = post(&[(column, "")]);
        assert_eq!(codes, [code]);
        assert!(post.accounts.is_empty(), "{column}");
    }
    let long = "x".repeat(MAX_POST_ID + 1);
    assert!(post(&[("post_id", &long)]).2.accounts.is_empty());
    assert!(post(&[("post_id", "a\nb")]).2.accounts.is_empty());
}

#[test]
fn accounts_that_are_empty_twice_or_too_many_are_named() {
    assert_eq!(codes(&[("account_target", "a||b")]), ["BadTarget"]);
    assert_eq!(codes(&[("account_target", "Page|page")]), ["DuplicateTarget"]);
    let many = (0..=MAX_TARGETS)
        .map(|index| format!("p{index}"))
        .collect::<Vec<_>>()
        .join("|");
    let (codes, _, post) = post(&[("account_target", &many)]);
    assert_eq!(
        (codes.as_slice(), post.accounts.len()),
        (["TooManyTargets"].as_slice(), MAX_TARGETS)
    );
}

#[test]
fn a_link_that_lacks_a_parameter_names_it_and_a_post_without_link_says_so_in_its_placement() {
    let (codes_found, sentences, _) = post(&[("utm_url", "https://e.com/?utm_source=a")]);
    assert_eq!(codes_found, ["UtmMissing"]);
    assert!(sentences[0].contains("utm_medium, utm_campaign"));
    assert_eq!(codes(&[("utm_url", "")]), ["UtmMissing"]);
    assert_eq!(
        codes(&[("utm_url", ""), ("link_placement", "none")]),
        Vec::<&str>::new()
    );
    assert_eq!(codes(&[("utm_url", "e.com")]), ["BadLink"]);
    assert_eq!(codes(&[("link_placement", "top")]), ["BadLinkPlacement"]);
}

#[test]
fn reddit_needs_a_title_of_at_most_300_characters() {
    assert_eq!(codes(&[("platform", "Reddit")]), ["TitleMissing"]);
    assert_eq!(
        codes(&[("platform", "reddit"), ("title", "A title")]),
        Vec::<&str>::new()
    );
    assert_eq!(
        codes(&[("platform", "reddit"), ("title", &"ש".repeat(301))]),
        ["TitleTooLong"]
    );
    assert_eq!(
        codes(&[("platform", "reddit"), ("title", &"ש".repeat(300))]),
        Vec::<&str>::new()
    );
}

#[test]
fn a_thread_without_items_and_a_newsletter_without_issue_are_invalid() {
    assert_eq!(
        codes(&[("platform", "Twitter"), ("post_copy", "Thread: 7 things")]),
        ["ThreadItemsMissing"]
    );
    assert_eq!(codes(&[("platform", "newsletter")]), ["IssueMissing"]);
    assert_eq!(codes(&[("post_copy", " ")]), ["CopyMissing"]);
}

#[test]
fn what_nothing_honours_yet_names_its_column_and_comes_after_mistakes() {
    let (codes_found, sentences, _) = post(&[("media", "a.png"), ("utm_url", "")]);
    assert_eq!(codes_found, ["UtmMissing", NOT_HANDLED]);
    assert!(sentences[1].contains("media"));
    assert_eq!(
        codes(&[
            ("thread", "threads/a.md"),
            ("platform", "x"),
            ("post_copy", "Thread: a")
        ]),
        [NOT_HANDLED]
    );
}

#[test]
fn a_row_is_its_first_item_the_rest_of_its_thread_and_its_first_comment() {
    let items = |cells: &[(&str, &str)]| {
        let (codes, _, post) = post(cells);
        assert_eq!(codes, Vec::<&str>::new());
        post.items()
    };
    assert_eq!(items(&[]), ["main"]);
    assert_eq!(
        items(&[("thread", "b\n---\nc")]),
        ["main", "thread-2", "thread-3"]
    );
    assert_eq!(items(&[("first_comment", "Thanks!")]), ["main", "first-comment"]);
    assert_eq!(
        items(&[("link_placement", "first_comment")]),
        ["main", "first-comment"]
    );
    assert_eq!(
        items(&[("thread", "b"), ("first_comment", "c")]),
        ["main", "thread-2", "first-comment"]
    );
}

#[test]
fn a_thread_with_an_empty_item_or_too_many_is_invalid_unless_it_never_goes() {
    assert_eq!(codes(&[("thread", "b\n---\n")]), ["ThreadItemEmpty"]);
    assert_eq!(
        codes(&[("thread", "b\n---\n"), ("status", "skip")]),
        Vec::<&str>::new()
    );
    let many = vec!["b"; 26].join("\n---\n");
    let (codes, _, post) = post(&[("thread", &many)]);
    assert_eq!(
        (codes.as_slice(), post.thread.len()),
        (["TooManyThreadItems"].as_slice(), 25)
    );
}

#[test]
fn the_claims_column_names_metrics_each_once() {
    let claims = |cell: &str| {
        let (codes, _, claims) = claimed(cell);
        assert_eq!(codes, Vec::<&str>::new());
        claims
    };
    assert_eq!(claims(""), Vec::<String>::new());
    assert_eq!(claims(" Visitor -> Signup CVR "), ["Visitor -> Signup CVR"]);
    assert_eq!(
        claims("Unique visitors | ATS check starts||unique VISITORS"),
        ["Unique visitors", "ATS check starts"]
    );
}

#[test]
fn a_claims_cell_out_of_bounds_is_invalid_at_its_place() {
    let many: Vec<String> = (0..21).map(|number| format!("metric {number}")).collect();
    let (codes, _, claims) = claimed(&many.join("|"));
    assert_eq!((codes, claims.len()), (vec!["TooManyClaims"], 20));
    let (codes, sentences, claims) = claimed(&"m".repeat(257));
    assert_eq!((codes, claims.len()), (vec!["BadClaim"], 0));
    assert!(sentences[0].contains("256"));
}

#[test]
fn what_never_goes_need_not_be_fit_to_go() {
    for status in ["skip", "posted"] {
        assert_eq!(
            codes(&[("status", status), ("platform", "reddit"), ("utm_url", "")]),
            Vec::<&str>::new()
        );
    }
}

#[test]
fn a_closed_batch_closes_what_is_still_open() {
    let intent = |status, closed| post_of(&[("status", status)], Some(closed)).2.intent;
    assert_eq!(intent("approved", Intent::Skip), Intent::Skip);
    assert_eq!(intent("draft", Intent::Posted), Intent::Posted);
    assert_eq!(intent("posted", Intent::Skip), Intent::Posted);
    assert_eq!(intent("skip", Intent::Posted), Intent::Skip);
}
