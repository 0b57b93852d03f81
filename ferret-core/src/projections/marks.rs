//! The instants that programs marked: each text, how often, the first time and the last.
//!
//! At most [`Marks::TEXTS`] texts are kept; marks of others are counted.

use crate::event::{CallsiteId, Entry, LogEntry, LogIndex, LogTime, Names};
use std::collections::BTreeMap;

/// The marks of all logs read.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    /// In order of first appearance.
    texts: Vec<MarkStats>,
    by_text: BTreeMap<String, usize>,
    left_out: u64,
}

/// The marks of one text, in all processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkStats {
    /// The text.
    pub text: String,
    /// How often.
    pub count: u64,
    /// The first, and whose it was.
    pub first: (LogIndex, LogTime),
    /// The last, and whose it was.
    pub last: (LogIndex, LogTime),
}

impl Marks {
    /// Texts that are kept.
    pub const TEXTS: usize = 256;

    /// Takes the next entry of `log`.
    pub fn apply(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        let LogEntry::Mark { callsite, .. } = entry.what else { return };
        self.add(names, callsite, (log, entry.time));
    }

    /// The texts, in order of first appearance.
    pub fn all(&self) -> &[MarkStats] {
        &self.texts
    }

    /// Marks whose texts are not kept, because there are too many.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    fn add(&mut self, names: &Names, callsite: CallsiteId, at: (LogIndex, LogTime)) {
        let text = names.callsite_name(callsite);
        if let Some(&place) = self.by_text.get(text) {
            let mark = &mut self.texts[place];
            mark.count += 1;
            // Threads are read one after the other, so a later one may be read first.
            if at.1 < mark.first.1 {
                mark.first = at;
            }
            if at.1 >= mark.last.1 {
                mark.last = at;
            }
        } else if self.texts.len() < Self::TEXTS {
            self.by_text.insert(text.to_owned(), self.texts.len());
            self.texts.push(MarkStats { text: text.to_owned(), count: 1, first: at, last: at });
        } else {
            self.left_out += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{CallsiteInfo, CallsiteKind, Offset, ThreadId};

    fn marks(all: &[(usize, u64, u32)]) -> Marks {
        let mut names = Names::default();
        for id in 0..1_000 {
            let (name, kind) = (format!("mark {id}"), CallsiteKind::Mark);
            let (module, file) = (String::new(), String::new());
            names
                .callsites
                .insert(CallsiteId(id), CallsiteInfo { name, module, file, line: 1, kind });
        }
        let mut marks = Marks::default();
        for (log, time, id) in all {
            let (thread, offset, time) = (ThreadId(1), Offset(0), LogTime(*time));
            let what = LogEntry::Mark { span: None, callsite: CallsiteId(*id) };
            marks.apply(LogIndex(*log), &names, &Entry { offset, time, thread, what });
        }
        marks
    }

    #[test]
    fn marks_are_counted_by_text_with_their_first_and_last_time() {
        let marks = marks(&[(0, 50, 1), (1, 70, 2), (1, 90, 1), (0, 40, 1)]);
        let [first, second] = marks.all() else { panic!("{marks:?}") };
        assert_eq!((first.text.as_str(), first.count), ("mark 1", 3));
        assert_eq!(first.first, (LogIndex(0), LogTime(40)));
        assert_eq!(first.last, (LogIndex(1), LogTime(90)));
        assert_eq!((second.count, second.first, second.last), (1, second.last, second.first));
    }

    #[test]
    fn texts_are_bounded_and_the_rest_is_counted() {
        let all: Vec<_> = (0..300).map(|id| (0, u64::from(id), id)).collect();
        let marks = marks(&[&all[..], &all[290..]].concat());
        assert_eq!((marks.all().len(), marks.left_out()), (Marks::TEXTS, 300 - 256 + 10));
    }
}
