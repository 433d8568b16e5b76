use proptest::prelude::*;

use super::*;
use crate::{api::Direction, domain::content::html::active};

fn read(file: &str) -> (EmailFileContent, Vec<Diagnostic>) {
    let (content, found) = parse("mail.md", file.as_bytes(), &[]);
    assert!(
        found.iter().all(|one| !one.fatal),
        "an e-mail file never stops the campaign"
    );
    (content, found)
}

fn places(found: &[Diagnostic]) -> Vec<(&'static str, u32, u32)> {
    let place = |one: &Diagnostic| (one.code, one.position.line, one.position.column);
    found.iter().map(place).collect()
}

fn body(body: &str) -> EmailTemplate {
    let (content, _) = read(&format!("## EN D0 — x\nSubject: s\n\nBody:\n{body}"));
    content.templates[0].clone()
}

const TWO: &str = "# Title\n\n## Timing\n- D0: now\n\n---\n\n## EN D0 — Hello\nSubject: Hi\nPreview: Look\n\nBody:\nHi {{first_name | there}},\n\n---\n\nGo: {{link}}\n\n---\n\n## HE D0 — שלום\nנושא: היי\nתקציר תצוגה: הצצה\n\nתוכן:\nשלום {{link}}\n\n---\n\n## Rules\n1. Be kind.\n";

#[test]
fn templates_and_prose_are_told_apart() {
    let (content, found) = read(TWO);
    assert_eq!(places(&found), [("NotEnforced", 3, 1), ("NotEnforced", 30, 1)]);
    let ids: Vec<_> = content
        .templates
        .iter()
        .map(|one| (&*one.locale, &*one.id_step))
        .collect();
    assert_eq!(ids, [("en", "D0"), ("he", "D0")]);
    let headings: Vec<_> = content.prose.iter().map(|one| &*one.heading).collect();
    assert_eq!(headings, ["Title", "Timing", "Rules"]);
    assert_eq!(content.prose[1].text, "- D0: now");
}

#[test]
fn a_template_has_subject_preview_and_a_body_without_rules() {
    let (content, _) = read(TWO);
    let template = &content.templates[0];
    assert_eq!(template.subject, "Hi");
    assert_eq!(template.preview_text.as_deref(), Some("Look"));
    assert_eq!(template.body, "Hi {{first_name | there}},\n\nGo: {{link}}");
    assert_eq!(content.templates[1].subject, "היי");
    assert_eq!(content.templates[1].body, "שלום {{link}}");
}

#[test]
fn a_bare_placeholder_must_be_declared_and_is_shown_where_it_stands() {
    let (content, _) = read(TWO);
    let missing = undeclared(&content.templates[0], &["lnk".into()]);
    assert_eq!(places(&missing), [("PlaceholderUndeclared", 17, 5)]);
    assert_eq!(
        (missing[0].length, missing[0].excerpt.as_str()),
        (8, "Go: {{link}}")
    );
    assert!(missing[0].help.starts_with("Did you mean `lnk`?"));
    assert_eq!(
        places(&undeclared(&content.templates[1], &[])),
        [("PlaceholderUndeclared", 26, 6)]
    );
    assert_eq!(undeclared(&content.templates[0], &["link".into()]), []);
}

#[test]
fn malformed_placeholders_are_errors_at_their_place() {
    for (line, column) in [
        ("a {{name", 3),
        ("a }} b", 3),
        ("{{}}", 1),
        ("{{a b}}", 1),
        ("{{{a}}}", 1),
        ("{{a | }}", 1),
        ("{{a | <b>}}", 1),
        ("{{ {{a}}", 1),
    ] {
        let (content, found) = read(&format!("## EN D0 — x\nSubject: s\nBody:\n{line}\n"));
        assert_eq!(places(&found)[0], ("PlaceholderMalformed", 4, column), "{line}");
        assert!(!content.templates[0].problems.is_empty());
    }
}

#[test]
fn what_a_template_lacks_is_said_at_its_heading() {
    let codes = |file: &str| -> Vec<_> { read(file).1.iter().map(|one| one.code).collect() };
    assert_eq!(codes("## EN D0 — x\nBody:\nb"), ["SubjectMissing"]);
    assert_eq!(codes("## EN D0 — x\nSubject: s\nBody:\n\n---\n"), ["BodyMissing"]);
    assert_eq!(codes("## EN D0 — x\nSubject: s\n"), ["BodyMissing"]);
    assert_eq!(codes("## EN D0 — x\n"), ["NoLabels"]);
    assert_eq!(codes("## FR D0 — x\nObjet: s\n"), ["NoLabels", "NoLabel"]);
    assert_eq!(
        codes("## EN D0 — x\nSubject: s\nSubject: t\nBody: b"),
        ["DuplicateLabel"]
    );
}

#[test]
fn labels_of_another_language_are_data() {
    let french = EmailLabels {
        locale: "fr".into(),
        subject: "Objet".into(),
        preview: "Aperçu".into(),
        body: "Corps".into(),
    };
    let file = "## FR D0 — x\nObjet : s\nCorps :\nb";
    let (content, found) = parse("mail.md", file.as_bytes(), &[french]);
    assert_eq!(found, []);
    assert_eq!(
        (&*content.templates[0].subject, &*content.templates[0].body),
        ("s", "b")
    );
}

#[test]
fn one_locale_and_step_twice_is_one_template_with_an_error() {
    let one = "## EN D0 — x\nSubject: s\nBody:\nb\n";
    let (content, found) = read(&format!("{one}{}", one.replace("EN D0", "en d0")));
    assert_eq!(places(&found), [("DuplicateTemplate", 5, 1)]);
    assert_eq!(
        (content.templates.len(), content.templates[0].problems.len()),
        (1, 1)
    );
}

#[test]
fn a_heading_below_a_template_stops_it_rather_than_to_be_sent_or_dropped() {
    let (content, found) = read("## EN D0 — x\nSubject: s\nBody:\nb\n### Rules\nSecret.\n## Rules\nOpen.\n");
    assert_eq!(
        places(&found),
        [("HeadingInTemplate", 5, 1), ("NotEnforced", 7, 1)]
    );
    assert_eq!(content.templates[0].body, "b");
    assert_eq!(content.templates[0].problems.len(), 1);
    assert_eq!(content.prose[0].text, "Secret.");
}

#[test]
fn a_fence_left_open_does_not_swallow_the_next_template() {
    let (content, _) =
        read("## EN D0 — x\nSubject: s\nBody:\n```\n# no heading\n---\n## EN D3 — y\nSubject: t\nBody:\nc");
    assert_eq!(content.templates[0].body, "```\n# no heading\n---");
    assert_eq!(content.templates[1].body, "c");
}

#[test]
fn line_endings_and_marks_of_other_editors_are_ordinary() {
    let (content, found) =
        read("\u{feff}## HE D0 — x\r\n\u{200f}נושא: היי\u{200f}\r\n\r\nתוכן:\r\nא\r\n\r\nב\r\n");
    assert_eq!(found, []);
    assert_eq!(
        (&*content.templates[0].subject, &*content.templates[0].body),
        ("היי", "א\n\nב")
    );
}

#[test]
fn a_file_that_cannot_be_read_or_is_out_of_bounds_gives_nothing() {
    let many = "## EN D1 — x\nSubject: s\nBody: b\n";
    let many: String = (0..501)
        .map(|step| many.replace("D1", &format!("D{step}")))
        .collect();
    let long = format!("## EN D0 — x\n{}", "a".repeat(70_000));
    for (bytes, code) in [
        (b"a\xffb".as_slice(), "NotUtf8"),
        (b"a\0b", "NulByte"),
        (many.as_bytes(), "TooManyTemplates"),
        (long.as_bytes(), "LineTooLong"),
    ] {
        let (content, found) = parse("mail.md", bytes, &[]);
        assert_eq!(content, EmailFileContent::default());
        assert!(found.iter().any(|one| one.code == code), "{code}");
    }
}

#[test]
fn a_subject_cannot_carry_a_line_break_into_a_header() {
    let (content, found) = read("## EN D0 — x\nSubject: a\rBcc: b\nBody: b");
    assert_eq!(places(&found), [("BadField", 2, 1)]);
    assert_eq!(content.templates[0].subject, "");
}

#[test]
fn a_placeholder_keeps_its_quotes_but_never_breaks_out_of_an_address() {
    let html = render_html(
        &body("l'ami: {{a|default:\"l'ami\"}} https://a.b/{{a | \"x}}"),
        "en",
        Direction::Ltr,
    );
    assert!(html.contains("<p>l&#39;ami: {{a|default:\"l'ami\"}} <a href=\"https://a.b/{{a | &quot;x}}\">"));
}

#[test]
fn a_subject_over_a_thousand_characters_is_an_error() {
    let (_, found) = read(&format!("## EN D0 — x\nSubject: {}\nBody: b", "a".repeat(1_001)));
    assert_eq!(places(&found), [("TooLong", 2, 1)]);
}

#[test]
fn html_is_made_of_paragraphs_lists_and_links() {
    let template = body(
        "Hi {{first_name | there}},\n\nList:\n1) a & b\n2) <c>\n\n- d\n- e\nf\n\nSee https://example.com/a?b=1&c=2.\n(http://x.y/(z))\n",
    );
    insta::assert_snapshot!(render_html(&template, "he", Direction::Rtl), @r#"
    <!DOCTYPE html>
    <html lang="he" dir="rtl">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>s</title>
    </head>
    <body style="margin:0 auto;max-width:600px;padding:20px;font-family:Arial,sans-serif;font-size:16px;line-height:1.6;color:#1a1a1a;background-color:#ffffff">
    <p>Hi {{first_name | there}},</p>
    <p>List:</p>
    <ol>
    <li>a &amp; b</li>
    <li>&lt;c&gt;</li>
    </ol>
    <ul>
    <li>d</li>
    <li>e</li>
    </ul>
    <p>f</p>
    <p>See <a href="https://example.com/a?b=1&amp;c=2">https://example.com/a?b=1&amp;c=2</a>.<br>
    (<a href="http://x.y/(z)">http://x.y/(z)</a>)</p>
    </body>
    </html>
    "#);
}

#[test]
fn an_address_keeps_its_placeholder_and_a_placeholder_its_address() {
    let html = render_html(
        &body("https://a.b/{{name}}/c, {{link | https://d.e}}"),
        "en",
        Direction::Ltr,
    );
    assert!(
        html.contains(
            "<a href=\"https://a.b/{{name}}/c\">https://a.b/{{name}}/c</a>, {{link | https://d.e}}"
        )
    );
}

#[test]
fn finished_html_is_kept_byte_for_byte_and_its_placeholders_are_known() {
    let html =
        "<style>@media x{.a{b:c}}</style>\r\n<p>{{ subscriber.first_name|default:\"there\" }} {{link}}\r\n";
    let (finished, found) = parse_html("a.html", html.as_bytes());
    let finished = finished.unwrap();
    assert_eq!((finished.html.as_str(), found.as_slice()), (html, [].as_slice()));
    assert_eq!(finished.placeholders[0].fallback.as_deref(), Some("there"));
    assert_eq!(
        places(&undeclared_in("a.html", &finished.placeholders, &[])),
        [("PlaceholderUndeclared", 2, 48)]
    );
}

#[test]
fn finished_html_that_acts_by_itself_is_an_error_and_is_not_changed() {
    let html = "<p>\n <a onclick=x>\n<a href='javascript:x'><script>";
    let (finished, found) = parse_html("a.html", html.as_bytes());
    assert_eq!(
        places(&found),
        [
            ("ActiveContent", 2, 2),
            ("ActiveContent", 3, 1),
            ("ActiveContent", 3, 24)
        ]
    );
    assert_eq!(finished.unwrap().html, html);
    assert_eq!(
        parse_html("a.html", &vec![b'a'; 600_000]).1[0].code,
        "FileTooLarge"
    );
    assert_eq!(parse_html("a.html", b" ").1[0].code, "BodyMissing");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        parse("m", &bytes, &[]);
        parse_html("m", &bytes);
    }

    #[test]
    fn nothing_that_is_rendered_acts_by_itself(
        lines in prop::collection::vec("(\\PC{0,20}|<script>|\\{\\{a \\| <script>\\}\\}|https://[^\\s]{0,8}|[\"'<>{}]{0,6}| on[a-z]=|[0-9][.)] a|- b)", 0..12)
    ) {
        let template = body(&lines.join("\n").replace('\0', ""));
        let html = render_html(&template, "en", Direction::Ltr);
        prop_assert_eq!(active::find(&html).unwrap(), []);
        prop_assert!(!html.contains("<script"));
    }

    #[test]
    fn every_place_is_a_place_of_the_file(file in "(## EN D[0-3] — x\n|Subject: s\n|Body:\n|\\{\\{[a-z |]{0,6}\\}?\\}?|\\PC{0,8}\n|---\n|\\n){0,30}") {
        let (_, found) = read(&file);
        let lines: Vec<&str> = file.lines().collect();
        for one in found {
            let line = lines[usize::try_from(one.position.line).unwrap() - 1];
            let column = usize::try_from(one.position.column).unwrap();
            prop_assert!(column >= 1 && column <= line.chars().count() + 1, "{one}");
        }
    }
}
