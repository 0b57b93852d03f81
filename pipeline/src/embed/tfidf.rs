//! Vectors by counting words. Stems are hashed to a fixed number of places, so no vocabulary has to be kept, and two rare
//! words sometimes share a place; rarity is applied when vectors are compared, since it changes with every episode added.

use xxhash_rust::xxh3::xxh3_64;

use super::normalise;
use crate::text::words::stems;

/// Places that stems are hashed to.
pub const DIMENSIONS: usize = 1024;

/// How often `text` has the stems of each place, dampened, scaled to length 1.
pub fn counts(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0_f32; DIMENSIONS];
    for stem in stems(text) {
        vector[place(&stem)] += 1.0;
    }
    // The tenth mention says less than the first.
    for n in &mut vector {
        *n = n.ln_1p();
    }
    normalise(&mut vector);
    vector
}

fn place(stem: &str) -> usize {
    usize::try_from(xxh3_64(stem.as_bytes()) % DIMENSIONS as u64).unwrap_or(0)
}

/// How rare each place is among `vectors`: what a shared word is worth.
pub fn rarity<'a>(vectors: impl Iterator<Item = &'a [f32]>) -> Vec<f32> {
    let (mut with, mut total) = (vec![0.0_f32; DIMENSIONS], 0.0_f32);
    for vector in vectors {
        total += 1.0;
        for (n, value) in with.iter_mut().zip(vector) {
            *n += f32::from(u8::from(*value > 0.0));
        }
    }
    with.into_iter().map(|n| ((1.0 + total) / (1.0 + n)).ln() + 1.0).collect()
}

/// `vector` weighted by rarity, scaled to length 1.
pub fn weighted(vector: &[f32], rarity: &[f32]) -> Vec<f32> {
    let mut vector: Vec<f32> = vector.iter().zip(rarity).map(|(n, weight)| n * weight).collect();
    normalise(&mut vector);
    vector
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::cosine;

    #[test]
    fn texts_that_share_words_are_nearer() {
        let [mill, grain, sky] =
            ["the tide mill ground grain", "grain for the mills", "stars at night"].map(counts);
        assert!(cosine(&mill, &grain) > 0.3);
        assert!(cosine(&mill, &sky) < 0.1);
    }

    #[test]
    fn a_rare_word_weighs_more_than_a_common_one() {
        let vectors = ["mill wheel", "mill pond", "mill stone", "mill lantern"].map(counts);
        let rarity = rarity(vectors.iter().map(Vec::as_slice));
        assert!(rarity[place("lantern")] > rarity[place("mill")]);
    }

    #[test]
    fn no_words_are_no_vector() {
        assert!(counts("the of and").iter().all(|n| *n == 0.0));
    }
}
