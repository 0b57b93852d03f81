//! What the first row says of the moment that is shown, if it is not the present.

use super::super::board::Scene;
use super::super::wording;
use super::{AS_IT_WAS, Mode, SPEEDS, Travel};
use crate::format;
use ferret::event::LogTime;

const MINUTE_NS: u64 = 60_000_000_000;

impl Travel {
    /// The moment in words, the fullest that fit in so many columns; empty in the present.
    pub(crate) fn badge(&self, scene: &Scene, room: usize) -> String {
        let Some(at) = self.at() else { return String::new() };
        let time = scene.head().map(|(log, _)| wording::exact_time_of_day(scene, log, at));
        let time = time.filter(|time| !time.is_empty());
        let began = scene.began().unwrap_or(at);
        let of_run = format!("+{}", exactly(at.since(began)));
        let moment = time.clone().unwrap_or_else(|| of_run.clone());
        let state = match self.mode {
            Mode::Live | Mode::Paused => "paused at".to_owned(),
            Mode::Playing { .. } if self.speed == AS_IT_WAS => "▶".to_owned(),
            Mode::Playing { .. } => format!("▶ {}", speed(SPEEDS[self.speed])),
        };
        let short = if self.plays() { "▶" } else { "‖" };
        let awaited = self.awaited();
        let ago = self.ago(at);
        let all = [
            format!(" {state} {moment} ({of_run}), {ago}{awaited} "),
            format!(" {state} {moment} ({of_run}){awaited} "),
            format!(" {state} {moment}{awaited} "),
            format!(" {short} {moment} "),
        ];
        let last = all.len() - 1;
        let mut all = all.into_iter().enumerate();
        let fits =
            |(index, text): &(usize, String)| *index == last || crate::text::width(text) <= room;
        all.find(fits).map(|(_, text)| text).unwrap_or_default()
    }

    fn ago(&self, at: LogTime) -> String {
        let ago = self.present().since(at);
        match self.end {
            Some(_) if ago == 0 => "the end".to_owned(),
            Some(_) => format!("{} before the end", length(ago)),
            // It grows while it is looked at.
            None => format!("{} ago", format::age(ago)),
        }
    }

    /// How far it is with what was ordered.
    fn awaited(&self) -> String {
        match self.awaits.filter(|_| !self.plays()) {
            Some(share) if share > 0.0 => format!(", reading {:.0} %", share * 100.0),
            Some(_) | None => String::new(),
        }
    }
}

/// To three digits, or to the tenth of a second.
fn length(ns: u64) -> String {
    if ns < MINUTE_NS { format::duration(ns) } else { format::age(ns) }
}

/// To the millisecond.
fn exactly(ns: u64) -> String {
    let (minutes, ms) = (ns / MINUTE_NS, ns % MINUTE_NS / 1_000_000);
    let seconds = format!("{}.{:03}", ms / 1_000, ms % 1_000);
    match minutes {
        0 => format!("{seconds} s"),
        1..60 => format!("{minutes}m {seconds}s"),
        _ => format!("{}h {:02}m {seconds}s", minutes / 60, minutes % 60),
    }
}

fn speed(thousandths: u64) -> String {
    if thousandths < 1_000 {
        format!("0.{}x", thousandths / 100)
    } else {
        format!("{}x", thousandths / 1_000)
    }
}
