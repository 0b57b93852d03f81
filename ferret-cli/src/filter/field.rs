//! What a filter can ask about, and how the values of each field are written.

use crate::when::parse_duration;

/// Something a subject may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field {
    Name,
    Module,
    File,
    Kind,
    Thread,
    Process,
    Pid,
    Host,
    Outcome,
    Tag,
    State,
    Dur,
    Calls,
    Errors,
    Panics,
    Cancelled,
    Unknown,
    Dropped,
    Sampled,
    Open,
    Total,
    SelfTime,
    Busy,
    Mean,
    Min,
    P50,
    P90,
    P95,
    P99,
    Max,
    Wall,
    Rss,
    Cpu,
    Percent,
    ErrorPercent,
    Polls,
    Idle,
    Longest,
    Allocated,
    Allocs,
    Live,
    Peak,
    Overhead,
}

/// How a field's values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Count,
    /// ns.
    Duration,
    Bytes,
    Percent,
}

impl Field {
    /// Every field with the name it is written by and its kind.
    pub(crate) const ALL: [(&'static str, Self, Kind); 43] = [
        ("name", Self::Name, Kind::Text),
        ("module", Self::Module, Kind::Text),
        ("file", Self::File, Kind::Text),
        ("kind", Self::Kind, Kind::Text),
        ("thread", Self::Thread, Kind::Text),
        ("process", Self::Process, Kind::Text),
        ("pid", Self::Pid, Kind::Count),
        ("host", Self::Host, Kind::Text),
        ("outcome", Self::Outcome, Kind::Text),
        ("tag", Self::Tag, Kind::Text),
        ("state", Self::State, Kind::Text),
        ("dur", Self::Dur, Kind::Duration),
        ("calls", Self::Calls, Kind::Count),
        ("errors", Self::Errors, Kind::Count),
        ("panics", Self::Panics, Kind::Count),
        ("cancelled", Self::Cancelled, Kind::Count),
        ("unknown", Self::Unknown, Kind::Count),
        ("dropped", Self::Dropped, Kind::Count),
        ("sampled", Self::Sampled, Kind::Count),
        ("open", Self::Open, Kind::Count),
        ("total", Self::Total, Kind::Duration),
        ("self", Self::SelfTime, Kind::Duration),
        ("busy", Self::Busy, Kind::Duration),
        ("mean", Self::Mean, Kind::Duration),
        ("min", Self::Min, Kind::Duration),
        ("p50", Self::P50, Kind::Duration),
        ("p90", Self::P90, Kind::Duration),
        ("p95", Self::P95, Kind::Duration),
        ("p99", Self::P99, Kind::Duration),
        ("max", Self::Max, Kind::Duration),
        ("wall", Self::Wall, Kind::Duration),
        ("rss", Self::Rss, Kind::Bytes),
        ("cpu", Self::Cpu, Kind::Percent),
        ("percent", Self::Percent, Kind::Percent),
        ("error_percent", Self::ErrorPercent, Kind::Percent),
        ("polls", Self::Polls, Kind::Count),
        ("idle", Self::Idle, Kind::Duration),
        ("longest", Self::Longest, Kind::Duration),
        ("allocated", Self::Allocated, Kind::Bytes),
        ("allocs", Self::Allocs, Kind::Count),
        ("live", Self::Live, Kind::Bytes),
        ("peak", Self::Peak, Kind::Bytes),
        ("overhead", Self::Overhead, Kind::Percent),
    ];

    /// What single spans have and the sums of them have not.
    pub(crate) const OF_SPANS: [Self; 7] =
        [Self::Thread, Self::Process, Self::Pid, Self::Host, Self::Outcome, Self::Tag, Self::Dur];

    /// The field of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, ..)| *known == name).map(|(_, field, _)| *field)
    }

    /// The name it is written by.
    pub(crate) fn name(self) -> &'static str {
        self.row().0
    }

    /// How its values are written.
    pub(crate) fn kind(self) -> Kind {
        self.row().2
    }

    fn row(self) -> (&'static str, Self, Kind) {
        // In the order they are declared, which a test holds.
        Self::ALL[self as usize]
    }
}

impl Kind {
    /// What such a value looks like, for a message.
    pub(crate) fn example(self) -> &'static str {
        match self {
            Self::Text => "main",
            Self::Count => "1000",
            Self::Duration => "250ms",
            Self::Bytes => "512MiB",
            Self::Percent => "12.5%",
        }
    }
}

/// Reads a number of a kind: `250ms`, `1.5GiB`, `12%`, `1000`. A nought needs no unit.
#[expect(clippy::cast_precision_loss, reason = "durations below 2^53 ns, 104 days, are exact")]
pub(crate) fn parse_value(kind: Kind, text: &str) -> Option<f64> {
    let text = text.trim();
    if text == "0" {
        return Some(0.0);
    }
    match kind {
        Kind::Text => None,
        Kind::Count => number(&text.replace('_', "")),
        Kind::Duration => {
            let duration = parse_duration(text).ok()?;
            Some(u64::try_from(duration.as_nanos()).ok()? as f64)
        }
        Kind::Percent => number(text.strip_suffix('%').unwrap_or(text)),
        Kind::Bytes => {
            let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
            let (value, unit) = text.split_at(digits);
            let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
                "b" => 1,
                "k" | "kib" => 1 << 10,
                "m" | "mib" => 1 << 20,
                "g" | "gib" => 1 << 30,
                "t" | "tib" => 1 << 40,
                "kb" => 1_000,
                "mb" => 1_000_000,
                "gb" => 1_000_000_000,
                "tb" => 1_000_000_000_000,
                _ => return None,
            };
            Some(number(value)? * factor as f64)
        }
    }
}

/// A plain number: digits, perhaps a fraction, nothing a calculator would add.
fn number(text: &str) -> Option<f64> {
    let is_plain = |text: &str| text.chars().all(|c| c.is_ascii_digit() || c == '.');
    let text = text.trim();
    is_plain(text).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_found_under_its_own_name() {
        for (index, (name, field, kind)) in Field::ALL.into_iter().enumerate() {
            assert_eq!(field as usize, index, "{name}");
            assert_eq!((Field::named(name), field.name(), field.kind()), (Some(field), name, kind));
        }
    }

    #[test]
    fn every_example_can_be_read() {
        for kind in [Kind::Count, Kind::Duration, Kind::Bytes, Kind::Percent] {
            assert!(parse_value(kind, kind.example()).is_some(), "{kind:?}");
        }
    }

    #[test]
    fn values_have_the_units_of_their_kind() {
        for (kind, text, expect) in [
            (Kind::Duration, "1.5s", Some(1.5e9)),
            (Kind::Duration, "100", None),
            (Kind::Duration, "0", Some(0.0)),
            (Kind::Bytes, "1.5 KiB", Some(1536.0)),
            (Kind::Bytes, "2MB", Some(2e6)),
            (Kind::Bytes, "100", None),
            (Kind::Percent, "12.5 %", Some(12.5)),
            (Kind::Percent, "50", Some(50.0)),
            (Kind::Count, "1_000", Some(1000.0)),
            (Kind::Count, "inf", None),
            (Kind::Count, "1e3", None),
            (Kind::Count, "1.2.3", None),
            (Kind::Text, "5", None),
        ] {
            assert_eq!(parse_value(kind, text), expect, "{text}");
        }
    }
}
