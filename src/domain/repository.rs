//! When two git URLs mean the same repository.

/// The form in which repositories are compared: host and path, lower case, without scheme, user, port and `.git`.
///
/// `https://Git.example.com:8443/Team/gtm.git/`, `ssh://git@git.example.com/team/gtm` and
/// `git@git.example.com:team/gtm.git` are all `git.example.com/team/gtm`. Case is ignored in the path too: the
/// common hosts ignore it, and a repository that is wrongly taken for another one stops with a message, while
/// one that is wrongly taken for two would publish twice.
pub fn repository_identity(url: &str) -> String {
    let url = url.trim();
    let (authority, path) = split(url);
    let host = host_of(authority).to_lowercase();
    let decoded = percent_decoded(path).to_lowercase();
    let mut segments: Vec<&str> = decoded
        .split('/')
        .filter(|segment| !matches!(*segment, "" | "."))
        .collect();
    let stem = segments
        .pop()
        .map(|last| last.strip_suffix(".git").unwrap_or(last))
        .unwrap_or_default();
    segments.push(stem);
    format!("{host}/{}", segments.join("/"))
}

/// Splits a URL, the `user@host:path` form or a plain path into authority and path.
fn split(url: &str) -> (&str, &str) {
    if let Some((_, rest)) = url.split_once("://") {
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        return rest.split_once('/').unwrap_or((rest, ""));
    }
    match url.split_once(':') {
        Some((authority, path)) if !authority.contains('/') => (authority, path),
        _ => ("", url),
    }
}

fn host_of(authority: &str) -> &str {
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    host.trim_end_matches('.')
}

fn percent_decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let decoded = (first == b'%').then(|| hex_pair(tail)).flatten();
        bytes.push(decoded.unwrap_or(first));
        rest = if decoded.is_some() {
            tail.get(2..).unwrap_or_default()
        } else {
            tail
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex_pair(tail: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
    digits
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit())
        .then(|| u8::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_repository_is_one_identity() {
        for url in [
            "https://git.example.com/team/gtm.git",
            "https://git.example.com/team/gtm",
            "http://Git.Example.com:8080//team/GTM.git/",
            "https://user:word@git.example.com./team/gtm.git?x=1",
            "ssh://git@git.example.com:2222/team/gtm.git",
            "git@git.example.com:team/gtm.git",
            "git@git.example.com:/team/gtm",
            "https://git.example.com/team/%67tm.git",
        ] {
            assert_eq!(repository_identity(url), "git.example.com/team/gtm", "{url}");
        }
    }

    #[test]
    fn different_repositories_differ() {
        let identities: std::collections::BTreeSet<String> = [
            "https://git.example.com/team/gtm",
            "https://git.example.com/team/gtm2",
            "https://git.example.org/team/gtm",
            "https://git.example.com/other/gtm",
            "/srv/git/gtm.git",
        ]
        .into_iter()
        .map(repository_identity)
        .collect();
        assert_eq!(identities.len(), 5);
    }

    #[test]
    fn a_broken_escape_is_kept_as_it_is() {
        assert_eq!(repository_identity("https://h/a%zz%4"), "h/a%zz%4");
    }

    #[test]
    fn a_local_path_has_no_host() {
        assert_eq!(repository_identity("file:///srv/git/gtm.git"), "/srv/git/gtm");
        assert_eq!(repository_identity("/srv/git/gtm"), "/srv/git/gtm");
    }
}
