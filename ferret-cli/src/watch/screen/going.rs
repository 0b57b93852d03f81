//! How the screen goes to past moments: what the user wants is ordered, and what comes of it is shown.

use super::super::journey::News;
use super::super::seek::Wanted;
use super::super::travel::Order;
use super::{FRAME_NS, Show};
use crate::tui::travel::{self, Go};
use ferret::event::LogTime;

impl Show {
    /// Carries out what the user wants.
    pub(super) fn go(&mut self, go: Go) {
        let order = match go {
            Go::Live => return self.go_live(),
            Go::GiveUp => {
                self.source.journey().give_up();
                self.ui.travel.awaits = None;
                return;
            }
            Go::To(at) => Order::To(at),
            Go::On(at) => Order::On(at),
            Go::Start => Order::Start,
            Go::Step { from, later } => Order::Find { from, later, wanted: Wanted::Any },
            Go::Jump { from, later } => {
                let wanted = self.wanted();
                self.ui.notice = Some(match &wanted {
                    Wanted::Callsite(callsite) => format!("looking for {} …", callsite.name),
                    Wanted::Any | Wanted::Stage => "looking for a stage …".to_owned(),
                });
                Order::Find { from, later, wanted }
            }
        };
        if !self.source.is_open() {
            return self.go_live();
        }
        let present = self.ui.travel.at().unwrap_or(self.ui.travel.clock);
        match self.source.go(order, present, self.ui.travel.clock) {
            Ok(()) => self.ui.travel.awaits = Some(0.0),
            Err(error) => {
                self.go_live();
                self.ui.notice = Some(format!("{error:#}"));
            }
        }
    }

    /// What is jumped to: an entry of the callsite of the selected row, until another is selected.
    fn wanted(&mut self) -> Wanted {
        if self.ui.travel.callsite.is_none() {
            let ui = &self.ui;
            let selected = self.source.look(ui.travel.clock, |scene| travel::selected(ui, scene));
            self.ui.travel.callsite = selected;
        }
        self.ui.travel.callsite.clone().map_or(Wanted::Stage, Wanted::Callsite)
    }

    fn go_live(&mut self) {
        self.ui.travel.stay();
        self.source.go_live();
        self.ui.recent.forget();
        self.dirty = true;
    }

    /// Moves a film on, and takes what has come.
    pub(super) fn travel(&mut self, now: LogTime) {
        for news in self.source.news() {
            self.dirty = true;
            self.take(news);
        }
        let travel = &mut self.ui.travel;
        let journey = self.source.journey();
        if travel.plays() {
            // One picture after the other, however long each takes.
            let is_due = now.since(journey.ordered()) >= FRAME_NS && !journey.is_underway();
            if is_due && let Some(go) = travel.tick(now) {
                self.go(go);
            }
        } else if let Some(at) = travel.at()
            && journey.is_stale(now)
        {
            self.go(Go::To(at));
        }
    }

    fn take(&mut self, news: News) {
        match news {
            News::Share(share) => self.ui.travel.awaits = Some(share),
            News::At { at, what, is_last } => {
                self.ui.travel.arrive(at);
                if is_last {
                    self.ui.travel.awaits = None;
                }
                if what.is_some() {
                    self.ui.notice = what;
                }
                if !self.ui.travel.plays() {
                    self.source.forget_reports();
                }
            }
            News::Nothing => {
                self.ui.travel.awaits = None;
                self.ui.notice = Some(match self.ui.travel.callsite.take() {
                    Some(callsite) => format!("there is no further entry of {}", callsite.name),
                    None => "there is no further one".to_owned(),
                });
            }
            News::Failed(error) => {
                self.go_live();
                self.ui.notice = Some(error);
            }
        }
    }
}
