//! The letter: equal to the byte for every attempt of one publication.

use std::time::{Duration, SystemTime};

use lettre::{
    Address, Message,
    message::{
        MultiPart, SinglePart,
        header::{ContentType, HeaderName, HeaderValue},
    },
};

use super::configuration::Addresses;
use crate::{domain::publication::Publication, publish::PublishError};

/// A letter as it is sent.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) from: Address,
    pub(super) to: Vec<Address>,
    /// With angle brackets.
    pub(super) message_id: String,
    /// Head and body, lines ended by CR LF, ASCII alone.
    pub(super) bytes: Vec<u8>,
}

/// The letter of a publication.
///
/// # Errors
/// `Rejected` where it has no subject, or one that no header could hold.
pub(super) fn letter(addresses: &Addresses, publication: &Publication) -> Result<Letter, PublishError> {
    let key = publication.key();
    let message_id = format!("<{key}@{}>", addresses.domain());
    let mut head = Message::builder()
        .from(addresses.from.clone())
        .subject(subject(publication)?)
        .date(date(publication))
        .message_id(Some(message_id.clone()));
    for to in &addresses.to {
        head = head.to(to.clone());
    }
    if let Some(reply_to) = &addresses.reply_to {
        head = head.reply_to(reply_to.clone());
    }
    for header in headers(addresses, publication) {
        head = head.raw_header(header?);
    }
    let message = match html(addresses, publication) {
        Some(html) => {
            let parts = MultiPart::alternative().boundary(format!("={key}"));
            let text = SinglePart::plain(text(addresses, publication));
            head.multipart(parts.singlepart(text).singlepart(SinglePart::html(html)))
        }
        None => head
            .header(ContentType::TEXT_PLAIN)
            .body(text(addresses, publication)),
    };
    let message = message.map_err(|error| {
        PublishError::rejected("LetterInvalid", "no letter could be written of it").because(error)
    })?;
    let bytes = message.formatted();
    if !bytes.is_ascii() {
        let message = "the letter has bytes beyond ASCII, which not every server takes";
        return Err(PublishError::rejected("LetterInvalid", message));
    }
    Ok(Letter {
        from: addresses.from.email.clone(),
        to: addresses.to.iter().map(|to| to.email.clone()).collect(),
        message_id,
        bytes,
    })
}

/// The subject, else the title; a line break or another mark that steers is none of ours, and is no subject.
fn subject(publication: &Publication) -> Result<String, PublishError> {
    let content = &publication.content;
    let subject = content.subject.as_ref().or(content.title.as_ref());
    let subject = subject
        .map(|subject| subject.trim())
        .filter(|subject| !subject.is_empty());
    let Some(subject) = subject else {
        let message = "a letter needs a subject: give the row a title";
        return Err(PublishError::rejected("SubjectMissing", message));
    };
    if subject.chars().any(char::is_control) {
        let message = "its subject has a line break or another control character";
        return Err(PublishError::rejected("SubjectInvalid", message));
    }
    Ok(subject.to_owned())
}

/// The instant at which it was meant to go out: the same in every attempt.
fn date(publication: &Publication) -> SystemTime {
    let seconds = u64::try_from(publication.scheduled_for.as_second()).unwrap_or(0);
    SystemTime::UNIX_EPOCH
        .checked_add(Duration::from_secs(seconds))
        .unwrap_or(SystemTime::UNIX_EPOCH)
}

/// How readers leave (RFC 2369 and RFC 8058), and in which language it is written.
fn headers(
    addresses: &Addresses,
    publication: &Publication,
) -> impl Iterator<Item = Result<HeaderValue, PublishError>> {
    let unsubscribe = (!addresses.unsubscribe.is_empty()).then(|| {
        // Each on a line of its own, so that no line grows too long.
        header("List-Unsubscribe", &addresses.unsubscribe.join(",\r\n "))
    });
    let one_click = addresses
        .one_click
        .then(|| header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"));
    let language = &publication.content.language;
    let is_tag = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let language =
        (!language.is_empty() && language.chars().all(is_tag)).then(|| header("Content-Language", language));
    [unsubscribe, one_click, language].into_iter().flatten()
}

/// A header of visible ASCII that was judged before.
fn header(name: &'static str, value: &str) -> Result<HeaderValue, PublishError> {
    let known = HeaderName::new_from_ascii(name.to_owned()).map_err(|error| {
        PublishError::rejected("LetterInvalid", format!("{name} is no header")).because(error)
    })?;
    Ok(HeaderValue::dangerous_new_pre_encoded(
        known,
        value.to_owned(),
        value.to_owned(),
    ))
}

/// The words, and the postal address where they do not have it already.
fn text(addresses: &Addresses, publication: &Publication) -> String {
    let text = &publication.content.text;
    match footer(addresses, text) {
        Some(address) => format!("{}\n\n-- \n{address}\n", text.trim_end()),
        None => text.clone(),
    }
}

fn html(addresses: &Addresses, publication: &Publication) -> Option<String> {
    let html = publication.content.html.as_ref()?;
    let Some(address) = footer(addresses, html) else {
        return Some(html.clone());
    };
    let lines: Vec<String> = address.lines().map(escaped).collect();
    let footer = format!("<p dir=\"auto\">{}</p>\n", lines.join("<br>"));
    let end = html.to_ascii_lowercase().rfind("</body>").unwrap_or(html.len());
    let (before, after) = html.split_at_checked(end)?;
    Some(format!("{before}{footer}{after}"))
}

fn footer<'a>(addresses: &'a Addresses, words: &str) -> Option<&'a str> {
    let address = addresses.postal_address.as_deref()?;
    (!words.contains(address)).then_some(address)
}

fn escaped(line: &str) -> String {
    line.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
