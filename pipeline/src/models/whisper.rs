//! whisper.cpp, behind the two things the pipeline asks of it: load a model, hear a window.

use std::path::Path;

use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperState,
};

use super::{ModelError, content_digest};
use crate::ids::Digest;

/// A loaded speech model.
pub struct Whisper {
    state: WhisperState,
    content: Digest,
    language: String,
    threads: i32,
    floats: Vec<f32>,
}

impl std::fmt::Debug for Whisper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Whisper")
            .field("content", &self.content)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

/// Words of a window, with their times in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// When they begin, in milliseconds from the window's start.
    pub start_ms: u64,
    /// When they end.
    pub end_ms: u64,
    /// The words.
    pub text: String,
    /// The mean probability of their tokens, 0 to 1.
    pub confidence: f32,
}

impl Whisper {
    /// Load the model at `path`, to hear `language` with `threads` threads.
    ///
    /// # Errors
    /// When it cannot be read or whisper.cpp refuses it.
    #[ferret::profile(name = "load_whisper")]
    pub fn load(path: &Path, language: &str, threads: usize) -> Result<Self, ModelError> {
        // Its chatter about memory and layers would land between our lines.
        whisper_rs::install_logging_hooks();
        let refused = |e: whisper_rs::WhisperError| ModelError::Whisper {
            path: path.to_owned(),
            why: e.to_string(),
        };
        let content = content_digest(path)?;
        let context = WhisperContext::new_with_params(path, WhisperContextParameters::default())
            .map_err(refused)?;
        // A model of English only has no other language to be told.
        let language = if context.is_multilingual() { language } else { "en" };
        let state = context.create_state().map_err(refused)?;
        let threads = i32::try_from(threads.max(1)).unwrap_or(1);
        Ok(Self { state, content, language: language.to_owned(), threads, floats: Vec::new() })
    }

    /// The language it hears, as a two-letter code.
    pub fn language(&self) -> &str {
        &self.language
    }

    /// The digest of the model's file.
    pub fn content(&self) -> &Digest {
        &self.content
    }

    /// The words in `samples`, mono at 16 kHz, 30 s at most.
    ///
    /// # Errors
    /// What whisper.cpp says when it cannot.
    pub fn hear(&mut self, samples: &[i16]) -> Result<Vec<Heard>, String> {
        // Shorter than this it refuses; nobody says anything in a tenth of a second.
        if samples.len() < 1600 {
            return Ok(Vec::new());
        }
        self.floats.clear();
        self.floats.extend(samples.iter().map(|s| f32::from(*s) / 32768.0));
        let params = params(&self.language, self.threads);
        self.state.full(params, &self.floats).map_err(|e| e.to_string())?;
        let mut heard = Vec::new();
        for segment in self.state.as_iter() {
            let text = segment.to_str_lossy().map_err(|e| e.to_string())?.trim().to_owned();
            if text.is_empty() {
                continue;
            }
            let probabilities: Vec<f32> = (0..segment.n_tokens())
                .filter_map(|i| segment.get_token(i))
                .map(|t| t.token_probability())
                .collect();
            #[expect(
                clippy::cast_precision_loss,
                reason = "a segment has a few hundred tokens at most"
            )]
            let confidence = probabilities.iter().sum::<f32>() / probabilities.len().max(1) as f32;
            // whisper.cpp counts hundredths of a second.
            let ms = |hundredths: i64| u64::try_from(hundredths).unwrap_or(0) * 10;
            heard.push(Heard {
                start_ms: ms(segment.start_timestamp()),
                end_ms: ms(segment.end_timestamp()),
                text,
                confidence,
            });
        }
        Ok(heard)
    }
}

fn params(language: &str, threads: i32) -> FullParams<'_, '_> {
    let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
    params.set_language(Some(language));
    params.set_n_threads(threads);
    // The text of the window before as context makes small models repeat themselves.
    params.set_no_context(true);
    params.set_print_special(false);
    params.set_print_progress(false);
    params.set_print_realtime(false);
    params.set_print_timestamps(false);
    params
}
