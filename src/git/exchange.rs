//! One HTTP request and its answer, in the shape of readers and writers that the git library works with.

use std::cell::RefCell;
use std::io::{self, BufRead, Read, Write};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use reqwest::{Method, Response};

use super::error::{GitError, GitReason};
use super::http::{HttpContext, check_answer, send};
use super::wire::Wire;

/// A negotiation larger than this is not sent: it is some 300,000 commits.
const MAX_REQUEST_BYTES: usize = 16 * 1024 * 1024;

/// What is sent.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) tail: String,
    pub(crate) headers: Vec<String>,
    pub(crate) body: Vec<u8>,
}

/// One request and its answer. The request leaves when somebody first reads: by then its body is complete.
pub(crate) struct Exchange {
    context: HttpContext,
    wire: Arc<Wire>,
    redirected_base: Rc<RefCell<Option<String>>>,
    request: Option<Request>,
    answered_headers: Vec<u8>,
    response: Option<Response>,
}

impl Exchange {
    /// Prepares a request; where it ends up after redirects is written into `redirected_base`.
    pub(crate) fn begin(
        request: Request,
        context: HttpContext,
        wire: Arc<Wire>,
        redirected_base: Rc<RefCell<Option<String>>>,
    ) -> Rc<RefCell<Self>> {
        Rc::new(RefCell::new(Self {
            context,
            wire,
            redirected_base,
            request: Some(request),
            answered_headers: Vec::new(),
            response: None,
        }))
    }

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

/// Collects the body of a POST.
pub(crate) struct RequestWriter {
    exchange: Rc<RefCell<Exchange>>,
}

impl RequestWriter {
    pub(crate) fn of(exchange: &Rc<RefCell<Exchange>>) -> Self {
        Self {
            exchange: Rc::clone(exchange),
        }
    }
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
    pub(crate) fn of(exchange: &Rc<RefCell<Exchange>>) -> Self {
        Self {
            exchange: Rc::clone(exchange),
            rest: None,
        }
    }

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

impl BodyReader {
    pub(crate) fn of(exchange: &Rc<RefCell<Exchange>>) -> Self {
        Self {
            exchange: Rc::clone(exchange),
            chunk: Bytes::new(),
        }
    }
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
