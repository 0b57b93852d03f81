//! The page: its files, as they are compiled in, and all of them as one file that needs no server.
//!
//! They are plain files, which nothing has to build. The served page loads each by itself, as its content security
//! policy wants it; [`frozen`] writes the same ones into `index.html`, with the answers that the page would ask for.
//! So there is one page, and no second one that falls behind.

use serde_json::Value;
use std::collections::BTreeMap;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";
const TEXT: &str = "text/plain; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// What a frozen page may do: run what is in it. Whatever it holds, it asks nobody.
const FROZEN_POLICY: &str = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
    script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">";

/// One file of the page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageFile {
    /// As it is asked for: `/style.css`.
    pub(crate) path: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) text: &'static str,
}

macro_rules! files {
    ($($path:literal $content_type:ident $file:literal,)*) => {
        &[$(PageFile { path: $path, content_type: $content_type, text: include_str!(concat!("page/", $file)) },)*]
    };
}

/// All files of the page.
pub(crate) const FILES: &[PageFile] = files![
    "/" HTML "index.html",
    "/alerts.js" JAVASCRIPT "alerts.js",
    "/api.js" JAVASCRIPT "api.js",
    "/app.js" JAVASCRIPT "app.js",
    "/chart.js" JAVASCRIPT "chart.js",
    "/dom.js" JAVASCRIPT "dom.js",
    "/events.js" JAVASCRIPT "events.js",
    "/flame.js" JAVASCRIPT "flame.js",
    "/flame_canvas.js" JAVASCRIPT "flame_canvas.js",
    "/flame_layout.js" JAVASCRIPT "flame_layout.js",
    "/format.js" JAVASCRIPT "format.js",
    "/function_details.js" JAVASCRIPT "function_details.js",
    "/functions.js" JAVASCRIPT "functions.js",
    "/heatmap.js" JAVASCRIPT "heatmap.js",
    "/history.js" JAVASCRIPT "history.js",
    "/icon.svg" SVG "icon.svg",
    "/live.js" JAVASCRIPT "live.js",
    "/metrics.js" JAVASCRIPT "metrics.js",
    "/range.js" JAVASCRIPT "range.js",
    "/shell.js" JAVASCRIPT "shell.js",
    "/spark.js" JAVASCRIPT "spark.js",
    "/stack.js" JAVASCRIPT "stack.js",
    "/stages.js" JAVASCRIPT "stages.js",
    "/state.js" JAVASCRIPT "state.js",
    "/style.css" CSS "style.css",
    "/table.js" JAVASCRIPT "table.js",
    "/theme.js" JAVASCRIPT "theme.js",
    "/uplot.LICENSE" TEXT "uplot.LICENSE",
    "/uplot.css" CSS "uplot.css",
    "/uplot.js" JAVASCRIPT "uplot.js",
    "/views.css" CSS "views.css",
    "/workers.js" JAVASCRIPT "workers.js",
];

/// The page as one file: with `answers` in place of a server, each by the question that it answers, as the page asks it
/// (`/api/functions?sort=total`). A question that differs only in its times, order or limit gets the nearest answer.
pub(crate) fn frozen(answers: &BTreeMap<String, Value>) -> String {
    let mut page = include_str!("page/index.html")
        .replace("<head>", &format!("<head>\n{FROZEN_POLICY}"))
        .replace("href=\"icon.svg\" type=\"image/svg+xml\"", "href=\"data:,\"");
    for file in FILES {
        let name = file.path.trim_start_matches('/');
        let (from, to) = match file.content_type {
            CSS => (
                format!("<link rel=\"stylesheet\" href=\"{name}\">"),
                format!("<style>\n{}</style>", file.text),
            ),
            JAVASCRIPT => (
                format!("<script src=\"{name}\"></script>"),
                format!("<script>\n{}</script>", file.text),
            ),
            _ => continue,
        };
        page = page.replacen(&from, &to, 1);
    }
    // Before the scripts of the body, which look for it as soon as they are read.
    let data =
        format!("<script type=\"application/json\" id=\"frozen\">{}</script>\n", escaped(answers));
    page.replacen("<noscript>", &(data + "<noscript>"), 1)
}

/// As JSON that is at home in a script: nothing in it ends the script or begins a comment, whatever a log has for a name.
fn escaped(answers: &BTreeMap<String, Value>) -> String {
    // In JSON `<` stands in texts alone.
    serde_json::json!(answers).to_string().replace('<', "\\u003c")
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
