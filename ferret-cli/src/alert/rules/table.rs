//! Reading a table of the file key by key: every key that is asked for is known, and what is left over is a mistake.

use super::fault::{Faults, near};
use super::secret::Secret;
use crate::when::parse_duration;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A table that is being read.
pub(super) struct Table<'t, 'i> {
    rows: BTreeMap<&'t str, (Range<usize>, &'t Spanned<DeValue<'i>>)>,
    /// Keys that were asked for.
    known: Vec<&'static str>,
    /// What it is, as in "a rule".
    what: &'static str,
    /// Where it is.
    pub(super) at: Range<usize>,
}

impl<'t, 'i> Table<'t, 'i> {
    pub(super) fn new(what: &'static str, at: Range<usize>, table: &'t DeTable<'i>) -> Self {
        let row = |(key, value): (&'t Spanned<_>, _)| {
            let name: &'t std::borrow::Cow<'i, str> = key.get_ref();
            (&**name, (key.span(), value))
        };
        Self { rows: table.iter().map(row).collect(), known: Vec::new(), what, at }
    }

    /// The same, at another place.
    pub(super) fn at(self, at: Range<usize>) -> Self {
        Self { at, ..self }
    }

    /// Where a key is written that was not yet taken.
    pub(super) fn place(&self, key: &str) -> Option<Range<usize>> {
        self.rows.get(key).map(|(at, _)| at.clone())
    }

    /// Whether a key that was not yet taken is a text.
    pub(super) fn is_text(&self, key: &str) -> bool {
        self.rows.get(key).is_some_and(|(_, value)| text_of(value).is_some())
    }

    /// Keeps it for later, so that others can be noted meanwhile.
    pub(super) fn take(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'i>>> {
        self.known.push(key);
        self.rows.remove(key).map(|(_, value)| value)
    }

    /// All that is left, under names of the user's own.
    pub(super) fn rest(&mut self) -> Vec<(&'t str, Range<usize>, &'t Spanned<DeValue<'i>>)> {
        let rows = std::mem::take(&mut self.rows);
        rows.into_iter().map(|(key, (at, value))| (key, at, value)).collect()
    }

    /// A text, and where it stands.
    pub(super) fn text(
        &mut self,
        key: &'static str,
        faults: &mut Faults<'_>,
    ) -> Option<(&'t str, Range<usize>)> {
        let value = self.take(key)?;
        let text = text_of(value);
        if text.is_none() {
            faults.note(value.span(), format!("{key} is a text: write it in quotes"));
        }
        text.map(|text| (text, value.span()))
    }

    /// A text that is read as something else; what is wrong with it is noted.
    pub(super) fn parsed<T, E: std::fmt::Display>(
        &mut self,
        key: &'static str,
        faults: &mut Faults<'_>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let (text, at) = self.text(key, faults)?;
        parse(text).map_err(|error| faults.note(at, format!("{key}: {error}"))).ok()
    }

    /// A duration, ns.
    pub(super) fn duration(&mut self, key: &'static str, faults: &mut Faults<'_>) -> Option<u64> {
        self.parsed(key, faults, |text| {
            if text.trim() == "0" {
                return Ok(0);
            }
            parse_duration(text).map(|length| u64::try_from(length.as_nanos()).unwrap_or(u64::MAX))
        })
    }

    /// One of several words.
    pub(super) fn word<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&'static str, T)],
        faults: &mut Faults<'_>,
    ) -> Option<T> {
        let (text, at) = self.text(key, faults)?;
        word(key, text, at, words, faults)
    }

    pub(super) fn flag(&mut self, key: &'static str, faults: &mut Faults<'_>) -> Option<bool> {
        let value = self.take(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            faults.note(value.span(), format!("{key} is true or false"));
        }
        flag
    }

    /// A whole number, not below nought.
    pub(super) fn count(&mut self, key: &'static str, faults: &mut Faults<'_>) -> Option<u64> {
        let value = self.take(key)?;
        let number = value.get_ref().as_integer();
        let count = number.and_then(|n| u64::from_str_radix(n.as_str(), n.radix()).ok());
        if count.is_none() {
            faults.note(value.span(), format!("{key} is a whole number, as in {key} = 20"));
        }
        count
    }

    /// A text, or several in brackets, each with its place.
    pub(super) fn texts(
        &mut self,
        key: &'static str,
        faults: &mut Faults<'_>,
    ) -> Option<Vec<(&'t str, Range<usize>)>> {
        let value = self.take(key)?;
        if let Some(text) = text_of(value) {
            return Some(vec![(text, value.span())]);
        }
        let items = value.get_ref().as_array().into_iter().flat_map(|array| array.iter());
        let items: Vec<_> = items.map(|item| (text_of(item), item.span())).collect();
        let is_list = value.get_ref().as_array().is_some();
        if !is_list || items.iter().any(|(text, _)| text.is_none()) {
            let form = format!("{key} is a text or several, as in {key} = [\"one\", \"other\"]");
            faults.note(value.span(), form);
            return None;
        }
        Some(items.into_iter().filter_map(|(text, at)| Some((text?, at))).collect())
    }

    /// A text, `{ env = "NAME" }`, or `{ file = "PATH" }`.
    pub(super) fn secret(
        &mut self,
        key: &'static str,
        faults: &mut Faults<'_>,
    ) -> Option<(Secret, Range<usize>)> {
        let value = self.take(key)?;
        secret_of(key, value, faults).map(|secret| (secret, value.span()))
    }

    /// Notes the keys that nobody asked for.
    pub(super) fn finish(self, faults: &mut Faults<'_>) {
        for (key, (at, _)) in self.rows {
            let meant = near(key, self.known.iter().copied());
            let meant = match meant {
                Some(meant) => format!("did you mean {meant}?"),
                None => format!("write one of {}", self.known.join(", ")),
            };
            faults.note(at, format!("{} has no {key:?}: {meant}", self.what));
        }
    }
}

/// What a value is as a secret.
pub(super) fn secret_of(
    key: &str,
    value: &Spanned<DeValue<'_>>,
    faults: &mut Faults<'_>,
) -> Option<Secret> {
    if let Some(text) = text_of(value) {
        return Some(Secret::Plain(text.to_owned()));
    }
    let only = value.get_ref().as_table().filter(|table| table.len() == 1);
    let pair = only.and_then(|table| table.iter().next());
    let text = pair.and_then(|(name, value)| Some((&**name.get_ref(), text_of(value)?)));
    match text {
        Some(("env", name)) if !name.is_empty() && !name.contains(['=', '\0']) => {
            Some(Secret::Env(name.to_owned()))
        }
        Some(("file", path)) if !path.is_empty() => Some(Secret::File(path.into())),
        _ => {
            let form =
                format!("{key} is a text, or {{ env = \"VARIABLE\" }}, or {{ file = \"/path\" }}");
            faults.note(value.span(), form);
            None
        }
    }
}

/// One of several words.
pub(super) fn word<T: Copy>(
    key: &str,
    text: &str,
    at: Range<usize>,
    words: &[(&'static str, T)],
    faults: &mut Faults<'_>,
) -> Option<T> {
    let found = words.iter().find(|(name, _)| *name == text);
    if found.is_none() {
        let known: Vec<_> = words.iter().map(|(name, _)| *name).collect();
        let meant = near(text, known.iter().copied());
        let meant = match meant {
            Some(meant) => format!("did you mean {meant:?}? It"),
            None => "it".to_owned(),
        };
        let known = known.join(", ");
        faults.note(at, format!("there is no {key} {text:?}: {meant} is one of {known}"));
    }
    found.map(|(_, value)| *value)
}

fn text_of<'t>(value: &'t Spanned<DeValue<'_>>) -> Option<&'t str> {
    if let DeValue::String(text) = value.get_ref() { Some(text) } else { None }
}
