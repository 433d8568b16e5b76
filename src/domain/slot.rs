//! Slots: the identity of a publication, and the names that are derived from it.

use data_encoding::{Encoding, Specification};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;

use super::language;
use crate::api::{Environment, ReceiptSlot};

/// Platform names that mean another one.
const PLATFORM_ALIASES: [(&str, &str); 2] = [("twitter", "x"), ("x (twitter)", "x")];
const MAX_SLUG: usize = 40;
const ASSET_HASH_CHARACTERS: usize = 10;
const PARAMETER_CHARACTERS: usize = 8;

/// Base32 as RFC 4648 section 6, lower case, without padding.
static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    specification.encoding().unwrap_or(data_encoding::BASE32_NOPAD)
});

/// The compared form of an identity field: NFC, trimmed, lower case.
pub fn compared(text: &str) -> String {
    if text.is_ascii() {
        return text.trim().to_ascii_lowercase();
    }
    text.nfc()
        .collect::<String>()
        .trim()
        .to_lowercase()
        .nfc()
        .collect()
}

/// The compared form of a platform, aliases resolved: `Twitter` is `x`.
pub fn compared_platform(platform: &str) -> String {
    let platform = compared(platform);
    PLATFORM_ALIASES
        .iter()
        .find(|(alias, _)| *alias == platform)
        .map_or(platform, |(_, name)| (*name).to_owned())
}

/// The compared form of a locale: canonical BCP 47, lower case; what is no locale stays as it is.
pub fn compared_locale(locale: &str) -> String {
    compared(&language::canonical(locale).unwrap_or_else(|| locale.to_owned()))
}

/// The identity of a publication, every field in its compared form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot(ReceiptSlot);

impl Slot {
    /// Brings every field to its compared form.
    ///
    /// Never the date, the copy, a uid or an attempt: moving a date or fixing a typo leaves the slot as it is.
    pub fn new(fields: &ReceiptSlot) -> Self {
        Self(ReceiptSlot {
            environment: fields.environment,
            campaign: compared(&fields.campaign),
            post_id: compared(&fields.post_id),
            platform: compared_platform(&fields.platform),
            account: compared(&fields.account),
            locale: compared_locale(&fields.locale),
            item: compared(&fields.item),
            occurrence: compared(&fields.occurrence),
        })
    }

    /// The slot of another item of the same post.
    #[must_use]
    pub fn of_item(&self, item: &str) -> Self {
        Self::new(&ReceiptSlot {
            item: item.to_owned(),
            ..self.0.clone()
        })
    }

    /// The fields in their compared form.
    pub fn fields(&self) -> &ReceiptSlot {
        &self.0
    }

    fn json_fields(&self) -> Vec<Value> {
        let Self(slot) = self;
        let environment = match slot.environment {
            Environment::Production => "production",
            Environment::Sandbox => "sandbox",
        };
        [
            environment,
            &slot.campaign,
            &slot.post_id,
            &slot.platform,
            &slot.account,
            &slot.locale,
            &slot.item,
            &slot.occurrence,
        ]
        .into_iter()
        .map(|field| json!(field))
        .collect()
    }

    /// Base32 of the SHA-256 of the JSON array of the fields, in the order of `semantics` section 1: 52 characters.
    pub fn hash(&self) -> String {
        base32_sha256(&Value::Array(self.json_fields()))
    }

    /// The name of the slot's Receipt.
    pub fn receipt_name(&self) -> String {
        format!("r1-{}", self.hash())
    }

    /// The name of the slot's Asset: a slug for the eye, and 10 characters of the hash.
    pub fn asset_name(&self) -> String {
        let Self(slot) = self;
        let slug = slug(
            &[&slot.post_id, &slot.platform, &slot.account, &slot.locale]
                .map(String::as_str)
                .join("-"),
        );
        let hash: String = self.hash().chars().take(ASSET_HASH_CHARACTERS).collect();
        if slug.is_empty() {
            format!("asset-{hash}")
        } else {
            format!("{slug}-{hash}")
        }
    }

    /// What the link's slot parameter carries: 8 characters of the hash.
    pub fn parameter(&self) -> String {
        self.hash().chars().take(PARAMETER_CHARACTERS).collect()
    }

    /// The key under which a platform may recognise a repeated request: equal for equal slot, epoch and revision.
    pub fn idempotency_key(&self, epoch: u32, revision: u32) -> String {
        let mut fields = self.json_fields();
        fields.extend([json!(epoch), json!(revision)]);
        base32_sha256(&Value::Array(fields))
    }
}

fn base32_sha256(value: &Value) -> String {
    BASE32.encode(&Sha256::digest(value.to_string().as_bytes()))
}

fn slug(text: &str) -> String {
    let mut slug = String::new();
    for character in text.chars() {
        if slug.len() >= MAX_SLUG {
            break;
        }
        match character {
            'a'..='z' | '0'..='9' => slug.push(character),
            _ if slug.ends_with('-') || slug.is_empty() => {}
            _ => slug.push('-'),
        }
    }
    slug.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields() -> ReceiptSlot {
        ReceiptSlot {
            environment: Environment::Production,
            campaign: "week1-launch".into(),
            post_id: "en_li_narrative_01".into(),
            platform: "linkedin".into(),
            account: "personal".into(),
            locale: "en".into(),
            item: "main".into(),
            occurrence: String::new(),
        }
    }

    fn hebrew() -> ReceiptSlot {
        ReceiptSlot {
            environment: Environment::Sandbox,
            campaign: "שבוע-1".into(),
            post_id: "he_short_01".into(),
            platform: "Twitter".into(),
            account: "r/Resumes".into(),
            locale: "iw-IL".into(),
            item: "thread-2".into(),
            occurrence: "2026-03".into(),
        }
    }

    /// These vectors are pinned for ever: a change of any of them would publish everything again.
    #[test]
    fn names_and_keys_are_the_committed_vectors() {
        let slot = Slot::new(&fields());
        assert_eq!(
            slot.receipt_name(),
            "r1-2pmkio3esf6bqhsksexekclclymnynhqapoakypltve7sclfgfqa"
        );
        assert_eq!(
            slot.asset_name(),
            "en-li-narrative-01-linkedin-personal-en-2pmkio3esf"
        );
        assert_eq!(slot.parameter(), "2pmkio3e");
        assert_eq!(
            slot.idempotency_key(0, 0),
            "lvsvepiyrueu4k6yqcwf4ufugxwulikonq6zzbvqenrewfwpstwa"
        );
        assert_eq!(
            slot.idempotency_key(1, 2),
            "fc4mb3hou3y2lmwaxo2loy7czsbtdv63h5gunmblofra2kqbfspq"
        );
        let slot = Slot::new(&hebrew());
        assert_eq!(
            slot.receipt_name(),
            "r1-5ygvok3yardcfvw4zpqvzfccfpibiwe4ckb2khbv7whmc2y62bpq"
        );
        assert_eq!(slot.asset_name(), "he-short-01-x-r-resumes-he-il-5ygvok3yar");
    }

    #[test]
    fn case_spaces_composition_and_aliases_make_no_second_slot() {
        let mut other = fields();
        other.platform = " LinkedIn ".into();
        other.account = "Personal".into();
        other.post_id = "EN_li_narrative_01".into();
        assert_eq!(Slot::new(&other), Slot::new(&fields()));
        let (mut composed, mut decomposed) = (fields(), fields());
        composed.post_id = "caf\u{e9}".into();
        decomposed.post_id = "cafe\u{301}".into();
        assert_eq!(Slot::new(&composed), Slot::new(&decomposed));
        let (mut twitter, mut x) = (fields(), fields());
        twitter.platform = "Twitter".into();
        x.platform = "X".into();
        assert_eq!(Slot::new(&twitter).receipt_name(), Slot::new(&x).receipt_name());
    }

    proptest! {
        #[test]
        fn any_slot_has_names_that_kubernetes_accepts(post in ".{0,80}", account in ".{0,40}", locale in ".{0,12}") {
            let slot = Slot::new(&ReceiptSlot { post_id: post, account, locale, ..fields() });
            for name in [slot.receipt_name(), slot.asset_name()] {
                prop_assert!(name.len() <= 63);
                prop_assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
                prop_assert!(!name.starts_with('-') && !name.ends_with('-'));
            }
        }

        #[test]
        fn the_compared_form_of_a_compared_form_is_itself(text in ".{0,60}") {
            prop_assert_eq!(compared(&compared(&text)), compared(&text));
        }

        #[test]
        fn two_fields_never_run_into_each_other(a in "[a-z,\"]{0,6}", b in "[a-z,\"]{0,6}") {
            let one = Slot::new(&ReceiptSlot { post_id: format!("p{a}"), account: format!("p{b}"), ..fields() });
            let other = Slot::new(&ReceiptSlot { post_id: format!("p{a}p{b}"), account: String::new(), ..fields() });
            prop_assert_ne!(one.receipt_name(), other.receipt_name());
        }
    }
}
