//! One episode through its stages.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::event::{Event, Totals};
use super::sentence;
use super::tools::Tools;
use crate::audio::wav;
use crate::error::StageError;
use crate::ids::Digest;
use crate::settings::Settings;
use crate::stage::Stage;
use crate::stages::audio_preprocessing::audio_preprocessing;
use crate::stages::done::{Known, Page, done};
use crate::stages::gi_generation::{Insights, gi_generation};
use crate::stages::kg_extraction::{Graph, kg_extraction};
use crate::stages::media_download::{self, Media, media_download};
use crate::stages::rss_feed_fetch::Episode;
use crate::stages::speaker_detection::{Speakers, speaker_detection};
use crate::stages::summarization::{Summary, summarization};
use crate::stages::transcript_cleaning::{CleanTranscript, transcript_cleaning};
use crate::stages::transcription::{Transcript, transcription};
use crate::stages::vector_indexing::{Indexed, vector_indexing};
use crate::store::{self, Artifact, EpisodeFolder, EpisodeState, Kept, Phase, StoreError};

/// Why no further stage ran.
#[derive(Debug)]
pub(super) enum Halt {
    /// All that were asked for did.
    Finished,
    /// The user asked to stop.
    Interrupted,
    /// One failed.
    Failed(Stage, StageError),
}

/// Counts up where a stage's code changes what comes out of it, so that old artifacts are not reused.
fn version(stage: Stage) -> &'static str {
    match stage {
        Stage::RssFeedFetch
        | Stage::SpeakerDetection
        | Stage::MediaDownload
        | Stage::AudioPreprocessing
        | Stage::Transcription
        | Stage::TranscriptCleaning
        | Stage::Summarization
        | Stage::GiGeneration
        | Stage::KgExtraction
        | Stage::VectorIndexing
        | Stage::Done => "1",
    }
}

/// The work on one episode.
pub(super) struct EpisodeRun<'a> {
    episode: &'a Episode,
    folder: EpisodeFolder,
    state: EpisodeState,
    settings: &'a Settings,
    tools: &'a mut Tools,
    tell: &'a mut dyn FnMut(&Event<'_>),
    totals: Totals,
}

impl<'a> EpisodeRun<'a> {
    pub(super) fn new(
        episode: &'a Episode,
        folder: EpisodeFolder,
        state: EpisodeState,
        settings: &'a Settings,
        tools: &'a mut Tools,
        tell: &'a mut dyn FnMut(&Event<'_>),
    ) -> Self {
        Self { episode, folder, state, settings, tools, tell, totals: Totals::default() }
    }

    /// What the episode holds, as far as stages ran or were reused.
    pub(super) fn totals(&self) -> Totals {
        self.totals
    }

    /// Run the stages that were asked for.
    pub(super) fn all_stages(&mut self) -> Halt {
        match self.stages() {
            Ok(()) => Halt::Finished,
            Err(halt) => halt,
        }
    }

    fn stages(&mut self) -> Result<(), Halt> {
        let episode = self.episode;
        let about = Digest::of_value(episode)
            .map_err(|e| Halt::Failed(Stage::SpeakerDetection, e.into()))?
            .to_string();

        let speakers = self.step(
            Stage::SpeakerDetection,
            &[&about],
            |_| Ok(speaker_detection(episode)),
            |s: &Speakers| counted(s.speakers.len(), "speaker"),
        )?;
        let transcript = self.words()?;
        let clean = self.step(
            Stage::TranscriptCleaning,
            &[transcript.digest.as_str()],
            |_| Ok(transcript_cleaning(&transcript.output)),
            |c: &CleanTranscript| {
                format!("{}, {} removed", counted(c.sentences.len(), "sentence"), c.removed.len())
            },
        )?;
        let said = clean.digest.as_str();
        let summary = self.step(
            Stage::Summarization,
            &[said],
            |_| Ok(summarization(&clean.output)),
            |s: &Summary| counted(s.sentences.len(), "sentence"),
        )?;
        let insights = self.step(
            Stage::GiGeneration,
            &[said, transcript.digest.as_str()],
            |_| Ok(gi_generation(&clean.output, &transcript.output)),
            |i: &Insights| {
                format!("{}, {} ungrounded", counted(i.insights.len(), "insight"), i.ungrounded)
            },
        )?;
        let graph = self.step(
            Stage::KgExtraction,
            &[&about, speakers.digest.as_str(), said],
            |_| Ok(kg_extraction(episode, &speakers.output, &clean.output)),
            |g: &Graph| {
                format!(
                    "{}, {}",
                    counted(g.nodes.len(), "entity"),
                    counted(g.edges.len(), "relation")
                )
            },
        )?;
        let indexed = self.index(&clean)?;
        let known = Known {
            episode,
            speakers: &speakers.output,
            transcript: &clean.output,
            summary: &summary.output,
            insights: &insights.output,
            graph: &graph.output,
        };
        let inputs = [
            &about,
            speakers.digest.as_str(),
            said,
            summary.digest.as_str(),
            insights.digest.as_str(),
            graph.digest.as_str(),
        ];
        let page = self.page(&known, &inputs)?;

        self.totals.words = page.output.words;
        self.totals.insights = page.output.insights;
        self.totals.entities = graph.output.nodes.len();
        self.totals.chunks = indexed.output.chunks;
        Ok(())
    }

    /// The stages that turn the enclosure into text.
    fn words(&mut self) -> Result<Kept<Transcript>, Halt> {
        let (episode, folder, limit) =
            (self.episode, self.folder.clone(), self.settings.max_media_bytes);
        let origin = if self.settings.range.contains(Stage::MediaDownload) {
            media_download::origin(&episode.enclosure)
                .map_err(|e| Halt::Failed(Stage::MediaDownload, e))?
        } else {
            // Not looked at: what is on disk is taken as it is.
            Digest::of(b"")
        };
        let there = folder.clone();
        let media = self.step_if(
            Stage::MediaDownload,
            &[origin.as_str()],
            |_, media: &Media, _| {
                Ok(std::fs::metadata(there.file(&media.file)).is_ok_and(|m| m.len() == media.bytes))
            },
            |tools, _| {
                media_download(
                    &episode.enclosure,
                    &folder.file(""),
                    limit,
                    tools.fetcher(),
                    tools.interrupt(),
                )
            },
            |m| format!("{} bytes", m.bytes),
        )?;
        let there = folder.clone();
        let speech = self.step_if(
            Stage::AudioPreprocessing,
            &[media.output.content.as_str()],
            |_, speech: &crate::stages::audio_preprocessing::Speech, _| {
                Ok(there.file(&speech.file).is_file())
            },
            |tools, _| {
                audio_preprocessing(
                    &folder.file(&media.output.file),
                    &folder.file(""),
                    tools.interrupt(),
                )
            },
            |s| format!("{} of speech in {}", s.speech_duration, s.source_duration),
        )?;
        self.totals.audio = speech.output.source_duration;
        let model = self.tools.whisper_identity();
        self.step(
            Stage::Transcription,
            &[speech.digest.as_str(), media.output.content.as_str(), &model],
            |tools| {
                let samples = wav::read(&folder.file(&speech.output.file))?;
                let interrupt = tools.interrupt().clone();
                transcription(&speech.output, &samples, tools.whisper()?, &interrupt)
            },
            |t: &Transcript| counted(t.segments.len(), "segment"),
        )
    }

    fn index(&mut self, clean: &Kept<CleanTranscript>) -> Result<Kept<Indexed>, Halt> {
        let episode = self.episode;
        let failed = |e| Halt::Failed(Stage::VectorIndexing, e);
        let embedder = if self.settings.range.contains(Stage::VectorIndexing) {
            let id = self.tools.embedder_id().map_err(failed)?;
            Digest::of_value(&id).map_err(|e| failed(e.into()))?
        } else {
            // Not looked at: what is on disk is taken as it is.
            Digest::of(b"")
        };
        self.step_if(
            Stage::VectorIndexing,
            &[clean.digest.as_str(), embedder.as_str()],
            |tools, _, fingerprint| tools.is_indexed(&episode.id, fingerprint),
            |tools, fingerprint| {
                let (embedder, index) = tools.index()?;
                let indexed =
                    vector_indexing(episode, &clean.output, embedder, fingerprint, index)?;
                tools.save_index()?;
                Ok(indexed)
            },
            |i| format!("{}, {}", counted(i.chunks, "chunk"), i.embedder.method),
        )
    }

    fn page(&mut self, known: &Known<'_>, inputs: &[&str]) -> Result<Kept<Page>, Halt> {
        let folder = self.folder.clone();
        let there = folder.clone();
        self.step_if(
            Stage::Done,
            inputs,
            |_, page: &Page, _| Ok(there.file(&page.file).is_file()),
            |_, _| {
                let (text, page) = done(known);
                store::replace(&folder.file(&page.file), |out| {
                    std::io::Write::write_all(out, text.as_bytes())
                })?;
                Ok(page)
            },
            |p| format!("{}, {}", p.file, counted(p.words, "word")),
        )
    }

    /// A stage whose artifact is all that it leaves.
    fn step<T: Serialize + DeserializeOwned>(
        &mut self,
        stage: Stage,
        inputs: &[&str],
        make: impl FnOnce(&mut Tools) -> Result<T, StageError>,
        told: impl Fn(&T) -> String,
    ) -> Result<Kept<T>, Halt> {
        self.step_if(stage, inputs, |_, _, _| Ok(true), |tools, _| make(tools), told)
    }

    /// The output of `stage`: that of an earlier run where it was made from the same `inputs` and `is_there` finds what belongs
    /// to it, else what `make` makes.
    fn step_if<T: Serialize + DeserializeOwned>(
        &mut self,
        stage: Stage,
        inputs: &[&str],
        is_there: impl FnOnce(&mut Tools, &T, &Digest) -> Result<bool, StageError>,
        make: impl FnOnce(&mut Tools, &Digest) -> Result<T, StageError>,
        told: impl Fn(&T) -> String,
    ) -> Result<Kept<T>, Halt> {
        let range = self.settings.range;
        if stage > range.to() {
            return Err(Halt::Finished);
        }
        if self.tools.interrupt().requested() {
            return Err(Halt::Interrupted);
        }
        let failed = |error| {
            if matches!(error, StageError::Interrupted) {
                Halt::Interrupted
            } else {
                Halt::Failed(stage, error)
            }
        };
        let parts: Vec<&str> =
            [stage.name(), version(stage)].into_iter().chain(inputs.iter().copied()).collect();
        let fingerprint = Digest::of_parts(&parts);
        let earlier = match self.folder.artifact::<T>(stage) {
            // It is made anew, which mends it.
            Err(StoreError::Damaged { .. }) if range.contains(stage) => None,
            other => other.map_err(|e| failed(e.into()))?,
        };
        if stage < range.from() {
            let artifact = earlier
                .ok_or(Halt::Failed(stage, StageError::NothingToStartFrom { missing: stage }))?;
            return Kept::new(artifact.output).map_err(|e| failed(e.into()));
        }
        let same = earlier.filter(|a| a.fingerprint == fingerprint && !self.settings.force);
        let reused = match same {
            Some(artifact) => is_there(self.tools, &artifact.output, &fingerprint)
                .map_err(failed)?
                .then_some(artifact.output),
            None => None,
        };
        let (output, took) = if let Some(output) = reused {
            (output, None)
        } else {
            self.note_phase(Phase::during(stage)).map_err(|e| failed(e.into()))?;
            let began = Timestamp::now();
            let artifact = Artifact {
                fingerprint: fingerprint.clone(),
                output: make(self.tools, &fingerprint).map_err(failed)?,
            };
            self.folder.keep(stage, &artifact).map_err(|e| failed(e.into()))?;
            // A clock that was set back makes this negative; zero is then as good as any.
            (
                artifact.output,
                Some(Timestamp::now().duration_since(began).try_into().unwrap_or_default()),
            )
        };
        self.state.last_stage = self.state.last_stage.max(Some(stage));
        if stage == Stage::Done {
            self.state.fingerprint = Some(fingerprint);
        }
        ferret::progress(stage.position() as u64 + 1, Stage::ALL.len() as u64);
        (self.tell)(&Event::StageEnds { stage, took, result: &told(&output) });
        Kept::new(output).map_err(|e| failed(e.into()))
    }

    /// Note that the episode is in `phase`, where it was not.
    fn note_phase(&mut self, phase: Phase) -> Result<(), StoreError> {
        if self.state.phase == phase || phase == Phase::Done {
            return Ok(());
        }
        self.state.phase = phase;
        self.state.updated = Timestamp::now();
        self.folder.set_state(&self.state)
    }

    /// Note how the work ended.
    pub(super) fn note_end(&mut self, halt: &Halt) -> Result<(), StoreError> {
        match halt {
            Halt::Failed(stage, error) => self.state.fail(*stage, sentence(error)),
            Halt::Finished if self.settings.range.to() == Stage::Done => {
                self.state.phase = Phase::Done;
                self.state.failure = None;
            }
            Halt::Finished | Halt::Interrupted => self.state.phase = Phase::Pending,
        }
        self.state.title.clone_from(&self.episode.title);
        self.state.updated = Timestamp::now();
        self.folder.set_state(&self.state)
    }
}

/// "1 chunk", "3 entities".
fn counted(n: usize, what: &str) -> String {
    match (n, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) => format!("{n} {stem}ies"),
        (_, None) => format!("{n} {what}s"),
    }
}
