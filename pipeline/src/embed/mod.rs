//! Texts as vectors whose angle says how near they are in meaning.
//!
//! Two ways, each named in the index: `minilm` (a small transformer, knows that "boat" is near "ship"), and `tfidf` (shared
//! words only, needs no model). An index holds vectors of one kind.

#[cfg(feature = "minilm")]
mod minilm;
pub mod tfidf;
#[cfg(feature = "minilm")]
mod wordpiece;

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::ids::Digest;
use crate::models::ModelError;

/// Why texts could not be embedded.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// The model failed.
    #[error("embedding the text: {0}")]
    Model(String),
}

/// Which vectors these are. Vectors of different kinds, or of different weights, cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbedderId {
    /// The method.
    pub method: Method,
    /// The digest of the weights, where there are any.
    pub weights: Option<Digest>,
    /// How many numbers a vector has.
    pub dimensions: usize,
}

/// A way to make vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// all-MiniLM-L6-v2.
    MiniLm,
    /// Word counts, weighted by rarity when they are compared.
    TfIdf,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MiniLm => "MiniLM (all-MiniLM-L6-v2)",
            Self::TfIdf => "TF-IDF",
        })
    }
}

/// Makes vectors.
#[derive(Debug)]
pub enum Embedder {
    /// With MiniLM.
    #[cfg(feature = "minilm")]
    MiniLm(Box<minilm::MiniLm>),
    /// By counting words.
    TfIdf,
}

impl Embedder {
    /// MiniLM from `folder` where one is given and this program was built with it, else TF-IDF.
    ///
    /// # Errors
    /// When the folder holds no usable MiniLM.
    pub fn load(folder: Option<&Path>) -> Result<Self, ModelError> {
        match folder {
            #[cfg(feature = "minilm")]
            Some(folder) => Ok(Self::MiniLm(Box::new(minilm::MiniLm::load(folder)?))),
            #[cfg(not(feature = "minilm"))]
            Some(folder) => Err(ModelError::MiniLm {
                path: folder.to_owned(),
                why: "this program was built without the feature minilm".to_owned(),
            }),
            None => Ok(Self::TfIdf),
        }
    }

    /// Which vectors it makes.
    pub fn id(&self) -> EmbedderId {
        match self {
            #[cfg(feature = "minilm")]
            Self::MiniLm(model) => model.id(),
            Self::TfIdf => {
                EmbedderId { method: Method::TfIdf, weights: None, dimensions: tfidf::DIMENSIONS }
            }
        }
    }

    /// The vectors of `texts`, of length 1 or all zeros.
    ///
    /// # Errors
    /// When the model fails.
    pub fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        match self {
            #[cfg(feature = "minilm")]
            Self::MiniLm(model) => model.embed(texts),
            Self::TfIdf => Ok(texts.iter().map(|text| tfidf::counts(text)).collect()),
        }
    }
}

/// Scale `vector` to length 1, unless it is all zeros.
pub fn normalise(vector: &mut [f32]) {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 {
        for x in vector {
            *x /= length;
        }
    }
}

/// The cosine of the angle of two vectors of length 1.
pub fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
