//! What a Secret holds for a repository.

use std::collections::BTreeMap;
use std::fmt;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::error::{GitError, GitReason};
use super::url::{GitUrl, Location};
use crate::secret::SecretString;

/// How we make ourselves known to a git host, and which certificate authority we believe beside the public ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    pub(crate) method: Method,
    pub(crate) certificate_authority: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Method {
    Anonymous,
    Basic {
        username: SecretString,
        password: SecretString,
    },
    Bearer(SecretString),
    Key {
        identity: SecretString,
        known_hosts: SecretString,
    },
}

impl fmt::Debug for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::Basic { .. } => "Basic",
            Self::Bearer(_) => "Bearer",
            Self::Key { .. } => "Key",
        })
    }
}

/// The keys of the Secret that is named by `spec.source.git.secretRef`.
const KEYS: [&str; 5] = ["username", "password", "bearerToken", "identity", "known_hosts"];

impl Credentials {
    /// For a repository that everybody may read.
    pub fn anonymous() -> Self {
        Self {
            method: Method::Anonymous,
            certificate_authority: None,
        }
    }

    /// Reads the data of a Secret: `username` and `password`, or `bearerToken`, or `identity` and `known_hosts`,
    /// and with each of them, or alone, `ca.crt`. Other keys are not looked at.
    ///
    /// # Errors
    /// `CredentialsIncomplete`, naming the keys that are missing or that contradict each other.
    pub fn from_secret(data: &BTreeMap<String, Vec<u8>>) -> Result<Self, GitError> {
        let mut texts = BTreeMap::new();
        for key in KEYS {
            if let Some(text) = text_of(data, key)? {
                texts.insert(key, text);
            }
        }
        let certificate_authority = data.get("ca.crt").filter(|pem| !pem.is_empty()).cloned();
        let method = method_of(&texts, certificate_authority.is_some())?;
        Ok(Self {
            method,
            certificate_authority,
        })
    }

    /// Checks that this kind of credentials can be used with this kind of URL.
    ///
    /// # Errors
    /// `CredentialsIncomplete`, naming the keys that the URL needs.
    pub fn check_for(&self, url: &GitUrl) -> Result<(), GitError> {
        match (url.location(), &self.method) {
            (Location::Ssh(_), Method::Key { .. }) | (Location::Local(_), _) => Ok(()),
            (Location::Ssh(_), _) => Err(incomplete(
                "an ssh URL needs the keys `identity` and `known_hosts` in the Secret",
            )),
            (Location::Http(_), Method::Key { .. }) => Err(incomplete(
                "an http or https URL needs the keys `username` and `password`, or `bearerToken`, in the Secret, \
                 and it has `identity`",
            )),
            (Location::Http(_), _) => Ok(()),
        }
    }

    /// Tells two credentials apart without showing them: 64 hexadecimal digits.
    pub fn digest(&self) -> String {
        let mut hasher = Sha256::new();
        let mut field = |name: &str, bytes: &[u8]| {
            hasher.update(name.as_bytes());
            hasher.update((bytes.len() as u64).to_be_bytes());
            hasher.update(bytes);
        };
        match &self.method {
            Method::Anonymous => {}
            Method::Basic { username, password } => {
                field("username", username.expose().as_bytes());
                field("password", password.expose().as_bytes());
            }
            Method::Bearer(token) => field("bearerToken", token.expose().as_bytes()),
            Method::Key {
                identity,
                known_hosts,
            } => {
                field("identity", identity.expose().as_bytes());
                field("known_hosts", known_hosts.expose().as_bytes());
            }
        }
        field(
            "ca.crt",
            self.certificate_authority.as_deref().unwrap_or_default(),
        );
        HEXLOWER.encode(&hasher.finalize())
    }
}

fn incomplete(message: impl Into<String>) -> GitError {
    GitError::new(GitReason::CredentialsIncomplete, message)
}

/// The text of a key, or `None` where it is missing or empty. A line end after it (as `--from-file` leaves one) is
/// dropped, but for the two keys whose last line needs it.
fn text_of(data: &BTreeMap<String, Vec<u8>>, key: &str) -> Result<Option<SecretString>, GitError> {
    let Some(bytes) = data.get(key) else {
        return Ok(None);
    };
    let text = std::str::from_utf8(bytes)
        .map_err(|_| incomplete(format!("the key `{key}` of the Secret is not text in UTF-8")))?;
    let trimmed = text.trim_end_matches(['\r', '\n']);
    if trimmed.is_empty() {
        return Ok(None);
    }
    let file = matches!(key, "identity" | "known_hosts");
    if !file && trimmed.chars().any(char::is_control) {
        return Err(incomplete(format!(
            "the key `{key}` of the Secret contains control characters"
        )));
    }
    Ok(Some(if file {
        format!("{trimmed}\n").into()
    } else {
        trimmed.into()
    }))
}

fn method_of(texts: &BTreeMap<&str, SecretString>, has_authority: bool) -> Result<Method, GitError> {
    let has = |key: &str| texts.contains_key(key);
    let basic = has("username") || has("password");
    let key = has("identity") || has("known_hosts");
    let methods = [
        (basic, "`username` and `password`"),
        (has("bearerToken"), "`bearerToken`"),
        (key, "`identity` and `known_hosts`"),
    ];
    let present: Vec<&str> = methods
        .iter()
        .filter(|(there, _)| *there)
        .map(|(_, name)| *name)
        .collect();
    if present.len() > 1 {
        return Err(incomplete(format!(
            "the Secret must hold one of {}, and not both",
            present.join(" or ")
        )));
    }
    let needed = |key: &str| {
        texts
            .get(key)
            .cloned()
            .ok_or_else(|| incomplete(format!("the key `{key}` is missing in the Secret")))
    };
    if basic {
        Ok(Method::Basic {
            username: needed("username")?,
            password: needed("password")?,
        })
    } else if key {
        Ok(Method::Key {
            identity: needed("identity")?,
            known_hosts: needed("known_hosts")?,
        })
    } else if has("bearerToken") {
        Ok(Method::Bearer(needed("bearerToken")?))
    } else if has_authority {
        Ok(Method::Anonymous)
    } else {
        Err(incomplete(
            "the Secret holds none of `username` and `password`, `bearerToken`, `identity` and `known_hosts`, `ca.crt`",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(entries: &[(&str, &str)]) -> Result<Credentials, GitError> {
        let data = entries
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec()))
            .collect();
        Credentials::from_secret(&data)
    }

    fn problem(entries: &[(&str, &str)]) -> String {
        let error = secret(entries).unwrap_err();
        assert_eq!(error.reason(), "CredentialsIncomplete");
        error.to_string()
    }

    #[test]
    fn every_documented_set_of_keys_is_read() {
        for entries in [
            &[("username", "ada"), ("password", "word\n")][..],
            &[("bearerToken", "token")],
            &[("identity", "key"), ("known_hosts", "host")],
            &[("ca.crt", "pem")],
            &[
                ("bearerToken", "token"),
                ("ca.crt", "pem"),
                ("note", "other keys are not looked at"),
            ],
        ] {
            secret(entries).unwrap();
        }
        let read = secret(&[("username", "ada"), ("password", "word\n")]).unwrap();
        assert_eq!(
            read.method,
            Method::Basic {
                username: "ada".into(),
                password: "word".into()
            }
        );
    }

    #[test]
    fn a_missing_key_is_named() {
        assert_eq!(
            problem(&[("username", "ada")]),
            "the key `password` is missing in the Secret"
        );
        assert_eq!(
            problem(&[("password", "word"), ("username", "\n")]),
            "the key `username` is missing in the Secret"
        );
        assert_eq!(
            problem(&[("identity", "key")]),
            "the key `known_hosts` is missing in the Secret"
        );
        assert!(problem(&[]).contains("none of `username` and `password`"));
    }

    #[test]
    fn contradicting_keys_are_named() {
        assert_eq!(
            problem(&[
                ("username", "ada"),
                ("password", "word"),
                ("bearerToken", "token")
            ]),
            "the Secret must hold one of `username` and `password` or `bearerToken`, and not both"
        );
    }

    #[test]
    fn credentials_must_fit_the_url() {
        let ssh = GitUrl::parse("git@git.example.com:team/gtm", false).unwrap();
        let http = GitUrl::parse("https://git.example.com/team/gtm", false).unwrap();
        let key = secret(&[("identity", "key"), ("known_hosts", "host")]).unwrap();
        let token = secret(&[("bearerToken", "token")]).unwrap();
        assert!(key.check_for(&ssh).is_ok() && token.check_for(&http).is_ok());
        assert!(
            token
                .check_for(&ssh)
                .unwrap_err()
                .to_string()
                .contains("`identity` and `known_hosts`")
        );
        assert!(
            key.check_for(&http)
                .unwrap_err()
                .to_string()
                .contains("`bearerToken`")
        );
        assert!(Credentials::anonymous().check_for(&ssh).is_err());
    }

    #[test]
    fn nothing_of_it_is_printed() {
        let read = secret(&[("username", "canary-user"), ("password", "canary-word")]).unwrap();
        let printed = format!("{read:?} {}", read.digest());
        assert!(!printed.contains("canary"), "{printed}");
    }

    #[test]
    fn other_credentials_have_another_digest() {
        let digests: std::collections::BTreeSet<String> = [
            Credentials::anonymous(),
            secret(&[("username", "a"), ("password", "b")]).unwrap(),
            secret(&[("username", "ab"), ("password", "c")]).unwrap(),
            secret(&[("bearerToken", "b")]).unwrap(),
            secret(&[("ca.crt", "b")]).unwrap(),
        ]
        .iter()
        .map(Credentials::digest)
        .collect();
        assert_eq!(digests.len(), 5);
    }
}
