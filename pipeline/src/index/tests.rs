//! What the file promises.

use super::*;
use crate::embed::Method;
use crate::ids::FeedId;

fn id(name: &str) -> EpisodeId {
    EpisodeId::new(&FeedId::of_source("f"), name)
}

fn chunk(episode: &str, text: &str) -> Chunk {
    let sentences = vec![(Millis(0), text.to_owned())];
    Chunk {
        episode: id(episode),
        title: episode.into(),
        feed_title: "f".into(),
        start: Millis(0),
        sentences,
    }
}

fn index(chunks: &[(&str, &str, [f32; 2])]) -> Index {
    let mut index =
        Index::empty(EmbedderId { method: Method::TfIdf, weights: None, dimensions: 2 }, None);
    for (episode, text, vector) in chunks {
        index.put(
            &id(episode),
            Digest::of(text.as_bytes()),
            vec![chunk(episode, text)],
            &[vector.to_vec()],
        );
    }
    index
}

fn saved(index: &Index) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.bin");
    index.save(&path).unwrap();
    (folder, path)
}

#[test]
fn what_is_saved_is_loaded() {
    let (_folder, path) = saved(&index(&[("a", "one", [1.0, 0.0]), ("b", "two", [0.0, 1.0])]));
    let loaded = Index::load(&path).unwrap().unwrap();
    assert_eq!(loaded.chunks(), [chunk("a", "one"), chunk("b", "two")]);
    assert_eq!(loaded.vectors().collect::<Vec<_>>(), [[1.0, 0.0], [0.0, 1.0]]);
    assert!(
        loaded.holds(&id("a"), &Digest::of(b"one")) && !loaded.holds(&id("a"), &Digest::of(b"two"))
    );
}

#[test]
fn an_episode_indexed_again_replaces_itself() {
    let again =
        index(&[("a", "one", [1.0, 0.0]), ("b", "two", [0.0, 1.0]), ("a", "new", [0.5, 0.5])]);
    assert_eq!(again.chunks(), [chunk("b", "two"), chunk("a", "new")]);
    assert_eq!(again.vectors().collect::<Vec<_>>(), [[0.0, 1.0], [0.5, 0.5]]);
    assert!(!again.holds(&id("a"), &Digest::of(b"one")));
}

#[test]
fn no_file_is_no_index() {
    assert!(Index::load(Path::new("/nowhere/index.bin")).unwrap().is_none());
}

#[test]
fn any_changed_byte_is_told_from_the_real_thing() {
    let (_folder, path) = saved(&index(&[("a", "one", [1.0, 0.0])]));
    let good = fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        fs::write(&path, &bad).unwrap();
        assert!(Index::load(&path).is_err(), "byte {at}");
    }
    for length in 0..good.len() {
        fs::write(&path, &good[..length]).unwrap();
        assert!(Index::load(&path).is_err(), "{length} bytes");
    }
}

#[test]
fn a_later_format_is_named() {
    let (_folder, path) = saved(&index(&[]));
    let mut later = fs::read(&path).unwrap();
    later[8] = 9;
    fs::write(&path, later).unwrap();
    let said = Index::load(&path).unwrap_err().to_string();
    assert!(said.contains("format 9"), "{said}");
}
