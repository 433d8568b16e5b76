use proptest::prelude::*;

use super::*;
use crate::{
    api::{ContentField, NewsletterVariable, Severity},
    domain::content::html::active,
};

const LINK: &str = "https://example.com/?utm_source=newsletter&utm_medium=email&utm_campaign=week1";
const HEBREW: &str = "## HE Version\nנושא: היי {{first_name | חברים}}\n\nפתיח:\nשלום לכולם.\n\nנקודות מרכזיות:\n1. אחת\n2. שתיים & שלוש\n\nCTA:\nלהסתכל היום.  \nקישור: {{link_he}}\n\nסגירה:\nכתבו לנו.\n";

fn english() -> String {
    format!(
        "## EN Version\nSubject: Hello {{{{season}}}}\n\nIntro:\nWe looked\nunder pots.\n\nMain points:\n1. One\n2. Two\n\nCTA:\nLook today.  \nLink: {LINK}\n\nClosing:\nWrite back.\n"
    )
}

fn file() -> String {
    format!(
        "# Week 1\n\nPublish window: Wednesday  \nGoal: more.\n\n{}\n{HEBREW}",
        english()
    )
}

fn read(file: &str) -> (Issue, Vec<Diagnostic>) {
    let (issue, found) = parse("issue.md", file.as_bytes(), &[]);
    assert!(
        found.iter().all(|one| !one.fatal),
        "an issue never stops the campaign"
    );
    (issue, found)
}

fn places(found: &[Diagnostic]) -> Vec<(&'static str, u32, u32)> {
    let place = |one: &Diagnostic| (one.code, one.position.line, one.position.column);
    found.iter().map(place).collect()
}

fn variable(name: &str, value: &str) -> NewsletterVariable {
    NewsletterVariable {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

fn variables() -> Vec<NewsletterVariable> {
    vec![variable("season", "<spring>"), variable("link_he", LINK)]
}

fn filled(version: &Version, variables: &[NewsletterVariable]) -> (Broadcast, Vec<Diagnostic>) {
    version.broadcast(&Filling {
        variables,
        parameter: ("cid", "abcd2345"),
    })
}

#[test]
fn each_heading_with_a_locale_is_a_version_and_the_rest_is_reported_as_not_enforced() {
    let (issue, found) = read(&file());
    assert_eq!(places(&found), [("NotEnforced", 3, 1)]);
    assert!(
        found[0].message.starts_with("`Publish window: Wednesday`"),
        "{}",
        found[0].message
    );
    let locales: Vec<_> = issue.versions.iter().map(|one| &*one.locale).collect();
    assert_eq!(locales, ["en", "he"]);
    assert_eq!(issue.prose[0].text, "Publish window: Wednesday  \nGoal: more.");
    assert!(issue.versions.iter().all(|one| one.problems.is_empty()));
}

#[test]
fn a_version_becomes_subject_preview_text_and_words_with_the_link_under_its_call() {
    let (issue, _) = read(&file());
    let (english, found) = filled(&issue.versions[0], &variables());
    assert_eq!(found, []);
    let link = format!("{LINK}&cid=abcd2345");
    assert_eq!(english.subject, "Hello <spring>");
    assert_eq!(english.preview_text, "We looked under pots.");
    assert_eq!(english.link.as_deref(), Some(&*link));
    assert_eq!(
        english.text,
        format!("We looked\nunder pots.\n\n1. One\n2. Two\n\nLook today.\n{link}\n\nWrite back.")
    );
}

#[test]
fn hebrew_runs_from_right_to_left_and_what_the_provider_fills_in_stays_as_it_is_written() {
    let (issue, _) = read(&file());
    let (hebrew, found) = filled(&issue.versions[1], &variables());
    assert_eq!(found, []);
    assert_eq!(hebrew.subject, "היי {{first_name | חברים}}");
    insta::assert_snapshot!(hebrew.html, @r#"
    <!DOCTYPE html>
    <html lang="he" dir="rtl">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>היי {{first_name | חברים}}</title>
    </head>
    <body style="margin:0;padding:0;background-color:#ffffff">
    <div style="display:none;max-height:0;overflow:hidden">שלום לכולם.</div>
    <div dir="rtl" lang="he" style="margin:0 auto;max-width:600px;padding:20px;font-family:Arial,sans-serif;font-size:16px;line-height:1.6;color:#1a1a1a;background-color:#ffffff;text-align:right">
    <p>שלום לכולם.</p>
    <ol>
    <li>אחת</li>
    <li>שתיים &amp; שלוש</li>
    </ol>
    <p>להסתכל היום.</p>
    <p><a href="https://example.com/?utm_source=newsletter&amp;utm_medium=email&amp;utm_campaign=week1&amp;cid=abcd2345" dir="ltr" style="color:#0b57d0;text-decoration:underline;word-break:break-all">https://example.com/?utm_source=newsletter&amp;utm_medium=email&amp;utm_campaign=week1&amp;cid=abcd2345</a></p>
    <p>כתבו לנו.</p>
    </div>
    </body>
    </html>
    "#);
}

#[test]
fn a_name_without_a_value_is_named_where_it_stands() {
    let (issue, _) = read(&file());
    let (_, found) = filled(&issue.versions[0], &[variable("saeson", "x")]);
    assert_eq!(places(&found), [("PlaceholderUndeclared", 7, 16)]);
    assert!(
        found[0].help.starts_with("Did you mean `saeson`?"),
        "{}",
        found[0].help
    );
    assert_eq!(
        (found[0].length, &*found[0].excerpt),
        (10, "Subject: Hello {{season}}")
    );
    let (broadcast, found) = filled(&issue.versions[1], &[]);
    assert_eq!(places(&found), [("PlaceholderUndeclared", 36, 8)]);
    assert_eq!(broadcast.link, None);
}

#[test]
fn a_value_that_could_not_be_put_in_is_refused_where_it_would_stand() {
    let (issue, _) = read(&file());
    for value in [" ", "a\nb", "{{other}}", "a}}", &"a".repeat(2_049)] {
        let (broadcast, found) = filled(&issue.versions[0], &[variable("season", value)]);
        assert_eq!(places(&found), [("VariableInvalid", 7, 16)], "{value:?}");
        assert_eq!(broadcast.subject, "Hello {{season}}");
    }
}

#[test]
fn a_value_stands_in_for_a_name_with_a_fallback_too() {
    let (issue, _) = read(&file());
    let first_name = variable("first_name", "gardeners");
    let (hebrew, found) = filled(&issue.versions[1], &[first_name, variable("link_he", LINK)]);
    assert_eq!((found, &*hebrew.subject), (vec![], "היי gardeners"));
}

#[test]
fn the_link_of_the_call_to_action_has_to_be_known_and_counted() {
    for (link, code) in [
        ("https://example.com/", "UtmMissing"),
        ("example.com", "BadLink"),
        ("{{link | https://example.com/}}", "BadLink"),
        ("javascript:alert(1)", "BadLink"),
        (&*format!("{LINK}{}", "a".repeat(4_096)), "BadLink"),
    ] {
        let (issue, _) = read(&english().replace(LINK, link));
        let (broadcast, found) = filled(&issue.versions[0], &variables());
        assert_eq!(places(&found), [(code, 14, 7)], "{link}");
        assert_eq!(broadcast.link, None);
    }
    let (issue, _) = read(&english().replace(LINK, &format!("{LINK}&cid=mine")));
    let (broadcast, found) = filled(&issue.versions[0], &variables());
    assert_eq!(places(&found), [("SlotParameterTaken", 14, 7)]);
    assert_eq!(found[0].severity, Severity::Warning);
    assert!(broadcast.link.unwrap().ends_with("&cid=mine"));
}

#[test]
fn every_part_that_a_version_lacks_is_said_at_once() {
    let (issue, found) = read("## EN\nSubject:\nIntro:\n\nMain pionts:\nOne\n");
    assert_eq!(
        places(&found),
        [
            ("LabelMissing", 1, 1),
            ("LabelMissing", 1, 1),
            ("LabelMissing", 1, 1),
            ("LinkMissing", 1, 1),
            ("SubjectMissing", 2, 1),
        ]
    );
    assert!(
        found[0].help.contains("No label: `Main pionts:` on line 5."),
        "{}",
        found[0].help
    );
    assert_eq!(issue.versions[0].problems.len(), 5);
}

#[test]
fn what_cannot_be_told_apart_stops_its_version() {
    for (from, to, expected) in [
        (
            "Closing:",
            "Intro:",
            vec![("LabelMissing", 1, 1), ("DuplicateLabel", 16, 1)],
        ),
        (
            "Main points:\n1. One\n2. Two",
            "Main points:\n---",
            vec![("PartEmpty", 8, 1)],
        ),
        (
            "## EN Version\n",
            "## EN Version\nHi there!\nFriends.\n",
            vec![("NoLabel", 2, 1)],
        ),
        (
            "Main points:",
            "### Main points",
            vec![
                ("LabelMissing", 1, 1),
                ("LabelMissing", 1, 1),
                ("LabelMissing", 1, 1),
                ("LinkMissing", 1, 1),
                ("HeadingInVersion", 8, 1),
            ],
        ),
        (
            "Subject: Hello",
            "Subject: Hello\nworld",
            vec![("BadField", 2, 1)],
        ),
        (
            "Subject: Hello",
            "Subject: Hello\rBcc: a@example.com",
            vec![("BadField", 2, 1)],
        ),
        ("One", "{{one", vec![("PlaceholderMalformed", 9, 4)]),
    ] {
        let (issue, found) = read(&english().replace(from, to));
        assert_eq!(places(&found), expected, "{to}");
        assert_eq!(issue.versions[0].problems.len(), expected.len(), "{to}");
    }
}

#[test]
fn a_locale_twice_is_one_version_with_a_problem() {
    let (issue, found) = read(&format!("{}{}", english(), english().replace("EN Version", "en")));
    assert_eq!(places(&found), [("DuplicateVersion", 18, 1)]);
    assert_eq!((issue.versions.len(), issue.versions[0].problems.len()), (1, 1));
}

#[test]
fn prose_after_a_version_is_no_part_of_it() {
    let (issue, found) = read(&format!("{}## Notes\n- for us\n", english()));
    assert_eq!(places(&found), [("NotEnforced", 19, 1)]);
    let (broadcast, _) = filled(&issue.versions[0], &variables());
    assert!(broadcast.text.ends_with("Write back."));
}

#[test]
fn labels_of_another_language_are_data() {
    let french = NewsletterLabels {
        locale: "fr".into(),
        subject: "Objet".into(),
        intro: "Introduction".into(),
        main_points: "Points clés".into(),
        cta: "Action".into(),
        link: "Lien".into(),
        closing: "Fin".into(),
    };
    let file =
        format!("## FR\nObjet : a\nIntro: b\nPoints cle\u{301}s:\n- c\nAction:\nd\nLien: {LINK}\nFin:\ne");
    let (issue, found) = parse("issue.md", file.as_bytes(), &[french]);
    assert_eq!(found, []);
    let (broadcast, _) = filled(&issue.versions[0], &[]);
    assert_eq!(broadcast.text, format!("b\n\n- c\n\nd\n{LINK}&cid=abcd2345\n\ne"));
}

#[test]
fn a_file_that_cannot_be_read_or_is_out_of_bounds_gives_nothing() {
    let many: String = (0..33)
        .map(|index| english().replace("EN", &format!("en-{index:03}")))
        .collect();
    let long = format!("## EN\nSubject: {}", "a".repeat(70_000));
    for (bytes, code) in [
        (b"a\xffb".as_slice(), "NotUtf8"),
        (b"a\0b", "NulByte"),
        (b"# Nothing\n\nhere", "NoVersions"),
        (b"", "NoVersions"),
        (many.as_bytes(), "TooManyVersions"),
        (long.as_bytes(), "LineTooLong"),
        (&vec![b'a'; LIMIT + 1], "FileTooLarge"),
    ] {
        let (issue, found) = parse("issue.md", bytes, &[]);
        assert!(!issue.readable && issue.versions.is_empty(), "{code}");
        assert!(found.iter().any(|one| one.code == code), "{code}: {found:?}");
    }
    let (issue, found) = read(&english().replace("Two", &"a line of words\n".repeat(10_000)));
    assert_eq!(places(&found), [("TooLong", 1, 1)]);
    assert_eq!(filled(&issue.versions[0], &variables()).0.text, "");
}

#[test]
fn a_subject_that_grew_too_long_by_its_names_is_an_error_at_its_line() {
    let (issue, _) = read(&english());
    let (broadcast, found) = filled(&issue.versions[0], &[variable("season", &"a".repeat(1_200))]);
    assert_eq!(places(&found), [("TooLong", 2, 10)]);
    assert_eq!(broadcast.subject, "");
}

#[test]
fn every_line_of_the_words_leads_back_to_the_file() {
    let (issue, _) = read(&file());
    let (broadcast, _) = filled(&issue.versions[0], &variables());
    let of = |field: ContentField, text: u32| {
        let mut places = broadcast
            .places
            .iter()
            .filter(|place| place.field == field && place.from <= text);
        let place = places.next_back().unwrap();
        place.line + (text - place.from)
    };
    assert_eq!(of(ContentField::Subject, 1), 7);
    assert_eq!(of(ContentField::PreviewText, 1), 10);
    assert_eq!(of(ContentField::Link, 1), 19);
    let file = file();
    let lines: Vec<&str> = file.lines().collect();
    for (number, words) in (1..).zip(broadcast.text.lines()) {
        let written = lines[usize::try_from(of(ContentField::Text, number)).unwrap() - 1];
        let words = words.trim_end_matches("&cid=abcd2345");
        assert!(
            words.is_empty() || written.contains(words),
            "{number}: {words} in {written}"
        );
    }
}

#[test]
fn line_endings_and_marks_of_other_editors_are_ordinary() {
    let windows = format!("\u{feff}{}", HEBREW.replace("קישור", "\u{200f}קישור")).replace('\n', "\r\n");
    let (issue, found) = read(&windows);
    assert_eq!(found, []);
    let (plain, _) = read(HEBREW);
    let broadcast = |issue: &Issue| filled(&issue.versions[0], &variables()).0;
    assert_eq!(broadcast(&issue).html, broadcast(&plain).html);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        parse("m", &bytes, &[]);
    }

    #[test]
    fn nothing_that_is_rendered_acts_by_itself_and_every_place_is_a_place_of_the_file(
        file in "(## (EN|HE)( Version)?\n|Subject: |Intro:\n|Main points:|CTA:\n|Link: |קישור: |Closing:\n|https://a.b/\\?utm_source=a&utm_medium=b&utm_campaign=c|\\{\\{[a-z |<>\"]{0,8}\\}?\\}?|<script>|\\PC{0,8}\n| on[a-z]=|---\n|1. |\\n){0,40}",
        value in "\\PC{0,20}",
    ) {
        let (issue, mut found) = read(&file);
        for version in &issue.versions {
            let (broadcast, more) = filled(version, &[variable("a", &value)]);
            found.extend(more);
            if version.problems.is_empty() {
                prop_assert_eq!(active::find(&broadcast.html).unwrap(), []);
            }
            prop_assert!(!broadcast.html.contains("<script"));
            prop_assert!(broadcast.preview_text.chars().count() <= 150);
        }
        let lines: Vec<&str> = file.lines().collect();
        for one in found.iter().filter(|one| one.code != "NoVersions") {
            let line = lines[usize::try_from(one.position.line).unwrap() - 1];
            let column = usize::try_from(one.position.column).unwrap();
            prop_assert!(column >= 1 && column <= line.chars().count() + 1, "{one}");
        }
    }
}
