//! A connection to a mail server: dialled under the egress policy, and watched for how much of a letter has left.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use lettre::transport::smtp::{
    authentication::Credentials,
    client::{AsyncTokioStream, Certificate, TlsParameters},
    extension::ClientId,
};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{PASSWORD, USERNAME, configuration::Addresses};
use crate::{
    api::{SecretKeyReference, SmtpChannel, SmtpTls},
    egress::{EgressPolicy, tls_config},
    publish::{PublishError, Secrets, SelectError},
    secret::SecretString,
};

/// Where a mail server is, and how it is spoken to.
pub(super) struct Server {
    host: String,
    port: u16,
    pub(super) tls: SmtpTls,
    parameters: TlsParameters,
    config: Arc<rustls::ClientConfig>,
    pub(super) credentials: Option<Credentials>,
    /// What we call ourselves: the domain of the sender.
    pub(super) hello: ClientId,
    egress: EgressPolicy,
}

impl Server {
    pub(super) fn of(
        channel: &SmtpChannel,
        addresses: &Addresses,
        secrets: &Secrets,
        egress: EgressPolicy,
    ) -> Result<Self, SelectError> {
        Ok(Self {
            host: channel.host.clone(),
            port: channel.port.unwrap_or(default_port(channel.tls)),
            tls: channel.tls,
            parameters: parameters(channel)?,
            config: config(channel)?,
            credentials: credentials(channel, secrets)?,
            hello: ClientId::Domain(addresses.domain().to_owned()),
            egress,
        })
    }

    /// Host and port.
    pub(super) fn name(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    pub(super) fn parameters(&self) -> TlsParameters {
        self.parameters.clone()
    }

    /// Encrypts a connection from its first byte; the certificate has to be that of the host's name.
    pub(super) async fn encrypt(&self, stream: Watched) -> io::Result<Encrypted> {
        let name = ServerName::try_from(self.host.clone()).map_err(io::Error::other)?;
        let connector = TlsConnector::from(Arc::clone(&self.config));
        Ok(Encrypted(connector.connect(name, stream).await?))
    }

    /// Dials the addresses that the policy permits, one after the other.
    pub(super) async fn dial(&self) -> Result<Watched, PublishError> {
        let unreachable = |cause: Box<dyn std::error::Error + Send + Sync>| {
            let message = format!("{} cannot be reached: {cause}", self.name());
            PublishError::not_sent("Unreachable", message).because(cause)
        };
        let addresses = self.egress.resolve_permitted(&self.host, self.port).await;
        let addresses = addresses.map_err(|error| unreachable(error.into()))?;
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(Watched::new(stream, address)),
                Err(error) => last = error,
            }
        }
        Err(unreachable(last.into()))
    }
}

fn default_port(tls: SmtpTls) -> u16 {
    match tls {
        SmtpTls::Implicit => 465,
        SmtpTls::StartTls => 587,
        SmtpTls::Plain => 25,
    }
}

fn parameters(channel: &SmtpChannel) -> Result<TlsParameters, SelectError> {
    let mut builder = TlsParameters::builder(channel.host.clone());
    if let Some(pem) = &channel.certificate_authority {
        let problem = "is no certificate in PEM form";
        let certificates = Certificate::from_pem(pem.as_bytes());
        let certificate =
            certificates.map_err(|_| SelectError::invalid("spec.smtp.certificateAuthority", problem))?;
        builder = builder.add_root_certificate(certificate);
    }
    builder
        .build_rustls()
        .map_err(|error| SelectError::invalid("spec.smtp.host", format!("cannot be encrypted to: {error}")))
}

fn config(channel: &SmtpChannel) -> Result<Arc<rustls::ClientConfig>, SelectError> {
    let pem = channel.certificate_authority.as_ref().map(String::as_bytes);
    let config = tls_config(pem);
    config.map(Arc::new).map_err(|error| {
        SelectError::invalid(
            "spec.smtp.certificateAuthority",
            format!("cannot be used: {error}"),
        )
    })
}

fn credentials(channel: &SmtpChannel, secrets: &Secrets) -> Result<Option<Credentials>, SelectError> {
    let Some(secret) = &channel.secret_ref else {
        return Ok(None);
    };
    if channel.tls == SmtpTls::Plain {
        let problem = "would be sent in the clear: set spec.smtp.tls, or take it out";
        return Err(SelectError::invalid("spec.smtp.secretRef", problem));
    }
    let value = |key: &str| {
        let key = SecretKeyReference {
            name: secret.name.clone(),
            key: key.to_owned(),
        };
        let value = secrets.get(&key).map(SecretString::expose);
        value
            .unwrap_or_default()
            .trim_end_matches(['\r', '\n'])
            .to_owned()
    };
    Ok(Some(Credentials::new(value(USERNAME), value(PASSWORD))))
}

/// How much has left on a connection, and from which count on the final dot may have.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    written: Arc<AtomicU64>,
    dot: Arc<AtomicU64>,
    encrypted: Arc<AtomicBool>,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            written: Arc::default(),
            dot: Arc::new(AtomicU64::new(u64::MAX)),
            encrypted: Arc::default(),
        }
    }
}

impl Progress {
    /// The server waits for a letter of so many bytes, and the five that end it (RFC 5321 section 4.1.1.4).
    ///
    /// Encrypted, and with doubled dots, it is more bytes and never less: whoever counts fewer than these knows that the
    /// dot has not left.
    pub(super) fn letter_begins(&self, bytes: usize) {
        let letter = u64::try_from(bytes).unwrap_or(u64::MAX).saturating_add(5);
        let dot = self.written.load(Ordering::Acquire).saturating_add(letter);
        self.dot.store(dot, Ordering::Release);
    }

    /// False where the server cannot have seen the end of the letter.
    pub(super) fn dot_may_have_left(&self) -> bool {
        self.written.load(Ordering::Acquire) >= self.dot.load(Ordering::Acquire)
    }

    pub(super) fn is_encrypted_now(&self) {
        self.encrypted.store(true, Ordering::Release);
    }
}

/// A connection that counts what leaves.
///
/// Until it is encrypted it hands out one byte at a time, so that nothing that was sent in the clear after the answer to
/// STARTTLS is still waiting when the encryption begins, and is taken for an answer of the server (RFC 3207 section 6).
#[derive(Debug)]
pub(super) struct Watched {
    stream: TcpStream,
    address: SocketAddr,
    progress: Progress,
}

impl Watched {
    fn new(stream: TcpStream, address: SocketAddr) -> Self {
        Self {
            stream,
            address,
            progress: Progress::default(),
        }
    }

    pub(super) fn watched_by(mut self, progress: &Progress) -> Self {
        self.progress = progress.clone();
        self
    }
}

impl AsyncTokioStream for Watched {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if into.remaining() == 0 || self.progress.encrypted.load(Ordering::Acquire) {
            return Pin::new(&mut self.stream).poll_read(context, into);
        }
        let mut byte = [0_u8; 1];
        let mut one = ReadBuf::new(&mut byte);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut one))?;
        into.put_slice(one.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        let count = u64::try_from(written).unwrap_or(u64::MAX);
        self.progress.written.fetch_add(count, Ordering::AcqRel);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A connection that is encrypted from its first byte.
#[derive(Debug)]
pub(super) struct Encrypted(TlsStream<Watched>);

impl AsyncTokioStream for Encrypted {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().0.peer_addr()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, into)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
