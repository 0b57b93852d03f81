//! What the screen does besides showing: it reads the run for the page that is open, copies, and
//! writes files. What comes of it is told in the line at the bottom.

use super::beside::Beside;
use super::clipboard;
use super::closeup::OneFunction;
use super::document::Snapshot;
use super::once;
use super::passing::{Counted, Picture};
use super::scan::Scan;
use super::source::Source;
use super::terminal::Screen;
use super::write;
use crate::filter::{Field, Filter};
use crate::flamegraph::Flamegraph;
use crate::passing::Passing;
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

/// What goes on beside the screen.
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// Reads the run for one function.
    closeup: Beside<CallsiteInfo, Facts>,
    /// Reads the run for the calls that pass this filter.
    passing: Beside<Filter, Costs>,
    /// Reads the run for a picture, to be written under this name.
    picture: Option<(String, Scan<Flamegraph>)>,
    /// The moment up to which they read; none: all there is.
    until: Option<LogTime>,
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
        let now = ui.travel.at().unwrap_or(now);
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
            Wish::Quit | Wish::Suspend | Wish::Repaint | Wish::Go(_) => {}
        }
        Ok(())
    }

    /// Up to when is to be read: in a film up to where that began, for it is over before it is read.
    fn until(&mut self, ui: &Ui) -> Option<LogTime> {
        if !ui.travel.plays() {
            self.until = ui.travel.at();
        }
        self.until
    }

    fn attend_closeup(&mut self, source: &Source, ui: &mut Ui) -> bool {
        let (paths, paused) = (source.paths(), self.until(ui));
        let wanted = ui.details.as_ref().and_then(|details| details.info());
        let wanted = wanted.filter(|_| paths.is_some()).map(|info| (info, paused));
        let begun = self.closeup.turn_to(wanted, |info, until| {
            Scan::start(paths.unwrap_or_default(), OneFunction::new(info.clone(), until))
        });
        let is_new = self.closeup.look();
        let failed = begun.err().map(|error| error.to_string()).or(self.closeup.failed());
        if let Some(details) = &mut ui.details {
            details.take(self.closeup.found().cloned());
        }
        tell(ui, failed);
        is_new
    }

    /// A filter on single spans needs a reading of its own while functions are shown: their sums do
    /// not tell which spans are in them.
    fn attend_passing(&mut self, source: &mut Source, ui: &mut Ui) -> bool {
        let (paths, paused) = (source.paths(), self.until(ui));
        let is_asked = ui.view == View::Functions && paths.is_some();
        let wanted = ui.filter.as_ref().filter(|_| is_asked);
        let wanted = wanted.filter(|filter| filter.asks(&Field::OF_SPANS));
        let begun = self.passing.turn_to(wanted.map(|filter| (filter, paused)), |filter, until| {
            let passing = Passing::new(Some(filter.clone()), until);
            Scan::start(paths.unwrap_or_default(), Counted(passing))
        });
        let is_other = begun.as_ref().is_ok_and(|is_other| *is_other);
        let is_new = self.passing.look() || is_other;
        if is_new {
            let costs = self.passing.found().cloned().unwrap_or_default();
            source.pass(wanted.map(|filter| (filter.clone(), costs)));
        }
        let failed = begun.err().map(|error| error.to_string()).or(self.passing.failed());
        tell(ui, failed);
        is_new
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

fn tell(ui: &mut Ui, failed: Option<String>) {
    if let Some(why) = failed {
        ui.notice = Some(format!("reading the log for that failed: {why}"));
    }
}

/// Writes what is shown as text and as JSON; gives what is to be said of that.
fn snapshot(source: &mut Source, ui: &Ui, now: LogTime) -> String {
    let logs = source.infos();
    let filter = ui.filter.as_ref();
    let (program, page, document) = source.look(now, |scene| {
        let page = once::page(scene, ui.filter.clone(), WIDTH, ui.travel.clone()).join("\n") + "\n";
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
