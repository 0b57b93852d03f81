//! Sponsors' messages: where they begin, and where the episode goes on.

use super::{Reason, Removed};
use crate::text::sentences::Sentence;
use crate::text::words::words;
use crate::time::Millis;

/// Words that begin a message.
const BEGINS: &[&str] = &[
    "brought to you by",
    "sponsored by",
    "our sponsor",
    "our sponsors",
    "today's sponsor",
    "this episode's sponsor",
    "a word from",
    "support for this show comes from",
    "support for this podcast comes from",
    "this show is supported by",
    "this episode is supported by",
];
/// Words that are in one, and lengthen it.
const INSIDE: &[&str] = &[
    "promo code",
    "use code",
    "the code",
    "use the offer",
    "percent off",
    "free trial",
    "your first order",
    "your order",
    "sign up at",
    "dot com",
    ".com",
    "terms apply",
    "free shipping",
    "discount",
    "go to",
    "visit",
    "offer",
    "sponsor",
    "sponsors",
];
/// Words that end one.
const ENDS: &[&str] = &[
    "back to the show",
    "back to our show",
    "back to the episode",
    "back to our story",
    "back to the story",
    "back to our conversation",
    "back to the conversation",
    "now back to",
    "and we're back",
    "welcome back",
    "let's get back",
];
/// The longest message. Beyond it, the words that began it were about something else.
const LENGTH_MAX: Millis = Millis(120_000);
/// How many sentences without a sign of a sponsor end a message that nobody ends.
const QUIET_SENTENCES: usize = 2;

/// `sentences` without sponsors' messages.
#[ferret::profile]
pub(super) fn drop_sponsors(sentences: &[Sentence], removed: &mut Vec<Removed>) -> Vec<Sentence> {
    let mut kept = Vec::with_capacity(sentences.len());
    let mut rest = sentences;
    while let Some(first) = rest.first() {
        let length = if says(first, BEGINS) { message_length(rest) } else { 0 };
        if length == 0 {
            kept.push(first.clone());
            rest = &rest[1..];
        } else {
            removed.extend(rest[..length].iter().map(|s| Removed::sentence(Reason::Sponsor, s)));
            rest = &rest[length..];
        }
    }
    kept
}

/// How many of `sentences`, from the one that begins a message, belong to it.
fn message_length(sentences: &[Sentence]) -> usize {
    let in_time = |s: &Sentence| s.end.since(sentences[0].start) <= LENGTH_MAX;
    let near = &sentences[..sentences.iter().take_while(|s| in_time(s)).count().max(1)];
    if let Some(end) = near.iter().position(|s| says(s, ENDS)) {
        return end + 1;
    }
    // Nobody said that it ended: it goes on as long as there are signs of it.
    let mut length = 1;
    for (at, sentence) in near.iter().enumerate().skip(1) {
        if says(sentence, INSIDE) || says(sentence, BEGINS) {
            length = at + 1;
        } else if at - length >= QUIET_SENTENCES {
            break;
        }
    }
    length
}

/// Whether `sentence` has one of `phrases` as whole words.
fn says(sentence: &Sentence, phrases: &[&str]) -> bool {
    let said = format!(" {} ", words(&sentence.text).collect::<Vec<_>>().join(" "));
    let written = sentence.text.to_lowercase();
    // ".com" is no word; it is looked for as written.
    phrases.iter().any(|p| {
        if p.starts_with('.') { written.contains(p) } else { said.contains(&format!(" {p} ")) }
    })
}

#[cfg(test)]
mod tests {
    use crate::stages::testing::clean;

    fn check(sentences: &[&str], expect: &[&str]) {
        let got = clean(sentences);
        assert_eq!(got.sentences.iter().map(|s| s.text.as_str()).collect::<Vec<_>>(), expect);
        assert_eq!(got.sentences.len() + got.removed.len(), sentences.len());
    }

    #[test]
    fn a_message_goes_up_to_the_words_that_end_it() {
        check(
            &[
                "Mills are old.",
                "This episode is brought to you by Oak Soap.",
                "It smells of trees.",
                "Now back to the show.",
                "The wheel is big.",
            ],
            &["Mills are old.", "The wheel is big."],
        );
    }

    #[test]
    fn a_message_that_nobody_ends_goes_as_far_as_its_signs() {
        check(
            &[
                "A word from our sponsor.",
                "Oak Soap smells of trees.",
                "Use the promo code MILL.",
                "The wheel is big.",
                "It turns.",
                "Slowly.",
            ],
            &["The wheel is big.", "It turns.", "Slowly."],
        );
    }

    #[test]
    fn talk_about_a_code_or_a_visit_is_no_message() {
        let talk = ["They visit the mill.", "The building code is old.", "We go to the shore."];
        check(&talk, &talk);
    }
}
