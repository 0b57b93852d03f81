//! One subject of one rule: from not holding to pending, to firing, and back, and what of that is told. A condition
//! that comes and goes is told once in a cool-down; what has been told is always told to be over.

use super::notice::Who;

/// What was found of a subject.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Finding {
    /// Names the subject within its rule.
    pub(super) key: Key,
    pub(super) title: String,
    pub(super) who: Option<Who>,
    pub(super) holding: Holding,
    /// What it is now, for people.
    pub(super) text: String,
}

/// The worker, if it is of one, and what of it.
pub(super) type Key = (Option<ferret::event::ProcessUid>, String);

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holding {
    Yes,
    /// No more, and not far enough to be over.
    Between,
    No,
}

/// How long things last for a rule, ns.
#[expect(clippy::struct_field_names, reason = "units end a name")]
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) for_ns: u64,
    pub(super) resolve_after_ns: u64,
    pub(super) cooldown_ns: u64,
}

/// A subject.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) title: String,
    pub(super) who: Option<Who>,
    /// What it was when it was last looked at.
    pub(super) text: String,
    phase: Phase,
    /// When it was last told to fire, ns.
    told_at: Option<u64>,
    /// It was told to fire, and not yet to be over.
    is_told: bool,
    /// How often it came and went since then without being told.
    untold: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Ok,
    Pending { since_ns: u64 },
    Firing { since_ns: u64, clear_since_ns: Option<u64> },
}

/// What is to be told of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It fires, since then, ns; and had come and gone so often without being told.
    Fired { since_ns: u64, untold: u64 },
    /// It is over, and held since then, ns.
    Resolved { since_ns: u64 },
}

/// Where a subject is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    Ok,
    Pending,
    Firing,
}

impl State {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Pending => "pending",
            Self::Firing => "firing",
        }
    }
}

impl Subject {
    pub(super) fn new(title: String, who: Option<Who>) -> Self {
        let (text, phase) = (String::new(), Phase::Ok);
        Self { title, who, text, phase, told_at: None, is_told: false, untold: 0 }
    }

    /// Takes what was found now; what is to be told of it.
    pub(super) fn step(
        &mut self,
        now_ns: u64,
        holding: Holding,
        patience: Patience,
    ) -> Option<Change> {
        match (self.phase, holding) {
            (Phase::Ok, Holding::Yes) => self.phase = Phase::Pending { since_ns: now_ns },
            (Phase::Pending { .. }, Holding::Between | Holding::No) => self.phase = Phase::Ok,
            (Phase::Firing { since_ns, .. }, Holding::Yes | Holding::Between) => {
                self.phase = Phase::Firing { since_ns, clear_since_ns: None };
            }
            (Phase::Firing { since_ns, clear_since_ns }, Holding::No) => {
                let clear = clear_since_ns.unwrap_or(now_ns);
                self.phase = Phase::Firing { since_ns, clear_since_ns: Some(clear) };
                if now_ns.saturating_sub(clear) >= patience.resolve_after_ns {
                    return self.end();
                }
            }
            (Phase::Ok, Holding::Between | Holding::No) | (Phase::Pending { .. }, Holding::Yes) => {
            }
        }
        if let Phase::Pending { since_ns } = self.phase
            && now_ns.saturating_sub(since_ns) >= patience.for_ns
        {
            self.phase = Phase::Firing { since_ns, clear_since_ns: None };
        }
        self.tell(now_ns, patience)
    }

    /// It cannot hold any more; what is to be told of that.
    pub(super) fn end(&mut self) -> Option<Change> {
        let Phase::Firing { since_ns, .. } = std::mem::replace(&mut self.phase, Phase::Ok) else {
            return None;
        };
        if std::mem::take(&mut self.is_told) {
            return Some(Change::Resolved { since_ns });
        }
        self.untold += 1;
        None
    }

    fn tell(&mut self, now_ns: u64, patience: Patience) -> Option<Change> {
        let Phase::Firing { since_ns, clear_since_ns: None } = self.phase else { return None };
        if self.is_told || self.is_cooling(now_ns, patience) {
            return None;
        }
        (self.is_told, self.told_at) = (true, Some(now_ns));
        Some(Change::Fired { since_ns, untold: std::mem::take(&mut self.untold) })
    }

    fn is_cooling(&self, now_ns: u64, patience: Patience) -> bool {
        self.told_at.is_some_and(|told| now_ns.saturating_sub(told) < patience.cooldown_ns)
    }

    /// Whether nothing is to be remembered of it.
    pub(super) fn is_forgettable(&self, now_ns: u64, patience: Patience) -> bool {
        self.phase == Phase::Ok && !self.is_cooling(now_ns, patience)
    }

    pub(super) fn state(&self) -> State {
        match self.phase {
            Phase::Ok => State::Ok,
            Phase::Pending { .. } => State::Pending,
            Phase::Firing { .. } => State::Firing,
        }
    }

    /// Since when it is not ok, ns.
    pub(super) fn since_ns(&self) -> Option<u64> {
        match self.phase {
            Phase::Ok => None,
            Phase::Pending { since_ns } | Phase::Firing { since_ns, .. } => Some(since_ns),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;
    const PATIENCE: Patience =
        Patience { for_ns: 2 * SECOND, resolve_after_ns: 2 * SECOND, cooldown_ns: 10 * SECOND };

    /// Shows a letter a second (y: it holds, b: between, n: no), and what was told when.
    fn check(seen: &str, expect: &str) {
        let mut subject = Subject::new("it".to_owned(), None);
        let mut told = Vec::new();
        for (second, letter) in (0..).zip(seen.chars()) {
            let holding = match letter {
                'y' => Holding::Yes,
                'b' => Holding::Between,
                _ => Holding::No,
            };
            match subject.step(second * SECOND, holding, PATIENCE) {
                Some(Change::Fired { since_ns, untold: 0 }) => {
                    told.push(format!("{second} fired since {}", since_ns / SECOND));
                }
                Some(Change::Fired { untold, .. }) => {
                    told.push(format!("{second} fired after {untold}"));
                }
                Some(Change::Resolved { .. }) => told.push(format!("{second} over")),
                None => {}
            }
        }
        assert_eq!(told.join(", "), expect, "{seen}");
    }

    #[test]
    fn it_fires_when_it_has_held_for_long_enough() {
        check("nyynyyyy", "6 fired since 4");
        check("nybyyy", "5 fired since 3");
    }

    #[test]
    fn it_is_over_when_it_has_not_held_for_long_enough() {
        check("yyynnn", "2 fired since 0, 5 over");
        check("yyynynn", "2 fired since 0");
        check("yyybbbbnnn", "2 fired since 0, 9 over");
    }

    #[test]
    fn what_flaps_is_told_once_in_a_cooldown_and_how_often_it_did() {
        check("yyynnnyyynnn", "2 fired since 0, 5 over");
        check("yyynnnyyyyyy", "2 fired since 0, 5 over");
        check("yyynnnyyyyyyy", "2 fired since 0, 5 over, 12 fired since 6");
        check("yyynnnyyynnnyyyy", "2 fired since 0, 5 over, 14 fired after 1");
    }
}
