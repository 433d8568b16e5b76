//! The listener: TLS connections, bounded, each with its caller.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;
use http::{Request, Response, header};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{
    authority::Authority,
    error::ListenError,
    identity::{JudgedLater, Tokens},
};
use crate::standalone::{
    registry::Caller,
    wire::{Body, Wire},
};

/// How many connections are held at once: kubectl and the operator keep one or two each.
const CONNECTIONS: usize = 512;
/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long the head of a request may take.
const HEAD: Duration = Duration::from_secs(30);
/// How often a silent HTTP/2 connection is asked whether it lives, and how long it may take to say so.
const ALIVE: Duration = Duration::from_secs(30);
/// The largest head of a request, in bytes.
const HEADERS: usize = 64 * 1024;
/// How many requests one HTTP/2 connection may have open: the default of Go's server, and kube-apiserver's.
const STREAMS: u32 = 250;
/// How long connections may take to end.
const LONGEST_END: Duration = Duration::from_secs(5);
/// The pause after a connection could not be accepted, for instance for want of file descriptors.
const BREATH: Duration = Duration::from_millis(100);

/// What a listener is made from.
#[derive(Debug)]
pub struct ListenerOptions<'a> {
    /// Where it listens.
    pub address: SocketAddr,
    /// The host names and addresses that its certificate is for, besides the address and `localhost`.
    pub hosts: &'a [String],
    /// Who signs its certificate and judges those of clients.
    pub authority: &'a Authority,
    /// Who may come by token.
    pub tokens: Tokens,
}

/// A bound listener.
pub struct Listener {
    socket: TcpListener,
    tls: TlsAcceptor,
    judge: Arc<JudgedLater>,
    tokens: Arc<Tokens>,
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener")
            .field("socket", &self.socket)
            .finish_non_exhaustive()
    }
}

impl Listener {
    /// Binds the address and makes the serving certificate. Nobody is served before [`Self::serve`].
    ///
    /// # Errors
    /// Where the address is taken or a certificate cannot be made.
    pub async fn bind(options: ListenerOptions<'_>) -> Result<Self, ListenError> {
        let (config, judge) = tls(&options)?;
        let address = options.address;
        let bound = TcpListener::bind(address).await;
        let socket = bound.map_err(|source| ListenError::Bind { address, source })?;
        Ok(Self {
            socket,
            tls: TlsAcceptor::from(Arc::new(config)),
            judge,
            tokens: Arc::new(options.tokens),
        })
    }

    /// Where it listens, the port included where any was asked for.
    ///
    /// # Errors
    /// Where the system does not say.
    pub fn address(&self) -> Result<SocketAddr, ListenError> {
        self.socket.local_addr().map_err(|source| ListenError::Bind {
            address: ([0, 0, 0, 0], 0).into(),
            source,
        })
    }

    /// Serves until told to stop; then ends watches, lets running requests end, and returns within a few seconds.
    pub async fn serve(self, wire: Wire, stop: impl Future<Output = ()> + Send) {
        let (ending, ended) = watch::channel(false);
        let free = Arc::new(Semaphore::new(CONNECTIONS));
        let mut connections = JoinSet::new();
        let mut stop = Box::pin(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(_ended) = connections.join_next(), if !connections.is_empty() => {}
                (socket, permit) = self.accept(&free) => {
                    connections.spawn(self.connection(socket, &wire, ended.clone(), permit));
                }
            }
        }
        wire.end();
        ending.send_replace(true);
        let all = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(LONGEST_END, all).await.is_err() {
            tracing::warn!("connections were cut although requests had not ended");
        }
    }

    async fn accept(&self, free: &Arc<Semaphore>) -> (TcpStream, OwnedSemaphorePermit) {
        loop {
            // The semaphore is never closed.
            let Ok(permit) = Arc::clone(free).acquire_owned().await else {
                return std::future::pending().await;
            };
            match self.socket.accept().await {
                Ok((socket, _)) => return (socket, permit),
                Err(error) => {
                    tracing::warn!("a connection could not be accepted: {error}");
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
    }

    fn connection(
        &self,
        socket: TcpStream,
        wire: &Wire,
        ended: watch::Receiver<bool>,
        permit: OwnedSemaphorePermit,
    ) -> impl Future<Output = ()> + Send + 'static {
        let tls = self.tls.clone();
        let judge = Arc::clone(&self.judge);
        let tokens = Arc::clone(&self.tokens);
        let wire = wire.clone();
        async move {
            let _permit = permit;
            if socket.set_nodelay(true).is_err() {
                return;
            }
            let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, tls.accept(socket)).await else {
                return;
            };
            let caller = caller(&stream, &judge);
            let door = Door { wire, caller, tokens };
            converse(stream, door, ended).await;
        }
    }
}

fn tls(options: &ListenerOptions<'_>) -> Result<(ServerConfig, Arc<JudgedLater>), ListenError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| ListenError::Tls(error);
    let mut hosts = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    let own = options.address.ip().to_string();
    for host in options.hosts.iter().chain([&own]) {
        if !hosts.contains(host) {
            hosts.push(host.clone());
        }
    }
    let (certificate, key) = options.authority.serving(&hosts)?;
    let pem = options.authority.certificate().as_bytes();
    let authority = CertificateDer::from_pem_slice(pem).map_err(|error| failed(Box::new(error)))?;
    let mut roots = RootCertStore::empty();
    roots.add(authority).map_err(|error| failed(Box::new(error)))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let judge = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .build()
        .map_err(|error| failed(Box::new(error)))?;
    let judge = Arc::new(JudgedLater(judge));
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(Box::new(error)))?
        .with_client_cert_verifier(judge.clone())
        .with_single_cert(vec![certificate], key)
        .map_err(|error| failed(Box::new(error)))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((config, judge))
}

fn caller(stream: &TlsStream<TcpStream>, judge: &JudgedLater) -> Option<Caller> {
    let (_, connection) = stream.get_ref();
    judge.judge(connection.peer_certificates()?)
}

async fn converse(stream: TlsStream<TcpStream>, door: Door, mut ended: watch::Receiver<bool>) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(ALIVE)
        .keep_alive_timeout(ALIVE)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(u32::try_from(HEADERS).unwrap_or(u32::MAX));
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(door));
    let mut connection = Box::pin(connection);
    let told = async move { drop(ended.wait_for(|ended| *ended).await) };
    // How a connection ends is the client's affair: it went, or broke a rule of HTTP.
    let ends = tokio::select! {
        ends = connection.as_mut() => ends,
        () = told => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ends {
        tracing::debug!("a connection broke: {error}");
    }
}

/// The way into the control plane from one connection.
#[derive(Clone)]
struct Door {
    wire: Wire,
    caller: Option<Caller>,
    tokens: Arc<Tokens>,
}

impl tower::Service<Request<Incoming>> for Door {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let authorization = request.headers().get(header::AUTHORIZATION);
        let authorization = authorization.and_then(|value| value.to_str().ok());
        let by_token = || self.tokens.caller(authorization.unwrap_or_default()).cloned();
        let caller = self.caller.clone().or_else(by_token);
        match caller {
            Some(caller) => self.wire.acting_as(caller).call(request),
            None => self.wire.call(request),
        }
    }
}
