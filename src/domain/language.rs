//! Locales: canonical BCP 47 tags, old names resolved, and which way their words run.

use oxilangtag::LanguageTag;
use unicode_normalization::UnicodeNormalization;

use crate::api::Direction;

/// Language codes that BCP 47 replaced (IANA language subtag registry, `Preferred-Value`).
const REPLACED: [(&str, &str); 5] = [
    ("iw", "he"),
    ("in", "id"),
    ("ji", "yi"),
    ("jw", "jv"),
    ("mo", "ro"),
];
/// Languages that are written from right to left.
const RIGHT_TO_LEFT: [&str; 12] = [
    "ar", "arc", "ckb", "dv", "fa", "he", "nqo", "ps", "sd", "ug", "ur", "yi",
];
const RIGHT_TO_LEFT_SCRIPTS: [&str; 5] = ["arab", "hebr", "nkoo", "syrc", "thaa"];

/// The canonical form of a locale (`iw_IL` becomes `he-IL`), or `None` where it is no BCP 47 tag.
pub fn canonical(locale: &str) -> Option<String> {
    let text: String = locale.nfc().collect::<String>().trim().replace('_', "-");
    let tag = LanguageTag::parse_and_normalize(&text).ok()?;
    let primary = tag.primary_language();
    let preferred = REPLACED
        .iter()
        .find(|(old, _)| *old == primary)
        .map_or(primary, |(_, new)| *new);
    let rest = tag.as_str().get(primary.len()..)?;
    Some(format!("{preferred}{rest}"))
}

/// Which way words of a canonical locale run.
pub fn direction(locale: &str) -> Direction {
    let lower = locale.to_lowercase();
    let mut parts = lower.split('-');
    let language = parts.next().unwrap_or_default();
    let script = parts.find(|part| part.len() == 4 && part.chars().all(char::is_alphabetic));
    let runs_left = script.map_or_else(
        || RIGHT_TO_LEFT.contains(&language),
        |script| RIGHT_TO_LEFT_SCRIPTS.contains(&script),
    );
    if runs_left { Direction::Rtl } else { Direction::Ltr }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_language_codes_become_the_new_ones() {
        assert_eq!(canonical("iw").as_deref(), Some("he"));
        assert_eq!(canonical(" IW_il ").as_deref(), Some("he-IL"));
        assert_eq!(canonical("EN-us").as_deref(), Some("en-US"));
        assert_eq!(canonical("not a locale"), None);
        assert_eq!(canonical(""), None);
    }

    #[test]
    fn hebrew_runs_from_right_to_left_unless_its_script_says_otherwise() {
        assert_eq!(direction("he-IL"), Direction::Rtl);
        assert_eq!(direction("he-Latn"), Direction::Ltr);
        assert_eq!(direction("az-Arab"), Direction::Rtl);
        assert_eq!(direction("en"), Direction::Ltr);
    }
}
