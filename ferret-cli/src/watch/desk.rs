//! What the screen does besides showing: it reads the run for the page that is open, copies, and
//! writes files. What comes of it is told in the line at the bottom.

use super::clipboard;
use super::closeup::OneFunction;
use super::document::Snapshot;
use super::once;
use super::passing::{Counted, Passing, Picture};
use super::scan::Scan;
use super::source::Source;
use super::terminal::Screen;
use super::write;
use crate::filter::{Field, Filter};
use crate::flamegraph::Flamegraph;
use crate::tui::board::Scene;
use crate::tui::details::Facts;
use crate::tui::functions::Costs;
use crate::tui::tabs::View;
use crate::tui::ui::{Ui, Wish};
use crate::tui::{copy, headline, wording};
use ferret::event::{CallsiteInfo, LogTime};
use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What goes on beside the screen.
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// Reads the run for one function.
    closeup: Option<(CallsiteInfo, Scan<Facts>)>,
    /// What it had found at the last look.
    facts: Option<Arc<Facts>>,
    /// Reads the run for the calls that pass this filter.
    passing: Option<(Filter, Scan<Costs>)>,
    costs: Option<Arc<Costs>>,
    /// Reads the run for a picture, to be written under this name.
    picture: Option<(String, Scan<Flamegraph>)>,
}

/// Columns of a snapshot's text.
const WIDTH: u16 = 100;

impl Desk {
    /// Goes on with what was begun; says whether there is anything new to show.
    pub(super) fn attend(&mut self, source: &mut Source, ui: &mut Ui) -> bool {
        let has_facts = self.attend_closeup(source, ui);
        let has_costs = self.attend_passing(source, ui);
        let has_picture = self.attend_picture(ui);
        has_facts || has_costs || has_picture
    }

    /// Lets go of all that is read of a run that is gone.
    pub(super) fn forget(&mut self, source: &mut Source) {
        source.pass(None);
        *self = Self::default();
    }

    /// Does what is wished at `now`, and tells of it.
    pub(super) fn carry_out(
        &mut self,
        wish: Wish,
        source: &mut Source,
        ui: &mut Ui,
        (screen, now): (&mut Screen, LogTime),
    ) -> io::Result<()> {
        let now = ui.paused.unwrap_or(now);
        if !source.is_open() {
            ui.notice = Some("there is no log yet".to_owned());
            return Ok(());
        }
        match wish {
            Wish::Copy => {
                let copied = source.look(now, |scene| copy::selected(scene, ui));
                if let Some(text) = &copied {
                    let in_tmux = env::var_os("TMUX").is_some_and(|value| !value.is_empty());
                    screen.send(&clipboard::sequence(text, in_tmux))?;
                }
                ui.notice = Some(match copied {
                    Some(text) => format!("copied: {text}"),
                    None => "nothing is selected: ↑ and ↓ do".to_owned(),
                });
            }
            Wish::Snapshot => ui.notice = Some(snapshot(source, ui, now)),
            Wish::Flamegraph => self.begin_picture(source, ui, now),
            // The screen's own.
            Wish::Quit | Wish::Suspend | Wish::Repaint => {}
        }
        Ok(())
    }

    fn attend_closeup(&mut self, source: &Source, ui: &mut Ui) -> bool {
        let wanted = ui.details.as_ref().and_then(|details| details.info());
        let read = self.closeup.as_ref().map(|(info, _)| info);
        if wanted != read {
            self.facts = None;
            self.closeup = wanted.zip(source.paths()).and_then(|(info, paths)| {
                match Scan::start(paths, OneFunction::new(info.clone())) {
                    Ok(scan) => Some((info.clone(), scan)),
                    Err(error) => {
                        ui.notice = Some(format!("the log cannot be read for that: {error}"));
                        None
                    }
                }
            });
        }
        let Some((_, scan)) = &self.closeup else { return false };
        if let Some(error) = scan.failed() {
            ui.notice = Some(format!("reading the log for that ended: {error}"));
        }
        let found = scan.found();
        let is_new = is_new(found.as_ref(), self.facts.as_ref());
        self.facts.clone_from(&found);
        if let Some(details) = &mut ui.details {
            details.take(found);
        }
        is_new
    }

    /// A filter on single spans needs a reading of its own while functions are shown: their sums do
    /// not tell which spans are in them.
    fn attend_passing(&mut self, source: &mut Source, ui: &mut Ui) -> bool {
        let is_asked = |filter: &&Filter| filter.asks(&Field::OF_SPANS);
        let wanted = ui.filter.as_ref().filter(is_asked).filter(|_| ui.view == View::Functions);
        let read = self.passing.as_ref().map(|(filter, _)| filter);
        if wanted != read {
            self.costs = None;
            self.passing = wanted.zip(source.paths()).and_then(|(filter, paths)| {
                let passing = Passing::new(Some(filter.clone()), LogTime(u64::MAX));
                match Scan::start(paths, Counted(passing)) {
                    Ok(scan) => Some((filter.clone(), scan)),
                    Err(error) => {
                        ui.notice = Some(format!("the log cannot be read for that: {error}"));
                        None
                    }
                }
            });
            source.pass(self.passing.as_ref().map(|(filter, _)| (filter.clone(), Arc::default())));
            return true;
        }
        let Some((filter, scan)) = &self.passing else { return false };
        if let Some(error) = scan.failed() {
            ui.notice = Some(format!("reading the log for the filter ended: {error}"));
        }
        let found = scan.found();
        // A paused picture stands still once it is there.
        let stays = ui.paused.is_some() && self.costs.is_some();
        let Some(costs) = found.filter(|found| !stays && is_new(Some(found), self.costs.as_ref()))
        else {
            return false;
        };
        source.pass(Some((filter.clone(), Arc::clone(&costs))));
        self.costs = Some(costs);
        true
    }

    fn begin_picture(&mut self, source: &mut Source, ui: &mut Ui, now: LogTime) {
        if self.picture.is_some() {
            return;
        }
        let (program, about) = source.look(now, |scene| (program(scene), about(scene)));
        let stem = write::stem(&program);
        let picture = Picture::new(Passing::new(ui.filter.clone(), now), program, about);
        let begun = source.paths().map(|paths| Scan::start(paths, picture));
        match begun {
            Some(Ok(scan)) => self.picture = Some((stem, scan)),
            Some(Err(error)) => ui.notice = Some(format!("no flamegraph: {error}")),
            None => {}
        }
    }

    fn attend_picture(&mut self, ui: &mut Ui) -> bool {
        let Some((_, scan)) = &self.picture else { return false };
        if !scan.is_over() {
            let percent = scan.share() * 100.0;
            ui.notice = Some(format!("reading the log for a flamegraph, {percent:.0} %"));
            return true;
        }
        let Some((stem, scan)) = self.picture.take() else { return false };
        ui.notice = Some(match (scan.found(), scan.failed()) {
            (Some(picture), _) if picture.roots.is_empty() => {
                "no flamegraph: no span passes".to_owned()
            }
            (Some(picture), _) => written(&stem, &[("svg", picture.svg().as_bytes())]),
            (None, Some(error)) => format!("no flamegraph: {error}"),
            (None, None) => "no flamegraph: reading the log failed".to_owned(),
        });
        true
    }
}

fn is_new<T>(found: Option<&Arc<T>>, known: Option<&Arc<T>>) -> bool {
    match (found, known) {
        (Some(found), Some(known)) => !Arc::ptr_eq(found, known),
        (found, known) => found.is_some() != known.is_some(),
    }
}

/// Writes what is shown as text and as JSON; gives what is to be said of that.
fn snapshot(source: &mut Source, ui: &Ui, now: LogTime) -> String {
    let logs = source.infos();
    let filter = ui.filter.as_ref();
    let (program, page, document) = source.look(now, |scene| {
        let page = once::page(scene, ui.filter.clone(), WIDTH).join("\n") + "\n";
        (program(scene), page, Snapshot::of(scene, filter, &logs))
    });
    match serde_json::to_vec_pretty(&document) {
        Ok(json) => written(&write::stem(&program), &[("txt", page.as_bytes()), ("json", &json)]),
        Err(error) => format!("no snapshot: {error}"),
    }
}

/// Writes files here; gives what is to be said of that.
fn written(stem: &str, files: &[(&str, &[u8])]) -> String {
    let here = env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    match write::create(Path::new("."), stem, files) {
        Ok(names) => format!("wrote {} in {}", names.join(" and "), here.display()),
        Err(error) => format!("nothing can be written in {}: {error}", here.display()),
    }
}

/// The program that speaks for the run.
fn program(scene: &Scene) -> String {
    scene
        .head()
        .map_or_else(|| "run".to_owned(), |(_, process)| wording::process_name(process, false))
}

/// The run in a few words, without the program's name.
fn about(scene: &Scene) -> String {
    let pieces = headline::pieces(scene).into_iter().skip(1).map(|piece| piece.text);
    pieces.collect::<Vec<_>>().join(", ")
}
