//! all-MiniLM-L6-v2 on the processor, by way of candle's tensors: six layers of BERT, then the mean over the words.
//!
//! The model is written out here rather than taken from `candle-transformers`, whose hundred models cost more to compile than
//! these two hundred lines to read.

use std::fs;
use std::path::Path;

use candle_core::{D, DType, Device, Result, Tensor};
use candle_nn::{
    Embedding, LayerNorm, Linear, Module, VarBuilder, embedding, layer_norm, linear, ops,
};
use serde::Deserialize;

use super::wordpiece::WordPiece;
use super::{EmbedError, EmbedderId, Method, normalise};
use crate::ids::Digest;
use crate::models::{ModelError, content_digest};

/// The longest text in pieces; MiniLM was trained with no longer ones.
const PIECES_MAX: usize = 256;

/// The sizes in `config.json`.
#[derive(Debug, Deserialize)]
struct Config {
    hidden_size: usize,
    intermediate_size: usize,
    num_attention_heads: usize,
    num_hidden_layers: usize,
    max_position_embeddings: usize,
    type_vocab_size: usize,
    vocab_size: usize,
    layer_norm_eps: f64,
}

/// A loaded MiniLM.
pub struct MiniLm {
    words: WordPiece,
    word_embeddings: Embedding,
    position_embeddings: Embedding,
    type_embeddings: Embedding,
    norm: LayerNorm,
    layers: Vec<Layer>,
    weights: Digest,
    dimensions: usize,
}

impl std::fmt::Debug for MiniLm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MiniLm")
            .field("weights", &self.weights)
            .field("layers", &self.layers.len())
            .finish_non_exhaustive()
    }
}

impl MiniLm {
    /// Load the model in `folder`: `model.safetensors`, `vocab.txt`, `config.json`.
    #[ferret::profile(name = "load_minilm")]
    pub(super) fn load(folder: &Path) -> std::result::Result<Self, ModelError> {
        let wrong = |why: String| ModelError::MiniLm { path: folder.to_owned(), why };
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read(&path).map_err(|source| ModelError::Read { path, source })
        };
        let config: Config =
            serde_json::from_slice(&read("config.json")?).map_err(|e| wrong(e.to_string()))?;
        let vocabulary = String::from_utf8(read("vocab.txt")?).map_err(|e| wrong(e.to_string()))?;
        let words = WordPiece::new(&vocabulary).map_err(wrong)?;
        let digest = content_digest(&folder.join("model.safetensors"))?;
        let bytes = read("model.safetensors")?;
        let built = VarBuilder::from_buffered_safetensors(bytes, DType::F32, &Device::Cpu)
            .and_then(|weights| Self::build(&config, words, digest, &weights));
        built.map_err(|e| wrong(e.to_string()))
    }

    fn build(
        config: &Config,
        words: WordPiece,
        weights: Digest,
        from: &VarBuilder<'_>,
    ) -> Result<Self> {
        let (hidden, eps) = (config.hidden_size, config.layer_norm_eps);
        let part = from.pp("embeddings");
        let layers = (0..config.num_hidden_layers)
            .map(|i| Layer::load(config, &from.pp(format!("encoder.layer.{i}"))));
        Ok(Self {
            words,
            word_embeddings: embedding(config.vocab_size, hidden, part.pp("word_embeddings"))?,
            position_embeddings: embedding(
                config.max_position_embeddings,
                hidden,
                part.pp("position_embeddings"),
            )?,
            type_embeddings: embedding(
                config.type_vocab_size,
                hidden,
                part.pp("token_type_embeddings"),
            )?,
            norm: layer_norm(hidden, eps, part.pp("LayerNorm"))?,
            layers: layers.collect::<Result<_>>()?,
            weights,
            dimensions: hidden,
        })
    }

    /// Which vectors it makes.
    pub(super) fn id(&self) -> EmbedderId {
        EmbedderId {
            method: Method::MiniLm,
            weights: Some(self.weights.clone()),
            dimensions: self.dimensions,
        }
    }

    /// The vectors of `texts`. One by one: chunks differ in length, and padding would cost what batching saves.
    pub(super) fn embed(&self, texts: &[&str]) -> std::result::Result<Vec<Vec<f32>>, EmbedError> {
        texts
            .iter()
            .map(|text| self.embed_one(text).map_err(|e| EmbedError::Model(e.to_string())))
            .collect()
    }

    fn embed_one(&self, text: &str) -> Result<Vec<f32>> {
        let pieces = self.words.encode(text, PIECES_MAX);
        let count = u32::try_from(pieces.len()).unwrap_or(u32::MAX);
        let pieces = Tensor::new(pieces, &Device::Cpu)?;
        let positions = Tensor::arange(0, count, &Device::Cpu)?;
        let types = pieces.zeros_like()?;
        let sum =
            (self.word_embeddings.forward(&pieces)? + self.type_embeddings.forward(&types)?)?;
        let mut states =
            self.norm.forward(&(sum + self.position_embeddings.forward(&positions)?)?)?;
        for layer in &self.layers {
            states = layer.forward(&states)?;
        }
        let mut vector: Vec<f32> = states.mean(0)?.to_vec1()?;
        normalise(&mut vector);
        Ok(vector)
    }
}

/// One layer: attention, then two dense layers, each added to what came in.
struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    attended: Linear,
    attention_norm: LayerNorm,
    wide: Linear,
    narrow: Linear,
    output_norm: LayerNorm,
    heads: usize,
}

impl Layer {
    fn load(config: &Config, from: &VarBuilder<'_>) -> Result<Self> {
        let (hidden, wide, eps) =
            (config.hidden_size, config.intermediate_size, config.layer_norm_eps);
        let square = |name: &str| linear(hidden, hidden, from.pp(name));
        Ok(Self {
            query: square("attention.self.query")?,
            key: square("attention.self.key")?,
            value: square("attention.self.value")?,
            attended: square("attention.output.dense")?,
            attention_norm: layer_norm(hidden, eps, from.pp("attention.output.LayerNorm"))?,
            wide: linear(hidden, wide, from.pp("intermediate.dense"))?,
            narrow: linear(wide, hidden, from.pp("output.dense"))?,
            output_norm: layer_norm(hidden, eps, from.pp("output.LayerNorm"))?,
            heads: config.num_attention_heads,
        })
    }

    fn forward(&self, states: &Tensor) -> Result<Tensor> {
        let attended = self.attended.forward(&self.attend(states)?)?;
        let states = self.attention_norm.forward(&(attended + states)?)?;
        let dense = self.narrow.forward(&self.wide.forward(&states)?.gelu_erf()?)?;
        self.output_norm.forward(&(dense + states)?)
    }

    /// Each word's mixture of all words' values, head by head.
    fn attend(&self, states: &Tensor) -> Result<Tensor> {
        let (words, hidden) = states.dims2()?;
        let width = hidden / self.heads;
        let by_head =
            |t: Tensor| t.reshape((words, self.heads, width))?.transpose(0, 1)?.contiguous();
        let query = by_head(self.query.forward(states)?)?;
        let key = by_head(self.key.forward(states)?)?;
        let value = by_head(self.value.forward(states)?)?;
        #[expect(clippy::cast_precision_loss, reason = "32")]
        let scores =
            (query.matmul(&key.transpose(D::Minus1, D::Minus2)?)? / (width as f64).sqrt())?;
        ops::softmax_last_dim(&scores)?.matmul(&value)?.transpose(0, 1)?.reshape((words, hidden))
    }
}
