//! The formats by name, and by the endings of files.

use clap::ValueEnum;
use std::path::Path;

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Trace events, for ui.perfetto.dev
    Chrome,
    /// What each thread did, for speedscope.app
    Speedscope,
    /// Collapsed stacks, a line each, with their own time in ns
    Folded,
    /// A picture of the call tree, for a browser
    Flamegraph,
    /// A profile for go tool pprof, compressed
    Pprof,
    /// Every entry as a JSON object, a line each
    Jsonl,
    /// A table of spans
    Csv,
    /// The page of `ferret serve`, frozen into one file
    #[cfg(feature = "serve")]
    Html,
}

/// Endings that mean one format; those that are the end of another come after it.
const ENDINGS: &[(&str, Form)] = &[
    #[cfg(feature = "serve")]
    (".html", Form::Html),
    (".speedscope.json", Form::Speedscope),
    (".speedscope", Form::Speedscope),
    (".json", Form::Chrome),
    (".folded", Form::Folded),
    (".collapsed", Form::Folded),
    (".svg", Form::Flamegraph),
    (".pb.gz", Form::Pprof),
    (".pprof", Form::Pprof),
    (".jsonl", Form::Jsonl),
    (".csv", Form::Csv),
];

impl Form {
    /// What a file of this name would be.
    pub(super) fn of_path(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_lowercase();
        let found = ENDINGS.iter().find(|(ending, _)| name.ends_with(ending));
        found.map(|(_, form)| *form)
    }

    /// As it is typed.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// All of them, as they are typed.
    pub(crate) fn names() -> String {
        Self::value_variants().iter().map(|form| form.name()).collect::<Vec<_>>().join("|")
    }

    /// What a file of it ends with, and its media type.
    #[cfg(feature = "serve")]
    pub(crate) fn as_file(self) -> (&'static str, &'static str) {
        match self {
            Self::Chrome => (".json", "application/json"),
            Self::Speedscope => (".speedscope.json", "application/json"),
            Self::Folded => (".folded", "text/plain; charset=utf-8"),
            Self::Flamegraph => (".svg", "image/svg+xml"),
            Self::Pprof => (".pb.gz", "application/octet-stream"),
            Self::Jsonl => (".jsonl", "application/x-ndjson"),
            Self::Csv => (".csv", "text/csv; charset=utf-8"),
            Self::Html => (".html", "text/html; charset=utf-8"),
        }
    }

    /// Whether a terminal cannot show it.
    pub(super) fn is_binary(self) -> bool {
        self == Self::Pprof
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_of_a_file_tells_what_it_is() {
        let forms = [
            ("a.json", Some(Form::Chrome)),
            ("a.speedscope.json", Some(Form::Speedscope)),
            ("A.SVG", Some(Form::Flamegraph)),
            ("a.pb.gz", Some(Form::Pprof)),
            ("dir.csv/a.jsonl", Some(Form::Jsonl)),
            ("a.folded", Some(Form::Folded)),
            ("a.csv", Some(Form::Csv)),
            ("a.gz", None),
            ("csv", None),
            ("..", None),
        ];
        for (name, form) in forms {
            assert_eq!(Form::of_path(Path::new(name)), form, "{name}");
        }
    }
}
