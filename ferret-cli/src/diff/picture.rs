//! A differential flamegraph: as wide as the head's time, red where a place takes more time by itself than in the base, blue
//! where it takes less, and grey where it may be chance.

use super::compare::Tree;
use super::document::{Change, Comparison, Row, Verdict};
use super::words::{self, Unit};
use crate::flamegraph::{Flamegraph, Node};

/// The strongest tint, for the largest change of all.
const FULL: f64 = 1_000.0;

/// The picture.
pub(super) fn flamegraph(all: &Comparison, tree: &Tree) -> Flamegraph {
    let largest = tree.places.iter().map(|(_, row)| change(row).unsigned_abs()).max().unwrap_or(0);
    let gone = tree.places.iter().filter(|(_, row)| row.verdict == Verdict::Gone).count();
    let gone = match gone {
        0 => String::new(),
        1 => "; one place is gone, and has no width".to_owned(),
        many => format!("; {many} places are gone, and have no width"),
    };
    let duration = &all.duration_ns;
    let base = duration.base.map_or_else(String::new, |ns| Unit::Ns.text(ns));
    let changed = words::verdicts(&all.summary).into_iter().map(|(text, _)| text);
    let changed = changed.collect::<Vec<_>>().join(", ");
    let changed = if changed.is_empty() { "nothing changed".to_owned() } else { changed };
    Flamegraph {
        title: format!("{changed}; {base} → {}", Unit::Ns.now(duration)),
        subtitle: format!(
            "red: more time by itself than in the base, blue: less, grey: the same{gone}"
        ),
        roots: nodes(&mut tree.places.iter().peekable(), 1, largest),
    }
}

type Places<'a> = std::iter::Peekable<std::slice::Iter<'a, (Vec<super::matching::Key>, Row)>>;

/// The nodes at a depth, and those below them: places stand behind the one they are below.
fn nodes(places: &mut Places<'_>, depth: usize, largest: u64) -> Vec<Node> {
    let mut all: Vec<Node> = Vec::new();
    while let Some((way, row)) = places.next_if(|(way, _)| way.len() >= depth) {
        let mut node = Node {
            name: way.last().map_or_else(String::new, |key| key.name.clone()),
            detail: detail(row),
            self_ns: row.self_ns.head.unwrap_or(0),
            tint: Some(tint(row, largest)),
            ..Node::default()
        };
        // A deeper place without the one above it, as a filter leaves them, stands as if it were here.
        node.children = nodes(places, way.len() + 1, largest);
        if node.width_ns() > 0 {
            all.push(node);
        }
    }
    all
}

/// How much more time it takes by itself, if that is no chance, ns.
fn change(row: &Row) -> i64 {
    let whole = |value: Option<u64>| i64::try_from(value.unwrap_or(0)).unwrap_or(i64::MAX);
    if row.verdict == Verdict::New {
        return whole(row.self_ns.head);
    }
    row.self_ns.change.filter(|_| row.self_ns.significant).unwrap_or(0)
}

/// By the root, so that one large change does not hide the others.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a colour, 1000 at most"
)]
fn tint(row: &Row, largest: u64) -> i16 {
    let change = change(row);
    let share = (change.unsigned_abs() as f64 / largest.max(1) as f64).sqrt();
    (share * FULL).round() as i16 * if change < 0 { -1 } else { 1 }
}

fn detail(row: &Row) -> String {
    let change = |what: &str, unit: Unit, change: &Change| {
        let by = unit.change(change);
        (!by.is_empty()).then(|| format!("{what} {by}"))
    };
    let changes = [
        change("self", Unit::Ns, &row.self_ns),
        change("p50", Unit::Ns, &row.p50_ns),
        change("calls", Unit::Count, &row.calls),
    ];
    let mut words = vec![row.verdict.words().to_owned()];
    words.extend(changes.into_iter().flatten());
    words.join(", ")
}
