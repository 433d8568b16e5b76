//! The formats that a schema may ask of strings and numbers, as far as the real server checks them.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use base64::Engine as _;
use regex::Regex;

use super::node::{JsonType, Node};

/// A format that is checked; all others are accepted and mean nothing.
#[derive(Debug, Clone)]
pub(super) struct Format {
    /// As the schema writes it, for messages.
    pub(super) name: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Numeric,
    Text(TextFormat),
}

type TextFormat = fn(&str) -> bool;

impl Format {
    /// The format of a node, if it is one that its type knows.
    pub(super) fn of(node: &Node) -> Option<Self> {
        let name = node.format_name.as_str();
        let kind = match node.types() {
            [JsonType::Integer] => numeric(name, &["int32", "int64"]),
            [JsonType::Number] => numeric(name, &["float", "double"]),
            [] | [JsonType::String] | [_, _, ..] => text_format(name).map(Kind::Text),
            [_] => None,
        };
        kind.map(|kind| Self {
            name: name.to_owned(),
            kind,
        })
    }

    /// Whether a string has this format; true for the formats of numbers.
    pub(super) fn accepts(&self, text: &str) -> bool {
        match self.kind {
            Kind::Numeric => true,
            Kind::Text(accepts) => accepts(text),
        }
    }
}

fn numeric(name: &str, known: &[&str]) -> Option<Kind> {
    known.contains(&name).then_some(Kind::Numeric)
}

fn text_format(name: &str) -> Option<TextFormat> {
    Some(match name.replace('-', "").as_str() {
        "bsonobjectid" => |text| text.len() == 24 && is_hexadecimal(text),
        "uri" => is_uri,
        "email" => is_email,
        "hostname" => is_hostname,
        "ipv4" => |text| text.contains('.') && is_address(text),
        "ipv6" => |text| text.parse::<Ipv6Addr>().is_ok(),
        "cidr" => is_cidr,
        "mac" => is_mac,
        "uuid" => |text| UUID.is_match(text),
        "uuid3" => |text| UUID3.is_match(text),
        "uuid4" => |text| UUID4.is_match(text),
        "uuid5" => |text| UUID5.is_match(text),
        "isbn" => |text| is_isbn10(text) || is_isbn13(text),
        "isbn10" => is_isbn10,
        "isbn13" => is_isbn13,
        "creditcard" => is_credit_card,
        "ssn" => |text| SSN.is_match(text),
        "hexcolor" => |text| HEX_COLOR.is_match(text),
        "rgbcolor" => |text| RGB_COLOR.is_match(text),
        "byte" => is_base64,
        "password" => |_| true,
        "date" => is_date,
        "duration" => is_duration,
        "datetime" => is_date_time,
        "k8sshortname" => |text| text.len() <= 63 && SHORT_NAME.is_match(text),
        "k8slongname" => |text| text.len() <= 253 && LONG_NAME.is_match(text),
        _ => return None,
    })
}

macro_rules! expression {
    ($($name:ident = $pattern:expr;)*) => {
        $(static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($pattern).expect("a pattern that compiles"));)*
    };
}

// A character of an e-mail address that needs no quotes, and host names: as RFC 5322 and RFC 1034 have them.
expression! {
    UUID = r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$";
    UUID3 = r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$";
    UUID4 = r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$";
    UUID5 = r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$";
    SSN = r"^[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}$";
    HEX_COLOR = r"^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$";
    RGB_COLOR = r"^rgb\(\s*(0|[1-9][0-9]?|1[0-9][0-9]?|2[0-4][0-9]|25[0-5])\s*,\s*(0|[1-9][0-9]?|1[0-9][0-9]?|2[0-4][0-9]|25[0-5])\s*,\s*(0|[1-9][0-9]?|1[0-9][0-9]?|2[0-4][0-9]|25[0-5])\s*\)$";
    SHORT_NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
    LONG_NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
    HOST_NAME = r"^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$";
    TIME = r"^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$";
    GO_DURATION = r"^[-+]?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$";
    WORDY_DURATION = r"(?i)[0-9]+\s*(ns|nano|us|µs|micro|ms|milli|s|sec|second|m|min|minute|h|hr|hour|d|day|w|week|wk)";
    ADDRESS = r#"^(?:[^<>]*<)?([A-Za-z0-9!#$%&'*+/=?^_`{|}~\x{80}-\x{10ffff}-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x{80}-\x{10ffff}-]+)*|"[^"\r\n]+")@([^\s<>@]+)>?$"#;
    CREDIT_CARD = r"^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|(222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35[0-9]{3})[0-9]{11}|6[27][0-9]{14})$";
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_uri(text: &str) -> bool {
    // A request URI: absolute, or a path from the root.
    text.starts_with('/') || (text.contains(':') && has_scheme(text))
}

// The scheme of a URL and no control characters: what the real server's parser insists on.
fn has_scheme(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    scheme
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic())
        && scheme.bytes().all(plain)
        && !rest.bytes().any(|byte| byte.is_ascii_control() || byte == b' ')
        && rest.starts_with('/')
}

fn is_email(text: &str) -> bool {
    ADDRESS.is_match(text)
}

fn is_hostname(text: &str) -> bool {
    text.len() <= 255 && text.split('.').all(|label| label.len() <= 63) && HOST_NAME.is_match(text)
}

// Octets may have leading zeros, and v6 may be mapped v4.
fn is_address(text: &str) -> bool {
    if text.contains(':') {
        return text.parse::<Ipv6Addr>().is_ok();
    }
    let octets: Vec<&str> = text.split('.').collect();
    octets.len() == 4 && octets.iter().all(|octet| is_octet(octet))
}

fn is_octet(text: &str) -> bool {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits && text.trim_start_matches('0').len() <= 3 && text.parse::<u64>().is_ok_and(|n| n <= 255)
}

fn is_cidr(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else {
        return false;
    };
    let bits = if address.contains(':') {
        Ipv6Addr::BITS
    } else {
        Ipv4Addr::BITS
    };
    let digits = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    digits && is_address(address) && length.parse::<u32>().is_ok_and(|length| length <= bits)
}

fn is_mac(text: &str) -> bool {
    let octets = |separator: char, width: usize, counts: &[usize]| {
        let parts: Vec<&str> = text.split(separator).collect();
        counts.contains(&parts.len())
            && parts
                .iter()
                .all(|part| part.len() == width && is_hexadecimal(part))
    };
    octets(':', 2, &[6, 8, 20]) || octets('-', 2, &[6, 8, 20]) || octets('.', 4, &[3, 4, 10])
}

fn digits_of(text: &str) -> Vec<u32> {
    let kept = text.chars().filter(|letter| !matches!(letter, ' ' | '-'));
    kept.map(|letter| letter.to_digit(10).unwrap_or(u32::MAX))
        .collect()
}

fn is_isbn10(text: &str) -> bool {
    let kept: String = text
        .chars()
        .filter(|letter| !matches!(letter, ' ' | '-'))
        .collect();
    let value = |(position, letter): (u32, char)| match letter {
        'X' if position == 10 => Some(100),
        _ => letter.to_digit(10).map(|digit| digit * position),
    };
    let sum: Option<u32> = (1..).zip(kept.chars()).map(value).sum();
    kept.chars().count() == 10 && sum.is_some_and(|sum| sum % 11 == 0)
}

fn is_isbn13(text: &str) -> bool {
    let digits = digits_of(text);
    let weighed = digits.iter().zip([1, 3].into_iter().cycle());
    digits.len() == 13
        && digits.iter().all(|digit| *digit < 10)
        && weighed.map(|(digit, weight)| digit * weight).sum::<u32>() % 10 == 0
}

fn is_credit_card(text: &str) -> bool {
    let kept: String = text.chars().filter(char::is_ascii_digit).collect();
    let doubled = |(position, digit): (usize, u32)| match position % 2 {
        1 if digit > 4 => digit * 2 - 9,
        1 => digit * 2,
        _ => digit,
    };
    let digits = digits_of(&kept);
    let sum: u32 = digits.into_iter().rev().enumerate().map(doubled).sum();
    CREDIT_CARD.is_match(&kept) && sum.is_multiple_of(10)
}

fn is_base64(text: &str) -> bool {
    !text.is_empty() && base64::engine::general_purpose::STANDARD.decode(text).is_ok()
}

fn is_date(text: &str) -> bool {
    let digits = |part: &str, width| part.len() == width && part.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return false;
    };
    digits(year, 4) && digits(month, 2) && digits(day, 2) && text.parse::<jiff::civil::Date>().is_ok()
}

fn is_date_time(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut parts = lower.split('t');
    let (Some(date), Some(time)) = (parts.next(), parts.next()) else {
        return false;
    };
    let Some(found) = TIME.captures(time) else {
        return false;
    };
    let at_most = |group, limit| found.get(group).is_some_and(|part| part.as_str() <= limit);
    is_date(date) && at_most(1, "23") && at_most(2, "59") && at_most(3, "59")
}

fn is_duration(text: &str) -> bool {
    GO_DURATION.is_match(text) || WORDY_DURATION.is_match(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(name: &str, text: &str) -> bool {
        text_format(name).unwrap()(text)
    }

    #[test]
    fn what_each_format_accepts_and_refuses() {
        for (name, good, bad) in [
            ("date-time", "2026-03-01T10:00:00Z", "2026-03-01"),
            ("date-time", "2026-03-01t10:00:00.5+02:00", "2026-02-30T10:00:00Z"),
            ("date", "2024-02-29", "2023-02-29"),
            ("duration", "1h30m", "soon"),
            ("duration", "2 days", "h"),
            ("uuid", "123e4567-e89b-12d3-a456-426614174000", "123e4567"),
            ("ipv4", "10.0.0.1", "10.0.0.256"),
            ("ipv6", "::1", "10.0.0.1"),
            ("cidr", "10.0.0.0/8", "10.0.0.0/33"),
            ("mac", "01:23:45:67:89:ab", "01:23:45"),
            ("uri", "https://example.com/x", "example"),
            ("email", "a.b@example.com", "a.b@"),
            ("hostname", "example.com", "-example.com"),
            ("byte", "aGk=", "a"),
            ("hexcolor", "#FFF", "#FF"),
            ("rgbcolor", "rgb(1, 2, 255)", "rgb(1,2)"),
            ("isbn", "0-321-75104-3", "0-321-75104-4"),
            ("isbn13", "978-0321751041", "978-0321751042"),
            ("creditcard", "4111 1111 1111 1111", "4111 1111 1111 1112"),
            ("ssn", "111-22-3333", "111-22"),
            ("bsonobjectid", "507f1f77bcf86cd799439011", "507f"),
            ("k8s-short-name", "a-b", "a.b"),
            ("k8s-long-name", "a.b", "A.b"),
            (
                "uuid4",
                "123e4567-e89b-42d3-a456-426614174000",
                "123e4567-e89b-12d3-a456-426614174000",
            ),
        ] {
            assert!(accepts(name, good), "{name} {good}");
            assert!(!accepts(name, bad), "{name} {bad}");
        }
    }
}
