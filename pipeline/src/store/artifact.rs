//! What a stage made, and the fingerprint it was made under.

use serde::{Deserialize, Serialize};

use crate::ids::Digest;

/// A stage's output as kept on disk. Made again only where the fingerprint differs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Artifact<T> {
    /// Everything that decided the output: the stage's version, its settings, its inputs' digests.
    pub fingerprint: Digest,
    /// The output.
    pub output: T,
}

/// An output that is on disk, and its digest for the fingerprints of the stages that read it.
#[derive(Debug, Clone)]
pub struct Kept<T> {
    /// The output.
    pub output: T,
    /// The digest of the output: a stage that made the same again causes no work after it.
    pub digest: Digest,
}

impl<T: Serialize> Kept<T> {
    /// `output` with its digest.
    ///
    /// # Errors
    /// When the output has a form that JSON has not, such as a map with keys that are no strings.
    pub fn new(output: T) -> Result<Self, serde_json::Error> {
        let digest = Digest::of_value(&output)?;
        Ok(Self { output, digest })
    }
}
