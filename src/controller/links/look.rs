//! One look at a link: politely, within bounds, and never at an address inside the cluster.

use std::time::Duration;

use reqwest::{Client, Method, Response, header};
use url::Url;

use crate::{
    domain::policy::LinkFinding,
    egress::{EgressError, EgressPolicy},
};

/// How long one look may take, redirects included.
const LONGEST_LOOK: Duration = Duration::from_secs(30);
/// How many redirects are followed; browsers stop at 20, a link that people share needs fewer.
const MOST_REDIRECTS: usize = 5;
/// The longest pause that a host is granted when it asks for one.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// Why an address inside the cluster is not asked.
const REFUSED: &str = "its address is not a public one, and --allow-egress-to does not name it";

/// What a look at a link found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// What the rules are told.
    pub(super) found: LinkFinding,
    /// For how long the host asked to be left alone.
    pub(super) pause: Option<Duration>,
}

impl From<LinkFinding> for Look {
    fn from(found: LinkFinding) -> Self {
        Self { found, pause: None }
    }
}

fn unreachable(why: &str) -> Look {
    LinkFinding::Unreachable(why.to_owned()).into()
}

/// Looks at a link: HEAD, and GET where the server does not answer that well; no body is read.
pub(super) async fn look(client: &Client, egress: &EgressPolicy, link: &str) -> Look {
    let following = follow(client, egress, link);
    match tokio::time::timeout(LONGEST_LOOK, following).await {
        Ok(look) => look,
        Err(_) => LinkFinding::TimedOut.into(),
    }
}

async fn follow(client: &Client, egress: &EgressPolicy, link: &str) -> Look {
    let Ok(mut url) = Url::parse(link) else {
        return unreachable("it is no http or https address");
    };
    for _ in 0..=MOST_REDIRECTS {
        if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some()
        {
            return unreachable("it is no http or https address");
        }
        let response = match ask(client, egress, &url).await {
            Ok(response) => response,
            Err(found) => return found.into(),
        };
        match redirect(&url, &response) {
            Some(next) => url = next,
            None => return answered(&response),
        }
    }
    unreachable("it redirects more than five times")
}

async fn ask(client: &Client, egress: &EgressPolicy, url: &Url) -> Result<Response, LinkFinding> {
    let head = request(client, egress, Method::HEAD, url).await;
    match head {
        Ok(response) if is_final(&response) => Ok(response),
        // Many servers answer HEAD with an error, or not at all.
        Ok(_) | Err(LinkFinding::Unreachable(_) | LinkFinding::TimedOut) => {
            request(client, egress, Method::GET, url).await
        }
        Err(found) => Err(found),
    }
}

/// Whether a GET would say nothing else: a success, a redirect, or a wish to be left alone.
fn is_final(response: &Response) -> bool {
    let status = response.status();
    status.is_success() || status.is_redirection() || status.as_u16() == 429
}

async fn request(
    client: &Client,
    egress: &EgressPolicy,
    method: Method,
    url: &Url,
) -> Result<Response, LinkFinding> {
    if egress.check_url(url).is_err() {
        return Err(LinkFinding::Unreachable(REFUSED.to_owned()));
    }
    let sent = client
        .request(method, url.clone())
        .header(header::ACCEPT, "text/html,*/*;q=0.5")
        .send()
        .await;
    sent.map_err(|error| failure(&error))
}

/// What a request came to that got no answer.
fn failure(error: &reqwest::Error) -> LinkFinding {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(one) = cause {
        match one.downcast_ref::<EgressError>() {
            Some(EgressError::Refused(_)) => return LinkFinding::Unreachable(REFUSED.to_owned()),
            Some(EgressError::Unresolved { source, .. }) => {
                return if source.kind() == std::io::ErrorKind::TimedOut {
                    LinkFinding::TimedOut
                } else {
                    LinkFinding::NoSuchHost
                };
            }
            _ => cause = one.source(),
        }
    }
    if error.is_timeout() {
        LinkFinding::TimedOut
    } else {
        LinkFinding::Unreachable("the connection failed".to_owned())
    }
}

fn redirect(url: &Url, response: &Response) -> Option<Url> {
    if !response.status().is_redirection() {
        return None;
    }
    let location = response.headers().get(header::LOCATION)?.to_str().ok()?;
    url.join(location).ok()
}

fn answered(response: &Response) -> Look {
    let status = response.status().as_u16();
    let asks = matches!(status, 429 | 503);
    let seconds = response
        .headers()
        .get(header::RETRY_AFTER)
        .filter(|_| asks)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Look {
        found: LinkFinding::Status(status),
        pause: seconds.map(|seconds| Duration::from_secs(seconds).min(LONGEST_PAUSE)),
    }
}

#[cfg(test)]
mod tests {
    use axum::{
        Router,
        http::{HeaderMap, HeaderValue, Method as Asked, StatusCode, header::LOCATION, header::RETRY_AFTER},
        routing::any,
    };

    use super::*;
    use crate::egress::{HttpClientOptions, http_client};

    /// A server of the ways in which sites answer; its address.
    async fn site() -> String {
        let to = |place: &'static str| move || async move { (StatusCode::FOUND, [(LOCATION, place)]) };
        let no_head = |method: Asked| async move {
            match method {
                Asked::HEAD => StatusCode::METHOD_NOT_ALLOWED,
                _ => StatusCode::OK,
            }
        };
        let busy = || async {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static("120"))]);
            (StatusCode::TOO_MANY_REQUESTS, headers)
        };
        let routes = Router::new()
            .route("/fine", any(|| async { "fine" }))
            .route("/no-head", any(no_head))
            .route("/busy", any(busy))
            .route("/moved", any(to("/fine")))
            .route("/loop", any(to("/loop")))
            .route("/inside", any(to("http://169.254.169.254/latest/meta-data/")))
            .route("/elsewhere", any(to("ftp://example.com/")));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        format!("http://{address}")
    }

    async fn seen(path: &str, allowed: &[&str]) -> Look {
        let egress = EgressPolicy::new(allowed.iter().map(|network| network.parse().unwrap()));
        let client = http_client(&egress, &HttpClientOptions::default()).unwrap();
        look(&client, &egress, &format!("{}{path}", site().await)).await
    }

    async fn found(path: &str) -> LinkFinding {
        seen(path, &["127.0.0.0/8"]).await.found
    }

    #[tokio::test]
    async fn a_page_answers_whether_its_server_knows_head_or_not() {
        assert_eq!(found("/fine").await, LinkFinding::Status(200));
        assert_eq!(found("/no-head").await, LinkFinding::Status(200));
        assert_eq!(found("/nowhere").await, LinkFinding::Status(404));
    }

    #[tokio::test]
    async fn a_redirect_is_followed_a_few_times_and_never_into_the_cluster() {
        assert_eq!(found("/moved").await, LinkFinding::Status(200));
        assert_eq!(
            found("/inside").await,
            LinkFinding::Unreachable(REFUSED.to_owned())
        );
        for path in ["/loop", "/elsewhere"] {
            assert!(matches!(found(path).await, LinkFinding::Unreachable(_)), "{path}");
        }
    }

    #[tokio::test]
    async fn a_private_address_is_asked_only_where_a_flag_names_it() {
        let look = seen("/fine", &[]).await;
        assert_eq!(look.found, LinkFinding::Unreachable(REFUSED.to_owned()));
    }

    #[tokio::test]
    async fn a_host_that_asks_to_be_left_alone_is() {
        let look = seen("/busy", &["127.0.0.0/8"]).await;
        assert_eq!(look.found, LinkFinding::Status(429));
        assert_eq!(look.pause, Some(Duration::from_mins(2)));
    }

    #[tokio::test]
    async fn what_is_no_link_is_not_asked() {
        let egress = EgressPolicy::default();
        let client = http_client(&egress, &HttpClientOptions::default()).unwrap();
        for link in [
            "no link",
            "mailto:a@example.com",
            "https://user:secret@example.com/",
        ] {
            let look = look(&client, &egress, link).await;
            assert!(matches!(look.found, LinkFinding::Unreachable(_)), "{link}");
        }
    }
}
