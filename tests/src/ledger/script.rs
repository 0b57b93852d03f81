//! What a thread does, step by step, and what its log must say of it: drawn from a seed, so that the
//! program that is killed and the one who judges its log have the same.
//!
//! The call tree is bounded, for a process has names for so many paths and no more: which span is
//! opened depends on the depth, and on an era that changes only where nothing is open.

use std::collections::VecDeque;

/// No more frames than this are open at once.
pub const LONGEST_STACK: usize = 40;
/// The ways in which depth chooses a site.
const ERAS: u64 = 4;

/// Random numbers of a seed: `SplitMix64`.
#[derive(Clone, Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn is_one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

/// A span's callsite, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site(pub u8);

impl Site {
    /// Those of blocks.
    pub const BLOCKS: u8 = 7;
    /// A function that calls others.
    pub const FUNCTION: Self = Self(7);
    /// A function that calls none, and fails.
    pub const FAILS: Self = Self(8);

    /// Its name in the log.
    pub fn name(self) -> &'static str {
        ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "function", "fails"]
            [usize::from(self.0)]
    }
}

/// How a span ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It returns.
    Ok,
    /// It returns an `Err`.
    Err,
    /// It unwinds.
    Panicked,
}

/// What the thread does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Opens a span.
    Open(Site),
    /// Ends the innermost.
    Close(Fate),
    /// Panics through so many frames. Two events: what it said, and where.
    Panic {
        /// How many frames unwind. Their ends are the steps that follow.
        frames: usize,
    },
    /// The second of a panic's events.
    PanicAt,
    /// Tells something, or notes it.
    Tell(Tell),
    /// Enters what it has kept.
    Enter,
    /// Leaves it.
    Leave,
}

/// What neither opens nor ends a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tell {
    /// Tags the innermost span with the number of this step.
    Tag(u64),
    /// Sets a mark.
    Mark,
    /// Says how far it is.
    Progress(u64),
    /// Counts one.
    Count,
    /// Keeps a reference to the innermost span.
    Keep,
}

/// What the log must say, and of which span. Spans are numbered in the order in which they begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The span.
    pub span: u64,
    /// What is said of it.
    pub what: Said,
}

/// What the log says of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// It began, below another or none.
    Start(Option<u64>, Site),
    /// It ended.
    End(Site, Fate),
    /// It was tagged with a number.
    Number(u64),
    /// It was tagged with what its panic said.
    Panic,
    /// It was tagged with where that was.
    PanicAt,
    /// A mark was set in it.
    Mark,
    /// It has come so far.
    Progress(u64),
}

/// One step: one event recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is done.
    pub act: Act,
    /// The entry that tells of it. None of what is no entry of its own.
    pub seen: Option<Seen>,
}

/// An open frame.
#[derive(Clone, Copy, Debug)]
enum Frame {
    /// A span of the thread's own.
    Span(u64, Site),
    /// A place under a span: what is begun and told here is that span's.
    Place(u64),
}

impl Frame {
    fn span(self) -> u64 {
        let (Self::Span(span, _) | Self::Place(span)) = self;
        span
    }
}

/// The steps of one thread, without end.
#[derive(Clone, Debug)]
pub struct Script {
    random: Random,
    stack: Vec<Frame>,
    kept: Option<u64>,
    /// Steps that are certain.
    next: VecDeque<Step>,
    spans: u64,
    steps: u64,
    era: u64,
    /// The depth that it tends to.
    aim: usize,
}

impl Script {
    /// What thread `lane` of a program does that was given `seed`.
    pub fn new(seed: u64, lane: usize) -> Self {
        let mut random = Random(seed);
        let random = Random(random.next() ^ lane as u64);
        let (stack, next) = (Vec::new(), VecDeque::new());
        Self { random, stack, kept: None, next, spans: 0, steps: 0, era: 0, aim: 8 }
    }

    /// Draws what comes next: one step, or several that belong together.
    fn draw(&mut self) {
        if self.random.is_one_in(60) {
            // Mostly shallow, as programs are.
            let deepest = if self.random.is_one_in(4) { LONGEST_STACK } else { 8 };
            self.aim = usize::try_from(self.random.below(deepest as u64 + 1)).unwrap_or(0);
        }
        let Some(top) = self.stack.last().copied() else {
            self.era = self.random.below(ERAS);
            self.kept = None;
            return self.open(None);
        };
        let depth = self.stack.len();
        match self.random.below(1_000) {
            0 => self.panic(),
            1..30 if depth < LONGEST_STACK => self.fail(top),
            30..70 => {
                let value = self.steps;
                self.say(Act::Tell(Tell::Tag(value)), top.span(), Said::Number(value));
            }
            70..80 => self.say(Act::Tell(Tell::Mark), top.span(), Said::Mark),
            80..90 => {
                let done = self.steps;
                self.say(Act::Tell(Tell::Progress(done)), top.span(), Said::Progress(done));
            }
            90..110 => self.push(Act::Tell(Tell::Count), None),
            110..115 => {
                self.kept = Some(top.span());
                self.push(Act::Tell(Tell::Keep), None);
            }
            115..120 if depth < LONGEST_STACK && self.kept.is_some() && !self.is_in_place() => {
                self.stack.extend(self.kept.map(Frame::Place));
                self.push(Act::Enter, None);
            }
            _ if self.opens(depth) => self.open(Some(top)),
            _ => self.close(Fate::Ok),
        }
    }

    fn opens(&mut self, depth: usize) -> bool {
        depth < LONGEST_STACK && self.random.below(10) < if depth < self.aim { 7 } else { 3 }
    }

    fn is_in_place(&self) -> bool {
        self.stack.iter().any(|frame| matches!(frame, Frame::Place(_)))
    }

    fn open(&mut self, top: Option<Frame>) {
        let sites = u64::from(Site::BLOCKS) + 1;
        let number = (self.stack.len() as u64 * 3 + self.era * 5) % sites;
        let site = Site(u8::try_from(number).unwrap_or(0));
        self.start(top, site);
    }

    fn fail(&mut self, top: Frame) {
        self.start(Some(top), Site::FAILS);
        self.close(Fate::Err);
    }

    fn start(&mut self, top: Option<Frame>, site: Site) {
        let span = self.spans;
        self.spans += 1;
        self.stack.push(Frame::Span(span, site));
        let parent = top.map(Frame::span);
        self.say(Act::Open(site), span, Said::Start(parent, site));
    }

    fn close(&mut self, fate: Fate) {
        match self.stack.pop() {
            Some(Frame::Span(span, site)) => {
                self.say(Act::Close(fate), span, Said::End(site, fate));
            }
            Some(Frame::Place(_)) => self.push(Act::Leave, None),
            None => {}
        }
    }

    fn panic(&mut self) {
        let Some(span) = self.stack.last().map(|top| top.span()) else { return };
        let most = self.stack.len().min(5) as u64;
        let frames = usize::try_from(1 + self.random.below(most)).unwrap_or(1);
        self.say(Act::Panic { frames }, span, Said::Panic);
        self.say(Act::PanicAt, span, Said::PanicAt);
        for _ in 0..frames {
            self.close(Fate::Panicked);
        }
    }

    fn say(&mut self, act: Act, span: u64, what: Said) {
        self.push(act, Some(Seen { span, what }));
    }

    fn push(&mut self, act: Act, seen: Option<Seen>) {
        self.steps += 1;
        self.next.push_back(Step { act, seen });
    }
}

impl Iterator for Script {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        while self.next.is_empty() {
            self.draw();
        }
        self.next.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::mem::discriminant;

    const MANY: usize = 100_000;

    #[test]
    fn one_seed_gives_one_script_and_each_lane_another() {
        let first: Vec<_> = Script::new(1, 0).take(MANY).collect();
        assert!(Script::new(1, 0).take(MANY).eq(first.iter().copied()));
        assert!(!Script::new(1, 1).take(MANY).eq(first.iter().copied()));
        assert!(!Script::new(2, 0).take(MANY).eq(first.iter().copied()));
    }

    #[test]
    fn everything_happens_and_nothing_ends_that_has_not_begun() {
        let (mut open, mut deepest, mut acts) = (Vec::new(), 0, HashSet::new());
        for step in Script::new(3, 0).take(MANY) {
            let tells =
                if let Act::Tell(tell) = step.act { Some(discriminant(&tell)) } else { None };
            acts.insert((discriminant(&step.act), tells));
            if let Some(Seen { span, what }) = step.seen {
                match what {
                    Said::Start(..) => open.push(span),
                    Said::End(..) => assert_eq!(open.pop(), Some(span)),
                    Said::Number(_)
                    | Said::Panic
                    | Said::PanicAt
                    | Said::Mark
                    | Said::Progress(_) => {}
                }
            }
            deepest = deepest.max(open.len());
        }
        assert_eq!(acts.len(), 11, "every kind of act");
        assert!(deepest > 30, "{deepest}");
    }
}
