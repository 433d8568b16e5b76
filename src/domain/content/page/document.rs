//! A page as a whole HTML document.

use std::fmt::Write as _;

use super::Page;
use crate::{
    api::Direction,
    domain::content::html::{dir, escape},
};

const STYLE: &str = "body{margin:0 auto;max-width:44rem;padding:1.5rem;font-family:system-ui,sans-serif;line-height:1.6}img{max-width:100%;height:auto}pre{overflow-x:auto}table{border-collapse:collapse}td,th{border:1px solid;padding:.25rem .5rem}";

/// A complete HTML document with one `h1`: the heading that the body begins with, else the title.
///
/// The page's own `canonical` counts before `canonical_url`. Equal pages give equal bytes.
pub fn document(page: &Page, language: &str, direction: Direction, canonical_url: Option<&str>) -> String {
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"{}\" dir=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n",
        escape(language),
        dir(direction),
        escape(&page.title),
    );
    let named = [("description", &page.excerpt), ("author", &page.author)];
    for (name, content) in named {
        if let Some(content) = content {
            let _ = writeln!(html, "<meta name=\"{name}\" content=\"{}\">", escape(content));
        }
    }
    if let Some(address) = page.canonical.as_deref().or(canonical_url) {
        let _ = writeln!(html, "<link rel=\"canonical\" href=\"{}\">", escape(address));
    }
    let _ = writeln!(html, "<style>{STYLE}</style>\n</head>\n<body>\n<article>");
    article(&mut html, page);
    html.push_str("</article>\n</body>\n</html>\n");
    html
}

fn article(html: &mut String, page: &Page) {
    let title = escape(&page.title);
    let heading = page.heading_html.as_deref().unwrap_or(&title);
    let _ = writeln!(html, "<h1>{}</h1>", heading.trim());
    let date = page.date.as_deref().map(escape);
    let date = date.map(|date| format!("<time datetime=\"{date}\">{date}</time>"));
    let author = page.author.as_deref().map(escape);
    let line: Vec<String> = [date, author].into_iter().flatten().collect();
    if !line.is_empty() {
        let _ = writeln!(html, "<p>{}</p>", line.join(" · "));
    }
    let _ = writeln!(html, "{}", page.html_body);
    if !page.tags.is_empty() {
        html.push_str("<footer>\n<ul>\n");
        for tag in &page.tags {
            let _ = writeln!(html, "<li>{}</li>", escape(tag));
        }
        html.push_str("</ul>\n</footer>\n");
    }
}
