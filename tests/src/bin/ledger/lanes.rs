//! Threads that follow their scripts. Spans are opened by recursion, as programs do, so that a panic
//! unwinds through them.

use super::{Pace, wait};
use ferret::{SpanRef, profile};
use ferret_tests::ledger::{Act, Lane, Ledger, Script, Site, Tell};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::thread;

/// Starts the threads, and never returns.
pub(super) fn record(ledger: &'static Ledger, lanes: usize, seed: u64, pace: Pace) -> ! {
    for number in 0..lanes {
        let started = thread::Builder::new().name(format!("lane-{number}")).spawn(move || {
            let script = Script::new(seed, number);
            let lane = ledger.lane(number);
            Performer { script, lane, pace, falling: 0, kept: None }.perform();
        });
        started.expect("a thread starts");
    }
    wait();
}

/// A thread at its script.
struct Performer {
    script: Script,
    lane: Lane<'static>,
    pace: Pace,
    /// Frames that are still to unwind.
    falling: usize,
    kept: Option<SpanRef>,
}

/// Notes in the ledger that a guard is dropped, when this is.
struct Noted<G> {
    lane: Lane<'static>,
    guard: Option<G>,
}

impl<G> Noted<G> {
    /// What `open` gives, and that it was opened.
    fn open(lane: Lane<'static>, open: impl FnOnce() -> G) -> Self {
        lane.will(1);
        let guard = Some(open());
        lane.did();
        Self { lane, guard }
    }
}

impl<G> Drop for Noted<G> {
    fn drop(&mut self) {
        self.lane.will(1);
        self.guard = None;
        self.lane.did();
    }
}

/// Notes that the function it is in is about to return or unwind, and so to end its span.
struct Returns(Lane<'static>);

impl Drop for Returns {
    fn drop(&mut self) {
        self.0.will(1);
    }
}

/// What is thrown through the frames of a script.
#[derive(Debug)]
struct Fall;

impl Performer {
    fn perform(mut self) {
        loop {
            self.level();
        }
    }

    /// Performs what the script has at this depth, until the frame around it ends.
    fn level(&mut self) {
        while let Some(step) = self.script.next() {
            let number = self.lane.begun();
            if number >= self.pace.most {
                wait();
            }
            self.pace.pause(number);
            match step.act {
                Act::Open(Site::FAILS) => self.fail(),
                Act::Open(site) => self.within(site),
                Act::Enter => self.in_place(),
                Act::Close(_) | Act::Leave => return,
                Act::Panic { frames } => {
                    self.falling = frames;
                    // Where it was: of the same moment.
                    let _place: Option<_> = self.script.next();
                    self.lane.will(2);
                    panic_any(Fall);
                }
                Act::PanicAt => unreachable!("it is of the panic before"),
                Act::Tell(tell) => {
                    self.lane.will(1);
                    self.tell(tell);
                    self.lane.did();
                }
            }
        }
    }

    fn tell(&mut self, what: Tell) {
        match what {
            Tell::Tag(number) => ferret::tag!(step = number),
            Tell::Mark => ferret::mark!("here"),
            Tell::Progress(done) => ferret::progress(done, 0),
            Tell::Count => ferret::counter!(counted, 1),
            Tell::Keep => self.kept = Some(ferret::current_span()),
        }
    }

    /// A span, and what the script has inside.
    fn within(&mut self, site: Site) {
        let lane = self.lane;
        self.frame(|performer| {
            if site == Site::FUNCTION {
                lane.will(1);
                function(performer);
                lane.did();
            } else {
                let _span = Noted::open(lane, || open(site));
                performer.level();
            }
        });
    }

    /// The place that it has kept, and what the script has inside.
    fn in_place(&mut self) {
        let place = self.kept.clone().expect("it is entered after it was kept");
        let lane = self.lane;
        self.frame(|performer| {
            let _place = Noted::open(lane, || place.enter());
            performer.level();
        });
    }

    /// A frame through which the script may unwind. Where it stops, the script goes on.
    fn frame(&mut self, inside: impl FnOnce(&mut Self)) {
        let Err(fall) = catch_unwind(AssertUnwindSafe(|| inside(self))) else { return };
        self.lane.did();
        // The step that says so is done.
        let _ended: Option<_> = self.script.next();
        self.falling -= 1;
        if self.falling > 0 {
            resume_unwind(fall);
        }
    }

    fn fail(&mut self) {
        let (lane, _ends) = (self.lane, self.script.next());
        lane.will(1);
        let failed = fails(lane);
        lane.did();
        debug_assert!(failed.is_err(), "it always fails");
    }
}

/// All sites have guards of one type.
fn open(site: Site) -> impl Sized {
    match site.0 {
        0 => ferret::span!("alpha"),
        1 => ferret::span!("beta"),
        2 => ferret::span!("gamma"),
        3 => ferret::span!("delta"),
        4 => ferret::span!("epsilon"),
        5 => ferret::span!("zeta"),
        _ => ferret::span!("eta"),
    }
}

#[profile]
fn function(performer: &mut Performer) {
    performer.lane.did();
    let _returns = Returns(performer.lane);
    performer.level();
}

#[profile]
fn fails(lane: Lane<'static>) -> Result<(), Fall> {
    lane.did();
    let _returns = Returns(lane);
    Err(Fall)
}
