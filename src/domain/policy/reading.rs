//! A subject while it is judged: its parts, folded once for all rules, and what is found in them.

use std::{borrow::Cow, cell::OnceCell, ops::Range};

use jiff::Timestamp;

use super::{
    evidence::Evidence,
    folded::{Case, Folded, is_invisible},
    markup::Visible,
    places::Spot,
    subject::Subject,
    words::{Places, handles_in, link_ranges, without_trailing_marks},
};
use crate::api::{ContentField, RuleResult};

/// More findings of one rule than a person reads; the rest are counted.
pub(super) const MAX_HITS: usize = 100;
const MAX_EXCERPT: usize = 120;

/// A subject while it is judged.
#[derive(Debug)]
pub(super) struct Reading<'s> {
    /// The subject.
    pub subject: &'s Subject,
    /// What is known of the world.
    pub evidence: &'s Evidence<'s>,
    /// The time of the clock.
    pub now: Timestamp,
    parts: Vec<Part<'s>>,
}

/// A part of a subject.
#[derive(Debug)]
pub(super) struct Part<'s> {
    /// Which part.
    pub field: ContentField,
    /// Its words; the visible ones of HTML.
    pub words: Cow<'s, str>,
    number: usize,
    first: bool,
    html: Option<(&'s str, Visible)>,
    ignored: OnceCell<Folded>,
    kept: OnceCell<Folded>,
    addresses: OnceCell<Places>,
}

/// Where something was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// In the subject as a whole.
    Whole,
    /// In a field, nowhere in particular.
    Field(ContentField),
    /// In the words of a part: its number and a range of bytes.
    Part(usize, Range<usize>),
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    /// Fail or Inconclusive.
    pub result: RuleResult,
    /// Where.
    pub at: At,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What to do, in a sentence.
    pub help: String,
    /// True where the words themselves may not be shown.
    pub secret: bool,
}

/// What one rule finds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hits {
    /// The first of them.
    pub found: Vec<Hit>,
    /// How many more there were.
    pub left_out: u32,
    /// The worst of all.
    pub result: RuleResult,
    /// When time alone changes what the rule says.
    pub again_at: Option<Timestamp>,
}

impl Hits {
    /// Something is wrong.
    pub(super) fn fail(&mut self, at: At, message: String, help: &str) {
        self.add(RuleResult::Fail, (at, false), message, help);
    }

    /// Nobody can tell.
    pub(super) fn inconclusive(&mut self, at: At, message: String, help: &str) {
        self.add(RuleResult::Inconclusive, (at, false), message, help);
    }

    /// Something is wrong with words that may not be shown.
    pub(super) fn fail_unseen(&mut self, at: At, message: String, help: &str) {
        self.add(RuleResult::Fail, (at, true), message, help);
    }

    /// Time changes at that instant what the rule says.
    pub(super) fn again(&mut self, at: Timestamp) {
        self.again_at = Some(self.again_at.map_or(at, |known| known.min(at)));
    }

    fn add(&mut self, result: RuleResult, (at, secret): (At, bool), message: String, help: &str) {
        self.result = self.result.max(result);
        if self.found.len() >= MAX_HITS {
            self.left_out = self.left_out.saturating_add(1);
            return;
        }
        self.found.push(Hit {
            result,
            at,
            message,
            help: help.to_owned(),
            secret,
        });
    }
}

impl<'s> Reading<'s> {
    /// Begins to judge a subject.
    pub(super) fn of(subject: &'s Subject, evidence: &'s Evidence<'s>, now: Timestamp) -> Self {
        let words = subject.words().into_iter();
        let mut parts: Vec<Part<'s>> = words
            .map(|words| Part::new(words.field, Cow::Borrowed(words.words), words.first))
            .collect();
        if let Some(html) = &subject.html {
            let visible = Visible::of(html);
            let mut part = Part::new(ContentField::Html, Cow::Owned(visible.text.clone()), true);
            part.html = Some((html, visible));
            parts.push(part);
        }
        for (number, part) in parts.iter_mut().enumerate() {
            part.number = number;
        }
        Self {
            subject,
            evidence,
            now,
            parts,
        }
    }

    /// Every part, the visible words of HTML last.
    pub(super) fn parts(&self) -> &[Part<'s>] {
        &self.parts
    }

    /// The parts that hold words of a field.
    pub(super) fn parts_of(&self, field: ContentField) -> impl Iterator<Item = &Part<'s>> {
        self.parts.iter().filter(move |part| part.field == field)
    }

    /// The running text: the text, or the visible words of HTML where there is no text.
    pub(super) fn running(&self) -> impl Iterator<Item = &Part<'s>> {
        let field = if self.subject.text.trim().is_empty() {
            ContentField::Html
        } else {
            ContentField::Text
        };
        self.parts_of(field)
    }

    /// Where a link stands: in the words if it stands there, else in its own field.
    pub(super) fn place_of(&self, link: &str) -> At {
        let in_words = self
            .parts
            .iter()
            .filter(|part| part.html.is_none())
            .find_map(|part| Some((part, part.words.find(link)?)));
        match in_words {
            Some((part, start)) => part.at(start..start + without_trailing_marks(link).len()),
            None => At::Field(ContentField::Link),
        }
    }

    /// True where something was found in the visible words of HTML.
    pub(super) fn is_html(&self, at: &At) -> bool {
        match at {
            At::Part(number, _) => self.parts.get(*number).is_some_and(|part| part.html.is_some()),
            At::Whole | At::Field(_) => false,
        }
    }

    /// The file, line and column of something that was found.
    pub(super) fn spot(&self, at: &At) -> Spot {
        let places = &self.subject.places;
        match at {
            At::Whole => places.whole(),
            At::Field(field) => places.beginning(*field),
            At::Part(number, range) => match self.parts.get(*number) {
                Some(part) if part.first => part.spot(places, range.start),
                _ => places.whole(),
            },
        }
    }

    /// The words of something that was found, as they may be shown.
    pub(super) fn excerpt(&self, hit: &Hit) -> String {
        let At::Part(number, range) = &hit.at else {
            return String::new();
        };
        let part = self.parts.get(*number);
        let words = part
            .and_then(|part| part.words.get(range.clone()))
            .unwrap_or_default();
        if hit.secret {
            let shown: String = words.chars().take(4).map(visible).collect();
            return format!("{shown}…");
        }
        let mut shown: String = words.chars().take(MAX_EXCERPT).map(visible).collect();
        if words.chars().nth(MAX_EXCERPT).is_some() {
            shown.pop();
            shown.push('…');
        }
        shown
    }
}

impl<'s> Part<'s> {
    fn new(field: ContentField, words: Cow<'s, str>, first: bool) -> Self {
        Self {
            field,
            words,
            number: 0,
            first,
            html: None,
            ignored: OnceCell::new(),
            kept: OnceCell::new(),
            addresses: OnceCell::new(),
        }
    }

    /// The words as they are compared.
    pub(super) fn folded(&self, case: Case) -> &Folded {
        let folded = match case {
            Case::Ignored => &self.ignored,
            Case::Kept => &self.kept,
        };
        folded.get_or_init(|| Folded::of(&self.words, case))
    }

    /// True where a range of the words stands in a link or a handle.
    pub(super) fn is_address(&self, range: &Range<usize>) -> bool {
        let addresses = self.addresses.get_or_init(|| {
            let mut addresses = link_ranges(&self.words);
            addresses.extend(handles_in(&self.words));
            Places::of(addresses)
        });
        addresses.touch(range)
    }

    /// A place in the words.
    pub(super) fn at(&self, range: Range<usize>) -> At {
        At::Part(self.number, range)
    }

    /// The place in the words of a range of the folded words.
    pub(super) fn at_folded(&self, case: Case, range: Range<usize>) -> At {
        self.at(self.folded(case).origin(range))
    }

    fn spot(&self, places: &super::places::Places, offset: usize) -> Spot {
        match &self.html {
            Some((html, visible)) => places.locate(self.field, html, visible.origin(offset)),
            None => places.locate(self.field, &self.words, offset),
        }
    }
}

/// A character as a terminal may be shown it.
fn visible(one: char) -> char {
    match one {
        '\n' | '\r' | '\t' => ' ',
        one if one.is_control() || is_invisible(one) => '\u{fffd}',
        one => one,
    }
}
