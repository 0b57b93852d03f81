//! The one filter language: `transcri & dur > 100ms & !thread:worker-2`.
//!
//! ```text
//! any   = all ("|" all)*
//! all   = one ("&" one)*
//! one   = "!" one | "(" any ")" | test
//! test  = TEXT                   the name has it; with "::" in it, the module and the name do
//!       | FIELD ":" TEXT         that field has it
//!       | FIELD OP VALUE         OP is one of = != < <= > >=
//!       | "tag:" KEY OP VALUE    what the tag of that name says: a text, or a number
//! ```
//!
//! Text is compared without regard to case. Text with blanks or with one of `&|!()<>="` in it
//! stands in double quotes. Values have units: `100ms`, `1.5GiB`, `12%`, a plain count.
//!
//! A filter is asked about a [`Subject`]: an open span, one that ended, a row of a table. A subject
//! need not know every field (a row has no thread), and then the answer may be that it cannot be
//! told ([`Filter::test`]): so one expression can say which spans enter a table and which rows are
//! shown.

mod field;
mod parse;

pub(crate) use field::{Field, Kind, parse_value};
pub(crate) use parse::FilterError;

use std::borrow::Cow;
use std::str::FromStr;

/// A filter, ready to be asked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Filter {
    expression: Expression,
    text: String,
}

/// What a filter can be asked about.
pub(crate) trait Subject {
    /// What it has under `field`.
    fn value(&self, field: Field) -> Value<'_>;

    /// What its tag of that name, given in lower case, says. Only spans have tags.
    fn tag(&self, _key: &str) -> Value<'_> {
        Value::Foreign
    }
}

/// What a subject has under a field.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// A number, in ns, bytes, percent or as a count.
    Number(f64),
    /// Nothing: no percentile of no calls. No comparison with it holds.
    Nothing,
    /// The subject is not of a kind that has this field.
    Foreign,
}

#[derive(Clone, Debug, PartialEq)]
enum Expression {
    Any(Vec<Expression>),
    All(Vec<Expression>),
    Not(Box<Expression>),
    /// The name has this, in lower case.
    Name(String),
    /// A text field has this, in lower case.
    Has(Field, String),
    /// A text field is this, in lower case; or is not.
    Is(Field, String, bool),
    Compare(Field, Op, f64),
    /// What the tag of this name says, in lower case; and the number that the text is, if it is one.
    Tag {
        key: String,
        op: Op,
        text: String,
        number: Option<f64>,
    },
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

impl Op {
    /// Whether it holds between two numbers.
    #[expect(clippy::float_cmp, reason = "counts and whole nanoseconds are exact")]
    pub(crate) fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::More => left > right,
            Self::AtLeast => left >= right,
        }
    }

    /// Whether it holds between two texts, which have no order.
    fn holds_of(self, left: &str, right: &str) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less | Self::AtMost | Self::More | Self::AtLeast => false,
        }
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Ok(Self { expression: parse::parse(text)?, text: text.trim().to_owned() })
    }
}

impl std::fmt::Display for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Filter {
    /// Whether the subject passes; `None` if it lacks a field on which that depends.
    pub(crate) fn test(&self, subject: &impl Subject) -> Option<bool> {
        self.expression.test(subject)
    }

    /// What it is, if it is nothing but part of a name.
    pub(crate) fn as_name(&self) -> Option<&str> {
        if let Expression::Name(part) = &self.expression { Some(part) } else { None }
    }

    /// Whether it asks about any of these.
    pub(crate) fn asks(&self, fields: &[Field]) -> bool {
        self.expression.asks(fields)
    }

    /// Whether it asks what spans say, which is looked up for no other.
    pub(crate) fn asks_tags(&self) -> bool {
        self.asks(&[Field::Tag])
    }

    /// Whether nothing that the subject knows keeps it out.
    pub(crate) fn allows(&self, subject: &impl Subject) -> bool {
        self.test(subject) != Some(false)
    }
}

impl Expression {
    fn test(&self, subject: &impl Subject) -> Option<bool> {
        match self {
            Self::Any(some) => decide(some.iter().map(|one| one.test(subject)), true),
            Self::All(all) => decide(all.iter().map(|one| one.test(subject)), false),
            Self::Not(one) => one.test(subject).map(|passes| !passes),
            Self::Name(part) if part.contains("::") => {
                let module = text(subject, Field::Module)?;
                let name = text(subject, Field::Name)?;
                Some(format!("{module}::{name}").to_lowercase().contains(part.as_str()))
            }
            Self::Name(part) => Some(has(&text(subject, Field::Name)?, part)),
            Self::Has(field, part) => Some(has(&text(subject, *field)?, part)),
            Self::Is(field, whole, expected) => {
                Some((text(subject, *field)?.to_lowercase() == *whole) == *expected)
            }
            Self::Compare(field, op, right) => match subject.value(*field) {
                Value::Number(left) => Some(op.holds(left, *right)),
                Value::Foreign => None,
                Value::Nothing | Value::Text(_) => Some(false),
            },
            Self::Tag { key, op, text, number } => match (subject.tag(key), number) {
                (Value::Number(left), Some(right)) => Some(op.holds(left, *right)),
                (Value::Number(_), None) => Some(*op == Op::NotEqual),
                (Value::Text(left), _) => Some(op.holds_of(&left.to_lowercase(), text)),
                // A span without the tag has no other value of it either.
                (Value::Nothing, _) => Some(false),
                (Value::Foreign, _) => None,
            },
        }
    }

    fn asks(&self, fields: &[Field]) -> bool {
        match self {
            Self::Any(some) | Self::All(some) => some.iter().any(|one| one.asks(fields)),
            Self::Not(one) => one.asks(fields),
            Self::Name(part) => {
                fields.contains(&Field::Name)
                    || (part.contains("::") && fields.contains(&Field::Module))
            }
            Self::Has(field, _) | Self::Is(field, ..) | Self::Compare(field, ..) => {
                fields.contains(field)
            }
            Self::Tag { .. } => fields.contains(&Field::Tag),
        }
    }
}

/// `deciding` if any answer is, else the other if all are known.
fn decide(answers: impl Iterator<Item = Option<bool>>, deciding: bool) -> Option<bool> {
    let mut all_known = true;
    for answer in answers {
        match answer {
            Some(answer) if answer == deciding => return Some(deciding),
            Some(_) => {}
            None => all_known = false,
        }
    }
    all_known.then_some(!deciding)
}

fn text(subject: &impl Subject, field: Field) -> Option<Cow<'_, str>> {
    match subject.value(field) {
        Value::Text(text) => Some(text),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Nothing => Some(Cow::Borrowed("")),
        Value::Foreign => None,
    }
}

/// Whether `text` has `part`, which is in lower case. Names are ASCII nearly always: no copy then.
fn has(text: &str, part: &str) -> bool {
    if !text.is_ascii() || !part.is_ascii() {
        return text.to_lowercase().contains(part);
    }
    part.is_empty()
        || text.as_bytes().windows(part.len()).any(|w| w.eq_ignore_ascii_case(part.as_bytes()))
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
