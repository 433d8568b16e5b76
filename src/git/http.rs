//! The smart HTTP protocol over our own guarded client.
//!
//! The git library brings the protocol and asks for a GET and a POST; here they are sent with our time-outs, our
//! address guard, our credentials and a bound on what may come back.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use base64::Engine as _;
use gix_transport::client::blocking_io::http::{GetResponse, Http, PostBodyDataKind, PostResponse};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Method as HttpMethod, Response, StatusCode};
use url::Url;

use super::credentials::{Credentials, Method};
use super::error::{GitError, GitReason};
use super::exchange::{BodyReader, Exchange, HeaderReader, Request, RequestWriter};
use super::wire::Wire;
use crate::egress::{EgressError, EgressPolicy};
use crate::secret::SafeUrl;

/// A repository that was renamed on its host answers with one redirect, rarely two.
const MAX_REDIRECTS: usize = 3;

/// What is needed to talk to one repository over HTTP.
#[derive(Debug, Clone)]
pub(crate) struct HttpContext {
    pub(crate) client: reqwest::Client,
    pub(crate) egress: EgressPolicy,
    pub(crate) authorization: Option<HeaderValue>,
}

impl HttpContext {
    pub(crate) fn new(
        client: reqwest::Client,
        egress: EgressPolicy,
        credentials: &Credentials,
    ) -> Result<Self, GitError> {
        let text = match &credentials.method {
            Method::Basic { username, password } => {
                let pair = format!("{}:{}", username.expose(), password.expose());
                Some(format!(
                    "Basic {}",
                    base64::engine::general_purpose::STANDARD.encode(pair)
                ))
            }
            Method::Bearer(token) => Some(format!("Bearer {}", token.expose())),
            Method::Anonymous | Method::Key { .. } => None,
        };
        let authorization = text.map(|text| header_value(&text)).transpose()?;
        Ok(Self {
            client,
            egress,
            authorization,
        })
    }
}

fn header_value(text: &str) -> Result<HeaderValue, GitError> {
    // The cause is left out on purpose: it could quote the token.
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        GitError::new(
            GitReason::CredentialsIncomplete,
            "the credentials have characters that HTTP cannot carry",
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// One conversation with a repository over HTTP.
pub(crate) struct GuardedHttp {
    context: HttpContext,
    wire: Arc<Wire>,
    redirected_base: Rc<RefCell<Option<String>>>,
}

impl GuardedHttp {
    pub(crate) fn new(context: HttpContext, wire: Arc<Wire>) -> Self {
        Self {
            context,
            wire,
            redirected_base: Rc::default(),
        }
    }

    fn exchange(
        &self,
        method: HttpMethod,
        (url, base): (&str, &str),
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Rc<RefCell<Exchange>> {
        let request = Request {
            method,
            url: url.to_owned(),
            tail: url.strip_prefix(base).unwrap_or_default().to_owned(),
            headers: headers.into_iter().map(|line| line.as_ref().to_owned()).collect(),
            body: Vec::new(),
        };
        Exchange::begin(
            request,
            self.context.clone(),
            Arc::clone(&self.wire),
            Rc::clone(&self.redirected_base),
        )
    }
}

impl Http for GuardedHttp {
    type Headers = HeaderReader;
    type ResponseBody = BodyReader;
    type PostBody = RequestWriter;

    fn get(
        &mut self,
        url: &str,
        base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> gix::Result<GetResponse<HeaderReader, BodyReader>> {
        let exchange = self.exchange(HttpMethod::GET, (url, base_url), headers);
        Ok(GetResponse {
            headers: HeaderReader::of(&exchange),
            body: BodyReader::of(&exchange),
        })
    }

    fn post(
        &mut self,
        url: &str,
        base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
        _body: PostBodyDataKind,
    ) -> gix::Result<PostResponse<HeaderReader, BodyReader, RequestWriter>> {
        let exchange = self.exchange(HttpMethod::POST, (url, base_url), headers);
        Ok(PostResponse {
            post_body: RequestWriter::of(&exchange),
            headers: HeaderReader::of(&exchange),
            body: BodyReader::of(&exchange),
        })
    }

    fn configure(&mut self, _config: &dyn Any) -> gix::Result<()> {
        Ok(())
    }

    fn redirected_base_url(&self) -> Option<String> {
        self.redirected_base.borrow().clone()
    }
}

/// Sends a request, following redirects that stay on the host: a repository that was renamed.
pub(crate) async fn send(context: &HttpContext, request: &Request) -> Result<Response, GitError> {
    let mut url = Url::parse(&request.url).map_err(|error| {
        GitError::new(GitReason::UrlRefused, "the repository URL cannot be read").caused_by(error)
    })?;
    for _ in 0..=MAX_REDIRECTS {
        context.egress.check_url(&url).map_err(egress_failure)?;
        let response = context
            .client
            .request(request.method.clone(), url.clone())
            .headers(request_headers(context, request))
            .body(request.body.clone())
            .send()
            .await
            .map_err(send_failure)?;
        match redirect_target(&response, &request.tail)? {
            Some(target) => url = target,
            None => return Ok(response),
        }
    }
    Err(GitError::new(
        GitReason::UrlRefused,
        "the git host redirects too often",
    ))
}

fn request_headers(context: &HttpContext, request: &Request) -> HeaderMap {
    let mut headers: HeaderMap = request
        .headers
        .iter()
        .filter_map(|line| line.split_once(':'))
        .filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.trim().as_bytes()).ok()?;
            Some((name, HeaderValue::from_str(value.trim()).ok()?))
        })
        .collect();
    if let Some(authorization) = &context.authorization {
        headers.insert(AUTHORIZATION, authorization.clone());
    }
    headers
}

/// Where a redirect leads, if it is one that is followed: same scheme, host and port, and the same end of the path,
/// so that credentials go nowhere else and the repository is still the one that is asked.
fn redirect_target(response: &Response, tail: &str) -> Result<Option<Url>, GitError> {
    if !response.status().is_redirection() {
        return Ok(None);
    }
    let refused = |why: &str| GitError::new(GitReason::UrlRefused, format!("the git host redirects {why}"));
    let target = response
        .headers()
        .get(LOCATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|location| response.url().join(location).ok())
        .ok_or_else(|| refused("without saying where to"))?;
    if target.origin() != response.url().origin() {
        return Err(refused(&format!(
            "to another host: use {} in the Campaign",
            SafeUrl(&target)
        )));
    }
    if !target.as_str().ends_with(tail) {
        let message = "the git host redirects to a page that is no repository (a sign-in page, perhaps)";
        return Err(GitError::new(GitReason::AuthenticationFailed, message));
    }
    Ok(Some(target))
}

/// Turns a request that was not answered into a reason; the URL is left out of the cause.
fn send_failure(error: reqwest::Error) -> GitError {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(current) = next {
        if let Some(egress) = current.downcast_ref::<EgressError>() {
            return egress_failure(egress.clone());
        }
        next = current.source();
    }
    let reason = if error.is_timeout() {
        GitReason::TimedOut
    } else {
        GitReason::HostUnreachable
    };
    GitError::new(reason, "failed to reach the git host").caused_by(error.without_url())
}

pub(crate) fn egress_failure(error: EgressError) -> GitError {
    let reason = match &error {
        EgressError::Refused(_) => GitReason::EgressRefused,
        EgressError::NoHost => GitReason::UrlRefused,
        EgressError::Unresolved { .. } | EgressError::Client(_) => GitReason::HostUnreachable,
        EgressError::CertificateAuthority { .. } => GitReason::CredentialsIncomplete,
    };
    GitError::new(reason, "failed to reach the git host").caused_by(error)
}

pub(crate) fn check_answer(response: &Response) -> Result<(), GitError> {
    let status = response.status();
    let reason = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => GitReason::AuthenticationFailed,
        StatusCode::NOT_FOUND | StatusCode::GONE => GitReason::RepositoryNotFound,
        _ if !status.is_success() => GitReason::HostUnreachable,
        _ if !speaks_git(response.headers()) => {
            return Err(GitError::new(
                GitReason::RepositoryNotFound,
                "the URL answers, but it is no git repository",
            ));
        }
        _ => return Ok(()),
    };
    Err(GitError::new(reason, format!("the git host answered {status}")))
}

fn speaks_git(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    [
        "application/x-git-upload-pack-",
        "application/x-git-receive-pack-",
    ]
    .iter()
    .any(|known| content_type.starts_with(known))
}
