//! `pipeline search`.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use pipeline::embed::{Embedder, Method};
use pipeline::index::{Found, Index, IndexError, Search};
use pipeline::store::Store;
use serde_json::json;

use crate::cli::SearchArgs;

/// Print the places that answer a query.
pub(crate) fn search(args: &SearchArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let store = Store::open_to_read(&args.out)?;
    let index = Index::load(&store.index_path())?
        .ok_or_else(|| IndexError::Missing { path: args.out.clone() })?;
    let query = args.words.join(" ");
    let (index, embedder) = with_embedder(index, args)?;
    let found = Search::new(&index).find(&query, &embedder, args.limit)?;
    if args.json {
        let list: Vec<_> = found.iter().map(as_json).collect();
        writeln!(
            out,
            "{}",
            json!({ "query": query, "vectors": index.embedder().method.to_string(), "found": list })
        )?;
    } else if found.is_empty() {
        writeln!(
            out,
            "nothing like \"{query}\" was said in {} indexed chunks",
            index.chunks().len()
        )?;
    } else {
        for place in &found {
            let chunk = place.chunk;
            writeln!(
                out,
                "{:.2}  {} [{}] · {}\n      \"{}\"",
                place.score, chunk.title, place.at, chunk.feed_title, place.snippet
            )?;
        }
        writeln!(out, "({} vectors)", index.embedder().method)?;
    }
    // As grep does: 1 where nothing was found.
    Ok(if found.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The embedder of the index's vectors. Where the model is gone, the index is counted anew from its text, and that is said.
fn with_embedder(index: Index, args: &SearchArgs) -> anyhow::Result<(Index, Embedder)> {
    if index.embedder().method == Method::TfIdf {
        return Ok((index, Embedder::TfIdf));
    }
    let folder = args
        .model
        .clone()
        .or_else(|| index.model().map(Into::into))
        .context("the index names no model: give --model DIR")?;
    match Embedder::load(Some(&folder)) {
        Ok(embedder) if embedder.id() == *index.embedder() => Ok((index, embedder)),
        Ok(_) => anyhow::bail!(
            "the model in {} is not the one that made the index: give that one with --model, or run again",
            folder.display()
        ),
        Err(error) if args.model.is_some() => Err(error.into()),
        Err(error) => {
            eprintln!("pipeline: {error}; searching by shared words (TF-IDF) instead");
            Ok((index.converted(&Embedder::TfIdf, None)?, Embedder::TfIdf))
        }
    }
}

fn as_json(found: &Found<'_>) -> serde_json::Value {
    json!({
        "episode": found.chunk.episode,
        "title": found.chunk.title,
        "feed": found.chunk.feed_title,
        "at_ms": found.at,
        "score": found.score,
        "snippet": found.snippet,
    })
}
