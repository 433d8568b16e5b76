use proptest::prelude::*;

use super::*;
use crate::{api::Direction, domain::content::html::active};

fn places(page: &str) -> Vec<(&'static str, u32, u32)> {
    let (_, found) = parse("page.md", page.as_bytes());
    assert!(
        found.iter().all(|one| !one.fatal),
        "a page never stops the campaign"
    );
    let place = |one: &Diagnostic| (one.code, one.position.line, one.position.column);
    found.iter().map(place).collect()
}

fn page(body: &str) -> Page {
    let file = format!("---\ntitle: T\n---\n{body}");
    let (page, found) = parse("page.md", file.as_bytes());
    page.unwrap_or_else(|| panic!("{found:?}"))
}

const WHOLE: &str = "---\ntitle: \"A & B: <c>\"\ndate: 2026-02-16\nexcerpt: 'Short \"one\"'\nauthor: Someone\ntags: [\"x\", y]\ncanonical: https://example.com/a?b&c\nslug: a-b\n---\n\n# A heading\n\nWords.\n";

#[test]
fn front_matter_and_body_become_a_page() {
    let (page, found) = parse("page.md", WHOLE.as_bytes());
    let page = page.unwrap();
    assert_eq!(found, []);
    assert_eq!(page.title, "A & B: <c>");
    assert_eq!(page.date.as_deref(), Some("2026-02-16"));
    assert_eq!(page.tags, ["x", "y"]);
    assert_eq!(page.positions["date"], Position { line: 3, column: 7 });
    assert_eq!(
        (&*page.html_body, &*page.text),
        ("<p>Words.</p>", "A heading\n\nWords.")
    );
}

#[test]
fn a_document_has_one_heading_and_everything_in_it_is_escaped() {
    let (page, _) = parse("page.md", WHOLE.as_bytes());
    insta::assert_snapshot!(document(&page.unwrap(), "he", Direction::Rtl, Some("https://ignored.example")), @r##"
    <!DOCTYPE html>
    <html lang="he" dir="rtl">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>A &amp; B: &lt;c&gt;</title>
    <meta name="description" content="Short &quot;one&quot;">
    <meta name="author" content="Someone">
    <link rel="canonical" href="https://example.com/a?b&amp;c">
    <style>body{margin:0 auto;max-width:44rem;padding:1.5rem;font-family:system-ui,sans-serif;line-height:1.6}img{max-width:100%;height:auto}pre{overflow-x:auto}table{border-collapse:collapse}td,th{border:1px solid;padding:.25rem .5rem}</style>
    </head>
    <body>
    <article>
    <h1>A heading</h1>
    <p><time datetime="2026-02-16">2026-02-16</time> · Someone</p>
    <p>Words.</p>
    <footer>
    <ul>
    <li>x</li>
    <li>y</li>
    </ul>
    </footer>
    </article>
    </body>
    </html>
    "##);
}

#[test]
fn the_title_is_the_heading_only_where_the_body_has_none() {
    let html = |body: &str| document(&page(body), "en", Direction::Ltr, None);
    assert!(html("# T\n\nwords").contains("<h1>T</h1>"));
    assert!(html("words\n\n# Later").contains("<h1>T</h1>"));
    assert!(html("# Other *words*\n").contains("<h1>Other <em>words</em></h1>"));
    for body in [
        "# T",
        "words\n\n# a\n\n# b",
        "<h1>raw</h1>\n\nwords",
        "#\n\nwords",
        "",
    ] {
        assert_eq!(html(body).matches("<h1").count(), 1, "{body}");
    }
}

#[test]
fn scripts_styles_and_frames_are_left_out_and_said() {
    let (page, found) = parse(
        "page.md",
        b"---\ntitle: T\n---\n<script>alert(1)</script>\n\n<b onclick=x>bold</b> <iframe src=x></iframe>\n\n[l](javascript:x) ![p](http://a.b/c.png)\n",
    );
    let page = page.unwrap();
    let codes: Vec<_> = found
        .iter()
        .map(|one| (one.code, one.position.line, one.severity))
        .collect();
    assert_eq!(
        codes,
        [4, 6, 6, 8, 8].map(|line| ("HtmlRemoved", line, Severity::Warning))
    );
    assert_eq!(
        page.html_body,
        "<p><b>bold</b> </p>\n<p><a rel=\"noopener noreferrer\">l</a> <img alt=\"p\"></p>"
    );
}

#[test]
fn tables_code_and_headings_keep_their_shape() {
    let page = page(
        "## One & two\n\n## One & two\n\n|a|b|\n|-|-|\n|1|2|\n\n```\nx < y\n```\n~~old~~ ![p](https://a.b/c.png)\n",
    );
    insta::assert_snapshot!(page.html_body, @r##"
    <h2 id="one-two">One &amp; two</h2>
    <h2 id="one-two-2">One &amp; two</h2>
    <table><thead><tr><th>a</th><th>b</th></tr></thead><tbody>
    <tr><td>1</td><td>2</td></tr>
    </tbody></table>
    <pre><code>x &lt; y
    </code></pre>
    <p><del>old</del> <img src="https://a.b/c.png" alt="p"></p>
    "##);
    insta::assert_snapshot!(page.text, @r##"
    One & two
    
    One & two
    
    a | b
    1 | 2
    
    x < y
    
    old p
    "##);
}

#[test]
fn no_word_that_a_reader_sees_is_missing_from_the_text() {
    let page = page(
        "<div>raw <i>block</i></div>\n\n3. three\n4. four\n   - in\n\n> quote\n\na&nbsp;b &lt;c&gt;  \nd",
    );
    assert_eq!(
        page.text,
        "raw block\n\n3. three\n4. four\n- in\n\nquote\n\na\u{a0}b <c>\nd"
    );
}

#[test]
fn problems_of_the_front_matter_are_shown_where_they_stand() {
    assert_eq!(places("words"), [("FrontMatterMissing", 1, 1)]);
    assert_eq!(places("---\ntitle: x\n"), [("FrontMatterOpen", 1, 1)]);
    assert_eq!(
        places("---\ndate: \"2026-02-16\"\n---\n"),
        [("TitleMissing", 1, 1)]
    );
    assert_eq!(
        places("---\ntitle: x\ndate: 16/02/2026\n---\n"),
        [("BadDate", 3, 7)]
    );
    assert_eq!(
        places("---\ntitle: x\nexcert: y\n---\n"),
        [("UnknownField", 3, 1)]
    );
    assert_eq!(
        places("---\ntitle: [x]\ntags: {a: b}\n---\n"),
        [("BadField", 2, 8), ("BadField", 3, 7)]
    );
    assert_eq!(
        places("---\ntitle: x\ndraft: true\n---\n"),
        [("PageIsDraft", 3, 8)]
    );
    assert_eq!(places("---\ntitle: x\nslug: ../x\n---\n"), [("BadField", 3, 7)]);
    assert_eq!(
        places("---\ntitle: x\ncanonical: http://a.b\n---\n"),
        [("BadField", 3, 12)]
    );
    assert_eq!(places("---\ntitle: x: y\n---\n")[0].0, "FrontMatterInvalid");
    assert_eq!(
        places("---\ntitle: x\ntitle: y\n---\n")[0].0,
        "FrontMatterInvalid"
    );
    assert_eq!(places("---\n- x\n---\n")[0].0, "FrontMatterInvalid");
}

#[test]
fn aliases_and_merge_keys_are_refused_before_they_can_grow() {
    assert_eq!(
        places("---\ntitle: x\ntags: &a [y]\nauthor: *a\n---\n")[0].0,
        "FrontMatterInvalid"
    );
    assert_eq!(
        places("---\ntitle: x\n<<: {author: y}\n---\n")[0].0,
        "FrontMatterInvalid"
    );
    let deep = format!("---\ntitle: {}\n---\n", "[".repeat(5_000));
    assert_eq!(places(&deep)[0].0, "FrontMatterInvalid");
    let long = format!("---\ntitle: x\n{}---\n", "# more\n".repeat(20_000));
    assert_eq!(places(&long)[0].0, "FrontMatterTooLong");
}

#[test]
fn html_that_would_grow_in_the_sanitiser_is_refused() {
    let body = format!("{}\n\n{}", "<b a=b>".repeat(2_000), "a\n\n".repeat(2_000));
    assert_eq!(
        places(&format!("---\ntitle: x\n---\n{body}")),
        [("HtmlTooComplex", 1, 1)]
    );
    let body = "&amp;".repeat(100_000);
    assert_eq!(
        places(&format!("---\ntitle: x\n---\n{body}")),
        [("HtmlTooComplex", 1, 1)]
    );
    let body = "<div>".repeat(20_000);
    assert_eq!(
        places(&format!("---\ntitle: x\n---\n{body}")),
        [("HtmlTooComplex", 1, 1)]
    );
}

#[test]
fn bytes_that_are_no_text_are_refused_with_their_place() {
    assert_eq!(parse("p", b"---\ntitle: \xff\n---\n").1[0].code, "NotUtf8");
    assert_eq!(parse("p", &vec![b'a'; 5 << 20]).1[0].code, "FileTooLarge");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        parse("p", &bytes);
        let mut page = b"---\ntitle: x\n---\n".to_vec();
        page.extend(&bytes);
        parse("p", &page);
    }

    #[test]
    fn no_front_matter_makes_it_panic(yaml in "(title|date|tags|draft|x)?: ?[\\[\\]{}&*!|>'\"#\\-a-z0-9,: \n]{0,60}") {
        parse("p", format!("---\n{yaml}\n---\n").as_bytes());
    }

    #[test]
    fn no_document_acts_by_itself_and_each_is_the_same_every_time(
        title in "[\\PC&&[^\\\\]]{1,20}",
        body in "(\\PC{0,12}|<script>|</script>|<img src=x onerror=y>|\\[a\\]\\(javascript:b\\)|<[a-z]{1,6}( on[a-z]{1,3}=\"x\")?>|# |\\n|<!--|-->|\\|){0,16}",
    ) {
        let file = format!("---\ntitle: {}\n---\n{body}", serde_json::to_string(&title).unwrap());
        let (page, _) = parse("p", file.as_bytes());
        if let Some(page) = page {
            let html = document(&page, "en", Direction::Ltr, None);
            prop_assert!(!html.contains("<script"));
            prop_assert_eq!(active::find(&html).unwrap(), []);
            prop_assert_eq!(html.matches("<h1").count(), 1);
            prop_assert_eq!(parse("p", file.as_bytes()).0, Some(page));
        }
    }
}
