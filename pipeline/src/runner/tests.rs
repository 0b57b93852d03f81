//! What a run promises: reuse, failures that stay where they are, parking, parts of the stages.
//!
//! Without a speech model: transcripts are put in the store as an earlier run would have left them.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::audio::wav;
use crate::models::ModelPaths;
use crate::stage::StageRange;
use crate::stages::testing::transcript;
use crate::store::EpisodeFolder;

/// A folder with a feed of two episodes of silence, and where a run keeps its output.
struct Place2 {
    folder: tempfile::TempDir,
}

impl Place2 {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "b"] {
            wav::write(&folder.path().join(format!("{name}.wav")), 8000, &vec![0; 16_000]).unwrap();
        }
        let item = |name: &str| {
            format!(
                "<item><title>{name}</title><guid>{name}</guid><enclosure url=\"{name}.wav\" type=\"audio/wav\"/></item>"
            )
        };
        let feed = format!(
            "<rss version=\"2.0\"><channel><title>F</title>{}{}</channel></rss>",
            item("a"),
            item("b")
        );
        fs::write(folder.path().join("feed.xml"), feed).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn store(&self) -> Store {
        Store::open(&self.path("out")).unwrap()
    }

    /// Run the stages from `from` to `to`; how it ended, and what was told, a line each.
    fn run(&self, from: Stage, to: Stage, force: bool) -> (Outcome, Vec<String>) {
        self.run_until(&Interrupt::default(), from, to, force)
    }

    fn run_until(
        &self,
        interrupt: &Interrupt,
        from: Stage,
        to: Stage,
        force: bool,
    ) -> (Outcome, Vec<String>) {
        let settings = Settings {
            range: StageRange::new(from, to).unwrap(),
            models: ModelPaths::default(),
            language: "en".into(),
            threads: 1,
            max_media_bytes: 1 << 20,
            latest: None,
            force,
        };
        let feeds = if from == Stage::RssFeedFetch {
            vec![Place::File(self.path("feed.xml"))]
        } else {
            Vec::new()
        };
        let mut told = Vec::new();
        let outcome =
            run(&feeds, &self.store(), &settings, interrupt, &mut |event| told.push(line(event)));
        (outcome.unwrap(), told)
    }

    fn folder_of(&self, title: &str) -> EpisodeFolder {
        let folders = self.store().episodes().unwrap();
        folders.into_iter().find(|f| f.state().unwrap().unwrap().title == title).unwrap()
    }

    fn state(&self, title: &str) -> EpisodeState {
        self.folder_of(title).state().unwrap().unwrap()
    }

    /// Everything up to the transcript, as a run with a model would leave it.
    fn transcribe(&self) {
        self.run(Stage::RssFeedFetch, Stage::AudioPreprocessing, false);
        for title in ["a", "b"] {
            let output = transcript(&[
                "Um, the mill ground 40 tons of grain a year.",
                "It stood in Sandwick.",
            ]);
            let fingerprint = Digest::of(b"by hand");
            self.folder_of(title)
                .keep(Stage::Transcription, &Artifact { fingerprint, output })
                .unwrap();
        }
    }
}

fn line(event: &Event<'_>) -> String {
    match event {
        Event::FeedRead { feed, .. } => format!("feed {}", feed.title),
        Event::FeedFailed { error } => format!("feed failed: {error}"),
        Event::EpisodeBegins { episode, .. } => format!("episode {}", episode.title),
        Event::StageEnds { stage, took, .. } => {
            format!("{stage} {}", if took.is_some() { "made" } else { "reused" })
        }
        Event::EpisodeFailed { episode, stage, error, .. } => {
            format!("{} failed at {stage}: {error}", episode.title)
        }
    }
}

const FETCH: Stage = Stage::RssFeedFetch;
const SPEECH: Stage = Stage::AudioPreprocessing;

#[test]
fn what_is_done_is_reused_and_force_redoes_it() {
    let place = Place2::new();
    let (first, told) = place.run(FETCH, SPEECH, false);
    assert!(first.is_complete());
    assert_eq!(told.iter().filter(|l| l.ends_with("made")).count(), 6, "{told:?}");
    let (_, told) = place.run(FETCH, SPEECH, false);
    assert_eq!(told.iter().filter(|l| l.ends_with("reused")).count(), 6, "{told:?}");
    let (_, told) = place.run(FETCH, SPEECH, true);
    assert_eq!(told.iter().filter(|l| l.ends_with("made")).count(), 6, "{told:?}");
}

#[test]
fn only_what_a_change_reaches_is_redone() {
    let place = Place2::new();
    place.run(FETCH, SPEECH, false);
    let feed = fs::read_to_string(place.path("feed.xml")).unwrap();
    let described = feed.replacen(
        "<guid>a</guid>",
        "<guid>a</guid><description>Host Ada Bell.</description>",
        1,
    );
    fs::write(place.path("feed.xml"), described).unwrap();
    let (_, told) = place.run(FETCH, SPEECH, false);
    let made: Vec<_> = told.iter().filter(|l| l.ends_with("made")).collect();
    assert_eq!(made, ["speaker_detection made"], "{told:?}");
}

#[test]
fn a_file_that_was_deleted_is_made_again() {
    let place = Place2::new();
    place.run(FETCH, SPEECH, false);
    fs::remove_file(place.folder_of("a").file("speech.wav")).unwrap();
    let (outcome, told) = place.run(FETCH, SPEECH, false);
    assert!(outcome.is_complete());
    assert_eq!(told.iter().filter(|l| *l == "audio_preprocessing made").count(), 1, "{told:?}");
}

#[test]
fn an_artifact_that_was_damaged_is_made_again() {
    let place = Place2::new();
    place.run(FETCH, SPEECH, false);
    fs::write(place.folder_of("a").file("media_download.json"), "{ half").unwrap();
    fs::write(place.folder_of("b").file("state.json"), "{}").unwrap();
    let (outcome, _) = place.run(FETCH, SPEECH, false);
    assert!(outcome.is_complete());
}

#[test]
fn one_failure_leaves_the_others_alone_and_is_noted() {
    let place = Place2::new();
    fs::write(place.path("a.wav"), "no sound").unwrap();
    let (outcome, told) = place.run(FETCH, SPEECH, false);
    assert_eq!((outcome.finished, outcome.failed), (1, 1));
    assert!(!outcome.is_complete());
    assert!(told.iter().any(|l| l.starts_with("a failed at audio_preprocessing:")), "{told:?}");
    let state = place.state("a");
    let failure = state.failure.unwrap();
    assert_eq!((state.phase, failure.stage, failure.attempts), (Phase::Failed, SPEECH, 1));
    assert!(failure.error.contains("does not decode"), "{}", failure.error);

    place.run(FETCH, SPEECH, false);
    assert_eq!(place.state("a").failure.unwrap().attempts, 2);
    fs::copy(place.path("b.wav"), place.path("a.wav")).unwrap();
    let (mended, _) = place.run(FETCH, SPEECH, false);
    assert!(mended.is_complete());
}

#[test]
fn a_feed_that_cannot_be_read_does_not_keep_the_others_from_it() {
    let place = Place2::new();
    let feeds = [Place::File(place.path("missing.xml")), Place::File(place.path("feed.xml"))];
    let settings = Settings {
        range: StageRange::new(FETCH, FETCH).unwrap(),
        models: ModelPaths::default(),
        language: "en".into(),
        threads: 1,
        max_media_bytes: 1 << 20,
        latest: Some(1),
        force: false,
    };
    let store = place.store();
    let outcome = run(&feeds, &store, &settings, &Interrupt::default(), &mut |_| {}).unwrap();
    assert_eq!((outcome.feeds_failed, outcome.finished), (1, 1));
    assert!(!outcome.is_complete());
}

#[test]
fn the_rest_runs_from_the_artifacts_on_disk() {
    let place = Place2::new();
    place.transcribe();
    let (outcome, told) = place.run(Stage::TranscriptCleaning, Stage::Done, false);
    assert!(outcome.is_complete(), "{told:?}");
    assert_eq!((outcome.totals.insights, outcome.totals.chunks), (2, 2));
    let folder = place.folder_of("a");
    let page = fs::read_to_string(folder.file("episode.md")).unwrap();
    assert!(page.contains("**The mill ground 40 tons of grain a year.**"), "{page}");
    let state = folder.state().unwrap().unwrap();
    assert_eq!((state.phase, state.last_stage), (Phase::Done, Some(Stage::Done)));
    assert!(state.fingerprint.is_some());

    let (_, told) = place.run(Stage::TranscriptCleaning, Stage::Done, false);
    assert!(told.iter().all(|l| !l.ends_with("made")), "{told:?}");
}

#[test]
fn a_deleted_index_is_made_again() {
    let place = Place2::new();
    place.transcribe();
    place.run(Stage::TranscriptCleaning, Stage::Done, false);
    fs::remove_file(place.path("out/index.bin")).unwrap();
    let (outcome, _) = place.run(Stage::TranscriptCleaning, Stage::Done, false);
    assert_eq!(outcome.totals.chunks, 2);
    assert!(place.path("out/index.bin").exists());
}

#[test]
fn without_the_artifacts_to_start_from_it_says_which_are_missing() {
    let place = Place2::new();
    place.run(FETCH, SPEECH, false);
    let (outcome, told) = place.run(Stage::TranscriptCleaning, Stage::Done, false);
    assert_eq!(outcome.failed, 2);
    assert!(told.iter().any(|l| l.contains("--from-stage transcription")), "{told:?}");
}

#[test]
fn without_a_model_nothing_is_begun() {
    let place = Place2::new();
    let settings = Settings {
        range: StageRange::FULL,
        models: ModelPaths::default(),
        language: "en".into(),
        threads: 1,
        max_media_bytes: 1 << 20,
        latest: None,
        force: false,
    };
    let feeds = [Place::File(place.path("feed.xml"))];
    let refused =
        run(&feeds, &place.store(), &settings, &Interrupt::default(), &mut |_| {}).unwrap_err();
    assert!(refused.to_string().contains("--model"), "{refused}");
    assert!(is_empty(&place.path("out/episodes")));
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

#[test]
fn a_wish_to_stop_parks_what_is_left() {
    let place = Place2::new();
    place.run(FETCH, FETCH, false);
    let interrupt = Interrupt::default();
    interrupt.request();
    let (outcome, told) = place.run_until(&interrupt, Stage::SpeakerDetection, SPEECH, false);
    assert_eq!((outcome.finished, outcome.failed, outcome.parked), (0, 0, 2), "{told:?}");
    assert_eq!(place.state("a").phase, Phase::Pending);
    let (after, _) = place.run(Stage::SpeakerDetection, SPEECH, false);
    assert!(after.is_complete());
}
