//! The index: a vector for each chunk of each episode, in one file that is replaced as a whole.
//!
//! ```text
//! bytes 0..8      magic "PODINDEX"
//! bytes 8..12     format, u32 little-endian: 1
//! bytes 12..20    XXH3 of all that follows
//! bytes 20..24    length of the header
//! header          JSON: which vectors, and each chunk's episode, times and text
//! the rest        f32 little-endian, `dimensions` for each chunk, in the header's order
//! ```
//! A vector database was the alternative; a year of a weekly show is 4,000 vectors, which a scan compares in 2 ms.

mod search;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::embed::{EmbedError, Embedder, EmbedderId};
use crate::ids::{Digest, EpisodeId};
use crate::store::{self, StoreError};
use crate::time::Millis;

pub use search::{Found, Search};

const MAGIC: &[u8; 8] = b"PODINDEX";
const FORMAT: u32 = 1;
const PREFIX_BYTES: usize = 24;

/// Why the index cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// It cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is not what it should be.
    #[error("the index {} is damaged ({why}): delete it and run `pipeline run` again, the transcripts are reused", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: &'static str,
    },
    /// It is from a later version.
    #[error("the index {} has format {found}, this program reads format {FORMAT}: use the newer program, or delete it and run again", path.display())]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// There is none.
    #[error("there is no index in {}: `pipeline run FEED --out {}` makes one", path.display(), path.display())]
    Missing {
        /// The output folder.
        path: PathBuf,
    },
}

/// A piece of an episode that can be found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Whose it is.
    pub episode: EpisodeId,
    /// The episode's title, for people.
    pub title: String,
    /// The feed's title, for people.
    pub feed_title: String,
    /// When it begins.
    pub start: Millis,
    /// Its sentences, and when each begins.
    pub sentences: Vec<(Millis, String)>,
}

impl Chunk {
    /// All its words.
    pub fn text(&self) -> String {
        self.sentences.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// What an episode's entries were made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Member {
    episode: EpisodeId,
    fingerprint: Digest,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Header {
    embedder: EmbedderId,
    /// Where the model was, so that a search finds it again.
    model: Option<PathBuf>,
    members: Vec<Member>,
    chunks: Vec<Chunk>,
}

/// The index in memory.
#[derive(Debug, Clone)]
pub struct Index {
    header: Header,
    vectors: Vec<f32>,
}

impl Index {
    /// An empty index of vectors of `embedder`, whose model is at `model`.
    pub fn empty(embedder: EmbedderId, model: Option<PathBuf>) -> Self {
        Self {
            header: Header { embedder, model, members: Vec::new(), chunks: Vec::new() },
            vectors: Vec::new(),
        }
    }

    /// The index at `path`; nothing where there is none.
    ///
    /// # Errors
    /// When it is damaged or of a later version.
    #[ferret::profile(name = "load_index")]
    pub fn load(path: &Path) -> Result<Option<Self>, IndexError> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(StoreError::io("reading", path)(e).into()),
        };
        Self::decode(&bytes, path).map(Some)
    }

    fn decode(bytes: &[u8], path: &Path) -> Result<Self, IndexError> {
        let damaged = |why| IndexError::Damaged { path: path.to_owned(), why };
        let word =
            |at: usize| bytes.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        if !bytes.starts_with(MAGIC) || bytes.len() < PREFIX_BYTES {
            return Err(damaged("it does not begin like one"));
        }
        match word(8) {
            Some(FORMAT) => {}
            found => {
                return Err(IndexError::Newer { path: path.to_owned(), found: found.unwrap_or(0) });
            }
        }
        if xxh3_64(&bytes[20..]).to_le_bytes() != bytes[12..20] {
            return Err(damaged("its checksum is wrong"));
        }
        let header_end = word(20).and_then(|n| PREFIX_BYTES.checked_add(n as usize));
        let (head, tail) = header_end
            .and_then(|end| Some((bytes.get(PREFIX_BYTES..end)?, bytes.get(end..)?)))
            .ok_or_else(|| damaged("its header is cut short"))?;
        // The parser's own words would not help anybody who has this file.
        let header: Header =
            serde_json::from_slice(head).or(Err(damaged("its header is no JSON")))?;
        let vectors: Vec<f32> =
            tail.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        if Some(vectors.len()) != header.chunks.len().checked_mul(header.embedder.dimensions) {
            return Err(damaged("it has not a vector for each chunk"));
        }
        Ok(Self { header, vectors })
    }

    /// Write the index aside and rename it over `path`.
    ///
    /// # Errors
    /// When the disk refuses.
    #[ferret::profile(name = "save_index")]
    pub fn save(&self, path: &Path) -> Result<(), IndexError> {
        Ok(store::replace(path, |out| {
            let header = serde_json::to_vec(&self.header)?;
            let length = u32::try_from(header.len()).map_err(io::Error::other)?;
            let mut rest = length.to_le_bytes().to_vec();
            rest.extend_from_slice(&header);
            rest.extend(self.vectors.iter().flat_map(|v| v.to_le_bytes()));
            out.write_all(MAGIC)?;
            out.write_all(&FORMAT.to_le_bytes())?;
            out.write_all(&xxh3_64(&rest).to_le_bytes())?;
            out.write_all(&rest)
        })?)
    }

    /// Which vectors it holds.
    pub fn embedder(&self) -> &EmbedderId {
        &self.header.embedder
    }

    /// Where the model of its vectors was.
    pub fn model(&self) -> Option<&Path> {
        self.header.model.as_deref()
    }

    /// All chunks.
    pub fn chunks(&self) -> &[Chunk] {
        &self.header.chunks
    }

    /// The vector of each chunk, in their order.
    pub fn vectors(&self) -> impl Iterator<Item = &[f32]> {
        self.vectors.chunks_exact(self.header.embedder.dimensions.max(1))
    }

    /// Whether `episode` is in, as made under `fingerprint`.
    pub fn holds(&self, episode: &EpisodeId, fingerprint: &Digest) -> bool {
        self.header.members.iter().any(|m| m.episode == *episode && m.fingerprint == *fingerprint)
    }

    /// The same chunks with vectors of `embedder`, whose model is at `model`.
    ///
    /// # Errors
    /// When the embedding fails.
    pub fn converted(
        self,
        embedder: &Embedder,
        model: Option<PathBuf>,
    ) -> Result<Self, EmbedError> {
        let mut index = Self::empty(embedder.id(), model);
        for chunk in &self.header.chunks {
            index.vectors.extend(embedder.embed(&[&chunk.text()])?.into_iter().flatten());
        }
        index.header.members = self.header.members;
        index.header.chunks = self.header.chunks;
        Ok(index)
    }

    /// Put `chunks` and their vectors in, in place of what `episode` had.
    pub fn put(
        &mut self,
        episode: &EpisodeId,
        fingerprint: Digest,
        chunks: Vec<Chunk>,
        vectors: &[Vec<f32>],
    ) {
        let dimensions = self.header.embedder.dimensions;
        let mut old = std::mem::take(&mut self.vectors).into_iter();
        let chunks_before = std::mem::take(&mut self.header.chunks);
        for chunk in chunks_before {
            let vector: Vec<f32> = old.by_ref().take(dimensions).collect();
            if chunk.episode != *episode {
                self.header.chunks.push(chunk);
                self.vectors.extend(vector);
            }
        }
        self.header.members.retain(|m| m.episode != *episode);
        self.header.members.push(Member { episode: episode.clone(), fingerprint });
        self.header.chunks.extend(chunks);
        self.vectors.extend(vectors.iter().flatten());
    }
}

#[cfg(test)]
mod tests;
