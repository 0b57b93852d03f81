//! Whom the sinks trust: the public authorities that are compiled in, or those of a file and no others.

use crate::alert::rules::Authorities;
use rustls::{CertificateError, Error};

/// What to do about a certificate that is refused, if that is why there was no connection.
pub(super) fn advice(
    error: &(dyn std::error::Error + 'static),
    ca: Option<&Authorities>,
) -> Option<String> {
    let Error::InvalidCertificate(why) = refused(error)? else { return None };
    let path = ca.map(|ca| ca.path().display());
    match (why, path) {
        (CertificateError::UnknownIssuer, None) => Some(
            "no public authority has signed its certificate; if one of your own has, name the file of that one's \
             certificate: ca = \"/path.pem\""
                .to_owned(),
        ),
        // The latter where they have one of the same name.
        (CertificateError::UnknownIssuer | CertificateError::BadSignature, Some(path)) => Some(format!(
            "none of the authorities in {path} has signed its certificate, and with ca no others are trusted"
        )),
        // What `openssl req -x509` makes, unless it is told otherwise.
        (CertificateError::Other(other), _) if other.to_string().contains("CaUsedAsEndEntity") => {
            Some("its certificate is one of an authority: make it with basicConstraints=CA:FALSE".to_owned())
        }
        _ => None,
    }
}

/// What TLS says, in or below an error.
fn refused<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<Error>() {
            return Some(error);
        }
        // Its source is what is below that which it wraps.
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}
