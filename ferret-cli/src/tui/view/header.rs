//! The first row: the headline, as far as there is room, and what is not as usual with the picture.

use super::super::board::Scene;
use super::super::headline::{self, Piece, Tone};
use super::super::layout::Area;
use super::super::ui::Ui;
use super::paint::{Ink, Paint};
use crate::text;

impl From<Tone> for Ink {
    fn from(tone: Tone) -> Self {
        match tone {
            Tone::Name => Self::Strong,
            Tone::Mood(mood) => mood.into(),
            Tone::Faint => Self::Faint,
        }
    }
}

/// Columns that are left to what the run is, beside a moment.
const NAMES: usize = 30;

pub(super) fn draw(paint: &mut Paint, area: Area, scene: &Scene, ui: &Ui) {
    let badge = badge(scene, ui, usize::from(area.width));
    let end = area.x + area.width;
    let badge_width = u16::try_from(text::width(&badge)).unwrap_or(0).min(area.width);
    let text_end = end - badge_width;
    let mut x = area.x;
    for piece in &fitting(headline::pieces(scene), usize::from(area.width - badge_width)) {
        let ink = piece.tone.into();
        let pieces = [(Ink::Plain, " "), (ink, &*piece.text), (Ink::Plain, " ")];
        x = paint.write(x, area.y, text_end, &pieces);
    }
    paint.write_right(end, area.y, &[(Ink::Badge, &badge)]);
}

/// What is not as usual with the picture itself.
fn badge(scene: &Scene, ui: &Ui, width: usize) -> String {
    let share = scene.share_read();
    if !ui.travel.is_live() {
        // Which program it is matters as much.
        ui.travel.badge(scene, width.saturating_sub(NAMES))
    } else if share < 0.98 {
        format!(" reading the log, {:.0} % ", share * 100.0)
    } else {
        String::new()
    }
}

/// The pieces that have room, each with a blank on both sides.
fn fitting(mut pieces: Vec<Piece>, room: usize) -> Vec<Piece> {
    let width = |pieces: &[Piece]| pieces.iter().map(|p| text::width(&p.text) + 2).sum::<usize>();
    while width(&pieces) > room {
        let last = pieces.iter().enumerate().max_by_key(|(index, piece)| (piece.rank, *index));
        match last {
            Some((index, piece)) if piece.rank > 0 => drop(pieces.remove(index)),
            // The rest is cut where it is written.
            _ => break,
        }
    }
    pieces
}
