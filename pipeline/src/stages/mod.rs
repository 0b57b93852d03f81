//! The stages of the pipeline, one a file: plain functions from values to a value. Files and folders reach them as paths,
//! never as "the output folder": what is kept where is the runner's business.

pub mod audio_preprocessing;
pub mod done;
pub mod gi_generation;
pub mod kg_extraction;
pub mod media_download;
pub mod rss_feed_fetch;
pub mod speaker_detection;
pub mod summarization;
#[cfg(test)]
pub(crate) mod testing;
pub mod transcript_cleaning;
pub mod transcription;
pub mod vector_indexing;
