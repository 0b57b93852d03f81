//! Whisper as `CTranslate2` keeps it (`model.bin`, `vocabulary.txt`) to the one file that whisper.cpp loads.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::ctranslate::{self, Kind, Tensor};
use super::ggml::{self, Sizes};
use super::mel;
use super::tensor_names::{Target, target};
use crate::store::{self, StoreError};

/// Tokens that stand for text; the rest of the vocabulary are marks that whisper.cpp adds by itself.
const TEXT_TOKENS: usize = 50_257;

/// Why a model could not be converted.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// A file of the model is missing.
    #[error("{} cannot be read ({source}): give the folder with model.bin and vocabulary.txt", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Not this format.
    #[error(
        "model.bin is version {version} of `{spec}`: only version 6 of `WhisperSpec` can be converted"
    )]
    NotWhisper {
        /// The version found.
        version: u32,
        /// The model's kind.
        spec: String,
    },
    /// The file ends early.
    #[error("model.bin is cut short: fetch it again")]
    CutShort,
    /// Weights in a form that is not handled.
    #[error("the tensor {name} has type {kind}: only float32 and float16 models can be converted")]
    TensorType {
        /// Which.
        name: String,
        /// `CTranslate2`'s number for the type.
        kind: u8,
    },
    /// A tensor whose bytes do not fit its shape.
    #[error("the tensor {name} has not the size of its shape: the file is damaged, fetch it again")]
    TensorSize {
        /// Which.
        name: String,
    },
    /// A tensor is not there.
    #[error("the tensor {name} is missing: the file is no whole Whisper model")]
    TensorMissing {
        /// Which.
        name: &'static str,
    },
    /// The vocabulary does not belong to the model.
    #[error("vocabulary.txt has {found} lines, {needed} are needed: fetch it again")]
    Vocabulary {
        /// Lines found.
        found: usize,
        /// Lines needed.
        needed: usize,
    },
    /// The result cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Convert the model in the folder `from` into the file `to`.
///
/// # Errors
/// When the folder holds no whole Whisper model of this format, or the file cannot be written.
pub fn convert(from: &Path, to: &Path) -> Result<(), ConvertError> {
    let read = |name: &str| {
        let path = from.join(name);
        fs::read(&path).map_err(|source| ConvertError::Read { path, source })
    };
    let bytes = read("model.bin")?;
    let vocabulary = read("vocabulary.txt")?;
    let tensors = ctranslate::read(&bytes)?;
    let sizes = sizes(&tensors)?;
    let tokens = tokens(&String::from_utf8_lossy(&vocabulary))?;
    let filters = mel::filters(sizes.mels);
    let positions = sinusoids(sizes.audio_context, sizes.audio_state);

    Ok(store::replace(to, |out| {
        ggml::header(out, &sizes, &filters, &tokens)?;
        let data = positions.as_slice();
        let shape = vec![sizes.audio_context, sizes.audio_state];
        ggml::tensor(
            out,
            "encoder.positional_embedding",
            &Tensor { shape, kind: Kind::F32, data },
        )?;
        for (name, tensor) in &tensors {
            // The encoder's positions are the sinusoids just written, whether the model keeps them or not.
            if !name.starts_with("encoder/position_encodings") {
                write_as(out, &target(name), tensor)?;
            }
        }
        Ok(())
    })?)
}

fn write_as(out: &mut impl io::Write, target: &Target, tensor: &Tensor<'_>) -> io::Result<()> {
    match target {
        Target::None => Ok(()),
        Target::One(name) if name.starts_with("encoder.conv") && name.ends_with("bias") => {
            // whisper.cpp adds it to a matrix and wants a column.
            ggml::tensor(out, name, &Tensor { shape: vec![tensor.shape[0], 1], ..tensor.clone() })
        }
        Target::One(name) if name == "decoder.positional_embedding" => {
            ggml::tensor_f32(out, name, tensor)
        }
        Target::One(name) => ggml::tensor(out, name, tensor),
        Target::Split(names) => {
            let mut shape = tensor.shape.clone();
            shape[0] /= names.len();
            let parts = tensor.data.chunks_exact(tensor.data.len() / names.len());
            for (name, data) in names.iter().zip(parts) {
                if !name.ends_with("key.bias") {
                    ggml::tensor(
                        out,
                        name,
                        &Tensor { shape: shape.clone(), kind: tensor.kind, data },
                    )?;
                }
            }
            Ok(())
        }
    }
}

/// The model's sizes, read off its tensors.
fn sizes(tensors: &BTreeMap<String, Tensor<'_>>) -> Result<Sizes, ConvertError> {
    let dimension = |name: &'static str, at: usize| {
        tensors
            .get(name)
            .and_then(|t| t.shape.get(at))
            .copied()
            .ok_or(ConvertError::TensorMissing { name })
    };
    let layers = |side: &str| {
        let of_side =
            |i: &usize| tensors.contains_key(&format!("{side}/layer_{i}/ffn/linear_0/weight"));
        (0..tensors.len()).take_while(of_side).count()
    };
    Ok(Sizes {
        vocabulary: dimension("decoder/embeddings/weight", 0)?,
        // 30 s of audio in steps of 20 ms, in every Whisper.
        audio_context: 1500,
        audio_state: dimension("encoder/conv1/weight", 0)?,
        audio_layers: layers("encoder"),
        text_context: dimension("decoder/position_encodings/encodings", 0)?,
        text_state: dimension("decoder/embeddings/weight", 1)?,
        text_layers: layers("decoder"),
        mels: dimension("encoder/conv1/weight", 1)?,
    })
}

/// The bytes of each text token. The file writes a byte as a printable character, GPT-2's way.
fn tokens(vocabulary: &str) -> Result<Vec<Vec<u8>>, ConvertError> {
    let table = printable_bytes();
    let bytes_of = |token: &str| token.chars().filter_map(|c| table.get(&c).copied()).collect();
    let tokens: Vec<Vec<u8>> = vocabulary.split('\n').take(TEXT_TOKENS).map(bytes_of).collect();
    if tokens.len() == TEXT_TOKENS {
        Ok(tokens)
    } else {
        Err(ConvertError::Vocabulary { found: tokens.len(), needed: TEXT_TOKENS })
    }
}

/// Which byte a character of GPT-2's vocabulary stands for: printable bytes for themselves, the others from 256 up.
fn printable_bytes() -> BTreeMap<char, u8> {
    let printable = |b: u8| matches!(b, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let mut next = 256;
    let mut character = |b: u8| {
        let code = if printable(b) {
            u32::from(b)
        } else {
            next += 1;
            next - 1
        };
        (char::from_u32(code).unwrap_or('\u{fffd}'), b)
    };
    (0..=255).map(&mut character).collect()
}

/// The encoder's positions: sines of falling frequency in the first half of each row, cosines in the second.
fn sinusoids(rows: usize, columns: usize) -> Vec<u8> {
    let half = columns / 2;
    #[expect(clippy::cast_precision_loss, reason = "a row and a column count, far below 2^24")]
    let angle = |row: usize, i: usize| {
        row as f32 * (-(10_000_f32.ln()) / (half as f32 - 1.0) * i as f32).exp()
    };
    let mut bytes = Vec::with_capacity(rows * columns * 4);
    for row in 0..rows {
        for i in 0..half {
            bytes.extend_from_slice(&angle(row, i).sin().to_le_bytes());
        }
        for i in 0..half {
            bytes.extend_from_slice(&angle(row, i).cos().to_le_bytes());
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_has_a_character_of_its_own() {
        let table = printable_bytes();
        assert_eq!(table.len(), 256);
        assert_eq!((table[&'A'], table[&'Ġ'], table[&'Ċ']), (b'A', b' ', b'\n'));
    }

    #[test]
    fn what_is_no_model_is_refused_with_what_would_do() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("out.bin");
        let missing = convert(folder.path(), &to).unwrap_err().to_string();
        assert!(missing.contains("model.bin and vocabulary.txt"), "{missing}");
        fs::write(folder.path().join("vocabulary.txt"), "").unwrap();
        for (bytes, said) in
            [(&b"\x06"[..], "cut short"), (b"\x07\0\0\0\x02\0x\0", "only version 6")]
        {
            fs::write(folder.path().join("model.bin"), bytes).unwrap();
            let error = convert(folder.path(), &to).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        assert!(!to.exists());
    }

    #[test]
    fn a_vocabulary_that_is_too_short_is_refused() {
        assert!(tokens("a\nb").is_err());
    }

    #[test]
    fn positions_begin_with_sine_zero_and_cosine_one() {
        let bytes = sinusoids(2, 4);
        let floats: Vec<f32> =
            bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        assert_eq!(floats[..4], [0.0, 0.0, 1.0, 1.0]);
        assert!((floats[4] - 1_f32.sin()).abs() < 1e-6);
    }
}
