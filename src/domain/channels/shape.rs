//! What a post may have beside its text, platform by platform.

use crate::api::{AssetContent, Channel, LinkPlacement};

/// The longest title of a card on LinkedIn, in characters.
const MAX_CARD_TITLE: usize = 400;
/// The longest title of a submission on Reddit, in characters.
const MAX_SUBMISSION_TITLE: usize = 300;

/// The code, what the channel does, and what to do.
pub(super) type Problem = (&'static str, String, &'static str);

/// What a post may have beside its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Nothing.
    Text,
    /// A subject: whatever can be a letter.
    Letter,
    /// A link as a card with a title.
    TitledCard,
    /// A link as a card without a title.
    Card,
    /// A title, and a text or a link alone.
    Titled,
    /// A title above it.
    Article {
        /// The longest title, in characters.
        longest_title: usize,
        /// Most tags.
        tags: usize,
        /// Whether what stands below --- at the beginning is taken for settings.
        reads_settings: bool,
    },
}

impl Shape {
    pub(super) const fn of(channel: Channel<'_>) -> Self {
        match channel {
            Channel::Smtp(_) => Self::Letter,
            Channel::LinkedIn(_) => Self::TitledCard,
            Channel::Reddit(_) => Self::Titled,
            Channel::FacebookPage(_) => Self::Card,
            Channel::Devto(_) => Self::Article {
                longest_title: 128,
                tags: 4,
                reads_settings: true,
            },
            // Tags are numbers there, which nobody writes into a sheet.
            Channel::Wordpress(_) => Self::Article {
                longest_title: 1_024,
                tags: 0,
                reads_settings: false,
            },
            _ => Self::Text,
        }
    }

    /// What a post of this shape could not show.
    pub(super) fn problem(self, content: &AssetContent) -> Option<Problem> {
        let title = content.title.as_deref().unwrap_or_default().trim();
        let card = is_card(content);
        self.title_problem(title, card)
            .or_else(|| self.link_problem(content, card))
            .or_else(|| match self {
                Self::Titled if card => beside_a_link(content, title),
                Self::Article {
                    tags, reads_settings, ..
                } => beside_an_article(content, tags, reads_settings),
                _ => None,
            })
    }

    fn title_problem(self, title: &str, card: bool) -> Option<Problem> {
        let most = match self {
            Self::Letter => return None,
            Self::TitledCard if card => MAX_CARD_TITLE,
            Self::Titled => MAX_SUBMISSION_TITLE,
            Self::Article { longest_title, .. } => longest_title,
            Self::Text | Self::Card | Self::TitledCard if title.is_empty() => return None,
            Self::Text | Self::Card | Self::TitledCard => {
                let what = "shows no title".to_owned();
                return Some(("TitleNotShown", what, "Leave the title empty."));
            }
        };
        let length = title.chars().count();
        if title.is_empty() {
            let what = "shows a title, and there is none".to_owned();
            let help = "Add a column title: none is made from the copy.";
            return Some(("TitleMissing", what, help));
        }
        let what = || format!("shows a title of at most {most} characters, and this one has {length}");
        (length > most).then(|| ("TitleTooLong", what(), "Shorten it: nothing is cut."))
    }

    fn link_problem(self, content: &AssetContent, card: bool) -> Option<Problem> {
        let placed = matches!(content.link_placement, LinkPlacement::End | LinkPlacement::None);
        let (what, help) = match self {
            _ if content.links.is_empty() || placed => return None,
            Self::Letter => return None,
            Self::Text | Self::Article { .. } => {
                ("takes a link in the text alone", "Write link_placement end.")
            }
            Self::Card | Self::TitledCard | Self::Titled if card && content.links.len() == 1 => return None,
            Self::Card | Self::TitledCard | Self::Titled => (
                "takes a link in the text, or one as a card",
                "Write link_placement end or card.",
            ),
        };
        Some(("LinkPlacementNotShown", what.to_owned(), help))
    }
}

/// A link post shows its title and its link alone.
fn beside_a_link(content: &AssetContent, title: &str) -> Option<Problem> {
    (content.text.trim() != title).then(|| {
        (
            "TextNotShown",
            "shows no text beside the title of a link post".to_owned(),
            "Write link_placement end, or the title as the copy.",
        )
    })
}

fn beside_an_article(content: &AssetContent, tags: usize, reads_settings: bool) -> Option<Problem> {
    if content.tags.len() > tags {
        let what = format!("shows at most {tags} tags, and there are {}", content.tags.len());
        return Some(("TooManyTags", what, "Leave some out."));
    }
    (reads_settings && content.text.trim_start().starts_with("---")).then(|| {
        (
            "FrontMatterNotShown",
            "reads what stands below --- at the beginning as settings".to_owned(),
            "Begin with words.",
        )
    })
}

/// True where a link stands under the text, as a card.
fn is_card(content: &AssetContent) -> bool {
    content.link_placement == LinkPlacement::Card && !content.links.is_empty()
}
