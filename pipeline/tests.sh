#!/usr/bin/env bash
# All tests of the pipeline, those with the real models included; sets up what they need (see setup.sh). The build is the
# demo's, so running both costs one.
cd "$(dirname "$0")/.."
# shellcheck source=pipeline/setup.sh
source pipeline/setup.sh

need_cargo
need_packages
cargo build --quiet --release -p pipeline
need_whisper
need_minilm
need_feed
# Absolute, since tests run in the crate's folder.
[ "${FEED#/}" != "$FEED" ] || FEED="$PWD/$FEED"
export PIPELINE_TEST_WHISPER="$WHISPER" PIPELINE_TEST_MINILM="$MINILM" PIPELINE_TEST_FEED="$FEED"
cargo test --release -p pipeline "$@" -- --include-ignored
