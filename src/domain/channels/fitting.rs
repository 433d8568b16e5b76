//! Whether words fit a platform: what it cannot show is said before the day, and nothing is cut or left out.

use unicode_segmentation::UnicodeSegmentation as _;

use super::{letter, little_text::little_text, shape::Shape};
use crate::{
    api::{AssetContent, AssetType, Channel},
    domain::policy::weighted,
};

/// How a platform takes a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fitting {
    /// The field of a ChannelConfig.
    member: &'static str,
    /// The longest text, in `unit`, as it is sent.
    most: usize,
    unit: Unit,
    spelling: Spelling,
    shape: Shape,
}

/// What a platform counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// Unicode scalar values.
    Characters,
    /// UTF-16 code units: most emoji count twice.
    Utf16,
    /// What people see as one character; a link as [`SHORT_LINK`].
    GraphemesAndShortLinks,
    /// As X weighs them.
    XWeighted,
    /// Bytes of UTF-8.
    Bytes,
    /// What people see as one character, in no more than [`BYTES_OF_GRAPHEMES`] bytes.
    Graphemes,
}

/// What a link counts on Mastodon: `characters_reserved_per_url` of <https://docs.joinmastodon.org/entities/Instance/>.
const SHORT_LINK: usize = 23;

/// The bytes that a text of Bluesky may have: `maxLength` of <https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/post.json>.
const BYTES_OF_GRAPHEMES: usize = 3_000;

/// How a text is written for a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    AsItIs,
    /// `&`, `<` and `>` as entities, which count as they are sent.
    Slack,
    /// LinkedIn's little text; its backslashes do not count.
    Little,
}

/// Why words do not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// One CamelCase word.
    pub code: &'static str,
    /// What is wrong, with the count.
    pub message: String,
    /// What to do.
    pub help: &'static str,
}

/// How a channel takes a text; `None` for channels without limits of their own.
///
/// Sources: 40,000 characters, <https://docs.slack.dev/reference/methods/chat.postMessage>; 2,000,
/// <https://discord.com/developers/docs/resources/message>; 4,096, <https://core.telegram.org/bots/api#sendmessage>; 3,000 is
/// what LinkedIn says when it refuses more, and UTF-16 counts never less than it does; 280,
/// <https://docs.x.com/fundamentals/counting-characters>: longer posts of paying accounts are not sent;
/// 800 KiB, the article of <https://github.com/forem/forem>.
pub const fn fitting(channel: Channel<'_>) -> Option<Fitting> {
    let (most, unit, spelling) = match channel {
        Channel::Webhook(_) | Channel::ObjectStore(_) | Channel::GitPages(_) | Channel::Manual(_) => {
            return None;
        }
        // The server's own limit is not known before it says so.
        Channel::Smtp(_) => (usize::MAX, Unit::Bytes, Spelling::AsItIs),
        Channel::Slack(_) => (40_000, Unit::Characters, Spelling::Slack),
        Channel::Discord(_) => (2_000, Unit::Characters, Spelling::AsItIs),
        Channel::Telegram(_) => (4_096, Unit::Utf16, Spelling::AsItIs),
        Channel::Mastodon(mastodon) => (
            mastodon.max_characters as usize,
            Unit::GraphemesAndShortLinks,
            Spelling::AsItIs,
        ),
        Channel::LinkedIn(_) => (3_000, Unit::Utf16, Spelling::Little),
        Channel::X(_) => (280, Unit::XWeighted, Spelling::AsItIs),
        Channel::Devto(_) => (800 * 1024, Unit::Bytes, Spelling::AsItIs),
        // `maxGraphemes` of the same.
        Channel::Bluesky(_) => (300, Unit::Graphemes, Spelling::AsItIs),
        // As much as its database takes.
        Channel::Wordpress(_) => (4 * 1024 * 1024, Unit::Bytes, Spelling::AsItIs),
        Channel::Reddit(_) => (40_000, Unit::Characters, Spelling::AsItIs),
        Channel::FacebookPage(_) => (63_206, Unit::Utf16, Spelling::AsItIs),
    };
    Some(Fitting {
        member: channel.member(),
        most,
        unit,
        spelling,
        shape: Shape::of(channel),
    })
}

impl Fitting {
    /// The text as it is sent.
    ///
    /// # Errors
    /// The first thing that the platform could not show as it is written.
    pub fn fit(&self, type_: AssetType, content: &AssetContent) -> Result<String, Misfit> {
        self.is_a_text(type_, content)?;
        let text = match self.spelling {
            Spelling::AsItIs => content.text.clone(),
            Spelling::Slack => escaped(&content.text),
            Spelling::Little => little_text(&content.text),
        };
        let length = self.unit.count(match self.spelling {
            Spelling::AsItIs | Spelling::Slack => &text,
            Spelling::Little => &content.text,
        });
        if length > self.most {
            return Err(self.too_long(length, self.most, self.unit));
        }
        if self.unit == Unit::Graphemes && text.len() > BYTES_OF_GRAPHEMES {
            return Err(self.too_long(text.len(), BYTES_OF_GRAPHEMES, Unit::Bytes));
        }
        Ok(text)
    }

    fn is_a_text(&self, type_: AssetType, content: &AssetContent) -> Result<(), Misfit> {
        let problem = if self.shape == Shape::Letter {
            let Some(problem) = letter::problem(type_, content) else {
                return Ok(());
            };
            problem
        } else if type_ != AssetType::Post {
            (
                "NotAPost",
                "takes posts, and this is none".to_owned(),
                "Give it a channel of another type.",
            )
        } else if content.text.trim().is_empty() {
            (
                "TextMissing",
                "takes a text, and there is none".to_owned(),
                "Write one.",
            )
        } else if !content.media.is_empty() {
            (
                "MediaNotShown",
                "is sent no media".to_owned(),
                "Leave them out, or publish this by hand.",
            )
        } else if let Some(problem) = self.shape.problem(content) {
            problem
        } else {
            return Ok(());
        };
        let (code, what, help) = problem;
        Err(Misfit {
            code,
            message: format!("The channel type {} {what}.", self.member),
            help,
        })
    }

    fn too_long(&self, length: usize, most: usize, unit: Unit) -> Misfit {
        Misfit {
            code: "CopyTooLong",
            message: format!(
                "The text has {length} {}, its link counted; the limit of {} is {most}: {} too many.",
                unit.name(),
                self.member,
                length - most
            ),
            help: "Shorten it: nothing is cut.",
        }
    }
}

impl Unit {
    fn count(self, text: &str) -> usize {
        match self {
            Self::Characters => text.chars().count(),
            Self::Utf16 => text.encode_utf16().count(),
            Self::GraphemesAndShortLinks => with_short_links(text),
            Self::XWeighted => weighted::length(text),
            Self::Bytes => text.len(),
            Self::Graphemes => text.graphemes(true).count(),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Characters | Self::Graphemes => "characters",
            Self::GraphemesAndShortLinks => "characters (a link counts as 23)",
            Self::Utf16 => "characters (an emoji counts as two)",
            Self::Bytes => "bytes",
            Self::XWeighted => "characters as X counts them (a link as 23, an emoji as two)",
        }
    }
}

/// As <https://docs.slack.dev/messaging/formatting-message-text> asks; `&` first, so that no entity is escaped twice.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A mention counts whole, which is never less than the platform counts.
fn with_short_links(text: &str) -> usize {
    let words = text.split_inclusive(char::is_whitespace);
    words
        .map(|word| {
            let link = word.trim_end_matches(|c: char| c.is_whitespace() || ".,;:!?)'\"".contains(c));
            let beside = word.strip_prefix(link).unwrap_or_default();
            if link.starts_with("https://") || link.starts_with("http://") {
                SHORT_LINK + beside.graphemes(true).count()
            } else {
                word.graphemes(true).count()
            }
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{ChannelConfigSpec, Link, LinkPlacement, Media};

    fn of(channel: &serde_json::Value) -> Fitting {
        let mut spec = serde_json::json!({"platform": "chat", "account": "a"});
        spec.as_object_mut()
            .unwrap()
            .extend(channel.as_object().unwrap().clone());
        let spec: ChannelConfigSpec = serde_json::from_value(spec).unwrap();
        fitting(spec.channel().unwrap()).unwrap()
    }

    fn slack() -> Fitting {
        of(&serde_json::json!({"slack": {"secretRef": {"name": "s"}}}))
    }

    fn discord() -> Fitting {
        of(&serde_json::json!({"discord": {"secretRef": {"name": "s"}}}))
    }

    fn telegram() -> Fitting {
        of(&serde_json::json!({"telegram": {"secretRef": {"name": "s"}, "chat": "@acme"}}))
    }

    fn text(text: &str) -> AssetContent {
        AssetContent {
            text: text.into(),
            ..AssetContent::default()
        }
    }

    fn code(fitting: Fitting, content: &AssetContent) -> &'static str {
        fitting
            .fit(AssetType::Post, content)
            .map_or_else(|misfit| misfit.code, |_| "fits")
    }

    #[test]
    fn a_text_that_fits_is_sent_to_the_byte() {
        let words = "שלום \u{1F469}\u{200D}\u{1F680} *not bold* _nor this_ & <this>";
        for fitting in [discord(), telegram()] {
            assert_eq!(fitting.fit(AssetType::Post, &text(words)).unwrap(), words);
        }
    }

    #[test]
    fn slack_gets_its_three_characters_as_entities_once() {
        let sent = slack().fit(AssetType::Post, &text("a & b < c > &amp; <!channel>"));
        assert_eq!(sent.unwrap(), "a &amp; b &lt; c &gt; &amp;amp; &lt;!channel&gt;");
    }

    #[test]
    fn each_platform_counts_in_its_own_way_and_the_message_has_the_count() {
        let rockets = |count| text(&"\u{1F680}".repeat(count));
        assert_eq!(code(telegram(), &rockets(2_048)), "fits");
        assert_eq!(code(telegram(), &rockets(2_049)), "CopyTooLong");
        assert_eq!(code(discord(), &rockets(2_000)), "fits");
        let misfit = discord().fit(AssetType::Post, &rockets(2_001)).unwrap_err();
        assert_eq!(
            misfit.message,
            "The text has 2001 characters, its link counted; the limit of discord is 2000: 1 too many."
        );
        let mastodon = of(
            &serde_json::json!({"mastodon": {"endpoint": "https://m.example", "secretRef": {"name": "s"}}}),
        );
        let link = format!("https://example.com/{}", "a".repeat(400));
        let with_link = |count| text(&format!("{} {link}.", "\u{1F469}\u{200D}\u{1F680}".repeat(count)));
        assert_eq!(code(mastodon, &with_link(475)), "fits");
        assert_eq!(code(mastodon, &with_link(476)), "CopyTooLong");
        let x = of(&serde_json::json!({"x": {"handle": "acme", "secretRef": {"name": "s"}}}));
        let with_link = |count| text(&format!("{}\n\n{link}", "\u{1F680}".repeat(count)));
        assert_eq!(code(x, &with_link(127)), "fits");
        let misfit = x.fit(AssetType::Post, &with_link(128)).unwrap_err();
        assert!(
            misfit.message.contains("has 281 characters as X counts them"),
            "{}",
            misfit.message
        );
        // Five characters stand for one.
        assert_eq!(code(slack(), &text(&"&".repeat(8_000))), "fits");
        assert_eq!(code(slack(), &text(&"&".repeat(8_001))), "CopyTooLong");
    }

    fn linkedin() -> Fitting {
        of(&serde_json::json!({"linkedin": {"author": "urn:li:organization:1", "secretRef": {"name": "s"}}}))
    }

    #[test]
    fn linkedin_is_sent_little_text_whose_backslashes_do_not_count() {
        let sent = linkedin().fit(AssetType::Post, &text("a (b) #tag"));
        assert_eq!(sent.unwrap(), r"a \(b\) {hashtag|\#|tag}");
        assert_eq!(code(linkedin(), &text(&"(".repeat(3_000))), "fits");
        assert_eq!(code(linkedin(), &text(&"(".repeat(3_001))), "CopyTooLong");
        assert_eq!(code(linkedin(), &text(&"\u{1F680}".repeat(1_501))), "CopyTooLong");
    }

    #[test]
    fn a_card_on_linkedin_has_one_link_and_a_title() {
        let link = Link {
            url: "https://example.com/".into(),
        };
        let card = |title: Option<&str>, links: usize| AssetContent {
            title: title.map(str::to_owned),
            links: vec![link.clone(); links],
            link_placement: LinkPlacement::Card,
            ..text("a")
        };
        assert_eq!(code(linkedin(), &card(Some("A title"), 1)), "fits");
        assert_eq!(code(linkedin(), &card(Some(&"a".repeat(401)), 1)), "TitleTooLong");
        for title in [None, Some(" ")] {
            assert_eq!(code(linkedin(), &card(title, 1)), "TitleMissing");
        }
        assert_eq!(code(linkedin(), &card(None, 0)), "fits");
        assert_eq!(code(linkedin(), &card(Some("A title"), 0)), "TitleNotShown");
        assert_eq!(
            code(linkedin(), &card(Some("A title"), 2)),
            "LinkPlacementNotShown"
        );
        let end = AssetContent {
            link_placement: LinkPlacement::End,
            ..card(Some("A title"), 1)
        };
        assert_eq!(code(linkedin(), &end), "TitleNotShown");
    }

    #[test]
    fn bluesky_counts_what_people_see_and_the_bytes_as_well() {
        let bluesky = of(&serde_json::json!({"bluesky": {"handle": "acme.com", "secretRef": {"name": "s"}}}));
        assert_eq!(code(bluesky, &text(&"ש".repeat(300))), "fits");
        assert_eq!(code(bluesky, &text(&"ש".repeat(301))), "CopyTooLong");
        let family = "\u{1F469}\u{200D}\u{1F469}\u{200D}\u{1F467}";
        assert_eq!(code(bluesky, &text(&family.repeat(166))), "fits");
        let misfit = bluesky
            .fit(AssetType::Post, &text(&family.repeat(167)))
            .unwrap_err();
        assert_eq!(
            misfit.message,
            "The text has 3006 bytes, its link counted; the limit of bluesky is 3000: 6 too many."
        );
    }

    #[test]
    fn an_article_has_a_title_that_fits_and_begins_with_words() {
        let devto = of(&serde_json::json!({"devto": {"username": "acme", "secretRef": {"name": "s"}}}));
        let article = |title: &str, words: &str| AssetContent {
            title: Some(title.to_owned()),
            ..text(words)
        };
        for (content, expected) in [
            (article(&"\u{1F514}".repeat(128), "words"), "fits"),
            (article(&"\u{1F514}".repeat(129), "words"), "TitleTooLong"),
            (article(" ", "words"), "TitleMissing"),
            (text("words"), "TitleMissing"),
            (
                article("A title", "\n---\ntitle: another\n---\n"),
                "FrontMatterNotShown",
            ),
            (article("A title", &"ש".repeat(400 * 1024)), "fits"),
            (article("A title", &"ש".repeat(400 * 1024 + 1)), "CopyTooLong"),
        ] {
            assert_eq!(code(devto, &content), expected);
        }
        let tagged = AssetContent {
            tags: vec!["a".to_owned(); 5],
            ..article("A title", "words")
        };
        assert_eq!(code(devto, &tagged), "TooManyTags");
    }

    #[test]
    fn a_submission_on_reddit_has_a_title_and_a_text_or_a_link() {
        let reddit = of(&serde_json::json!({"reddit": {"user": "acme", "secretRef": {"name": "s"}}}));
        let link = Link {
            url: "https://example.com/".into(),
        };
        let titled = |title: &str, placement| AssetContent {
            title: Some(title.into()),
            links: vec![link.clone()],
            link_placement: placement,
            ..text("A title")
        };
        assert_eq!(code(reddit, &titled("Another", LinkPlacement::End)), "fits");
        assert_eq!(code(reddit, &titled("A title", LinkPlacement::Card)), "fits");
        assert_eq!(
            code(reddit, &titled("Another", LinkPlacement::Card)),
            "TextNotShown"
        );
        assert_eq!(code(reddit, &titled(" ", LinkPlacement::End)), "TitleMissing");
        assert_eq!(
            code(reddit, &titled(&"\u{1F680}".repeat(300), LinkPlacement::End)),
            "fits"
        );
        assert_eq!(
            code(reddit, &titled(&"a".repeat(301), LinkPlacement::End)),
            "TitleTooLong"
        );
        assert_eq!(
            code(reddit, &titled("A title", LinkPlacement::FirstComment)),
            "LinkPlacementNotShown"
        );
        let long = AssetContent {
            text: "a".repeat(40_001),
            ..titled("A title", LinkPlacement::End)
        };
        assert_eq!(code(reddit, &long), "CopyTooLong");
    }

    #[test]
    fn a_card_on_facebook_has_one_link_and_no_title() {
        let page = of(&serde_json::json!({"facebookPage": {"page": "1", "secretRef": {"name": "s"}}}));
        let card = |links: usize, title: Option<&str>| AssetContent {
            links: vec![
                Link {
                    url: "https://example.com/".into()
                };
                links
            ],
            title: title.map(str::to_owned),
            link_placement: LinkPlacement::Card,
            ..text("a")
        };
        assert_eq!(code(page, &card(1, None)), "fits");
        assert_eq!(code(page, &card(2, None)), "LinkPlacementNotShown");
        assert_eq!(code(page, &card(1, Some("A title"))), "TitleNotShown");
        assert_eq!(code(page, &text(&"a".repeat(63_207))), "CopyTooLong");
    }

    #[test]
    fn what_a_chat_cannot_show_is_named_and_not_left_out() {
        let link = vec![Link {
            url: "https://example.com/".into(),
        }];
        let media = Media {
            path: "a.png".into(),
            digest: String::new(),
            alt_text: String::new(),
        };
        for (change, expected) in [
            (
                AssetContent {
                    text: " \n".into(),
                    ..text("")
                },
                "TextMissing",
            ),
            (
                AssetContent {
                    title: Some("A title".into()),
                    ..text("a")
                },
                "TitleNotShown",
            ),
            (
                AssetContent {
                    media: vec![media],
                    ..text("a")
                },
                "MediaNotShown",
            ),
            (
                AssetContent {
                    links: link,
                    link_placement: LinkPlacement::Card,
                    ..text("a")
                },
                "LinkPlacementNotShown",
            ),
        ] {
            assert_eq!(code(telegram(), &change), expected);
        }
        let page = telegram().fit(AssetType::Page, &text("a")).unwrap_err();
        assert_eq!(page.code, "NotAPost");
    }
}
