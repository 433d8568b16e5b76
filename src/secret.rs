//! Types for values that must not be printed, and a way to print URLs without the credentials in them.

use std::fmt;
use std::sync::Arc;

use subtle::ConstantTimeEq;
use url::Url;

/// A text that logs, errors and `Debug` never show.
///
/// There is no `Display` and no serialisation: whoever needs the text calls [`SecretString::expose`], which is
/// easy to find in review. Two secrets are compared in constant time.
#[derive(Clone)]
pub struct SecretString(Arc<str>);

impl SecretString {
    /// Wraps a text.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that sends or hashes it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for SecretString {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

impl PartialEq for SecretString {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for SecretString {}

impl From<String> for SecretString {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for SecretString {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// Displays a URL without user information, and with its query replaced: tokens live in both.
///
/// `https://user:word@hooks.example.com/a?token=1#b` shows as `https://hooks.example.com/a?[redacted]`.
#[derive(Clone, Copy)]
pub struct SafeUrl<'a>(pub &'a Url);

impl fmt::Display for SafeUrl<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}://{}",
            self.0.scheme(),
            self.0.host_str().unwrap_or_default()
        )?;
        if let Some(port) = self.0.port() {
            write!(formatter, ":{port}")?;
        }
        formatter.write_str(self.0.path())?;
        if self.0.query().is_some() {
            formatter.write_str("?[redacted]")?;
        }
        Ok(())
    }
}

impl fmt::Debug for SafeUrl<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed_even_inside_another_value() {
        #[derive(Debug)]
        #[expect(dead_code, reason = "only its Debug form matters")]
        struct Holder {
            token: Option<SecretString>,
        }
        let printed = format!(
            "{:?}",
            Holder {
                token: Some("canary-1".into())
            }
        );
        assert_eq!(printed, "Holder { token: Some([redacted]) }");
    }

    #[test]
    fn a_url_shows_neither_user_nor_query_nor_fragment() {
        let url = Url::parse("https://user:word@hooks.example.com:8443/a/b?token=1#c").unwrap();
        assert_eq!(
            SafeUrl(&url).to_string(),
            "https://hooks.example.com:8443/a/b?[redacted]"
        );
        assert_eq!(format!("{:?}", SafeUrl(&url)), SafeUrl(&url).to_string());
    }

    #[test]
    fn secrets_are_equal_by_their_text() {
        assert_eq!(SecretString::from("a"), SecretString::from("a"));
        assert_ne!(SecretString::from("a"), SecretString::from("ab"));
    }
}
