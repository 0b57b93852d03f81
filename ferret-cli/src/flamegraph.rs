//! A call tree as a picture for a browser: every function as wide as it, and what it called, took by
//! itself; what it called stands on it. A click goes into a function, and the words under the pointer
//! have the figures. It is a file of its own that fetches nothing.
//!
//! The crate `inferno` draws such pictures too, but under a licence (CDDL) that is not permissive.

use crate::format;
use crate::text::{self, cut};
use std::fmt::Write as _;

/// A function called from one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) name: String,
    /// More figures, for who points at it.
    pub(crate) detail: String,
    /// Its own time, ns.
    pub(crate) self_ns: u64,
    /// A call of it has not ended.
    pub(crate) is_open: bool,
    /// How much it grew, from -1000 to 1000, in a picture of what changed; none in any other.
    pub(crate) tint: Option<i16>,
    pub(crate) children: Vec<Node>,
}

/// A picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flamegraph {
    pub(crate) title: String,
    /// What it is of, in a line below the title.
    pub(crate) subtitle: String,
    pub(crate) roots: Vec<Node>,
}

/// All in pixels of the picture as it is drawn first.
const WIDTH: f64 = 1_200.0;
const MARGIN: f64 = 10.0;
const ROW: usize = 18;
const TOP: usize = 64;
const BOTTOM: usize = 28;
/// A letter of the names.
const LETTER: f64 = 7.2;
/// What is narrower is left out.
const NARROWEST: f64 = 0.1;
/// A line of words has so many letters at most.
const LONGEST_LINE: usize = 160;
/// A name in fewer letters says nothing.
const LEAST_NAME: usize = 3;

impl Node {
    /// Its time and that of what it called, ns.
    pub(crate) fn width_ns(&self) -> u64 {
        let below = self.children.iter().map(Self::width_ns);
        below.fold(self.self_ns, u64::saturating_add)
    }

    fn depth(&self) -> usize {
        1 + self.children.iter().map(Self::depth).max().unwrap_or(0)
    }
}

impl Flamegraph {
    /// The picture as SVG.
    pub(crate) fn svg(&self) -> String {
        // In a picture of what changed, what all have in common did not.
        let tint = self.roots.iter().find_map(|root| root.tint).map(|_| 0);
        let (name, children) = ("all".to_owned(), self.roots.clone());
        let all = Node { name, tint, children, ..Node::default() };
        let height = TOP + all.depth() * ROW + BOTTOM;
        let mut frames = Frames { height, all_ns: all.width_ns(), ..Frames::default() };
        if frames.all_ns > 0 {
            frames.add(&all, 0, 0);
        }
        let note = match frames.left_out {
            0 => "click: into a function, again: out".to_owned(),
            count => format!(
                "click: into a function, again: out; left out as too narrow to be seen: {}",
                format::count(count)
            ),
        };
        let mut svg = head(height);
        let mut line = |class: &str, y: usize, text: &str| {
            let text = escape(&cut(text, LONGEST_LINE));
            writeln!(svg, r#"<text class="{class}" x="600" y="{y}">{text}</text>"#)
                .expect("a string takes all");
        };
        line("title", 26, &self.title);
        line("line", 46, &self.subtitle);
        line("line", height - 10, &note);
        svg + &frames.text + SCRIPT + "</svg>\n"
    }
}

/// The frames as they are written.
#[derive(Debug, Default)]
struct Frames {
    text: String,
    height: usize,
    all_ns: u64,
    left_out: u64,
}

impl Frames {
    /// Writes a frame that begins behind so much time, and those on it.
    fn add(&mut self, node: &Node, depth: usize, from_ns: u64) {
        let width_ns = node.width_ns();
        let (x, width) = (share(from_ns, self.all_ns), share(width_ns, self.all_ns));
        let room = WIDTH - 2.0 * MARGIN;
        if width * room < NARROWEST {
            self.left_out += 1;
            return;
        }
        let y = self.height - BOTTOM - (depth + 1) * ROW;
        let label = label(&node.name, width * room);
        let (title, name) = (escape(&words(node, width_ns, width)), escape(&node.name));
        writeln!(
            self.text,
            r#"<g data-x="{x:.7}" data-w="{width:.7}" data-d="{depth}" data-n="{name}"><title>{title}</title><rect x="{:.2}" y="{y}" width="{:.2}" height="{}" fill="{}"/><text x="{:.2}" y="{}">{}</text></g>"#,
            MARGIN + x * room,
            // A little stays free between two.
            (width * room - 0.5).max(NARROWEST),
            ROW - 1,
            node.tint.map_or_else(|| colour(&node.name, node.is_open), tinted),
            MARGIN + x * room + 3.0,
            y + 13,
            escape(&label),
        )
        .expect("a string takes all");
        // Its own time is on the right of what it called.
        let mut at_ns = from_ns;
        for child in &node.children {
            self.add(child, depth + 1, at_ns);
            at_ns = at_ns.saturating_add(child.width_ns());
        }
    }
}

/// As much of a name as has room.
fn label(name: &str, width: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "letters in 1200 px"
    )]
    let letters = ((width - 6.0) / LETTER).max(0.0) as usize;
    let name = if letters < LEAST_NAME { "" } else { name };
    if text::width(name) <= letters { name.to_owned() } else { cut(name, letters) }
}

fn words(node: &Node, width_ns: u64, width: f64) -> String {
    let (all, own) = (format::duration(width_ns), format::duration(node.self_ns));
    let share = format::percent(width * 100.0);
    let detail = if node.detail.is_empty() { String::new() } else { format!(", {}", node.detail) };
    format!("{}: {all}, {share}; by itself {own}{detail}", node.name)
}

#[expect(clippy::cast_precision_loss, reason = "for a picture")]
fn share(part: u64, all: u64) -> f64 {
    part as f64 / all.max(1) as f64
}

/// A warm colour by name, so that a function has the same everywhere; green for what is open.
fn colour(name: &str, is_open: bool) -> String {
    let hash = name
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let (hue, light) = (hash % 50, 60 + hash / 50 % 14);
    let hue = if is_open { 90 + hue } else { hue };
    format!("hsl({hue},75%,{light}%)")
}

/// Red for what grew, blue for what shrank, the deeper the more; grey for what did neither.
fn tinted(tint: i16) -> String {
    let (hue, strength) = (if tint > 0 { 4 } else { 214 }, tint.unsigned_abs().min(1_000));
    if strength == 0 {
        return "hsl(0,0%,86%)".to_owned();
    }
    format!("hsl({hue},80%,{}%)", 88 - strength * 30 / 1_000)
}

/// A text as XML may have it.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // Not even escaped are these allowed.
            c if c.is_control() || ('\u{fffe}'..='\u{ffff}').contains(&c) => {
                escaped.push('\u{fffd}');
            }
            c => escaped.push(c),
        }
    }
    escaped
}

fn head(height: usize) -> String {
    format!(
        r##"<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">
<style>
text {{ font: 12px ui-monospace, Menlo, Consolas, monospace; fill: #111; pointer-events: none }}
.title {{ font-size: 17px; text-anchor: middle }}
.line {{ text-anchor: middle; fill: #555 }}
g {{ cursor: pointer }}
g:hover rect {{ stroke: #111; stroke-width: 1 }}
</style>
<rect width="100%" height="100%" fill="#fcfcf8"/>
"##
    )
}

/// A frame that is clicked on becomes as wide as the picture, with those below it.
const SCRIPT: &str = r#"<script><![CDATA[
(function () {
  var all = [].slice.call(document.querySelectorAll("g")), shown = null;
  function number(g, name) { return +g.getAttribute("data-" + name); }
  function show(of) {
    var x0 = number(of, "x"), w0 = number(of, "w"), d0 = number(of, "d"), e = 1e-6;
    all.forEach(function (g) {
      var x = number(g, "x"), w = number(g, "w"), d = number(g, "d");
      var below = d < d0 && x <= x0 + e && x + w >= x0 + w0 - e;
      var inside = d >= d0 && x >= x0 - e && x + w <= x0 + w0 + e;
      g.style.display = below || inside ? "" : "none";
      if (!below && !inside) { return; }
      var left = below ? 0 : (x - x0) / w0, wide = (below ? 1 : w / w0) * 1180;
      var rect = g.querySelector("rect"), text = g.querySelector("text");
      rect.setAttribute("x", 10 + left * 1180);
      rect.setAttribute("width", wide);
      rect.setAttribute("opacity", below ? 0.6 : 1);
      text.setAttribute("x", 13 + left * 1180);
      var name = g.getAttribute("data-n"), room = Math.floor((wide - 6) / 7.2);
      text.textContent = room < 3 ? "" : name.length <= room ? name : name.slice(0, room - 1) + "…";
    });
  }
  all.forEach(function (g) {
    g.addEventListener("click", function () {
      shown = shown === g ? null : g;
      show(shown || all[0]);
    });
  });
})();
]]></script>
"#;

#[cfg(test)]
#[path = "flamegraph_tests.rs"]
mod tests;
