//! The control plane's own certificate authority: who serves, and who asks.

use std::{fs, io, path::Path};

use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject as _};

use super::{error::ListenError, identity, private_file};

/// What the authority calls itself.
const NAME: &str = "standalone control plane";
/// How long the authority holds, in years.
const AUTHORITY_YEARS: i16 = 10;
/// How long a certificate that it signs holds, in years; the serving certificate is new with every start.
const CERTIFICATE_YEARS: i16 = 2;
/// An authority that ends within this many days is made anew.
const NEAR_ITS_END: i64 = 60;

/// A certificate and its private key, both as PEM.
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: String,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity")
    }
}

/// Signs certificates of the server and of its users.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority")
    }
}

impl Authority {
    /// Opens the authority of a folder, or makes one; the key is its owner's alone.
    ///
    /// # Errors
    /// Where its files cannot be read or written, or do not belong together.
    pub fn open(folder: &Path) -> Result<Self, ListenError> {
        let (certificate_path, key_path) = (folder.join("authority.crt"), folder.join("authority.key"));
        private_file::folder(folder).map_err(ListenError::file("make the folder", folder))?;
        let held = [&certificate_path, &key_path].map(|path| match fs::read_to_string(path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ListenError::file("read", path)(error)),
        });
        let [certificate, key] = held;
        if let (Some(certificate), Some(key)) = (certificate?, key?) {
            let held = Self::from_pem(certificate, &key).map_err(|why| ListenError::Unusable {
                path: key_path.clone(),
                why: format!("{why}; remove both files of the authority to have a new one made"),
            })?;
            if !held.ends_soon() {
                return Ok(held);
            }
        }
        let (made, key) = Self::make()?;
        // The key first: a certificate without its key would be kept by clients in vain.
        private_file::write(&key_path, key.as_bytes()).map_err(ListenError::file("write", &key_path))?;
        private_file::write(&certificate_path, made.certificate.as_bytes())
            .map_err(ListenError::file("write", &certificate_path))?;
        Ok(made)
    }

    fn from_pem(certificate: String, key: &str) -> Result<Self, String> {
        let key = KeyPair::from_pem(key).map_err(|error| error.to_string())?;
        let der =
            CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(|error| error.to_string())?;
        if !identity::is_certificate_of(&der, key.public_key_raw()) {
            return Err("the certificate is of another key".to_owned());
        }
        Ok(Self {
            issuer: Issuer::new(parameters(), key),
            certificate,
        })
    }

    fn make() -> Result<(Self, String), ListenError> {
        let failed = |source| ListenError::Certificate {
            whom: NAME.to_owned(),
            source,
        };
        let key = KeyPair::generate().map_err(failed)?;
        let pem = key.serialize_pem();
        let certificate = parameters().self_signed(&key).map_err(failed)?.pem();
        let issuer = Issuer::new(parameters(), key);
        Ok((Self { issuer, certificate }, pem))
    }

    fn ends_soon(&self) -> bool {
        let der = CertificateDer::from_pem_slice(self.certificate.as_bytes());
        let end = der
            .ok()
            .and_then(|der| identity::end_of(&der))
            .unwrap_or_default();
        end - Timestamp::now().as_second() < NEAR_ITS_END * 24 * 3600
    }

    /// The authority's own certificate as PEM: what clients trust.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// A certificate for a user: the common name is the user's name, each organisation a group.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn user(&self, name: &str, groups: &[String]) -> Result<Identity, ListenError> {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, name);
        for group in groups {
            parameters
                .distinguished_name
                .push(DnType::OrganizationName, group.as_str());
        }
        let (certificate, key) = self.sign(parameters, ExtendedKeyUsagePurpose::ClientAuth, name)?;
        Ok(Identity {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }

    /// A certificate and key to serve host names and addresses with.
    ///
    /// # Errors
    /// Where it cannot be made: a host that is no name, for instance.
    pub(super) fn serving(
        &self,
        hosts: &[String],
    ) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), ListenError> {
        let whom = hosts.join(", ");
        let mut parameters = CertificateParams::new(hosts).map_err(|source| ListenError::Certificate {
            whom: whom.clone(),
            source,
        })?;
        parameters.distinguished_name.push(DnType::CommonName, NAME);
        let (certificate, key) = self.sign(parameters, ExtendedKeyUsagePurpose::ServerAuth, &whom)?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        Ok((certificate.der().clone(), key.into()))
    }

    fn sign(
        &self,
        mut parameters: CertificateParams,
        usage: ExtendedKeyUsagePurpose,
        whom: &str,
    ) -> Result<(rcgen::Certificate, KeyPair), ListenError> {
        let failed = |source| ListenError::Certificate {
            whom: whom.to_owned(),
            source,
        };
        let key = KeyPair::generate().map_err(failed)?;
        holds_for(&mut parameters, CERTIFICATE_YEARS);
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![usage];
        let certificate = parameters.signed_by(&key, &self.issuer).map_err(failed)?;
        Ok((certificate, key))
    }
}

/// The authority's certificate but for its key; the same at every start, so that what it signed stays valid.
fn parameters() -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name.push(DnType::CommonName, NAME);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    holds_for(&mut parameters, AUTHORITY_YEARS);
    parameters
}

/// From yesterday on, so that clocks may differ a little.
fn holds_for(parameters: &mut CertificateParams, years: i16) {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let day = |date: Date| {
        let month = u8::try_from(date.month()).unwrap_or(1);
        let day = u8::try_from(date.day()).unwrap_or(1);
        date_time_ymd(i32::from(date.year()), month, day)
    };
    parameters.not_before = day(today.saturating_sub(Span::new().days(1)));
    parameters.not_after = day(today.saturating_add(Span::new().years(years)));
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn an_authority_is_kept_and_its_key_is_its_owners_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let made = Authority::open(folder.path()).expect("made");
        let opened = Authority::open(folder.path()).expect("opened");
        assert_eq!(made.certificate(), opened.certificate());
        let key = fs::metadata(folder.path().join("authority.key")).expect("a key");
        assert_eq!(key.permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_key_of_another_authority_is_refused_with_what_to_do() {
        let [one, other] = [(), ()].map(|()| tempfile::tempdir().expect("a folder"));
        for folder in [&one, &other] {
            Authority::open(folder.path()).expect("made");
        }
        fs::copy(
            other.path().join("authority.key"),
            one.path().join("authority.key"),
        )
        .expect("copied");
        let error = Authority::open(one.path()).expect_err("two authorities");
        assert!(error.to_string().contains("remove both files"), "{error}");
    }
}
