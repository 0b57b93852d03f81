//! BERT's words: text to the numbers that MiniLM was trained with.

use std::collections::HashMap;

use unicode_segmentation::UnicodeSegmentation;

/// Longer words are unknown, as in the original.
const WORD_CHARS_MAX: usize = 100;

/// The vocabulary.
#[derive(Debug)]
pub(super) struct WordPiece {
    numbers: HashMap<String, u32>,
    begin: u32,
    end: u32,
    unknown: u32,
}

impl WordPiece {
    /// From `vocab.txt`: a piece a line, its number its line.
    pub(super) fn new(vocabulary: &str) -> Result<Self, String> {
        let numbers: HashMap<String, u32> =
            vocabulary.lines().map(str::to_owned).zip(0..).collect();
        let mark = |mark: &str| {
            numbers.get(mark).copied().ok_or_else(|| format!("vocab.txt has no {mark}"))
        };
        Ok(Self { begin: mark("[CLS]")?, end: mark("[SEP]")?, unknown: mark("[UNK]")?, numbers })
    }

    /// The numbers of `text` with the marks around them, `max` at most.
    pub(super) fn encode(&self, text: &str, max: usize) -> Vec<u32> {
        let mut numbers = vec![self.begin];
        // Lower case and without accents: the model knows no others.
        let plain: String = text.to_lowercase().chars().map(without_accent).collect();
        for word in plain.split_word_bounds().flat_map(split_punctuation) {
            self.encode_word(word, &mut numbers);
        }
        numbers.truncate(max - 1);
        numbers.push(self.end);
        numbers
    }

    /// The longest pieces from left to right; a word with a rest that is no piece is unknown as a whole.
    fn encode_word(&self, word: &str, numbers: &mut Vec<u32>) {
        let start = numbers.len();
        let mut rest = word;
        while !rest.is_empty() {
            let ends = rest.char_indices().map(|(at, c)| at + c.len_utf8()).take(WORD_CHARS_MAX);
            let longest = ends.collect::<Vec<_>>().into_iter().rev().find_map(|end| {
                let piece = if rest.len() == word.len() {
                    rest[..end].to_owned()
                } else {
                    format!("##{}", &rest[..end])
                };
                self.numbers.get(&piece).map(|number| (*number, end))
            });
            let Some((number, end)) = longest else {
                numbers.truncate(start);
                numbers.push(self.unknown);
                return;
            };
            numbers.push(number);
            rest = &rest[end..];
        }
    }
}

/// `word` at its punctuation, each mark a word of its own; white space gives nothing.
fn split_punctuation(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word.trim();
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = if first.is_alphanumeric() {
            rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}

/// The base letter of a Latin letter with an accent. English text has few; the rest stay and are split into pieces.
fn without_accent(c: char) -> char {
    match c {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => 'a',
        'ç' => 'c',
        'è' | 'é' | 'ê' | 'ë' => 'e',
        'ì' | 'í' | 'î' | 'ï' => 'i',
        'ñ' => 'n',
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' => 'o',
        'ù' | 'ú' | 'û' | 'ü' => 'u',
        'ý' | 'ÿ' => 'y',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[u32]) {
        let pieces = "[CLS]\n[SEP]\n[UNK]\ntide\nmill\n##s\n,\n'\ncafe\nt\ndon";
        assert_eq!(WordPiece::new(pieces).unwrap().encode(text, 8), expect);
    }

    #[test]
    fn words_are_split_into_the_longest_pieces() {
        check("Tide mills", &[0, 3, 4, 5, 1]);
    }

    #[test]
    fn punctuation_stands_alone_and_accents_go() {
        check("café, don't", &[0, 8, 6, 10, 7, 9, 1]);
    }

    #[test]
    fn a_word_with_a_rest_that_is_no_piece_is_unknown() {
        check("tidex mill", &[0, 2, 4, 1]);
    }

    #[test]
    fn long_text_is_cut_and_still_ended() {
        check("tide tide tide tide tide tide tide tide", &[0, 3, 3, 3, 3, 3, 3, 1]);
    }

    #[test]
    fn a_vocabulary_without_the_marks_is_refused() {
        assert!(WordPiece::new("tide\nmill").is_err());
    }
}
