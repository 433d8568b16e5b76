//! The text that a reader receives: copy, blank line, link; and the link with its tracking.

use url::Url;

use crate::api::LinkPlacement;

/// The longest link that an Asset carries, in characters.
pub(crate) const MAX_LINK: usize = 4096;
/// What a link must carry so that its clicks can be counted.
const UTM_PARAMETERS: [&str; 3] = ["utm_source", "utm_medium", "utm_campaign"];

/// A post as a reader receives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Copy, blank line, link.
    pub text: String,
    /// The link with its tracking, wherever it is placed.
    pub link: Option<String>,
}

/// Renders a post.
///
/// Line breaks become LF, so that saving a sheet on another system changes no digest. Where the copy holds the link
/// already, the link with its tracking takes its place there and none is added.
pub fn render(copy: &str, link: Option<&str>, placement: LinkPlacement, parameter: (&str, &str)) -> Rendered {
    let copy = copy.replace("\r\n", "\n").replace('\r', "\n");
    let copy = copy.trim();
    let Some(link) = link else {
        return Rendered {
            text: copy.to_owned(),
            link: None,
        };
    };
    let tracked = with_parameter(link, parameter);
    let (replaced, held) = replace_link(copy, link, &tracked);
    let text = if held || placement != LinkPlacement::End {
        replaced
    } else if copy.is_empty() {
        tracked.clone()
    } else {
        format!("{copy}\n\n{tracked}")
    };
    let link = (held || placement != LinkPlacement::None).then_some(tracked);
    Rendered { text, link }
}

/// Adds a query parameter, keeping query and fragment to the letter; a link that has the parameter stays as it is.
pub fn with_parameter(link: &str, (name, value): (&str, &str)) -> String {
    if name.is_empty() || has_parameter(link, name) {
        return link.to_owned();
    }
    let (address, fragment) = match link.split_once('#') {
        Some((address, fragment)) => (address, Some(fragment)),
        None => (link, None),
    };
    let separator = match address.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    let tracked = format!("{address}{separator}{name}={value}");
    fragment.map_or(tracked.clone(), |fragment| format!("{tracked}#{fragment}"))
}

/// True where the link's query has a parameter of that name.
pub fn has_parameter(link: &str, name: &str) -> bool {
    Url::parse(link).is_ok_and(|url| url.query_pairs().any(|(key, _)| key == name))
}

/// Why a link cannot be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkProblem {
    /// It is no http or https address.
    NotALink,
    /// It is longer than 4,096 characters.
    TooLong,
    /// Parameters by which clicks are counted are missing or empty.
    UtmMissing(Vec<&'static str>),
}

/// Checks a link: http or https with a host, no spaces, and every parameter by which clicks are counted.
pub fn check_link(link: &str) -> Result<(), LinkProblem> {
    if link.chars().count() > MAX_LINK - 64 {
        return Err(LinkProblem::TooLong);
    }
    let written = |one: char| one.is_whitespace() || one.is_control();
    let url = Url::parse(link)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .filter(|_| !link.contains(written))
        .ok_or(LinkProblem::NotALink)?;
    let missing: Vec<&str> = UTM_PARAMETERS
        .into_iter()
        .filter(|name| {
            !url.query_pairs()
                .any(|(key, value)| key == *name && !value.trim().is_empty())
        })
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(LinkProblem::UtmMissing(missing))
    }
}

/// Puts the tracked link where the copy holds the link; a longer link that begins with it is another one.
fn replace_link(copy: &str, link: &str, tracked: &str) -> (String, bool) {
    let mut replaced = String::new();
    let mut held = false;
    let mut rest = copy;
    while let Some((before, after)) = rest.split_once(link) {
        replaced.push_str(before);
        let whole = ends_here(after);
        replaced.push_str(if whole { tracked } else { link });
        held |= whole;
        rest = after;
    }
    replaced.push_str(rest);
    (replaced, held)
}

/// True where what follows a link is no part of it.
fn ends_here(after: &str) -> bool {
    let mut following = after.chars();
    match following.next() {
        None => true,
        Some('.' | ',' | ';' | ':' | '!' | '?') => following.next().is_none_or(|next| !is_of_link(next)),
        Some(next) => !is_of_link(next),
    }
}

fn is_of_link(one: char) -> bool {
    one.is_ascii_alphanumeric() || "-._~:/?#[@!$&*+,;=%".contains(one)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LINK: &str = "https://example.com/?utm_source=x&utm_medium=social&utm_campaign=w1";
    const CID: (&str, &str) = ("cid", "abcdefgh");

    fn text(copy: &str, placement: LinkPlacement) -> String {
        render(copy, Some(LINK), placement, CID).text
    }

    #[test]
    fn the_link_stands_after_a_blank_line_at_the_end() {
        assert_eq!(
            text(" Hello\r\nthere \n", LinkPlacement::End),
            format!("Hello\nthere\n\n{LINK}&cid=abcdefgh")
        );
    }

    #[test]
    fn copy_that_holds_the_link_gets_no_second_one() {
        let copy = format!("See {LINK}. Now!");
        assert_eq!(
            text(&copy, LinkPlacement::End),
            format!("See {LINK}&cid=abcdefgh. Now!")
        );
        let longer = format!("See {LINK}&more=1");
        assert!(text(&longer, LinkPlacement::End).ends_with(&format!("\n\n{LINK}&cid=abcdefgh")));
    }

    #[test]
    fn card_and_none_leave_the_link_out_of_the_text() {
        assert_eq!(text("Hello", LinkPlacement::Card), "Hello");
        let none = render("Hello", Some(LINK), LinkPlacement::None, CID);
        assert_eq!((none.text.as_str(), none.link), ("Hello", None));
        assert!(
            render("Hello", Some(LINK), LinkPlacement::Card, CID)
                .link
                .is_some()
        );
    }

    #[test]
    fn the_parameter_keeps_query_and_fragment_and_is_never_doubled() {
        for (link, tracked) in [
            ("https://e.com/", "https://e.com/?cid=abcdefgh"),
            ("https://e.com/?a=1#top", "https://e.com/?a=1&cid=abcdefgh#top"),
            ("https://e.com/?#top", "https://e.com/?cid=abcdefgh#top"),
            ("https://e.com/?a=1&", "https://e.com/?a=1&cid=abcdefgh"),
            ("https://e.com/?cid=mine", "https://e.com/?cid=mine"),
        ] {
            assert_eq!(with_parameter(link, CID), tracked);
            assert_eq!(with_parameter(tracked, CID), tracked);
        }
        assert_eq!(with_parameter("https://e.com/", ("", "x")), "https://e.com/");
    }

    #[test]
    fn a_link_names_what_it_lacks() {
        assert_eq!(check_link(LINK), Ok(()));
        assert_eq!(
            check_link("https://e.com/?utm_source=x&utm_medium="),
            Err(LinkProblem::UtmMissing(vec!["utm_medium", "utm_campaign"]))
        );
        for link in [
            "example.com",
            "ftp://e.com",
            "https://",
            "https://e.com/a b",
            "javascript:alert(1)",
        ] {
            assert_eq!(check_link(link), Err(LinkProblem::NotALink), "{link}");
        }
    }

    proptest! {
        #[test]
        fn rendering_never_panics_and_holds_the_tracked_link_once(copy in ".{0,60}", link in "https://e\\.com/[a-z?&=#]{0,12}") {
            let rendered = render(&copy, Some(&link), LinkPlacement::End, CID);
            let tracked = rendered.link.unwrap();
            prop_assert!(rendered.text.contains(&tracked));
            prop_assert_eq!(with_parameter(&tracked, CID), tracked);
        }
    }
}
