//! The certificates of those whose word a sink trusts on who its server is, where they are others than the public ones.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// A file with certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authorities(PathBuf);

/// They are not to be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthoritiesError {
    /// The file cannot be read.
    #[error("{path} cannot be read: {source}", path = path.display())]
    File { path: PathBuf, source: std::io::Error },
    /// There is none in it, or one that cannot be read.
    #[error("{} {what}: name a file of certificates in PEM, each between BEGIN CERTIFICATE and END CERTIFICATE", path.display())]
    NoPem { path: PathBuf, what: &'static str },
}

/// No file of certificates is longer.
const LONGEST: u64 = 16 << 20;

impl Authorities {
    pub(super) fn new(path: &str) -> Self {
        Self(path.into())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The certificates, DER.
    ///
    /// # Errors
    ///
    /// The file is not there, or not of certificates alone.
    pub(crate) fn read(&self) -> Result<Vec<Vec<u8>>, AuthoritiesError> {
        let path = || self.0.clone();
        let mut bytes = Vec::new();
        std::fs::File::open(&self.0)
            .and_then(|file| file.take(LONGEST).read_to_end(&mut bytes))
            .map_err(|source| AuthoritiesError::File { path: path(), source })?;
        let broken = |what| AuthoritiesError::NoPem { path: path(), what };
        let mut all = Vec::new();
        for certificate in CertificateDer::pem_slice_iter(&bytes) {
            let certificate = certificate.map_err(|_invalid| broken("is damaged"))?;
            // One that is none would be passed over later, without a word.
            let added = RootCertStore::empty().add(certificate.clone());
            added.map_err(|_invalid| broken("has a certificate that cannot be read"))?;
            all.push(certificate.to_vec());
        }
        if all.is_empty() { Err(broken("has no certificate")) } else { Ok(all) }
    }
}
