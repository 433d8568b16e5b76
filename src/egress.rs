//! Where outgoing requests may go, judged on the address that is dialled and not on the name that was written.

pub mod signature;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use url::{Host, Url};

/// How long one name may take to resolve.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(10);
/// More addresses of one name than this are not tried.
const MAX_ADDRESSES: usize = 32;
/// A bundle of certificate authorities larger than this is refused.
const MAX_CA_BUNDLE_BYTES: usize = 1024 * 1024;

/// Why an outgoing request was not made, or a client for it could not be built.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EgressError {
    /// The address is of a kind that no request goes to unless a flag names it.
    #[error(transparent)]
    Refused(#[from] EgressRefused),
    /// The name has no address, or the resolver did not answer.
    #[error("failed to resolve {host}")]
    Unresolved {
        /// The name that was asked for.
        host: String,
        /// What the resolver said.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// The URL has no host that could be dialled.
    #[error("the URL has no host")]
    NoHost,
    /// The extra certificate authorities could not be used.
    #[error("failed to read the certificate authorities: {problem}")]
    CertificateAuthority {
        /// What is wrong with the bundle.
        problem: String,
    },
    /// The HTTP client could not be built.
    #[error("failed to build the HTTP client")]
    Client(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

/// An address that no outgoing request goes to, unless `--allow-egress-to` names it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{subject} is {kind} and is refused: allow it with --allow-egress-to {network}",
    subject = Subject(self), network = single_address_network(self.address))]
pub struct EgressRefused {
    /// The host that was asked for, when the address came from resolving it.
    pub host: Option<String>,
    /// The address that would have been dialled; for an address that carries an IPv4 one, that one.
    pub address: IpAddr,
    /// What kind of address it is.
    pub kind: AddressKind,
}

struct Subject<'a>(&'a EgressRefused);

impl fmt::Display for Subject<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.host {
            Some(host) => write!(formatter, "{host} resolves to {}, which", self.0.address),
            None => write!(formatter, "{}", self.0.address),
        }
    }
}

fn single_address_network(address: IpAddr) -> IpNet {
    IpNet::from(address)
}

/// The kinds of address that are not reached from inside a cluster by accident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressKind {
    /// This machine itself.
    Loopback,
    /// One network segment; the metadata services of clouds are here.
    LinkLocal,
    /// RFC 1918, unique local and site-local addresses.
    Private,
    /// RFC 6598, between a provider and its customers.
    SharedAddressSpace,
    /// A group of receivers.
    Multicast,
    /// No address at all.
    Unspecified,
    /// Everybody on the segment.
    Broadcast,
    /// For examples in documents.
    Documentation,
    /// Reserved, benchmarking and translation ranges.
    Reserved,
}

impl fmt::Display for AddressKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Loopback => "a loopback address",
            Self::LinkLocal => "a link-local address",
            Self::Private => "a private address",
            Self::SharedAddressSpace => "a shared (carrier) address",
            Self::Multicast => "a multicast address",
            Self::Unspecified => "the unspecified address",
            Self::Broadcast => "the broadcast address",
            Self::Documentation => "an address for documentation",
            Self::Reserved => "a reserved address",
        })
    }
}

/// Which addresses outgoing requests may go to: public ones, and those that a flag names.
#[derive(Debug, Clone, Default)]
pub struct EgressPolicy {
    allowed: Arc<[IpNet]>,
}

impl EgressPolicy {
    /// A policy that also permits the given networks, as `--allow-egress-to` names them.
    pub fn new(allowed: impl IntoIterator<Item = IpNet>) -> Self {
        Self {
            allowed: allowed.into_iter().collect(),
        }
    }

    /// Judges one address.
    ///
    /// An IPv6 address that carries an IPv4 one (mapped, compatible, NAT64, 6to4) is judged by what it carries.
    pub fn permits(&self, address: IpAddr) -> Result<(), EgressRefused> {
        let judged = embedded_ipv4(address).map_or(address, IpAddr::V4);
        let named = self
            .allowed
            .iter()
            .any(|network| network.contains(&judged) || network.contains(&address));
        match kind_of(judged) {
            Some(kind) if !named => Err(EgressRefused {
                host: None,
                address: judged,
                kind,
            }),
            _ => Ok(()),
        }
    }

    /// Judges a URL whose host is written as an address: such a host is dialled without being resolved, so that
    /// [`GuardedResolver`] never sees it. A host that is a name passes here and is judged when it is dialled.
    pub fn check_url(&self, url: &Url) -> Result<(), EgressError> {
        match url.host() {
            Some(Host::Ipv4(address)) => Ok(self.permits(address.into())?),
            Some(Host::Ipv6(address)) => Ok(self.permits(address.into())?),
            Some(Host::Domain(_)) => Ok(()),
            None => Err(EgressError::NoHost),
        }
    }

    /// Resolves a name and keeps the addresses that are permitted, for callers that dial by themselves.
    pub async fn resolve_permitted(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, EgressError> {
        let unresolved = |source| EgressError::Unresolved {
            host: host.to_owned(),
            source: Arc::new(source),
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let resolved = tokio::time::timeout(RESOLVE_TIMEOUT, tokio::net::lookup_host((bare, port)))
            .await
            .unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
            .map_err(unresolved)?;
        let mut permitted = Vec::new();
        let mut refused = None;
        for address in resolved.take(MAX_ADDRESSES) {
            match self.permits(address.ip()) {
                Ok(()) => permitted.push(address),
                Err(refusal) => {
                    refused = Some(EgressRefused {
                        host: Some(host.to_owned()),
                        ..refusal
                    });
                }
            }
        }
        match refused {
            _ if !permitted.is_empty() => Ok(permitted),
            Some(refused) => Err(refused.into()),
            None => Err(unresolved(std::io::ErrorKind::NotFound.into())),
        }
    }
}

/// Resolves names for an HTTP client and hands out only addresses that the policy permits.
///
/// The client dials exactly what it is handed here, so a name that changes its address between a check and the
/// call gains nothing.
#[derive(Debug, Clone)]
pub struct GuardedResolver {
    policy: EgressPolicy,
}

impl GuardedResolver {
    /// A resolver under a policy.
    pub fn new(policy: EgressPolicy) -> Self {
        Self { policy }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.policy.clone();
        Box::pin(async move {
            // Port 0 stands for the port of the URL.
            let addresses = policy.resolve_permitted(name.as_str(), 0).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// What differs between the HTTP clients of this process.
#[derive(Debug, Clone)]
pub struct HttpClientOptions {
    /// Limit for resolving, connecting and the TLS handshake together.
    pub connect_timeout: Duration,
    /// Limit for a whole request with its answer; `None` where the caller bounds it.
    pub timeout: Option<Duration>,
    /// Certificate authorities in PEM to trust beside the public ones.
    pub extra_root_ca_pem: Option<Vec<u8>>,
}

impl Default for HttpClientOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            timeout: None,
            extra_root_ca_pem: None,
        }
    }
}

/// Builds an HTTP client that dials only what the policy permits.
///
/// # Guarantees
/// It follows no redirect, uses no proxy from the environment and never sends a request a second time.
///
/// # Caveats
/// A host written as an address is not resolved: call [`EgressPolicy::check_url`] before each request.
pub fn http_client(
    policy: &EgressPolicy,
    options: &HttpClientOptions,
) -> Result<reqwest::Client, EgressError> {
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls_config(options.extra_root_ca_pem.as_deref())?)
        .dns_resolver(GuardedResolver::new(policy.clone()))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .user_agent(concat!("campanile/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(options.connect_timeout)
        .pool_idle_timeout(Duration::from_secs(75))
        .pool_max_idle_per_host(4)
        .tcp_keepalive(Duration::from_secs(30));
    if let Some(timeout) = options.timeout {
        builder = builder.timeout(timeout);
    }
    builder
        .build()
        .map_err(|error| EgressError::Client(Arc::new(error)))
}

/// How a TLS connection is made: the public certificate authorities, and those in PEM that are to be trusted beside them.
pub(crate) fn tls_config(extra_root_ca_pem: Option<&[u8]>) -> Result<rustls::ClientConfig, EgressError> {
    let mut roots = rustls::RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if let Some(pem) = extra_root_ca_pem {
        add_certificate_authorities(&mut roots, pem)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| EgressError::Client(Arc::new(error)))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn add_certificate_authorities(roots: &mut rustls::RootCertStore, pem: &[u8]) -> Result<(), EgressError> {
    let unusable = |problem: String| EgressError::CertificateAuthority { problem };
    if pem.len() > MAX_CA_BUNDLE_BYTES {
        return Err(unusable(format!(
            "the bundle is larger than {MAX_CA_BUNDLE_BYTES} bytes"
        )));
    }
    let mut count = 0_usize;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| unusable(error.to_string()))?;
        count += 1;
    }
    if count == 0 {
        return Err(unusable("the bundle holds no certificate in PEM form".to_owned()));
    }
    Ok(())
}

/// The IPv4 address inside an IPv6 address, for the forms that a router or the system turns back into IPv4.
fn embedded_ipv4(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(address) = address else { return None };
    let [first, second, third, .., high, low] = address.segments();
    let join = |high: u16, low: u16| Some(Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low)));
    match address.segments() {
        // ::ffff:a.b.c.d (mapped), ::ffff:0:a.b.c.d (translated, RFC 2765), 64:ff9b::a.b.c.d (NAT64, RFC 6052).
        [0, 0, 0, 0, 0, 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => {
            join(high, low)
        }
        // ::a.b.c.d (compatible); :: and ::1 are addresses of their own.
        [0, 0, 0, 0, 0, 0, ..] if high != 0 || low > 1 => join(high, low),
        // 2002:aabb:ccdd:: (6to4, RFC 3056).
        _ if first == 0x2002 => join(second, third),
        _ => None,
    }
}

fn kind_of(address: IpAddr) -> Option<AddressKind> {
    match address {
        IpAddr::V4(address) => kind_of_ipv4(address),
        IpAddr::V6(address) => kind_of_ipv6(address),
    }
}

/// The special-purpose IPv4 registry of RFC 6890 and its updates, without the entries that are globally reachable.
fn kind_of_ipv4(address: Ipv4Addr) -> Option<AddressKind> {
    use AddressKind::{
        Broadcast, Documentation, LinkLocal, Loopback, Multicast, Private, Reserved, SharedAddressSpace,
        Unspecified,
    };
    match address.octets() {
        [0, ..] => Some(Unspecified),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Some(Private),
        [100, 64..=127, ..] => Some(SharedAddressSpace),
        [127, ..] => Some(Loopback),
        [169, 254, ..] => Some(LinkLocal),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Some(Documentation),
        [224..=239, ..] => Some(Multicast),
        [255, 255, 255, 255] => Some(Broadcast),
        [192, 0, 0, _] | [192, 88, 99, _] | [198, 18..=19, ..] | [240..=255, ..] => Some(Reserved),
        _ => None,
    }
}

/// The same for IPv6: outside of `2000::/3` nothing is a public address.
fn kind_of_ipv6(address: Ipv6Addr) -> Option<AddressKind> {
    use AddressKind::{Documentation, LinkLocal, Loopback, Multicast, Private, Reserved, Unspecified};
    if address.is_unspecified() {
        return Some(Unspecified);
    }
    if address.is_loopback() {
        return Some(Loopback);
    }
    match address.segments() {
        [0xff00..=0xffff, ..] => Some(Multicast),
        [0xfe80..=0xfebf, ..] => Some(LinkLocal),
        [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] => Some(Private),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => Some(Documentation),
        // 2001::/23: Teredo, benchmarking, ORCHID.
        [0x2001, 0..=0x01ff, ..] => Some(Reserved),
        [0x2000..=0x3fff, ..] => None,
        _ => Some(Reserved),
    }
}

#[cfg(test)]
mod tests;
