//! The digest that approvals bind to: pinned, and moved by whatever a reader would notice.

use proptest::prelude::*;

use super::*;
use crate::api::{Direction, Finding, Intent, Link, Media, Schedule, Severity, Target};

/// A change of a spec, and what it is called.
type Change = (&'static str, fn(&mut AssetSpec));

fn media(path: &str, digest: &str, alt_text: &str) -> Media {
    Media {
        path: path.to_owned(),
        digest: digest.to_owned(),
        alt_text: alt_text.to_owned(),
    }
}

fn link(url: &str) -> Link {
    Link { url: url.to_owned() }
}

fn post() -> AssetSpec {
    AssetSpec {
        campaign: "week1".to_owned(),
        post_id: "launch".to_owned(),
        target: Target {
            platform: "Twitter".to_owned(),
            account: "Personal".to_owned(),
        },
        locale: "iw".to_owned(),
        item: "main".to_owned(),
        occurrence: String::new(),
        type_: AssetType::Post,
        intent: Intent::Approved,
        schedule: Schedule {
            date: Some("2026-03-02".to_owned()),
            time: "09:00".to_owned(),
            time_zone: "Asia/Jerusalem".to_owned(),
        },
        after: None,
        content: AssetContent {
            text: "שלום\nhttps://example.com/?a=1&b=2".to_owned(),
            links: vec![link("https://example.com/?a=1&b=2")],
            language: "he".to_owned(),
            direction: Direction::Rtl,
            ..AssetContent::default()
        },
        claims: Vec::new(),
        findings: Vec::new(),
    }
}

/// A spec in which no field is empty that digests had from the beginning.
fn full() -> AssetSpec {
    let mut spec = post();
    spec.target.platform = "web".to_owned();
    spec.target.account = "site".to_owned();
    spec.locale = "en-GB".to_owned();
    spec.item = "thread-2".to_owned();
    spec.type_ = AssetType::Page;
    spec.content = AssetContent {
        text: "Text\twith \\ and \u{2028} 🚀".to_owned(),
        html: Some("<p>Text</p>".to_owned()),
        title: Some("A \"title\"".to_owned()),
        subject: Some("Subject".to_owned()),
        preview_text: Some("Preview".to_owned()),
        excerpt: Some("Excerpt".to_owned()),
        tags: vec!["one".to_owned(), "two".to_owned()],
        date: Some("2026-03-02".to_owned()),
        links: vec![link("https://example.com/1"), link("https://example.com/2")],
        link_placement: LinkPlacement::FirstComment,
        media: vec![
            media("cat.png", "sha256:aa", "A cat"),
            media("dog.png", "sha256:bb", ""),
        ],
        thread: Vec::new(),
        first_comment: None,
        language: "en-GB".to_owned(),
        direction: Direction::Ltr,
        stored: Some(StoredContent {
            revision: "c0ffee".to_owned(),
            path: "page.md".to_owned(),
            digest: "sha256:cc".to_owned(),
        }),
    };
    spec
}

/// Computed from the documented form by a program of its own, not by this one: approvals that stand bind to these.
#[test]
fn digests_are_the_committed_vectors() {
    assert_eq!(
        of_content(&post()),
        "sha256:0881d1d028dcfcfeeae174c8acfaa3e91a861da4e2e51984f3556055e0ae0dd4"
    );
    assert_eq!(
        of_content(&full()),
        "sha256:3551cd5dec001fc71194cf8b6f1c8aea6ad345852e2739264adc57d0869b6445"
    );
    assert_eq!(
        of_bytes(b""),
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
}

const NOTICED: [Change; 27] = [
    ("type", |spec| spec.type_ = AssetType::Template),
    ("platform", |spec| spec.target.platform.push('x')),
    ("account", |spec| spec.target.account.push('x')),
    ("locale", |spec| spec.locale = "he".to_owned()),
    ("item", |spec| spec.item = "thread-3".to_owned()),
    ("text", |spec| spec.content.text.push(' ')),
    ("html", |spec| spec.content.html = None),
    ("title", |spec| spec.content.title = None),
    ("an empty title is not none", |spec| {
        spec.content.title = Some(String::new());
    }),
    ("subject", |spec| spec.content.subject = None),
    ("preview text", |spec| spec.content.preview_text = None),
    ("excerpt", |spec| spec.content.excerpt = None),
    ("tags", |spec| spec.content.tags.reverse()),
    ("two tags are not one", |spec| {
        spec.content.tags = vec!["one,two".to_owned()];
    }),
    ("the date that a page carries", |spec| spec.content.date = None),
    ("links", |spec| spec.content.links.reverse()),
    ("a link", |spec| spec.content.links[0].url.push('x')),
    ("link placement", |spec| {
        spec.content.link_placement = LinkPlacement::End;
    }),
    ("order of media", |spec| spec.content.media.reverse()),
    ("bytes of media", |spec| {
        spec.content.media[0].digest = "sha256:dd".to_owned();
    }),
    ("alt text", |spec| spec.content.media[1].alt_text.push('x')),
    ("an item of its thread", |spec| {
        spec.content.thread = vec!["one\ntwo".to_owned()];
    }),
    ("two items are not one", |spec| {
        spec.content.thread = vec!["one".to_owned(), "two".to_owned()];
    }),
    ("its first comment", |spec| {
        spec.content.first_comment = Some("one".to_owned());
    }),
    ("language", |spec| spec.content.language = "en".to_owned()),
    ("stored content", |spec| spec.content.stored = None),
    ("bytes of stored content", |spec| {
        spec.content.stored.as_mut().unwrap().digest = "sha256:dd".to_owned();
    }),
];

const UNNOTICED: [Change; 13] = [
    ("date", |spec| spec.schedule.date = Some("2026-12-31".to_owned())),
    ("time", |spec| spec.schedule.time = "23:59".to_owned()),
    ("zone", |spec| spec.schedule.time_zone = "UTC".to_owned()),
    ("intent", |spec| spec.intent = Intent::Draft),
    ("campaign", |spec| spec.campaign.push('x')),
    ("post id", |spec| spec.post_id.push('x')),
    ("occurrence", |spec| spec.occurrence.push('x')),
    ("direction", |spec| spec.content.direction = Direction::Rtl),
    ("path of media", |spec| {
        spec.content.media[0].path = "moved.png".to_owned();
    }),
    ("path of stored content", |spec| {
        spec.content.stored.as_mut().unwrap().path = "moved.md".to_owned();
    }),
    ("case of the account", |spec| {
        spec.target.account = " SITE ".to_owned();
    }),
    ("metrics behind its numbers", |spec| {
        spec.claims.push("Unique visitors".to_owned());
    }),
    ("case of the locale", |spec| spec.locale = "EN-gb".to_owned()),
];

#[test]
fn whatever_a_reader_would_notice_moves_the_digest() {
    for (name, change) in NOTICED {
        let mut changed = full();
        change(&mut changed);
        assert_ne!(of_content(&changed), of_content(&full()), "{name}");
    }
}

#[test]
fn no_two_changes_have_one_digest() {
    let mut digests: Vec<String> = NOTICED
        .iter()
        .map(|(_, change)| {
            let mut changed = full();
            change(&mut changed);
            of_content(&changed)
        })
        .collect();
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), NOTICED.len());
}

#[test]
fn what_no_reader_notices_leaves_the_digest_and_only_the_spec_tells() {
    for (name, change) in UNNOTICED {
        let mut changed = full();
        change(&mut changed);
        assert_eq!(of_content(&changed), of_content(&full()), "{name}");
        assert_ne!(of_spec(&changed), of_spec(&full()), "{name}");
    }
}

#[test]
fn a_new_revision_with_the_same_stored_bytes_is_no_change_at_all() {
    let mut moved = full();
    moved.content.stored.as_mut().unwrap().revision = "decade".to_owned();
    assert_eq!(of_content(&moved), of_content(&full()));
    assert_eq!(of_spec(&moved), of_spec(&full()));
}

#[test]
fn a_finding_that_moved_down_its_file_is_no_change_and_another_one_is() {
    let with = |line, message: &str| {
        let mut spec = full();
        spec.findings = vec![Finding {
            code: "SameInstantOnAccount".into(),
            severity: Severity::Warning,
            message: message.into(),
            path: "sheet.csv".into(),
            line,
            column: 1,
        }];
        of_spec(&spec)
    };
    assert_eq!(with(2, "as b"), with(9, "as b"));
    assert_ne!(with(2, "as b"), with(2, "as c"));
}

/// One text in one of the places that hold texts.
fn placed(place: usize, text: &str) -> AssetSpec {
    let mut spec = post();
    let content = &mut spec.content;
    let text = text.to_owned();
    match place {
        0 => content.text = text,
        1 => content.html = Some(text),
        2 => content.title = Some(text),
        3 => content.subject = Some(text),
        4 => content.preview_text = Some(text),
        5 => content.excerpt = Some(text),
        6 => content.tags = vec![text],
        7 => content.date = Some(text),
        8 => content.links = vec![link(&text)],
        9 => content.language = text,
        10 => content.media = vec![media("a", &text, "")],
        _ => content.media = vec![media("a", "", &text)],
    }
    spec
}

proptest! {
    #[test]
    fn other_words_in_any_place_have_another_digest(place in 0..12_usize, a in ".{0,40}", b in ".{0,40}") {
        let same = of_content(&placed(place, &a)) == of_content(&placed(place, &b));
        prop_assert_eq!(same, a == b);
    }

    #[test]
    fn words_never_run_into_another_place(text in ".{1,20}", one in 0..10_usize, other in 0..10_usize) {
        let same = of_content(&placed(one, &text)) == of_content(&placed(other, &text));
        prop_assert_eq!(same, one == other);
    }

    #[test]
    fn the_date_never_moves_the_digest(date in "[0-9]{4}-[0-9]{2}-[0-9]{2}", time in "[0-2][0-9]:[0-5][0-9]") {
        let mut moved = full();
        moved.schedule.date = Some(date);
        moved.schedule.time = time;
        prop_assert_eq!(of_content(&moved), of_content(&full()));
    }
}
