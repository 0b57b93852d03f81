//! The page's files are all there, name no other machine, and freeze into one file that nothing breaks out of.

use super::*;
use serde_json::json;

#[test]
fn every_file_of_the_folder_is_served_and_no_other() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/serve/page");
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| format!("/{}", entry.unwrap().file_name().to_str().unwrap()))
        .map(|path| if path == "/index.html" { "/".to_owned() } else { path })
        .collect();
    found.sort();
    let mut served: Vec<_> = FILES.iter().map(|file| file.path).collect();
    served.sort_unstable();
    assert_eq!(found, served);
}

#[test]
fn index_html_loads_every_script_and_style() {
    let index = include_str!("page/index.html");
    for file in FILES.iter().filter(|file| [CSS, JAVASCRIPT].contains(&file.content_type)) {
        let name = file.path.trim_start_matches('/');
        assert!(index.contains(&format!("\"{name}\"")), "{name}");
    }
}

/// The policy refuses it, and a browser says so only to who looks.
#[test]
fn the_page_has_no_script_or_style_inline_and_makes_no_markup_of_texts() {
    let index = include_str!("page/index.html");
    for word in ["<style", " style=", " onclick=", "<script>", "javascript:"] {
        assert!(!index.contains(word), "index.html: {word}");
    }
    let ours = |file: &&PageFile| file.content_type == JAVASCRIPT && file.path != "/uplot.js";
    for file in FILES.iter().filter(ours) {
        for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
            assert!(!file.text.contains(word), "{}: {word}", file.path);
        }
    }
}

#[test]
fn nothing_is_loaded_from_elsewhere() {
    for file in FILES.iter().filter(|file| file.content_type != TEXT) {
        let foreign = file.text.match_indices("://").filter(|(at, _)| {
            let before = &file.text[..*at];
            let line = before.rsplit('\n').next().unwrap();
            // A name space, and where uPlot comes from, in its first line.
            !file.text[*at..].starts_with("://www.w3.org/2000/svg") && !line.starts_with("/*!")
        });
        let found: Vec<_> = foreign.map(|(at, _)| &file.text[at.saturating_sub(20)..at]).collect();
        assert!(found.is_empty(), "{}: {found:?}", file.path);
    }
}

#[test]
fn a_frozen_page_needs_no_other_file() {
    let page = frozen(&BTreeMap::from([("/api/alerts".to_owned(), json!({ "rules": [] }))]));
    for word in ["<script src=", "<link rel=\"stylesheet\"", "icon.svg"] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(page.contains("id=\"frozen\">{\"/api/alerts\":{\"rules\":[]}}</script>"));
    let scripts = FILES.iter().filter(|file| file.content_type == JAVASCRIPT).count();
    assert_eq!(page.matches("<script>").count(), scripts);
    assert_eq!(page.matches("</script>").count(), scripts + 1);
}

#[test]
fn no_name_breaks_out_of_a_frozen_page() {
    let hostile = "</script><script>alert(1)</script><!-- \u{2028} \" \\u003c";
    let answers = BTreeMap::from([("/api/workers".to_owned(), json!({ "name": hostile }))]);
    let page = frozen(&answers);
    let (_, rest) = page.split_once("id=\"frozen\">").unwrap();
    let (data, _) = rest.split_once("</script>").unwrap();
    assert!(!data.contains('<'), "{data}");
    let read: BTreeMap<String, Value> = serde_json::from_str(data).unwrap();
    assert_eq!(read, answers);
}
