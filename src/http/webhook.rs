//! Webhooks of git hosts: how GitHub, GitLab and Gitea sign them, and which repository and branch they speak of.

use axum::http::HeaderMap;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::secret::SecretString;

/// How a webhook is signed.
#[derive(Clone, PartialEq, Eq)]
pub enum Signature {
    /// GitHub's `X-Hub-Signature-256` and Gitea's `X-Gitea-Signature`: the HMAC-SHA-256 of the body.
    Hmac(Vec<u8>),
    /// GitLab's `X-Gitlab-Token`: the secret itself.
    Token(SecretString),
}

impl Signature {
    /// Whether that secret signed this body; takes the same time whatever is wrong.
    pub fn is_by(&self, secret: &SecretString, body: &[u8]) -> bool {
        if secret.is_empty() {
            return false;
        }
        match self {
            Self::Token(token) => token.expose().as_bytes().ct_eq(secret.expose().as_bytes()).into(),
            Self::Hmac(sent) => {
                let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.expose().as_bytes())
                else {
                    return false;
                };
                mac.update(body);
                mac.verify_slice(sent).is_ok()
            }
        }
    }
}

/// The signature that a request carries.
pub fn signature(headers: &HeaderMap) -> Option<Signature> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let hex = |text: &str| {
        data_encoding::HEXLOWER_PERMISSIVE
            .decode(text.as_bytes())
            .ok()
            .map(Signature::Hmac)
    };
    header("x-hub-signature-256")
        .and_then(|value| value.strip_prefix("sha256="))
        .and_then(hex)
        .or_else(|| header("x-gitea-signature").and_then(hex))
        .or_else(|| {
            header("x-gitlab-token").map(|token| Signature::Token(SecretString::from(token.to_owned())))
        })
}

/// What a push speaks of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Push {
    /// Addresses of the repository.
    pub repositories: Vec<String>,
    /// The branch; none where the body names none.
    pub branch: Option<String>,
}

/// Reads the body of a push; what is no such body speaks of nothing.
pub fn push(body: &[u8]) -> Push {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return Push::default();
    };
    let repositories = ["repository", "project"]
        .iter()
        .filter_map(|name| value.get(name)?.as_object())
        .flat_map(|repository| {
            [
                "clone_url",
                "ssh_url",
                "html_url",
                "git_url",
                "url",
                "git_http_url",
                "git_ssh_url",
                "web_url",
                "homepage",
            ]
            .iter()
            .filter_map(|name| repository.get(*name)?.as_str().map(str::to_owned))
        })
        .collect();
    let branch = value
        .get("ref")
        .and_then(Value::as_str)
        .and_then(|name| name.strip_prefix("refs/heads/"));
    Push {
        repositories,
        branch: branch.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] =
        br#"{"ref":"refs/heads/main","repository":{"clone_url":"https://git.example.com/team/gtm.git"}}"#;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    /// printf '%s' "$BODY" | openssl dgst -sha256 -hmac secret
    fn hmac_of_body() -> String {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(b"secret").unwrap();
        mac.update(BODY);
        data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes())
    }

    #[test]
    fn each_git_host_is_believed_by_its_own_signature() {
        let secret = SecretString::from("secret".to_owned());
        let github = signature(&headers(
            "x-hub-signature-256",
            &format!("sha256={}", hmac_of_body()),
        ))
        .unwrap();
        let gitea = signature(&headers("x-gitea-signature", &hmac_of_body())).unwrap();
        let gitlab = signature(&headers("x-gitlab-token", "secret")).unwrap();
        assert!(github.is_by(&secret, BODY) && gitea.is_by(&secret, BODY) && gitlab.is_by(&secret, BODY));
    }

    #[test]
    fn a_wrong_signature_is_believed_by_nobody() {
        let secret = SecretString::from("secret".to_owned());
        let github = signature(&headers(
            "x-hub-signature-256",
            &format!("sha256={}", hmac_of_body()),
        ))
        .unwrap();
        assert!(!github.is_by(&secret, b"another body"));
        assert!(!github.is_by(&SecretString::from("other".to_owned()), BODY));
        assert!(
            !signature(&headers("x-gitlab-token", "secre"))
                .unwrap()
                .is_by(&secret, BODY)
        );
        assert!(
            !signature(&headers("x-gitlab-token", ""))
                .unwrap()
                .is_by(&SecretString::from(String::new()), BODY)
        );
        assert!(signature(&headers("x-hub-signature-256", "sha256=nothex")).is_none());
        assert!(signature(&HeaderMap::new()).is_none());
    }

    #[test]
    fn a_push_names_its_repository_and_branch() {
        let push = push(BODY);
        assert_eq!(push.repositories, ["https://git.example.com/team/gtm.git"]);
        assert_eq!(push.branch.as_deref(), Some("main"));
        assert_eq!(super::push(b"not json"), Push::default());
    }
}
