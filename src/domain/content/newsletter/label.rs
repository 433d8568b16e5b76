//! The words that label the parts of an issue, as data.

use crate::{api::NewsletterLabels, domain::content::email::label};

/// Part of a version that a label begins, in the order in which readers receive them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Subject,
    Intro,
    MainPoints,
    Cta,
    Link,
    Closing,
}

pub(super) type Labels = label::Labels<Part>;

const SHIPPED: [(&str, Part); 14] = [
    ("Subject", Part::Subject),
    ("Intro", Part::Intro),
    ("Introduction", Part::Intro),
    ("Main points", Part::MainPoints),
    ("CTA", Part::Cta),
    ("Call to action", Part::Cta),
    ("Link", Part::Link),
    ("Closing", Part::Closing),
    ("נושא", Part::Subject),
    ("פתיח", Part::Intro),
    ("נקודות מרכזיות", Part::MainPoints),
    ("קריאה לפעולה", Part::Cta),
    ("קישור", Part::Link),
    ("סגירה", Part::Closing),
];

impl Part {
    pub(super) const ALL: [Self; 6] = [
        Self::Subject,
        Self::Intro,
        Self::MainPoints,
        Self::Cta,
        Self::Link,
        Self::Closing,
    ];

    /// The English label.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Subject => "Subject",
            Self::Intro => "Intro",
            Self::MainPoints => "Main points",
            Self::Cta => "CTA",
            Self::Link => "Link",
            Self::Closing => "Closing",
        }
    }
}

/// The shipped labels and more.
pub(super) fn labels(more: &[NewsletterLabels]) -> Labels {
    let more = more.iter().flat_map(|labels| {
        [
            (labels.subject.as_str(), Part::Subject),
            (&labels.intro, Part::Intro),
            (&labels.main_points, Part::MainPoints),
            (&labels.cta, Part::Cta),
            (&labels.link, Part::Link),
            (&labels.closing, Part::Closing),
        ]
    });
    Labels::of(SHIPPED.into_iter().chain(more))
}
