//! Words: how text is cut into them, which carry no meaning of their own, and their stems.

use std::sync::LazyLock;

use rust_stemmers::{Algorithm, Stemmer};
use unicode_segmentation::UnicodeSegmentation;

static STEMMER: LazyLock<Stemmer> = LazyLock::new(|| Stemmer::create(Algorithm::English));

/// English words that say how others hang together, sorted.
const STOP_WORDS: &[&str] = &[
    "a", "about", "above", "actually", "after", "again", "against", "all", "almost", "also", "am",
    "an", "and", "any", "are", "as", "at", "be", "because", "been", "before", "being", "below",
    "between", "both", "but", "by", "can", "could", "did", "do", "does", "doing", "down", "during",
    "each", "even", "every", "few", "for", "from", "further", "get", "go", "going", "got", "had",
    "has", "have", "having", "he", "her", "here", "hers", "herself", "him", "himself", "his",
    "how", "i", "if", "in", "into", "is", "it", "it's", "its", "itself", "just", "let", "like",
    "made", "make", "may", "me", "might", "more", "most", "much", "must", "my", "myself", "no",
    "nor", "not", "now", "of", "off", "on", "once", "one", "only", "or", "other", "our", "ours",
    "out", "over", "own", "quite", "really", "said", "same", "say", "says", "she", "should", "so",
    "some", "still", "such", "than", "that", "that's", "the", "their", "theirs", "them", "then",
    "there", "these", "they", "thing", "things", "this", "those", "through", "to", "too", "under",
    "until", "up", "us", "very", "was", "we", "well", "were", "what", "when", "where", "which",
    "while", "who", "whom", "why", "will", "with", "would", "yes", "you", "your", "yours",
];

/// Whether `word`, in lower case, is one that carries no meaning of its own.
pub fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.binary_search(&word).is_ok()
}

/// The words of `text`, in lower case.
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.unicode_words().map(str::to_lowercase)
}

/// The stem of a word in lower case.
pub fn stem(word: &str) -> String {
    STEMMER.stem(word).into_owned()
}

/// The stems of the words of `text` that carry meaning, in order, repeats included.
pub fn stems(text: &str) -> Vec<String> {
    words(text).filter(|w| !is_stop_word(w)).map(|w| stem(&w)).collect()
}

/// A written token as a bare word: lower case, without the punctuation around it.
pub fn bare(token: &str) -> String {
    token.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stop_words_are_sorted_so_that_they_can_be_found() {
        assert!(STOP_WORDS.is_sorted());
    }

    #[test]
    fn forms_of_a_word_share_a_stem() {
        assert_eq!(stems("The mills were milling"), ["mill", "mill"]);
    }

    #[test]
    fn a_bare_word_keeps_what_is_inside_it() {
        assert_eq!(bare("\"Don't,"), "don't");
        assert_eq!(bare("…"), "");
    }
}
