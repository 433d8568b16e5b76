//! Where in a store a slot stands: one path for each slot, and no two slots on one path unless a reader would see
//! them at the same address.

use crate::{api::AssetType, api::ReceiptSlot, domain::digest, domain::slot::Slot};

/// What stands in an address for the locale.
const LOCALE: &str = "{locale}";
/// Longest component that is kept as it is; file systems stop at 255 bytes for a whole name.
const MAX_COMPONENT: usize = 60;
const SLUG_CHARACTERS: usize = 40;
const HASH_CHARACTERS: usize = 16;

/// Where a channel keeps its objects, read from `spec.objectStore.url`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Root {
    /// A bucket.
    Bucket(String),
    /// A folder of this machine, by its absolute path.
    Folder(String),
    /// The tree of a branch.
    Branch,
}

/// The root, and the folders below it that come before the path of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) root: Root,
    /// Below the root; the first may not hold `{locale}` in a folder's place: those belong to the root.
    prefix: Vec<String>,
}

impl Place {
    /// Reads `s3://bucket/prefix/{locale}` or `file:///folder/{locale}`; the problem in words otherwise.
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        if let Some(rest) = url.strip_prefix("s3://") {
            let (bucket, path) = rest.split_once('/').unwrap_or((rest, ""));
            return Ok(Self {
                root: Root::Bucket(bucket_name(bucket)?),
                prefix: segments(path)?,
            });
        }
        let Some(path) = url.strip_prefix("file:///") else {
            return Err("is neither s3://bucket/prefix nor file:///folder".into());
        };
        let all = segments(path)?;
        let fixed = all.iter().take_while(|segment| !segment.contains(LOCALE)).count();
        let (folder, prefix) = all.split_at(fixed);
        if folder.is_empty() {
            return Err("names no folder before {locale}".into());
        }
        Ok(Self {
            root: Root::Folder(format!("/{}", folder.join("/"))),
            prefix: prefix.to_vec(),
        })
    }

    /// Reads the folder of a branch's tree, such as `site/{locale}`; the problem in words otherwise.
    pub(super) fn below(path: &str) -> Result<Self, String> {
        Ok(Self {
            root: Root::Branch,
            prefix: segments(path)?,
        })
    }

    /// Whether the path of the address says the locale already.
    fn has_locale(&self) -> bool {
        self.prefix.iter().any(|segment| segment.contains(LOCALE))
    }

    /// The path of a file of Campanile's own, before anything that depends on a slot.
    pub(super) fn own(&self, name: &str) -> String {
        let fixed = self
            .prefix
            .iter()
            .take_while(|segment| !segment.contains(LOCALE))
            .map(String::as_str);
        fixed.chain([".campanile", name]).collect::<Vec<_>>().join("/")
    }

    /// The path of a slot below the root, and its end below the address of the channel.
    pub(super) fn of(&self, slot: &Slot, type_: AssetType, extension: &str) -> Path {
        let locale = component(&slot.fields().locale);
        let mut relative = if self.has_locale() {
            Vec::new()
        } else {
            vec![locale.clone()]
        };
        relative.extend(name(slot.fields(), type_, extension));
        let prefix = self.prefix.iter().map(|segment| segment.replace(LOCALE, &locale));
        let whole: Vec<String> = prefix.chain(relative.iter().cloned()).collect();
        Path {
            whole: whole.join("/"),
            relative: relative.join("/"),
            locale,
        }
    }
}

/// Where one object stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    /// Below the root.
    pub(super) whole: String,
    relative: String,
    locale: String,
}

impl Path {
    /// The address under which readers find the object.
    pub(super) fn address(&self, public_url: &str) -> String {
        format!(
            "{}/{}",
            public_url.replace(LOCALE, &self.locale).trim_end_matches('/'),
            self.relative
        )
    }
}

/// A page or template stands where its id says: two campaigns that want one address are in each other's way, and
/// the second is told so. A post is a record: its campaign is in the path.
fn name(slot: &ReceiptSlot, type_: AssetType, extension: &str) -> Vec<String> {
    let post = component(&slot.post_id);
    let part = part(slot);
    match type_ {
        AssetType::Page | AssetType::Template => vec![format!("{post}{part}.{extension}")],
        AssetType::Post | AssetType::Email => {
            // A dash stands between the two: none may stand in the first.
            let platform = hashed_if(
                &slot.platform,
                slot.platform.contains('-') || !plain(&slot.platform),
            );
            let account = component(&slot.account);
            vec![
                component(&slot.campaign),
                post,
                format!("{platform}-{account}{part}.{extension}"),
            ]
        }
    }
}

/// The item and the occurrence, each behind a full stop, which no component holds.
fn part(slot: &ReceiptSlot) -> String {
    match (slot.item.as_str(), slot.occurrence.as_str()) {
        ("main", "") => String::new(),
        (item, "") => format!(".{}", component(item)),
        (item, occurrence) => format!(".{}.{}", component(item), component(occurrence)),
    }
}

/// A field as a part of a path: itself where it is plain, else a slug, two dashes and a hash of the whole. A plain
/// text never holds two dashes, so that nothing plain is ever the hashed form of another.
fn component(text: &str) -> String {
    hashed_if(text, !plain(text))
}

fn hashed_if(text: &str, condition: bool) -> String {
    if !condition {
        return text.to_owned();
    }
    let hash = digest::of_bytes(text.as_bytes());
    let hash: String = hash
        .trim_start_matches("sha256:")
        .chars()
        .take(HASH_CHARACTERS)
        .collect();
    let mut slug = String::new();
    for character in text.chars().take(SLUG_CHARACTERS) {
        match character {
            'a'..='z' | '0'..='9' | '_' => slug.push(character),
            _ if slug.is_empty() || slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        format!("x--{hash}")
    } else {
        format!("{slug}--{hash}")
    }
}

fn plain(text: &str) -> bool {
    let permitted = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    !text.is_empty()
        && text.len() <= MAX_COMPONENT
        && text.chars().all(permitted)
        && !text.starts_with('-')
        && !text.ends_with('-')
        && !text.contains("--")
}

/// The rules of S3 for names of buckets, as far as they keep the name one part of an address.
fn bucket_name(text: &str) -> Result<String, String> {
    let permitted = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
    let whole = (3..=63).contains(&text.len()) && text.chars().all(permitted) && !text.contains("..");
    let ends = text.starts_with(['.', '-']) || text.ends_with(['.', '-']);
    if whole && !ends {
        Ok(text.to_owned())
    } else {
        Err("names no bucket: 3 to 63 small letters, digits, dots and dashes".into())
    }
}

fn segments(path: &str) -> Result<Vec<String>, String> {
    path.trim_end_matches('/')
        .split('/')
        .filter(|_| !path.is_empty())
        .map(segment)
        .collect()
}

fn segment(text: &str) -> Result<String, String> {
    let permitted = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '{' | '}');
    let named = text.replace(LOCALE, "");
    if text.is_empty() || text.starts_with('.') || !text.chars().all(permitted) || named.contains(['{', '}'])
    {
        return Err(format!(
            "has the folder {:?}: letters, digits, dots inside, dashes and underscores, and {{locale}}",
            text.chars().take(40).collect::<String>()
        ));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::api::Environment;

    fn fields() -> ReceiptSlot {
        ReceiptSlot {
            environment: Environment::Production,
            campaign: "week1-launch".into(),
            post_id: "en_li_narrative_01".into(),
            platform: "linkedin".into(),
            account: "company".into(),
            locale: "en".into(),
            item: "main".into(),
            occurrence: String::new(),
        }
    }

    fn path(url: &str, fields: &ReceiptSlot, type_: AssetType, extension: &str) -> Path {
        Place::parse(url)
            .unwrap()
            .of(&Slot::new(fields), type_, extension)
    }

    fn post(fields: &ReceiptSlot) -> String {
        path("s3://bucket", fields, AssetType::Post, "json").whole
    }

    #[test]
    fn ordinary_ids_stand_in_the_path_as_they_are() {
        assert_eq!(
            post(&fields()),
            "en/week1-launch/en_li_narrative_01/linkedin-company.json"
        );
        let thread = ReceiptSlot {
            item: "thread-2".into(),
            occurrence: "2026-w48".into(),
            ..fields()
        };
        assert_eq!(
            post(&thread),
            "en/week1-launch/en_li_narrative_01/linkedin-company.thread-2.2026-w48.json"
        );
    }

    #[test]
    fn the_locale_stands_where_the_address_says_or_first() {
        let page = |url| {
            path(
                url,
                &ReceiptSlot {
                    locale: "he_IL".into(),
                    ..fields()
                },
                AssetType::Page,
                "html",
            )
            .whole
        };
        assert_eq!(
            page("s3://site/{locale}/blog"),
            "he-il/blog/en_li_narrative_01.html"
        );
        assert_eq!(page("s3://site/blog"), "blog/he-il/en_li_narrative_01.html");
        assert_eq!(page("s3://site/"), "he-il/en_li_narrative_01.html");
        assert_eq!(page("file:///srv/www/{locale}"), "he-il/en_li_narrative_01.html");
    }

    #[test]
    fn the_public_address_follows_the_path() {
        let address = |url, public| path(url, &fields(), AssetType::Page, "html").address(public);
        let expected = "https://www.example.com/en/en_li_narrative_01.html";
        assert_eq!(
            address("s3://site/{locale}", "https://www.example.com/{locale}"),
            expected
        );
        assert_eq!(address("s3://site", "https://www.example.com/"), expected);
    }

    #[test]
    fn what_cannot_stand_in_a_path_becomes_a_slug_with_a_hash() {
        let odd = ReceiptSlot {
            post_id: "../../etc/passwd".into(),
            account: "r/resumes".into(),
            ..fields()
        };
        let path = post(&odd);
        assert!(path.starts_with("en/week1-launch/etc-passwd--"), "{path}");
        assert!(path.contains("/linkedin-r-resumes--"), "{path}");
        let hebrew = ReceiptSlot {
            post_id: "פוסט".into(),
            ..fields()
        };
        assert!(post(&hebrew).starts_with("en/week1-launch/x--"));
    }

    #[test]
    fn addresses_that_are_no_place_are_refused_in_words() {
        for url in [
            "s3://",
            "s3://Up",
            "s3://a..b",
            "s3://bucket/../x",
            "s3://bucket/.hidden",
            "s3://bucket/a b",
            "s3://{locale}",
            "s3://bucket/{campaign}",
            "s3://bucket/a//b",
            "s3://bucket/a?b",
            "file://host/x",
            "file:///",
            "file:///{locale}",
            "https://example.com",
        ] {
            assert!(Place::parse(url).is_err(), "{url}");
        }
    }

    fn field() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-c./_-]{1,4}",
            "[a-z]{1,3}(--[0-9a-f]{16})?",
            "\\PC{1,80}",
            Just("main".to_owned())
        ]
    }

    prop_compose! {
        fn slots()(campaign in field(), post_id in field(), platform in field(), account in field(),
                   locale in field(), item in field(), occurrence in prop_oneof![Just(String::new()), field()]) -> ReceiptSlot {
            ReceiptSlot { environment: Environment::Production, campaign, post_id, platform, account, locale, item, occurrence }
        }
    }

    proptest! {
        #[test]
        fn two_slots_never_share_the_path_of_a_post(one in slots(), other in slots()) {
            prop_assume!(Slot::new(&one) != Slot::new(&other));
            prop_assert_ne!(post(&one), post(&other));
        }

        #[test]
        fn a_neighbour_in_one_field_has_a_path_of_its_own(one in slots(), text in field(), which in 0_usize..7) {
            let mut other = one.clone();
            let field = [&mut other.campaign, &mut other.post_id, &mut other.platform, &mut other.account,
                         &mut other.locale, &mut other.item, &mut other.occurrence].into_iter().nth(which).unwrap();
            *field = text;
            prop_assume!(Slot::new(&one) != Slot::new(&other));
            prop_assert_ne!(post(&one), post(&other));
        }

        #[test]
        fn no_path_leaves_its_folder_or_is_longer_than_a_file_system_takes(slot in slots()) {
            let path = post(&slot);
            for part in path.split('/') {
                prop_assert!(!part.is_empty() && !part.starts_with('.') && part.len() <= 255);
                prop_assert!(part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')));
            }
        }
    }
}
