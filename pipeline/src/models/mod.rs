//! The models: finding out what a `--model` is, loading it, and turning Whisper weights into what whisper.cpp reads.

pub mod convert;
mod ctranslate;
mod ggml;
mod mel;
mod tensor_names;
pub mod whisper;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::Xxh3;

use crate::ids::Digest;

/// The first bytes of a ggml file: 0x67676d6c, little-endian.
const GGML_MAGIC: [u8; 4] = 0x6767_6d6c_u32.to_le_bytes();

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// None was given.
    #[error(
        "transcription needs a Whisper model: give one with --model FILE (`pipeline/demo.sh` fetches and converts one)"
    )]
    NoWhisper,
    /// The file cannot be read.
    #[error("the model {} cannot be read ({source}): check the path given with --model", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is no model that this program knows.
    #[error(
        "{} is no model that can be used: give a whisper.cpp file (ggml-*.bin) or a folder with MiniLM's model.safetensors and vocab.txt",
        path.display()
    )]
    Unknown {
        /// Which.
        path: PathBuf,
    },
    /// whisper.cpp refused it.
    #[error("whisper.cpp cannot load {} ({why}): is the file whole?", path.display())]
    Whisper {
        /// Which.
        path: PathBuf,
        /// What it said.
        why: String,
    },
    /// MiniLM was refused.
    #[error("MiniLM cannot be loaded from {} ({why}): is the folder whole?", path.display())]
    MiniLm {
        /// Which.
        path: PathBuf,
        /// What it said.
        why: String,
    },
}

/// The models that were given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelPaths {
    /// A whisper.cpp file.
    pub whisper: Option<PathBuf>,
    /// A folder with MiniLM.
    pub minilm: Option<PathBuf>,
}

impl ModelPaths {
    /// Tell what each of `paths` is. Of two of a kind the later counts.
    ///
    /// # Errors
    /// When one is not there or is no known model.
    pub fn sort(paths: &[PathBuf]) -> Result<Self, ModelError> {
        let mut sorted = Self::default();
        for path in paths {
            let unreadable = |source| ModelError::Read { path: path.clone(), source };
            // Absolute, since the index remembers where its model is.
            let found = fs::canonicalize(path).map_err(unreadable)?;
            if found.is_dir()
                && ["model.safetensors", "vocab.txt"].iter().all(|f| found.join(f).is_file())
            {
                sorted.minilm = Some(found);
            } else if found.is_file() && first_bytes(&found).map_err(unreadable)? == GGML_MAGIC {
                sorted.whisper = Some(found);
            } else {
                return Err(ModelError::Unknown { path: path.clone() });
            }
        }
        Ok(sorted)
    }
}

fn first_bytes(path: &Path) -> io::Result<[u8; 4]> {
    let mut bytes = Vec::new();
    File::open(path)?.take(4).read_to_end(&mut bytes)?;
    // A shorter file begins with nothing we know.
    Ok(bytes.try_into().unwrap_or([0; 4]))
}

/// The digest of a model's content: another model under the same name makes other artifacts.
///
/// # Errors
/// When it cannot be read.
#[ferret::profile]
pub fn content_digest(path: &Path) -> Result<Digest, ModelError> {
    let unreadable = |source| ModelError::Read { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(unreadable)?;
    let (mut hasher, mut buffer) = (Xxh3::new(), vec![0; 1 << 20]);
    loop {
        let n = file.read(&mut buffer).map_err(unreadable)?;
        if n == 0 {
            return Ok(Digest::from_hash(hasher.digest()));
        }
        hasher.update(&buffer[..n]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_told_by_their_content() {
        let folder = tempfile::tempdir().unwrap();
        let whisper = folder.path().join("any-name");
        fs::write(&whisper, [&GGML_MAGIC[..], b"rest"].concat()).unwrap();
        let minilm = folder.path().join("minilm");
        fs::create_dir(&minilm).unwrap();
        for file in ["model.safetensors", "vocab.txt"] {
            fs::write(minilm.join(file), "").unwrap();
        }
        let sorted = ModelPaths::sort(&[minilm.clone(), whisper.clone()]).unwrap();
        assert_eq!(sorted.whisper, Some(fs::canonicalize(whisper).unwrap()));
        assert_eq!(sorted.minilm, Some(fs::canonicalize(minilm).unwrap()));
    }

    #[test]
    fn what_is_no_model_says_what_would_be() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("notes.txt");
        fs::write(&file, "hi").unwrap();
        for wrong in [folder.path().to_owned(), file, folder.path().join("missing")] {
            let said = ModelPaths::sort(&[wrong]).unwrap_err().to_string();
            assert!(
                said.contains("give a whisper.cpp file") || said.contains("check the path"),
                "{said}"
            );
        }
    }
}
