#!/usr/bin/env bash
# What recording costs the pipeline: the same work with and without `ferret run`, in pairs.
#
#   pipeline/overhead.sh [PAIRS]    5, if not said
cd "$(dirname "$0")/.."
# shellcheck source=pipeline/setup.sh
source pipeline/setup.sh

pipeline/demo.sh --setup
out="$TARGET/demo/overhead"
work="$TARGET/release/pipeline run $FEED --out $out --model $WHISPER --model $MINILM --force"
cargo run --quiet --release -p benches -- pairs --pairs "${1:-5}" \
    --first "$work" \
    --second "$TARGET/release/ferret run --log $out.redb -- $work"
