//! What stages work with and share: models, loaded when first needed, the index, the network.

use std::path::PathBuf;

use crate::embed::{Embedder, EmbedderId};
use crate::error::StageError;
use crate::http::Fetcher;
use crate::ids::{Digest, EpisodeId};
use crate::index::Index;
use crate::interrupt::Interrupt;
use crate::models::whisper::Whisper;
use crate::models::{ModelError, ModelPaths, content_digest};
use crate::settings::Settings;

/// The shared tools of a run.
#[derive(Debug)]
pub(super) struct Tools {
    models: ModelPaths,
    language: String,
    threads: usize,
    fetcher: Fetcher,
    interrupt: Interrupt,
    index_path: PathBuf,
    whisper_content: Option<Digest>,
    whisper: Option<Whisper>,
    embedder: Option<Embedder>,
    index: Option<Index>,
}

impl Tools {
    pub(super) fn new(settings: &Settings, index_path: PathBuf, interrupt: Interrupt) -> Self {
        Self {
            models: settings.models.clone(),
            language: settings.language.clone(),
            threads: settings.threads,
            fetcher: Fetcher::default(),
            interrupt,
            index_path,
            whisper_content: None,
            whisper: None,
            embedder: None,
            index: None,
        }
    }

    pub(super) fn fetcher(&self) -> &Fetcher {
        &self.fetcher
    }

    pub(super) fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// Make sure that there is a speech model before anything is done that needs one.
    pub(super) fn check_whisper(&mut self) -> Result<(), ModelError> {
        let path = self.models.whisper.as_ref().ok_or(ModelError::NoWhisper)?;
        self.whisper_content = Some(content_digest(path)?);
        Ok(())
    }

    /// What of the speech model decides a transcript: its weights and the language. Not the number of threads.
    pub(super) fn whisper_identity(&self) -> String {
        format!("{:?} {}", self.whisper_content, self.language)
    }

    pub(super) fn whisper(&mut self) -> Result<&mut Whisper, ModelError> {
        if self.whisper.is_none() {
            let path = self.models.whisper.as_ref().ok_or(ModelError::NoWhisper)?;
            self.whisper = Some(Whisper::load(path, &self.language, self.threads)?);
        }
        self.whisper.as_mut().ok_or(ModelError::NoWhisper)
    }

    /// Which vectors this run makes.
    pub(super) fn embedder_id(&mut self) -> Result<EmbedderId, StageError> {
        Ok(self.load_embedder()?.id())
    }

    fn load_embedder(&mut self) -> Result<&Embedder, ModelError> {
        let embedder = match self.embedder.take() {
            Some(embedder) => embedder,
            None => Embedder::load(self.models.minilm.as_deref())?,
        };
        Ok(self.embedder.insert(embedder))
    }

    /// Whether the index has `episode` as made under `fingerprint`.
    pub(super) fn is_indexed(
        &mut self,
        episode: &EpisodeId,
        fingerprint: &Digest,
    ) -> Result<bool, StageError> {
        let (_, index) = self.index()?;
        Ok(index.holds(episode, fingerprint))
    }

    /// The embedder and the index of its vectors. An index of other vectors is embedded anew from the text that it holds,
    /// so that episodes which this run does not touch stay findable.
    pub(super) fn index(&mut self) -> Result<(&Embedder, &mut Index), StageError> {
        self.load_embedder()?;
        let Some(embedder) = &self.embedder else { return Err(ModelError::NoWhisper.into()) };
        let index = match self.index.take() {
            Some(index) => index,
            None => match Index::load(&self.index_path)? {
                Some(index) if *index.embedder() == embedder.id() => index,
                Some(other) => other.converted(embedder, self.models.minilm.clone())?,
                None => Index::empty(embedder.id(), self.models.minilm.clone()),
            },
        };
        Ok((embedder, self.index.insert(index)))
    }

    /// Keep the index on disk.
    pub(super) fn save_index(&mut self) -> Result<(), StageError> {
        let path = self.index_path.clone();
        let (_, index) = self.index()?;
        Ok(index.save(&path)?)
    }
}
