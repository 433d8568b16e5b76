//! Who asks: what the listener or the process says, and whom they ask to act as.

use http::{HeaderMap, HeaderName};
use percent_encoding::percent_decode_str;

use crate::standalone::{registry::Caller, status::Refusal};

/// The group of everybody who is known.
const AUTHENTICATED: &str = "system:authenticated";
/// The most groups or extra values of an impersonated user.
const VALUES: usize = 64;

/// The caller of a request. `Impersonate-*` headers are honoured for every caller: who may do what is not judged here.
///
/// # Errors
/// 401 where nobody is known, 400 for groups without a user.
pub(super) fn caller(headers: &HeaderMap, known: Option<&Caller>) -> Result<Caller, Refusal> {
    let known = known.ok_or_else(Refusal::unauthorized)?;
    let first = |name| texts(headers, name).next();
    let groups: Vec<String> = texts(headers, "impersonate-group").take(VALUES).collect();
    let Some(username) = first("impersonate-user").filter(|user| !user.is_empty()) else {
        let asked = !groups.is_empty() || first("impersonate-uid").is_some();
        return if asked {
            let sentence = format!("requested groups {groups:?} without impersonating a user name");
            Err(Refusal::bad_request(sentence))
        } else {
            Ok(known.clone())
        };
    };
    Ok(Caller {
        groups: with_implied(groups, &username),
        uid: first("impersonate-uid").unwrap_or_default(),
        extra: extra(headers),
        username,
    })
}

fn texts(headers: &HeaderMap, name: &'static str) -> impl Iterator<Item = String> {
    let values = headers.get_all(name).into_iter();
    values.filter_map(|value| value.to_str().ok().map(str::to_owned))
}

/// A service account is in the groups of service accounts, and everybody in that of the known.
fn with_implied(mut groups: Vec<String>, username: &str) -> Vec<String> {
    let account = username.strip_prefix("system:serviceaccount:");
    let namespace = account.and_then(|account| account.split_once(':'));
    if let Some((namespace, _)) = namespace.filter(|_| groups.is_empty()) {
        groups.push("system:serviceaccounts".to_owned());
        groups.push(format!("system:serviceaccounts:{namespace}"));
    }
    let told = [AUTHENTICATED, "system:unauthenticated"];
    if !groups.iter().any(|group| told.contains(&group.as_str())) {
        groups.push(AUTHENTICATED.to_owned());
    }
    groups
}

fn extra(headers: &HeaderMap) -> Vec<(String, Vec<String>)> {
    let mut extra = Vec::new();
    for name in headers.keys().take(VALUES) {
        let Some(key) = name.as_str().strip_prefix("impersonate-extra-") else {
            continue;
        };
        let key = percent_decode_str(key).decode_utf8_lossy().into_owned();
        extra.push((key, values(headers, name)));
    }
    extra
}

fn values(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let values = headers.get_all(name).into_iter().take(VALUES);
    values
        .filter_map(|value| value.to_str().ok().map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn acting(headers: &[(&'static str, &'static str)]) -> Result<Caller, Refusal> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        let admin = Caller {
            username: "admin".to_owned(),
            ..Caller::default()
        };
        caller(&map, Some(&admin))
    }

    #[test]
    fn nobody_is_refused_and_somebody_is_taken_at_their_word() {
        assert_eq!(caller(&HeaderMap::new(), None).expect_err("nobody").code(), 401);
        assert_eq!(acting(&[]).expect("admin").username, "admin");
    }

    #[test]
    fn a_service_account_is_in_the_groups_of_its_kind() {
        let caller = acting(&[("impersonate-user", "system:serviceaccount:a:b")]).expect("acts");
        let groups = [
            "system:serviceaccounts",
            "system:serviceaccounts:a",
            AUTHENTICATED,
        ];
        assert_eq!(caller.groups, groups);
    }

    #[test]
    fn groups_are_nobody_without_a_user() {
        assert_eq!(
            acting(&[("impersonate-group", "g")]).expect_err("no user").code(),
            400
        );
        let caller = acting(&[("impersonate-user", "bob"), ("impersonate-group", "g")]).expect("acts");
        assert_eq!(caller.groups, ["g", AUTHENTICATED]);
    }
}
