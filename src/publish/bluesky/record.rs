//! The record of a post, and the key under which it stands.

use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::{
    channels::{Facet, LeadsTo, facets},
    digest,
    publication::Publication,
    slot::Slot,
};

/// What posts are called.
pub(super) const COLLECTION: &str = "app.bsky.feed.post";
/// The alphabet of <https://atproto.com/specs/tid>: in the order of ASCII.
const ALPHABET: &[u8; 32] = b"234567abcdefghijklmnopqrstuvwxyz";
/// Letters of a key: 13 times 5 bits hold 63.
const LETTERS: u32 = 13;
/// 2023-01-01T00:00:00Z in microseconds. Keys are times to this collection; ours are in the 814 days behind it, so that
/// no post of today meets one by accident.
const FIRST: u64 = 1_672_531_200_000_000;
/// 56 bits: 46 of them count microseconds, the last ten are the clock's number.
const HEX_DIGITS: usize = 14;
const CLOCK_BITS: u32 = 10;

/// The key of a slot's record: a valid TID, the same for every attempt and every date.
pub(super) fn record_key(slot: &Slot) -> String {
    let hash = digest::of_bytes(slot.receipt_name().as_bytes());
    let digits: String = hash
        .trim_start_matches("sha256:")
        .chars()
        .take(HEX_DIGITS)
        .collect();
    // A digest is hexadecimal.
    let bits = u64::from_str_radix(&digits, 16).unwrap_or_default();
    let number = (FIRST << CLOCK_BITS) + bits;
    (0..LETTERS)
        .rev()
        .map(|place| letter(number >> (5 * place)))
        .collect()
}

fn letter(number: u64) -> char {
    let index = usize::try_from(number % 32).unwrap_or_default();
    ALPHABET.get(index).copied().map_or('2', char::from)
}

/// The post as `app.bsky.feed.post` has it.
#[derive(Serialize)]
struct Post<'a> {
    #[serde(rename = "$type")]
    type_: &'static str,
    text: &'a str,
    /// The due instant, and not that of the attempt: a repeated request is the same to the byte.
    #[serde(rename = "createdAt")]
    created_at: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    langs: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    facets: Vec<Value>,
}

/// The record that a publication becomes: equal for every attempt.
pub(super) fn record(text: &str, publication: &Publication) -> Value {
    let language = publication.content.language.as_str();
    json!(Post {
        type_: COLLECTION,
        text,
        created_at: publication.scheduled_for.to_string(),
        langs: Some(language).into_iter().filter(|tag| !tag.is_empty()).collect(),
        facets: facets(text).iter().map(facet).collect(),
    })
}

fn facet(facet: &Facet) -> Value {
    let feature = match &facet.leads_to {
        LeadsTo::Link(uri) => json!({"$type": "app.bsky.richtext.facet#link", "uri": uri}),
        LeadsTo::Tag(tag) => json!({"$type": "app.bsky.richtext.facet#tag", "tag": tag}),
    };
    json!({
        "index": {"byteStart": facet.start, "byteEnd": facet.end},
        "features": [feature],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Environment, ReceiptSlot};

    fn slot(post_id: &str) -> Slot {
        Slot::new(&ReceiptSlot {
            environment: Environment::Production,
            campaign: "week1-launch".into(),
            post_id: post_id.into(),
            platform: "bluesky".into(),
            account: "acme".into(),
            locale: "en".into(),
            item: "main".into(),
            occurrence: String::new(),
        })
    }

    /// For ever: another key would publish again what was published.
    #[test]
    fn the_key_of_a_slot_never_changes() {
        assert_eq!(record_key(&slot("a")), "3lgouy34tzt7l");
        assert_eq!(record_key(&slot("b")), "3l7jptdpwwmzr");
    }

    #[test]
    fn every_key_is_a_tid_before_2025_04() {
        let keys: Vec<String> = (0..1000)
            .map(|number| record_key(&slot(&number.to_string())))
            .collect();
        for key in &keys {
            assert!(
                key.len() == 13 && key.bytes().all(|byte| ALPHABET.contains(&byte)),
                "{key}"
            );
            let number = key.bytes().fold(0_u64, |number, byte| {
                let digit = ALPHABET.iter().position(|letter| *letter == byte).unwrap();
                number * 32 + digit as u64
            });
            let micros = number >> CLOCK_BITS;
            assert!((FIRST..FIRST + (1 << 46)).contains(&micros), "{key}");
        }
        let distinct: std::collections::BTreeSet<&String> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len());
    }
}
