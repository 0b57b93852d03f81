//! Finding chunks by words.

use std::collections::BTreeSet;

use super::{Chunk, Index};
use crate::embed::{EmbedError, Embedder, Method, cosine, tfidf};
use crate::text::words::stems;
use crate::time::Millis;

/// A chunk that answers a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Found<'a> {
    /// The chunk.
    pub chunk: &'a Chunk,
    /// How near it is, 1 at most.
    pub score: f32,
    /// When the sentence that answers best begins.
    pub at: Millis,
    /// That sentence, with the one after it where it is short.
    pub snippet: String,
}

/// A query against an index.
#[derive(Debug)]
pub struct Search<'a> {
    index: &'a Index,
    rarity: Vec<f32>,
}

/// Scores below this are chance.
const MINILM_SCORE_MIN: f32 = 0.2;
const TFIDF_SCORE_MIN: f32 = 0.02;
/// A snippet shorter than this takes the sentence after it along.
const SNIPPET_WORDS_MIN: usize = 12;
/// What having all the query's words is worth beside nearness in meaning: names are words that models know little of.
const WORDS_WEIGHT: f32 = 0.25;

impl<'a> Search<'a> {
    /// Prepare to search `index`.
    pub fn new(index: &'a Index) -> Self {
        let counted = index.embedder().method == Method::TfIdf;
        let rarity = if counted { tfidf::rarity(index.vectors()) } else { Vec::new() };
        Self { index, rarity }
    }

    /// The `limit` chunks nearest to `query`, best first, embedded with `embedder`, which must be of the index's kind.
    ///
    /// # Errors
    /// When the embedding fails.
    pub fn find(
        &self,
        query: &str,
        embedder: &Embedder,
        limit: usize,
    ) -> Result<Vec<Found<'a>>, EmbedError> {
        let wanted: BTreeSet<String> = stems(query).into_iter().collect();
        let vectors = embedder.embed(&[query])?;
        let query = vectors.first().map_or(&[][..], Vec::as_slice);
        let counted = !self.rarity.is_empty();
        let query = if counted { tfidf::weighted(query, &self.rarity) } else { query.to_vec() };
        let least = if counted { TFIDF_SCORE_MIN } else { MINILM_SCORE_MIN };
        let mut near: Vec<(f32, &'a Chunk)> = Vec::new();
        for (chunk, vector) in self.index.chunks().iter().zip(self.index.vectors()) {
            let angle = if counted {
                cosine(&query, &tfidf::weighted(vector, &self.rarity))
            } else {
                cosine(&query, vector)
            };
            let score = mixed(angle, share(&wanted, &chunk.text()));
            if score >= least {
                near.push((score, chunk));
            }
        }
        near.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
        for (score, chunk) in near {
            if found.len() == limit {
                break;
            }
            // Counted vectors of single sentences say no more than the words they share.
            let model = (!counted).then_some((embedder, query.as_slice()));
            let (at, snippet) = snippet(chunk, &wanted, model)?;
            // Chunks overlap by a sentence: the same place twice helps nobody.
            if seen.insert((chunk.episode.clone(), at)) {
                found.push(Found { chunk, score, at, snippet });
            }
        }
        Ok(found)
    }
}

/// Nearness in meaning and shared words as one score.
fn mixed(angle: f32, share: f32) -> f32 {
    (1.0 - WORDS_WEIGHT) * angle + WORDS_WEIGHT * share
}

/// Which part of the wanted stems `text` has.
fn share(wanted: &BTreeSet<String>, text: &str) -> f32 {
    let has: BTreeSet<String> = stems(text).into_iter().collect();
    #[expect(clippy::cast_precision_loss, reason = "words of a query")]
    let part = wanted.intersection(&has).count() as f32 / wanted.len().max(1) as f32;
    part
}

/// The sentence of `chunk` that answers best, by the wanted stems and, where there is a model, by its nearness to the query;
/// and when it begins. The first where none has anything of it.
fn snippet(
    chunk: &Chunk,
    wanted: &BTreeSet<String>,
    model: Option<(&Embedder, &[f32])>,
) -> Result<(Millis, String), EmbedError> {
    let mut best = (0, f32::NEG_INFINITY);
    for (at, (_, text)) in chunk.sentences.iter().enumerate() {
        let share = share(wanted, text);
        let score = match model {
            Some((embedder, query)) => {
                let vectors = embedder.embed(&[text])?;
                mixed(vectors.first().map_or(0.0, |vector| cosine(query, vector)), share)
            }
            None => share,
        };
        if score > best.1 {
            best = (at, score);
        }
    }
    let Some((at, text)) = chunk.sentences.get(best.0) else {
        return Ok((chunk.start, String::new()));
    };
    let short = text.split_whitespace().count() < SNIPPET_WORDS_MIN;
    let after = chunk.sentences.get(best.0 + 1).filter(|_| short);
    Ok((*at, after.map_or_else(|| text.clone(), |(_, next)| format!("{text} {next}"))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Digest, EpisodeId, FeedId};

    fn index(texts: &[&[&str]]) -> Index {
        let mut index = Index::empty(Embedder::TfIdf.id(), None);
        for (n, sentences) in texts.iter().enumerate() {
            let episode = EpisodeId::new(&FeedId::of_source("f"), &n.to_string());
            let sentences = (0..)
                .map(|i| Millis(i * 1000))
                .zip(sentences.iter().map(|s| (*s).to_owned()))
                .collect();
            let chunk = Chunk {
                episode: episode.clone(),
                title: n.to_string(),
                feed_title: String::new(),
                start: Millis(0),
                sentences,
            };
            let vectors = Embedder::TfIdf.embed(&[&chunk.text()]).unwrap();
            index.put(&episode, Digest::of(b""), vec![chunk], &vectors);
        }
        index
    }

    fn check(query: &str, expect: &[(&str, u64)]) {
        let index = index(&[
            &[
                "The wheel turns.",
                "The tide mill ground grain for two hundred years without a break.",
            ],
            &["A lighthouse keeper kept bees on the roof of the old tower."],
            &["Nothing to see here."],
        ]);
        let found = Search::new(&index).find(query, &Embedder::TfIdf, 2).unwrap();
        assert_eq!(
            found.iter().map(|f| (f.chunk.title.as_str(), f.at.0)).collect::<Vec<_>>(),
            expect
        );
    }

    #[test]
    fn the_nearest_chunk_comes_first_with_the_sentence_that_answers() {
        check("grinding grain", &[("0", 1000)]);
        check("bees", &[("1", 0)]);
    }

    #[test]
    fn words_that_nobody_said_find_nothing() {
        check("submarine", &[]);
        check("", &[]);
    }
}
