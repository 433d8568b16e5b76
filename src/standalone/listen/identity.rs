//! Who asks: client certificates and tokens, judged by us.

use std::{collections::BTreeMap, fs, io, path::Path, sync::Arc};

use rustls::{
    DigitallySignedStruct, DistinguishedName, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    pki_types::{CertificateDer, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use sha2::{Digest as _, Sha256};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::error::ListenError;
use crate::standalone::registry::Caller;

/// The group of everybody who is known.
const AUTHENTICATED: &str = "system:authenticated";
/// The largest file of tokens, in bytes.
const TOKENS: u64 = 1024 * 1024;

/// Whether a certificate speaks of this public key.
pub(super) fn is_certificate_of(certificate: &CertificateDer<'_>, public_key: &[u8]) -> bool {
    let read = X509Certificate::from_der(certificate);
    read.is_ok_and(|(_, read)| read.public_key().subject_public_key.data.as_ref() == public_key)
}

/// The last second of a certificate, since 1970.
pub(super) fn end_of(certificate: &CertificateDer<'_>) -> Option<i64> {
    let (_, read) = X509Certificate::from_der(certificate).ok()?;
    Some(read.validity().not_after.timestamp())
}

/// The caller behind a certificate that was judged: its common name, and a group for each organisation.
pub(super) fn caller(certificate: &CertificateDer<'_>) -> Option<Caller> {
    let (_, read) = X509Certificate::from_der(certificate).ok()?;
    let subject = read.subject();
    let username = subject.iter_common_name().next()?.as_str().ok()?.to_owned();
    if username.is_empty() {
        return None;
    }
    let organisations = subject.iter_organization().filter_map(|name| name.as_str().ok());
    let mut groups: Vec<String> = organisations.map(str::to_owned).collect();
    groups.push(AUTHENTICATED.to_owned());
    let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(certificate));
    let credential = (
        "authentication.kubernetes.io/credential-id".to_owned(),
        vec![format!("X509SHA256={digest}")],
    );
    Some(Caller {
        username,
        uid: String::new(),
        groups,
        extra: vec![credential],
    })
}

/// Lets every certificate through the handshake, so that a bad one hears 401 like everybody without one; [`Self::judge`]
/// says afterwards whether it is good. That the client holds the key is proven in the handshake.
#[derive(Debug)]
pub(super) struct JudgedLater(pub(super) Arc<dyn ClientCertVerifier>);

impl JudgedLater {
    /// The caller behind the certificates of a connection, if our authority signed them and they hold now.
    pub(super) fn judge(&self, chain: &[CertificateDer<'_>]) -> Option<Caller> {
        let (certificate, intermediates) = chain.split_first()?;
        let judged = self
            .0
            .verify_client_cert(certificate, intermediates, UnixTime::now());
        judged.ok()?;
        caller(certificate)
    }
}

impl ClientCertVerifier for JudgedLater {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// Callers by their tokens; only digests are held.
#[derive(Clone, Default)]
pub struct Tokens(BTreeMap<[u8; 32], Caller>);

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tokens({})", self.0.len())
    }
}

impl Tokens {
    /// Reads a file of tokens as kube-apiserver does: `token,user,uid,"group1,group2"` a line; nothing where there is none.
    ///
    /// # Errors
    /// Where it cannot be read, or a line lacks a token or a user.
    pub fn read(path: &Path) -> Result<Self, ListenError> {
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(ListenError::file("read", path)(error)),
            Ok(metadata) if metadata.len() > TOKENS => {
                return Err(unusable(path, format!("it is larger than {TOKENS} bytes")));
            }
            Ok(_) => {}
        }
        let text = fs::read_to_string(path).map_err(ListenError::file("read", path))?;
        let mut tokens = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                let known = tokens.add_line(line);
                known.ok_or_else(|| {
                    unusable(path, format!("line {number} is not token,user,uid,\"groups\""))
                })?;
            }
        }
        Ok(tokens)
    }

    /// Makes a token known.
    pub fn add(&mut self, token: &str, mut caller: Caller) {
        if !caller.groups.iter().any(|group| group == AUTHENTICATED) {
            caller.groups.push(AUTHENTICATED.to_owned());
        }
        self.0.insert(Sha256::digest(token).into(), caller);
    }

    fn add_line(&mut self, line: &str) -> Option<()> {
        let mut fields = line.splitn(4, ',').map(str::trim);
        let (token, username, uid) = (fields.next()?, fields.next()?, fields.next()?);
        if token.is_empty() || username.is_empty() {
            return None;
        }
        let groups = fields.next().unwrap_or_default().trim_matches('"').split(',');
        let groups = groups.map(str::trim).filter(|group| !group.is_empty());
        let caller = Caller {
            username: username.to_owned(),
            uid: uid.to_owned(),
            groups: groups.map(str::to_owned).collect(),
            extra: Vec::new(),
        };
        self.add(token, caller);
        Some(())
    }

    /// The caller of an `Authorization` header.
    pub(super) fn caller(&self, authorization: &str) -> Option<&Caller> {
        let (scheme, token) = authorization.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        // Looked up by digest: how long it takes says nothing about the token.
        let digest: [u8; 32] = Sha256::digest(token.trim()).into();
        self.0.get(&digest)
    }
}

fn unusable(path: &Path, why: String) -> ListenError {
    ListenError::Unusable {
        path: path.to_owned(),
        why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_as_kube_apiserver_reads_them_and_never_printed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tokens.csv");
        fs::write(&path, "s3cret,bob,1,\"editors,staff\"\n").expect("writable");
        let tokens = Tokens::read(&path).expect("readable");
        let bob = tokens.caller("Bearer s3cret").expect("known");
        assert_eq!((bob.username.as_str(), bob.uid.as_str()), ("bob", "1"));
        assert_eq!(bob.groups, ["editors", "staff", AUTHENTICATED]);
        assert_eq!(tokens.caller("Bearer other"), None);
        assert_eq!(tokens.caller("Basic s3cret"), None);
        assert!(!format!("{tokens:?}").contains("s3cret"));
    }

    #[test]
    fn a_line_without_a_user_is_refused_by_its_number() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tokens.csv");
        fs::write(&path, "# tokens\n\nonly-a-token\n").expect("writable");
        let error = Tokens::read(&path).expect_err("no user");
        assert!(error.to_string().contains("line 3"), "{error}");
        let none = Tokens::read(&folder.path().join("none")).expect("no file, no tokens");
        assert_eq!(none.caller("Bearer x"), None);
    }
}
