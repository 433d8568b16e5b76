//! The marker in stored bytes: whose they are, which attempt wrote them, and whether anybody changed them since.

use serde::{Deserialize, Serialize};

use crate::domain::{digest, publication::Marker};

/// How an object is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A complete HTML document; the marker is a comment before its end.
    Html,
    /// Plain text; the marker is its last line.
    Text,
    /// A JSON object; the marker is its last member, `campanile`.
    Json,
}

/// What the marker says in JSON.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Member {
    slot: String,
    epoch: u32,
    revision: u32,
    attempt: String,
    /// Digest of the bytes without the marker.
    digest: String,
}

/// A marker that was found in stored bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) marker: Marker,
    /// Whether the bytes around the marker are those that it was written with.
    pub(super) intact: bool,
}

impl Form {
    pub(super) const fn extension(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Text => "txt",
            Self::Json => "json",
        }
    }

    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Text => "text/plain; charset=utf-8",
            Self::Json => "application/json",
        }
    }

    const fn opening(self) -> &'static str {
        match self {
            Self::Html => "<!-- campanile slot=",
            Self::Text => "\n[campanile slot=",
            Self::Json => ",\"campanile\":{\"slot\":\"",
        }
    }

    const fn closing(self) -> &'static str {
        match self {
            Self::Html => " -->\n",
            Self::Text => "]\n",
            Self::Json => "\"}",
        }
    }

    /// Where in the content the marker goes.
    fn position(self, content: &str) -> usize {
        match self {
            Self::Html => content
                .to_ascii_lowercase()
                .rfind("</html>")
                .unwrap_or(content.len()),
            Self::Text => content.len(),
            Self::Json => content.rfind('}').unwrap_or(content.len()),
        }
    }

    /// Whether the content itself holds what would be taken for a marker. Where the marker stands last (text), and
    /// where quotation marks are escaped (JSON), it cannot.
    pub(super) fn is_ambiguous(self, content: &str) -> bool {
        self == Self::Html && content.contains(self.opening())
    }

    /// The bytes to store: the content with the marker of one attempt in it.
    pub(super) fn render(self, content: &str, marker: &Marker) -> String {
        let (before, after) = content
            .split_at_checked(self.position(content))
            .unwrap_or((content, ""));
        let mark = self.mark(marker, &digest::of_bytes(content.as_bytes()));
        [before, &mark, after].concat()
    }

    fn mark(self, marker: &Marker, digest: &str) -> String {
        let Marker {
            slot,
            epoch,
            revision,
            attempt,
        } = marker;
        let (opening, closing) = (self.opening(), self.closing());
        match self {
            Self::Html | Self::Text => format!(
                "{opening}{slot} epoch={epoch} revision={revision} attempt={attempt} digest={digest}{closing}"
            ),
            Self::Json => format!(
                "{opening}{slot}\",\"epoch\":{epoch},\"revision\":{revision},\"attempt\":\"{attempt}\",\"digest\":\"{digest}{closing}"
            ),
        }
    }

    /// The marker in stored bytes; `None` where there is none that we could have written.
    pub(super) fn read(self, bytes: &[u8]) -> Option<Mark> {
        let text = std::str::from_utf8(bytes).ok()?;
        let start = text.rfind(self.opening())?;
        let rest = text.get(start..)?;
        let inner = rest.strip_prefix(self.opening())?;
        let inner = inner.get(..inner.find(self.closing())?)?;
        let (marker, digest) = self.fields(inner)?;
        let mark = self.mark(&marker, &digest);
        let content = [text.get(..start)?, rest.strip_prefix(mark.as_str())?].concat();
        let intact = digest == digest::of_bytes(content.as_bytes()) && self.position(&content) == start;
        Some(Mark { marker, intact })
    }

    fn fields(self, inner: &str) -> Option<(Marker, String)> {
        if self == Self::Json {
            let Member {
                slot,
                epoch,
                revision,
                attempt,
                digest,
            } = serde_json::from_str(&format!("{{\"slot\":\"{inner}\"}}")).ok()?;
            return Some((
                Marker {
                    slot,
                    epoch,
                    revision,
                    attempt,
                },
                digest,
            ));
        }
        let mut words = inner.split(' ');
        let slot = words.next()?.to_owned();
        let mut value = |name: &str| {
            words
                .next()?
                .strip_prefix(name)?
                .strip_prefix('=')
                .map(str::to_owned)
        };
        let (epoch, revision) = (value("epoch")?.parse().ok()?, value("revision")?.parse().ok()?);
        let (attempt, digest) = (value("attempt")?, value("digest")?);
        words.next().is_none().then_some((
            Marker {
                slot,
                epoch,
                revision,
                attempt,
            },
            digest,
        ))
    }
}

/// Whether a marker can be written and read again: ids of attempts are letters, digits and dashes.
pub(super) fn is_writable(marker: &Marker) -> bool {
    let word = |text: &str| {
        !text.is_empty()
            && text.len() <= 64
            && !text.contains("--")
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    word(&marker.slot) && word(&marker.attempt)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FORMS: [Form; 3] = [Form::Html, Form::Text, Form::Json];

    fn marker() -> Marker {
        Marker {
            slot: "r1-abc".into(),
            epoch: 1,
            revision: 2,
            attempt: "a7".into(),
        }
    }

    fn content(form: Form) -> &'static str {
        match form {
            Form::Html => "<!doctype html><html><body>שלום</body></html>\n",
            Form::Text => "Hello,\nthere",
            Form::Json => r#"{"data":{"text":"}"}}"#,
        }
    }

    #[test]
    fn the_marker_stands_where_readers_do_not_see_it() {
        let digest = |form| digest::of_bytes(content(form).as_bytes());
        let html = Form::Html.render(content(Form::Html), &marker());
        let expected = format!(
            "<!doctype html><html><body>שלום</body><!-- campanile slot=r1-abc epoch=1 revision=2 attempt=a7 digest={} -->\n</html>\n",
            digest(Form::Html)
        );
        assert_eq!(html, expected);
        let json: serde_json::Value =
            serde_json::from_str(&Form::Json.render(content(Form::Json), &marker())).unwrap();
        assert_eq!(json["campanile"]["attempt"], "a7");
        assert_eq!(json["data"]["text"], "}");
        let text = Form::Text.render(content(Form::Text), &marker());
        assert_eq!(text.lines().count(), 3);
    }

    #[test]
    fn what_was_written_is_read_again_in_every_form() {
        for form in FORMS {
            let bytes = form.render(content(form), &marker());
            assert_eq!(
                form.read(bytes.as_bytes()),
                Some(Mark {
                    marker: marker(),
                    intact: true
                }),
                "{form:?}"
            );
        }
    }

    #[test]
    fn a_change_around_the_marker_is_seen() {
        for form in FORMS {
            let bytes = form.render(content(form), &marker());
            let changed = bytes.replacen(['e', 'l'], "x", 1);
            let mark = form.read(changed.as_bytes());
            assert!(mark.is_none_or(|mark| !mark.intact), "{form:?}");
        }
    }

    #[test]
    fn what_is_nearly_a_marker_is_none() {
        let whole = Form::Html.render(content(Form::Html), &marker());
        for (from, to) in [
            ("epoch=1", "epoch=01"),
            ("epoch=1", "epoch=-1"),
            ("revision=2", "revision=2 more=3"),
            ("attempt=a7 ", ""),
            (" -->", "-->"),
        ] {
            assert_eq!(
                Form::Html.read(whole.replace(from, to).as_bytes()),
                None,
                "{from} {to}"
            );
        }
        assert_eq!(Form::Html.read(b"\xff<!-- campanile slot="), None);
        assert_eq!(Form::Html.read(content(Form::Html).as_bytes()), None);
    }

    #[test]
    fn an_attempt_that_would_end_the_comment_is_not_writable() {
        for attempt in ["a-->", "a--b", "a b", "", "a\"", "ש"] {
            assert!(
                !is_writable(&Marker {
                    attempt: attempt.into(),
                    ..marker()
                }),
                "{attempt}"
            );
        }
        assert!(is_writable(&marker()));
    }

    proptest! {
        #[test]
        fn any_content_comes_back_intact_unless_it_is_refused_first(text in "(\\PC|\n|</html>|<!-- campanile slot=|\n\\[campanile slot=x\\]){0,60}") {
            let json = serde_json::json!({ "text": text }).to_string();
            for (form, content) in [(Form::Html, &text), (Form::Text, &text), (Form::Json, &json)] {
                if form.is_ambiguous(content) {
                    continue;
                }
                let bytes = form.render(content, &marker());
                prop_assert_eq!(form.read(bytes.as_bytes()), Some(Mark { marker: marker(), intact: true }));
            }
        }

        #[test]
        fn bytes_of_anybody_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0_usize..200) {
            for form in FORMS {
                let whole = form.render(content(form), &marker());
                let mut mixed = whole.as_bytes().get(..cut.min(whole.len())).unwrap_or_default().to_vec();
                mixed.extend_from_slice(&bytes);
                prop_assert!(form.read(&mixed).is_none_or(|mark| mark.marker == marker()));
            }
        }
    }
}
