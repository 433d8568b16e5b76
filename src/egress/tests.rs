use super::*;

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn refusal(policy: &EgressPolicy, text: &str) -> Option<AddressKind> {
    policy.permits(address(text)).err().map(|refused| refused.kind)
}

#[test]
fn addresses_inside_are_refused_by_their_kind() {
    use AddressKind::*;
    let policy = EgressPolicy::default();
    let cases = [
        ("127.0.0.1", Loopback),
        ("127.255.0.9", Loopback),
        ("::1", Loopback),
        ("0.0.0.0", Unspecified),
        ("0.1.2.3", Unspecified),
        ("::", Unspecified),
        ("10.0.0.1", Private),
        ("172.16.0.1", Private),
        ("172.31.255.255", Private),
        ("192.168.1.1", Private),
        ("fd00::1", Private),
        ("fec0::1", Private),
        ("100.64.0.1", SharedAddressSpace),
        ("100.127.255.255", SharedAddressSpace),
        ("169.254.169.254", LinkLocal),
        ("fe80::1", LinkLocal),
        ("224.0.0.1", Multicast),
        ("ff02::1", Multicast),
        ("255.255.255.255", Broadcast),
        ("240.0.0.1", Reserved),
        ("198.18.0.1", Reserved),
        ("192.0.0.8", Reserved),
        ("192.0.2.1", Documentation),
        ("198.51.100.7", Documentation),
        ("203.0.113.7", Documentation),
        ("2001:db8::1", Documentation),
        ("2001::1", Reserved),
        ("64:ff9b:1::1", Reserved),
        ("4000::1", Reserved),
    ];
    for (text, kind) in cases {
        assert_eq!(refusal(&policy, text), Some(kind), "{text}");
    }
}

#[test]
fn an_ipv6_address_that_carries_an_inner_ipv4_address_is_judged_by_it() {
    let policy = EgressPolicy::default();
    for text in [
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "::ffff:0:127.0.0.1",
    ] {
        assert_eq!(refusal(&policy, text), Some(AddressKind::Loopback), "{text}");
    }
    for text in ["::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"] {
        assert_eq!(refusal(&policy, text), None, "{text}");
    }
}

#[test]
fn public_addresses_pass() {
    let policy = EgressPolicy::default();
    for text in [
        "8.8.8.8",
        "172.32.0.1",
        "100.128.0.1",
        "192.169.0.1",
        "2606:4700::1111",
        "2a00:1450::1",
    ] {
        assert_eq!(refusal(&policy, text), None, "{text}");
    }
}

#[test]
fn a_network_that_the_flag_names_passes_and_its_neighbours_do_not() {
    let policy = EgressPolicy::new(["10.96.0.0/12".parse().unwrap(), "::1/128".parse().unwrap()]);
    assert_eq!(refusal(&policy, "10.97.1.2"), None);
    assert_eq!(refusal(&policy, "::ffff:10.97.1.2"), None);
    assert_eq!(refusal(&policy, "::1"), None);
    assert_eq!(refusal(&policy, "10.0.0.1"), Some(AddressKind::Private));
    assert_eq!(refusal(&policy, "127.0.0.1"), Some(AddressKind::Loopback));
}

#[test]
fn a_host_written_as_an_address_is_judged_in_every_spelling() {
    let policy = EgressPolicy::default();
    for text in [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://0x7f000001/",
        "http://2130706433/",
        "http://[::1]:80/",
    ] {
        let url = Url::parse(text).unwrap();
        assert!(
            matches!(policy.check_url(&url), Err(EgressError::Refused(_))),
            "{text}"
        );
    }
    policy
        .check_url(&Url::parse("https://git.example.com/").unwrap())
        .unwrap();
}

#[test]
fn the_refusal_names_host_address_and_flag() {
    let refused = EgressRefused {
        host: Some("git.internal".into()),
        address: address("10.0.0.5"),
        kind: AddressKind::Private,
    };
    assert_eq!(
        refused.to_string(),
        "git.internal resolves to 10.0.0.5, which is a private address and is refused: \
         allow it with --allow-egress-to 10.0.0.5/32"
    );
}

#[tokio::test]
async fn a_name_that_resolves_to_this_machine_is_refused_when_dialled() {
    let policy = EgressPolicy::default();
    let client = http_client(&policy, &HttpClientOptions::default()).unwrap();
    let error = client.get("http://localhost:9/").send().await.unwrap_err();
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    let mut refused = None;
    while let Some(cause) = source {
        refused = refused.or_else(|| cause.downcast_ref::<EgressError>().cloned());
        source = cause.source();
    }
    assert!(matches!(refused, Some(EgressError::Refused(_))), "{error:?}");
}

#[tokio::test]
async fn a_permitted_name_keeps_its_port() {
    let policy = EgressPolicy::new(["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]);
    let addresses = policy.resolve_permitted("localhost", 2222).await.unwrap();
    assert!(
        addresses
            .iter()
            .all(|address| address.port() == 2222 && address.ip().is_loopback())
    );
}

#[test]
fn a_bundle_without_a_certificate_is_an_error() {
    let options = HttpClientOptions {
        extra_root_ca_pem: Some(b"hello".to_vec()),
        ..Default::default()
    };
    let error = http_client(&EgressPolicy::default(), &options).unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to read the certificate authorities: the bundle holds no certificate in PEM form"
    );
}

/// Serves TLS on a port of this machine with a certificate that nobody knows, answering each request with 204.
/// Gives the port and the certificate in PEM.
fn tls_server() -> (u16, String) {
    use std::io::{Read, Write};
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
    let config = Arc::new(config);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut tls = rustls::StreamOwned::new(connection, stream);
            if tls.read(&mut [0; 4096]).is_ok() {
                drop(tls.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"));
            }
        }
    });
    (port, made.cert.pem())
}

#[tokio::test]
async fn a_private_authority_is_believed_only_where_it_is_given() {
    let (port, pem) = tls_server();
    let policy = EgressPolicy::new(["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]);
    let url = format!("https://localhost:{port}/");
    let plain = http_client(&policy, &HttpClientOptions::default()).unwrap();
    assert!(plain.get(&url).send().await.unwrap_err().is_connect());
    let options = HttpClientOptions {
        extra_root_ca_pem: Some(pem.into_bytes()),
        ..Default::default()
    };
    let trusting = http_client(&policy, &options).unwrap();
    assert_eq!(trusting.get(&url).send().await.unwrap().status(), 204);
}
