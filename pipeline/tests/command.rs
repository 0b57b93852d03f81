//! The command as users see it: bad input ends in one sentence and a non-zero code, and damages nothing.

#![expect(
    clippy::unwrap_used,
    reason = "clippy.toml allows it in tests, and does not see that what they call is part of them"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

mod support;
use support::{Server, feed_of, silence};

fn pipeline(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pipeline")).args(args).output().unwrap()
}

/// Run with `args`; it must end with `code` and say each of `parts` on stderr in a line or two, without a panic.
fn check(args: &[&str], code: i32, parts: &[&str]) {
    let output = pipeline(args);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
    for part in parts {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
    assert!(said.lines().count() <= 2 && !said.contains("panicked"), "{said}");
}

/// A folder with a feed of one silent episode; the feed's path and the output's.
fn folder() -> (tempfile::TempDir, String, String) {
    let folder = tempfile::tempdir().unwrap();
    silence(&folder.path().join("a.wav"));
    let feed = folder.path().join("feed.xml");
    fs::write(&feed, feed_of(&["a.wav"])).unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let out = text(&folder.path().join("out"));
    (folder, text(&feed), out)
}

const TO_SPEECH: [&str; 2] = ["--to-stage", "audio_preprocessing"];

#[test]
fn no_model_is_said_before_any_work() {
    let (_folder, feed, out) = folder();
    check(&["run", &feed, "--out", &out], 1, &["--model"]);
}

#[test]
fn a_missing_feed_and_a_file_that_is_none_are_named() {
    let (folder, _, out) = folder();
    let run = |feed: &str, parts: &[&str]| {
        check(&["run", feed, "--out", &out, TO_SPEECH[0], TO_SPEECH[1]], 1, parts);
    };
    run("/nowhere/feed.xml", &["/nowhere/feed.xml", "check the path"]);
    let page = folder.path().join("page.html");
    fs::write(&page, "<html><body>hello</body></html>").unwrap();
    run(page.to_str().unwrap(), &["page.html", "RSS or Atom"]);
}

#[test]
fn audio_that_does_not_decode_is_named_with_what_would() {
    let (folder, feed, out) = folder();
    fs::write(folder.path().join("a.wav"), "no sound").unwrap();
    check(
        &["run", &feed, "--out", &out, TO_SPEECH[0], TO_SPEECH[1]],
        1,
        &["audio_preprocessing", "must be MP3"],
    );
    let status = String::from_utf8(pipeline(&["status", "--out", &out]).stdout).unwrap();
    assert!(
        status.contains("failed once at audio_preprocessing") && status.contains("1 failed"),
        "{status}"
    );
}

#[test]
fn audio_over_the_limit_is_not_taken() {
    let (folder, feed, out) = folder();
    fs::write(folder.path().join("a.wav"), vec![0; 2_000_001]).unwrap();
    check(
        &["run", &feed, "--out", &out, TO_SPEECH[0], TO_SPEECH[1], "--max-media-mb", "2"],
        1,
        &["media_download", "--max-media-mb"],
    );
}

#[test]
fn a_feed_over_http_is_read_and_its_audio_fetched() {
    let (folder, ..) = folder();
    let server = Server::start(folder.path());
    let out = folder.path().join("out");
    let url = format!("{}/feed.xml", server.address());
    let args = ["run", &url, "--out", out.to_str().unwrap(), TO_SPEECH[0], TO_SPEECH[1]];
    let output = pipeline(&args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let fetched = server.requests();
    assert_eq!(fetched, ["/feed.xml", "/a.wav"]);

    // The audio is not fetched again; the feed is, since it may have changed.
    assert!(pipeline(&args).status.success());
    assert_eq!(server.requests(), ["/feed.xml", "/a.wav", "/feed.xml"]);
}

#[test]
fn a_feed_or_audio_that_the_server_has_not_is_a_404_in_a_sentence() {
    let (folder, _, out) = folder();
    let server = Server::start(folder.path());
    let missing = format!("{}/no.xml", server.address());
    check(
        &["run", &missing, "--out", &out, TO_SPEECH[0], TO_SPEECH[1]],
        1,
        &["answered 404", "check the address"],
    );
    fs::remove_file(folder.path().join("a.wav")).unwrap();
    let feed = format!("{}/feed.xml", server.address());
    check(&["run", &feed, "--out", &out, TO_SPEECH[0], TO_SPEECH[1]], 1, &["a.wav answered 404"]);
}

#[test]
fn nobody_listening_is_said_so() {
    let (_folder, _, out) = folder();
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/feed.xml");
    check(
        &["run", &url, "--out", &out, TO_SPEECH[0], TO_SPEECH[1]],
        1,
        &["cannot be reached", "check the address"],
    );
}

#[test]
fn a_download_that_broke_off_goes_on_where_it_stopped() {
    let (folder, ..) = folder();
    let server = Server::start(folder.path());
    server.break_off_once("/a.wav", 1000);
    let out = folder.path().join("out");
    let url = format!("{}/feed.xml", server.address());
    let args = ["run", &url, "--out", out.to_str().unwrap(), TO_SPEECH[0], TO_SPEECH[1]];
    assert_eq!(pipeline(&args).status.code(), Some(1));
    let output = pipeline(&args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(server.ranges(), ["bytes=1000-"]);
    let kept = fs::read_dir(out.join("episodes"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path()
        .join("media.wav");
    assert_eq!(fs::read(kept).unwrap(), fs::read(folder.path().join("a.wav")).unwrap());
}

#[test]
fn readers_of_a_folder_that_no_run_wrote_are_told_how_to_fill_it() {
    for command in [&["status"][..], &["digest"], &["search", "mill"]] {
        check(&[command, &["--out", "/nowhere/out"]].concat(), 1, &["pipeline run"]);
    }
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    let (_folder, feed, out) = folder();
    check(&["run", "--out", &out], 1, &["which feed?"]);
    check(
        &["run", &feed, "--out", &out, "--from-stage", "done", "--to-stage", "transcription"],
        1,
        &["comes before"],
    );
    check(
        &["run", &feed, "--out", &out, "--model", "/nowhere/m.bin"],
        1,
        &["/nowhere/m.bin", "check the path"],
    );
    check(&["convert-model", "/nowhere", "/nowhere/x.bin"], 1, &["model.bin and vocabulary.txt"]);
    assert_eq!(pipeline(&["digest", "--since", "soon", "--out", &out]).status.code(), Some(2));
}
