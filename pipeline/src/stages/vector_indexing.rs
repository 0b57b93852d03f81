//! Stage `vector_indexing`: the episode cut into chunks at sentence borders, each with its vector.
//!
//! Leaves to others: where the index is kept (the runner), and searching it (`index`).

use serde::{Deserialize, Serialize};

use super::rss_feed_fetch::Episode;
use super::transcript_cleaning::CleanTranscript;
use crate::embed::{EmbedError, Embedder, EmbedderId};
use crate::ids::Digest;
use crate::index::{Chunk, Index};
use crate::text::sentences::Sentence;

/// What went into the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Indexed {
    /// How many chunks.
    pub chunks: usize,
    /// Which vectors.
    pub embedder: EmbedderId,
}

/// A chunk is full from this many words on: a few sentences, one thought.
const CHUNK_WORDS: usize = 60;

/// Put `episode` into `index`, in place of what it had there.
///
/// # Errors
/// When the embedding fails.
#[ferret::profile(stage)]
pub fn vector_indexing(
    episode: &Episode,
    transcript: &CleanTranscript,
    embedder: &Embedder,
    fingerprint: &Digest,
    index: &mut Index,
) -> Result<Indexed, EmbedError> {
    let chunks = chunk(episode, &transcript.sentences);
    let mut vectors = Vec::with_capacity(chunks.len());
    for (chunk, number) in chunks.iter().zip(1..) {
        vectors.push(embed_chunk(embedder, chunk)?);
        ferret::progress(number, chunks.len() as u64);
    }
    let indexed = Indexed { chunks: chunks.len(), embedder: embedder.id() };
    index.put(&episode.id, fingerprint.clone(), chunks, &vectors);
    Ok(indexed)
}

#[ferret::profile]
fn embed_chunk(embedder: &Embedder, chunk: &Chunk) -> Result<Vec<f32>, EmbedError> {
    Ok(embedder.embed(&[&chunk.text()])?.pop().unwrap_or_default())
}

/// `sentences` in chunks. Each begins with the last sentence of the one before, so that no thought is cut in two.
#[ferret::profile]
fn chunk(episode: &Episode, sentences: &[Sentence]) -> Vec<Chunk> {
    let (mut chunks, mut from) = (Vec::new(), 0);
    while from < sentences.len() {
        let (mut words, mut to) = (0, from);
        while to < sentences.len() && words < CHUNK_WORDS {
            words += sentences[to].text.split_whitespace().count();
            to += 1;
        }
        chunks.push(Chunk {
            episode: episode.id.clone(),
            title: episode.title.clone(),
            feed_title: episode.feed_title.clone(),
            start: sentences[from].start,
            sentences: sentences[from..to].iter().map(|s| (s.start, s.text.clone())).collect(),
        });
        // A chunk of one long sentence shares nothing, or it would repeat itself for ever.
        from = if to < sentences.len() && to - from > 1 { to - 1 } else { to };
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stages::testing::{clean, episode};

    fn chunks(sentences: &[&str]) -> Vec<Chunk> {
        chunk(&episode("T", ""), &clean(sentences).sentences)
    }

    /// A sentence of `n` words that differ.
    fn words(n: usize, tag: &str) -> String {
        let words: Vec<String> = (0..n).map(|i| format!("{tag}{i}")).collect();
        format!("A{}.", words.join(" "))
    }

    #[test]
    fn chunks_end_with_sentences_and_overlap_by_one() {
        let sentences = ["a", "b", "c", "d"].map(|tag| words(25, tag));
        let got = chunks(&sentences.each_ref().map(String::as_str));
        assert_eq!(got.iter().map(|c| c.sentences.len()).collect::<Vec<_>>(), [3, 2]);
        assert_eq!(got[0].sentences[2], got[1].sentences[0]);
    }

    #[test]
    fn one_long_sentence_is_one_chunk() {
        let sentences = ["a", "b"].map(|tag| words(80, tag));
        assert_eq!(chunks(&sentences.each_ref().map(String::as_str)).len(), 2);
    }

    #[test]
    fn nothing_said_is_in_the_index_with_no_chunk() {
        let mut index = Index::empty(Embedder::TfIdf.id(), None);
        let (about, print) = (episode("T", ""), Digest::of(b"x"));
        let indexed =
            vector_indexing(&about, &clean(&[]), &Embedder::TfIdf, &print, &mut index).unwrap();
        assert_eq!(indexed.chunks, 0);
        assert!(index.holds(&about.id, &print));
    }
}
