//! Texts and digests, packed: thousands of objects are kept, so each byte counts.

/// Some texts in one allocation.
#[derive(Clone, Debug)]
pub(super) struct Texts<const N: usize> {
    all: Box<str>,
    ends: [u32; N],
}

impl<const N: usize> Texts<N> {
    /// Packs texts; one that begins past 4 GiB is lost, which no object of the API server reaches.
    pub(super) fn of(texts: [&str; N]) -> Self {
        let mut ends = [0_u32; N];
        let mut end = 0;
        for (place, text) in ends.iter_mut().zip(texts) {
            end += text.len();
            *place = u32::try_from(end).unwrap_or(u32::MAX);
        }
        Self {
            all: texts.concat().into(),
            ends,
        }
    }

    /// The text of that number.
    pub(super) fn get(&self, number: usize) -> &str {
        let end = |number: usize| self.ends.get(number).map_or(0, |end| *end as usize);
        let start = number.checked_sub(1).map_or(0, end);
        self.all.get(start..end(number)).unwrap_or_default()
    }
}

/// A digest in 32 bytes instead of the 71 of `sha256:hex`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PackedDigest([u8; 32]);

impl PackedDigest {
    /// Stands for what is no digest; no content has it.
    pub(super) const NONE: Self = Self([0; 32]);

    /// Packs `sha256:hex`; `None` for anything else.
    pub(super) fn of(text: &str) -> Option<Self> {
        let hex = text.strip_prefix("sha256:")?;
        let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// As it is written.
    pub(super) fn text(self) -> String {
        format!("sha256:{}", data_encoding::HEXLOWER.encode(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_as_they_were() {
        let texts = Texts::of(["", "first", "", "שלום", "last"]);
        let read: Vec<&str> = (0..5).map(|number| texts.get(number)).collect();
        assert_eq!(read, ["", "first", "", "שלום", "last"]);
        assert_eq!(texts.get(5), "");
    }

    #[test]
    fn a_digest_comes_back_as_it_was_and_nothing_else_is_one() {
        let text = crate::domain::digest::of_json(&"words");
        assert_eq!(
            PackedDigest::of(&text).map(PackedDigest::text),
            Some(text.clone())
        );
        for other in [
            "",
            "sha256:",
            "sha256:00",
            &text.to_uppercase(),
            &format!("{text}00"),
        ] {
            assert_eq!(PackedDigest::of(other), None, "{other}");
        }
    }
}
