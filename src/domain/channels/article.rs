//! A text as the HTML of an article.

use super::facets::{LeadsTo, facets};
use crate::{api::Direction, domain::content::html::escape};

/// A text as HTML: paragraphs between blank lines, addresses that lead where they say, and everything else as it is written.
///
/// Square brackets are written as entities as well: what stands in them is a command to WordPress.
pub fn html(text: &str, direction: Direction) -> String {
    let way = match direction {
        Direction::Rtl => " dir=\"rtl\"",
        Direction::Ltr => "",
    };
    let paragraphs: Vec<String> = text
        .split("\n\n")
        .map(str::trim)
        .filter(|paragraph| !paragraph.is_empty())
        .map(|paragraph| format!("<p{way}>{}</p>", linked(paragraph).replace('\n', "<br />\n")))
        .collect();
    paragraphs.join("\n\n")
}

fn linked(text: &str) -> String {
    let mut html = String::new();
    let mut last = 0;
    for facet in facets(text) {
        let LeadsTo::Link(url) = &facet.leads_to else {
            continue;
        };
        let before = text.get(last..facet.start).unwrap_or_default();
        let shown = escaped(url);
        html.extend([
            escaped(before).as_str(),
            "<a href=\"",
            &shown,
            "\">",
            &shown,
            "</a>",
        ]);
        last = facet.end;
    }
    html.push_str(&escaped(text.get(last..).unwrap_or_default()));
    html
}

fn escaped(text: &str) -> String {
    escape(text).replace('[', "&#91;").replace(']', "&#93;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_lines_and_links_stay_and_nothing_else_is_markup() {
        let text = "שלום \"עולם\" & <b>\nsecond line [gallery]\n\n\nhttps://example.com/?a=1&cid=x.\n";
        assert_eq!(
            html(text, Direction::Rtl),
            "<p dir=\"rtl\">שלום &quot;עולם&quot; &amp; &lt;b&gt;<br />\nsecond line &#91;gallery&#93;</p>\n\n\
             <p dir=\"rtl\"><a href=\"https://example.com/?a=1&amp;cid=x\">https://example.com/?a=1&amp;cid=x</a>.</p>"
        );
        assert_eq!(html("a #tag", Direction::Ltr), "<p>a #tag</p>");
    }
}
