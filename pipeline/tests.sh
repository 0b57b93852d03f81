#!/usr/bin/env bash
# All tests of the pipeline, those with the real models included; sets up what they need (see setup.sh). The build is the
# demo's, so running both costs one.
cd "$(dirname "$0")/.."
# shellcheck source=pipeline/setup.sh
source pipeline/setup.sh

need_cargo
need_packages
# With the command beside it, as the demo does: alone it would have other features, and be built again.
cargo build --quiet --release -p ferret-cli -p pipeline
need_whisper
need_minilm
need_feed
# Absolute, since tests run in the crate's folder.
[ "${FEED#/}" != "$FEED" ] || FEED="$PWD/$FEED"
export PIPELINE_TEST_WHISPER="$WHISPER" PIPELINE_TEST_MINILM="$MINILM" PIPELINE_TEST_FEED="$FEED"
cargo test --release -p ferret-cli -p pipeline --lib --test command --test real_speech "$@" -- --include-ignored
