//! Which repository URLs we use, and which forms we refuse.

use std::fmt;
use std::path::{Path, PathBuf};

use url::Url;

use super::error::{GitError, GitReason};
use crate::domain::repository::repository_identity;

/// A URL longer than this is refused.
const MAX_URL_LENGTH: usize = 2048;

/// Where a repository is, checked and without credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitUrl {
    location: Location,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Location {
    Http(Url),
    Ssh(SshLocation),
    Local(PathBuf),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SshLocation {
    pub(crate) user: Option<String>,
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    pub(crate) path: String,
}

impl GitUrl {
    /// Reads `https://`, `http://`, `ssh://` and `git@host:path`; `file://` and absolute paths only where local
    /// paths are allowed.
    ///
    /// # Errors
    /// `UrlRefused` for everything else: other transports (`ext::`), options, credentials in the URL (they belong
    /// in the Secret), control characters.
    pub fn parse(text: &str, allow_local_paths: bool) -> Result<Self, GitError> {
        check_characters(text)?;
        let location = if let Some((scheme, rest)) = text.split_once("://") {
            match scheme.to_ascii_lowercase().as_str() {
                "http" | "https" => parse_http(text)?,
                "ssh" => Location::Ssh(parse_ssh(text)?),
                "file" => parse_local(rest, allow_local_paths)?,
                _ => return Err(refused("only https, http and ssh are used")),
            }
        } else if text.starts_with('/') {
            parse_local(text, allow_local_paths)?
        } else {
            Location::Ssh(parse_scp_form(text)?)
        };
        Ok(Self { location })
    }

    /// Host and path in the form in which repositories are compared.
    pub fn identity(&self) -> String {
        repository_identity(&self.to_string())
    }

    pub(crate) fn location(&self) -> &Location {
        &self.location
    }
}

impl fmt::Display for GitUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            Location::Http(url) => formatter.write_str(url.as_str()),
            Location::Ssh(ssh) => ssh.fmt(formatter),
            Location::Local(path) => write!(formatter, "file://{}", path.display()),
        }
    }
}

/// A path that starts at the home folder of the user keeps the form that says so: `host:path` and
/// `ssh://host/path` can be two repositories.
impl fmt::Display for SshLocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let absolute = self.path.starts_with('/');
        formatter.write_str(if absolute { "ssh://" } else { "" })?;
        if let Some(user) = &self.user {
            write!(formatter, "{user}@")?;
        }
        formatter.write_str(&self.host)?;
        if let Some(port) = self.port {
            write!(formatter, ":{port}")?;
        }
        write!(formatter, "{}{}", if absolute { "" } else { ":" }, self.path)
    }
}

fn refused(why: impl fmt::Display) -> GitError {
    GitError::new(
        GitReason::UrlRefused,
        format!("the repository URL is refused: {why}"),
    )
}

fn check_characters(text: &str) -> Result<(), GitError> {
    if text.is_empty() {
        return Err(refused("it is empty"));
    }
    if text.len() > MAX_URL_LENGTH {
        return Err(refused(format!("it is longer than {MAX_URL_LENGTH} bytes")));
    }
    if text
        .chars()
        .any(|character| character.is_control() || character.is_whitespace())
    {
        return Err(refused("it contains white space or control characters"));
    }
    if text.starts_with('-') {
        return Err(refused("it starts with a dash, like an option"));
    }
    if text
        .split('/')
        .next()
        .is_some_and(|authority| authority.contains("::") && !authority.contains('['))
    {
        return Err(refused("it names a remote helper (`name::`)"));
    }
    Ok(())
}

fn parse_http(text: &str) -> Result<Location, GitError> {
    let url = Url::parse(text).map_err(|error| refused("it cannot be read").caused_by(error))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused(
            "it contains credentials; put them into the Secret that secretRef names",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refused("it contains a query or a fragment"));
    }
    if url.path().trim_matches('/').is_empty() {
        return Err(refused("it has no path"));
    }
    Ok(Location::Http(url))
}

fn parse_ssh(text: &str) -> Result<SshLocation, GitError> {
    let url = Url::parse(text).map_err(|error| refused("it cannot be read").caused_by(error))?;
    if url.password().is_some() {
        return Err(refused(
            "it contains a password; ssh is used with a key from the Secret",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refused("it contains a query or a fragment"));
    }
    let user = Some(url.username()).filter(|user| !user.is_empty());
    check_ssh(user, url.host_str().unwrap_or_default(), url.path(), url.port())
}

fn parse_scp_form(text: &str) -> Result<SshLocation, GitError> {
    let Some((authority, path)) = text
        .split_once(':')
        .filter(|(authority, _)| !authority.contains('/'))
    else {
        return Err(refused("it is neither a URL nor of the form user@host:path"));
    };
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    check_ssh(user, host, path, None)
}

fn check_ssh(user: Option<&str>, host: &str, path: &str, port: Option<u16>) -> Result<SshLocation, GitError> {
    let word = |text: &str, extra: &str| {
        !text.is_empty()
            && !text.starts_with('-')
            && text
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || extra.contains(character))
    };
    if user.is_some_and(|user| !word(user, "._-")) {
        return Err(refused("the user has characters that are not used in one"));
    }
    if !word(host, ".-_:[]") {
        return Err(refused("the host has characters that are not used in one"));
    }
    if path.trim_start_matches('/').is_empty() || path.trim_start_matches('/').starts_with('-') {
        return Err(refused("it has no path, or one that starts with a dash"));
    }
    if path.contains(['\'', '"', '`', '$', '\\', '!', ';', '|', '&', '<', '>', '%']) {
        return Err(refused("the path has characters that a shell would act on"));
    }
    // The home folder of a user is expanded by the other side's shell, so it stands outside of quotes.
    let home = path
        .trim_start_matches('/')
        .split('/')
        .next()
        .and_then(|first| first.strip_prefix('~'));
    if home.is_some_and(|home| !home.is_empty() && !word(home, "._-")) {
        return Err(refused(
            "the home folder in the path has characters that are not used in one",
        ));
    }
    Ok(SshLocation {
        user: user.map(ToOwned::to_owned),
        host: host.to_owned(),
        port,
        path: path.to_owned(),
    })
}

fn parse_local(path: &str, allow_local_paths: bool) -> Result<Location, GitError> {
    if !allow_local_paths {
        return Err(refused(
            "local paths are used only where the operator was started with --allow-local-paths",
        ));
    }
    let path = path.strip_prefix("localhost").unwrap_or(path);
    if !path.starts_with('/') || Path::new(path).components().any(|part| part.as_os_str() == "..") {
        return Err(refused("a local path must be absolute and without `..`"));
    }
    Ok(Location::Local(PathBuf::from(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_forms_are_read() {
        for (text, shown) in [
            (
                "https://git.example.com/team/gtm.git",
                "https://git.example.com/team/gtm.git",
            ),
            (
                "HTTP://git.example.com:8080/team/gtm",
                "http://git.example.com:8080/team/gtm",
            ),
            (
                "ssh://git@git.example.com:2222/team/gtm.git",
                "ssh://git@git.example.com:2222/team/gtm.git",
            ),
            (
                "git@git.example.com:team/gtm.git",
                "git@git.example.com:team/gtm.git",
            ),
            ("git.example.com:~ada/gtm.git", "git.example.com:~ada/gtm.git"),
        ] {
            let url = GitUrl::parse(text, false).unwrap();
            assert_eq!(url.to_string(), shown);
        }
    }

    #[test]
    fn forms_that_run_or_read_something_else_are_refused() {
        for text in [
            "",
            "-oProxyCommand=touch",
            "ext::sh -c touch",
            "ext::sh",
            "fd::17",
            "git://git.example.com/team/gtm",
            "ftp://git.example.com/team/gtm",
            "https://git.example.com/team/gtm\n--upload-pack=x",
            "https://user:word@git.example.com/team/gtm",
            "https://token@git.example.com/team/gtm",
            "https://git.example.com/team/gtm?x=--upload-pack",
            "https://git.example.com/",
            "ssh://-oProxyCommand=touch/team",
            "ssh://git@-host/team",
            "ssh://-git@host/team",
            "ssh://git:word@host/team",
            "ssh://host/",
            "-git@host:team",
            "git@-host:team",
            "git@host:-team",
            "git@host:a;b",
            "git@host:$(touch)",
            "git@host:~a(b)/gtm",
            "ssh://host/~*/gtm",
            "gtm",
            "./gtm",
            "../gtm",
            "/srv/git/gtm",
            "file:///srv/git/gtm",
        ] {
            let error = GitUrl::parse(text, false).expect_err(text);
            assert_eq!(error.reason(), "UrlRefused", "{text}");
        }
    }

    #[test]
    fn local_paths_need_the_flag_and_must_be_absolute() {
        for text in [
            "/srv/git/gtm",
            "file:///srv/git/gtm",
            "file://localhost/srv/git/gtm",
        ] {
            assert_eq!(
                GitUrl::parse(text, true).unwrap().to_string(),
                "file:///srv/git/gtm",
                "{text}"
            );
        }
        for text in ["file://other/srv", "file:///srv/../etc", "srv/git"] {
            assert!(GitUrl::parse(text, true).is_err(), "{text}");
        }
    }

    #[test]
    fn a_refusal_never_repeats_the_url() {
        let error = GitUrl::parse("https://user:canary-word@git.example.com/a", false).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary-word"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_becomes_an_option_or_a_helper(text in "\\PC{0,80}") {
            if let Ok(url) = GitUrl::parse(&text, false) {
                let shown = url.to_string();
                proptest::prop_assert!(!shown.starts_with('-') && !shown.contains("::") || shown.contains('['), "{}", shown);
                if let Location::Ssh(ssh) = url.location() {
                    for part in [ssh.host.as_str(), ssh.user.as_deref().unwrap_or("u"), ssh.path.trim_start_matches('/')] {
                        proptest::prop_assert!(!part.is_empty() && !part.starts_with('-'), "{}", part);
                        proptest::prop_assert!(!part.contains(['\'', '"', '`', '$', ';', ' ']), "{}", part);
                    }
                }
            }
        }

        #[test]
        fn the_shown_form_is_the_same_repository(
            host in "[a-z]{1,8}\\.[a-z]{2,3}", path in "~?[a-z][a-zA-Z0-9_.-]{0,8}/[a-z][a-z0-9_-]{0,8}(\\.git)?", port in 1_u16..
        ) {
            let identity = repository_identity(&format!("https://{host}/{path}"));
            for text in [
                format!("https://{host}:{port}/{path}"),
                format!("ssh://git@{host}:{port}/{path}"),
                format!("git@{host}:{path}"),
            ] {
                let url = GitUrl::parse(&text, false).unwrap();
                proptest::prop_assert_eq!(&url.identity(), &identity);
                proptest::prop_assert_eq!(GitUrl::parse(&url.to_string(), false).unwrap(), url);
            }
        }
    }
}
