//! TLS: a certificate chain and its key, from PEM files.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use zaraba_core::error::{Error, Result};

/// What a listener shows to those who speak TLS.
#[derive(Clone)]
pub struct Tls(pub(crate) TlsAcceptor);

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    /// Reads a certificate chain, the server's own first, and the key of that.
    ///
    /// # Errors
    /// When a file cannot be read or is not what it should be, or the key is of another
    /// certificate.
    pub fn open(cert: &Path, key: &Path) -> Result<Self> {
        let wrong = |what: &str, path: &Path, error: &dyn fmt::Display| {
            Error::user(format!(
                "expected {what} in PEM at {}: {error}",
                path.display()
            ))
        };
        let of_cert = |e: &dyn fmt::Display| wrong("a certificate", cert, e);
        let chain = CertificateDer::pem_file_iter(cert)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|e| of_cert(&e))?;
        if chain.is_empty() {
            return Err(of_cert(&"there is none"));
        }
        let private = PrivateKeyDer::from_pem_file(key).map_err(|e| wrong("a key", key, &e))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|e| Error::internal(e.to_string()))?
            .with_no_client_auth()
            .with_single_cert(chain, private)
            .map_err(|e| wrong("the key of the certificate", key, &e))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }
}
