//! The whole pipeline with the real models on real speech. `pipeline/tests.sh` fetches what is needed and says where it is.
//!
//! Never exact text: a word-error bound, keywords, and what must hold for any transcript.

#![expect(
    clippy::unwrap_used,
    reason = "clippy.toml allows it in tests, and does not see that what they call is part of them"
)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const WHY_IGNORED: &str = "needs the models: run pipeline/tests.sh";

fn needed(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: {WHY_IGNORED}"))
}

/// The arguments of a run on the sample feed, in which the reading is the oldest of three episodes.
fn run_args(out: &Path) -> Vec<String> {
    let args =
        ["run", &needed("PIPELINE_TEST_FEED"), "--out", out.to_str().unwrap()].map(str::to_owned);
    let models =
        ["--model", &needed("PIPELINE_TEST_WHISPER"), "--model", &needed("PIPELINE_TEST_MINILM")];
    args.into_iter().chain(models.map(str::to_owned)).collect()
}

fn pipeline<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pipeline")).args(args).output().unwrap()
}

/// Run with `args`; it must succeed; what it printed.
fn succeed<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> String {
    let output = pipeline(args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The folder of the episode whose guid has `part`.
fn episode(out: &Path, part: &str) -> PathBuf {
    let folders = fs::read_dir(out.join("episodes")).unwrap().map(|entry| entry.unwrap().path());
    folders.into_iter().find(|path| path.to_str().unwrap().contains(part)).unwrap()
}

fn output_of(folder: &Path, stage: &str) -> Value {
    let text = fs::read_to_string(folder.join(format!("{stage}.json"))).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["output"].clone()
}

fn words(text: &str) -> Vec<String> {
    let bare = text.to_lowercase().replace("mr.", "mister").replace('-', " ");
    bare.split_whitespace()
        .map(|w| w.replace(|c: char| !c.is_alphanumeric(), ""))
        .filter(|w| !w.is_empty())
        .collect()
}

/// The least number of words to insert, delete or replace to make `said` of `heard`.
fn word_errors(said: &[String], heard: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (i, word) in said.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in heard.iter().enumerate() {
            let best = (diagonal + usize::from(word != other)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = row[j + 1];
            row[j + 1] = best;
        }
    }
    row[heard.len()]
}

/// What the readers of the packaged clips say.
fn reference() -> Vec<String> {
    let file = "/usr/share/pocketsphinx/test/data/librivox/transcription";
    let text = fs::read_to_string(file).unwrap();
    words(
        &text
            .lines()
            .filter_map(|l| l.split("</s>").next())
            .map(|l| l.replace("<s>", ""))
            .collect::<Vec<_>>()
            .join(" "),
    )
}

#[test]
#[ignore = "needs the models: run pipeline/tests.sh"]
fn from_a_feed_of_speech_to_pages_search_and_digest() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let printed = succeed(&run_args(out));
    assert!(printed.contains("3 episodes done"), "{printed}");

    human_speech_is_transcribed_right(out);
    spoken_claims_become_grounded_insights(out);
    the_graph_knows_who_built_what(out);
    search_finds_by_meaning(out);

    let digest = succeed(&["digest", "--since", "7d", "--out", out.to_str().unwrap()]);
    assert!(
        digest.starts_with("# 3 episodes") && digest.contains("Guest: Thomas Baker"),
        "{digest}"
    );
    let status = succeed(&["status", "--out", out.to_str().unwrap()]);
    assert!(status.contains("3 episodes: 3 done, 0 failed, 0 to do"), "{status}");

    let again = succeed(&run_args(out));
    assert_eq!(again.matches("reused").count(), 30, "{again}");
}

fn human_speech_is_transcribed_right(out: &Path) {
    let transcript = output_of(&episode(out, "reading"), "transcription");
    let segments = transcript["segments"].as_array().unwrap();
    let text: Vec<&str> = segments.iter().map(|s| s["text"].as_str().unwrap()).collect();
    let (said, heard) = (reference(), words(&text.join(" ")));
    assert!(said.len() > 60, "{said:?}");
    let errors = word_errors(&said, &heard);
    assert!(errors * 10 <= said.len(), "{errors} errors in {} words: {heard:?}", said.len());
    for keyword in ["dashwood", "leisure", "selfish", "respectable"] {
        assert!(heard.iter().any(|w| w == keyword), "no {keyword} in {heard:?}");
    }
    let times: Vec<u64> = segments.iter().map(|s| s["start"].as_u64().unwrap()).collect();
    assert!(times.is_sorted() && *times.last().unwrap() < 30_000, "{times:?}");
}

fn spoken_claims_become_grounded_insights(out: &Path) {
    let folder = episode(out, "tide-mill");
    let segments = output_of(&folder, "transcription");
    let spoken: Vec<&str> = segments["segments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["text"].as_str().unwrap())
        .collect();
    let spoken = spoken.join(" ");
    let insights = output_of(&folder, "gi_generation");
    let insights = insights["insights"].as_array().unwrap();
    assert!(insights.len() >= 5, "{insights:?}");
    for insight in insights {
        let quote = insight["quote"].as_str().unwrap();
        assert!(spoken.contains(quote), "{quote} is not in {spoken}");
        assert!(insight["start"].as_u64().unwrap() < insight["end"].as_u64().unwrap());
    }
    let page = fs::read_to_string(folder.join("episode.md")).unwrap();
    assert!(!page.to_lowercase().contains("lantern coffee"), "the sponsor is still there: {page}");
}

fn the_graph_knows_who_built_what(out: &Path) {
    let graph = output_of(&episode(out, "tide-mill"), "kg_extraction");
    let names: BTreeSet<&str> =
        graph["nodes"].as_array().unwrap().iter().map(|n| n["name"].as_str().unwrap()).collect();
    for name in ["James Harper", "Thomas Baker", "Sarah Collins"] {
        assert!(names.contains(name), "no {name} in {names:?}");
    }
    let edges = graph["edges"].as_array().unwrap();
    assert!(
        edges.iter().any(|e| e["from"] == "james-harper" && e["relation"] == "built"),
        "{edges:?}"
    );
    assert!(edges.iter().all(|e| !e["evidence"].as_array().unwrap().is_empty()));
}

fn search_finds_by_meaning(out: &Path) {
    // "insects" and "profit" are said nowhere.
    let printed = succeed(&[
        "search",
        "insects that made a profit",
        "--json",
        "--out",
        out.to_str().unwrap(),
    ]);
    let found: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(found["found"][0]["title"], "The keeper who kept bees", "{found}");
    assert!(found["vectors"].as_str().unwrap().contains("MiniLM"), "{found}");
}

#[test]
#[ignore = "needs the models: run pipeline/tests.sh"]
fn ctrl_c_parks_the_work_and_the_next_run_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = Command::new(env!("CARGO_BIN_EXE_pipeline"))
        .args(run_args(folder.path()))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(run.stdout.take().unwrap()).lines();
    // The audio is ready, so what runs now is the transcription of the first episode.
    lines.by_ref().map_while(Result::ok).find(|line| line.contains("audio_preprocessing")).unwrap();
    let sent = Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    let ended = run.wait().unwrap();
    assert_eq!(ended.code(), Some(130), "{rest:?}");
    assert!(rest.last().unwrap().contains("3 left for the next run"), "{rest:?}");

    let status = succeed(&["status", "--out", folder.path().to_str().unwrap()]);
    assert!(status.contains("0 done, 0 failed, 3 to do"), "{status}");
    let next = succeed(&[&run_args(folder.path())[..], &["--latest".into(), "1".into()]].concat());
    assert!(next.contains("1 episode done") && next.contains("reused"), "{next}");
}
