//! The smart HTTP protocol over our own guarded client.
//!
//! The git library brings the protocol and asks for a GET and a POST; here they are sent with our time-outs, our
//! address guard, our credentials and a bound on what may come back.

use std::any::Any;
use std::cell::RefCell;
use std::io::{self, BufRead, Read, Write};
use std::rc::Rc;
use std::sync::Arc;

use base64::Engine as _;
use bytes::Bytes;
use gix_transport::client::blocking_io::http::{GetResponse, Http, PostBodyDataKind, PostResponse};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Method as HttpMethod, Response, StatusCode};
use url::Url;

use super::credentials::{Credentials, Method};
use super::error::{GitError, GitReason};
use super::wire::Wire;
use crate::egress::{EgressError, EgressPolicy};
use crate::secret::SafeUrl;

/// A negotiation larger than this is not sent: it is some 300,000 commits.
const MAX_REQUEST_BYTES: usize = 16 * 1024 * 1024;
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
        Rc::new(RefCell::new(Exchange {
            context: self.context.clone(),
            wire: Arc::clone(&self.wire),
            redirected_base: Rc::clone(&self.redirected_base),
            request: Some(Request {
                method,
                url: url.to_owned(),
                tail: url.strip_prefix(base).unwrap_or_default().to_owned(),
                headers: headers.into_iter().map(|line| line.as_ref().to_owned()).collect(),
                body: Vec::new(),
            }),
            answered_headers: Vec::new(),
            response: None,
        }))
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
            headers: HeaderReader {
                exchange: Rc::clone(&exchange),
                rest: None,
            },
            body: BodyReader {
                exchange,
                chunk: Bytes::new(),
            },
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
            post_body: RequestWriter {
                exchange: Rc::clone(&exchange),
            },
            headers: HeaderReader {
                exchange: Rc::clone(&exchange),
                rest: None,
            },
            body: BodyReader {
                exchange,
                chunk: Bytes::new(),
            },
        })
    }

    fn configure(&mut self, _config: &dyn Any) -> gix::Result<()> {
        Ok(())
    }

    fn redirected_base_url(&self) -> Option<String> {
        self.redirected_base.borrow().clone()
    }
}

struct Request {
    method: HttpMethod,
    url: String,
    tail: String,
    headers: Vec<String>,
    body: Vec<u8>,
}

/// One request and its answer. The request leaves when somebody first reads: by then its body is complete.
struct Exchange {
    context: HttpContext,
    wire: Arc<Wire>,
    redirected_base: Rc<RefCell<Option<String>>>,
    request: Option<Request>,
    answered_headers: Vec<u8>,
    response: Option<Response>,
}

impl Exchange {
    fn ensure_sent(&mut self) -> io::Result<()> {
        let Some(request) = self.request.take() else {
            return Ok(());
        };
        let response = self.wire.wait(send(&self.context, &request))?;
        if response.url().as_str() != request.url
            && let Some(base) = response.url().as_str().strip_suffix(&request.tail)
        {
            *self.redirected_base.borrow_mut() = Some(base.to_owned());
        }
        check_answer(&response).map_err(|error| self.wire.fail(error))?;
        for (name, value) in response.headers() {
            self.answered_headers.extend_from_slice(name.as_str().as_bytes());
            self.answered_headers.extend_from_slice(b":");
            self.answered_headers.extend_from_slice(value.as_bytes());
            self.answered_headers.extend_from_slice(b"\n");
        }
        self.response = Some(response);
        Ok(())
    }

    fn next_chunk(&mut self) -> io::Result<Bytes> {
        self.ensure_sent()?;
        let Some(response) = self.response.as_mut() else {
            return Ok(Bytes::new());
        };
        let chunk = self.wire.wait(async {
            response.chunk().await.map_err(|error| {
                GitError::new(GitReason::CorruptPack, "the answer of the git host broke off")
                    .caused_by(error.without_url())
            })
        })?;
        let chunk = chunk.unwrap_or_else(|| {
            self.response = None;
            Bytes::new()
        });
        self.wire.count(chunk.len())?;
        Ok(chunk)
    }
}

/// Sends a request, following redirects that stay on the host: a repository that was renamed.
async fn send(context: &HttpContext, request: &Request) -> Result<Response, GitError> {
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

fn check_answer(response: &Response) -> Result<(), GitError> {
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
    content_type.starts_with("application/x-git-upload-pack-")
}

/// Collects the body of a POST.
pub(crate) struct RequestWriter {
    exchange: Rc<RefCell<Exchange>>,
}

impl Write for RequestWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut exchange = self.exchange.borrow_mut();
        let Some(request) = exchange.request.as_mut() else {
            return Err(io::Error::other("the request has been sent"));
        };
        if request.body.len() + bytes.len() > MAX_REQUEST_BYTES {
            let message = format!("the negotiation is larger than {MAX_REQUEST_BYTES} bytes");
            return Err(exchange
                .wire
                .fail(GitError::new(GitReason::LimitExceeded, message)));
        }
        request.body.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The headers of the answer, line by line.
pub(crate) struct HeaderReader {
    exchange: Rc<RefCell<Exchange>>,
    rest: Option<io::Cursor<Vec<u8>>>,
}

impl HeaderReader {
    fn cursor(&mut self) -> io::Result<&mut io::Cursor<Vec<u8>>> {
        if self.rest.is_none() {
            let mut exchange = self.exchange.borrow_mut();
            exchange.ensure_sent()?;
            self.rest = Some(io::Cursor::new(std::mem::take(&mut exchange.answered_headers)));
        }
        self.rest
            .as_mut()
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

impl Read for HeaderReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.cursor()?.read(buffer)
    }
}

impl BufRead for HeaderReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.cursor()?.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Some(rest) = &mut self.rest {
            rest.consume(amount);
        }
    }
}

/// The body of the answer, as it arrives.
pub(crate) struct BodyReader {
    exchange: Rc<RefCell<Exchange>>,
    chunk: Bytes,
}

impl Read for BodyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let amount = available.len().min(buffer.len());
        let (Some(from), Some(to)) = (available.get(..amount), buffer.get_mut(..amount)) else {
            return Ok(0);
        };
        to.copy_from_slice(from);
        self.consume(amount);
        Ok(amount)
    }
}

impl BufRead for BodyReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.chunk.is_empty() {
            self.chunk = self.exchange.borrow_mut().next_chunk()?;
        }
        Ok(&self.chunk)
    }

    fn consume(&mut self, amount: usize) {
        let amount = amount.min(self.chunk.len());
        self.chunk = self.chunk.slice(amount..);
    }
}
