#!/usr/bin/env bash
# Builds the fuzz targets as cargo-fuzz would and runs one: `run.sh TARGET [SECONDS]`.
# What it finds is kept in corpus/TARGET.new (new inputs) and artifacts/TARGET (crashes).
set -euo pipefail
cd "$(dirname "$0")"
target=$1
seconds=${2:-60}
host=$(rustc -vV | sed -n 's/^host: //p')
# Coverage as libFuzzer wants it. Not `--cfg fuzzing`, which changes what redb does.
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 ${RUSTFLAGS:-}"
# With a target named, build scripts and macros are not instrumented.
cargo build --release --bin "$target" --target "$host"
mkdir -p "corpus/$target.new" "corpus/$target" "artifacts/$target"
# No input is larger than a block, none takes 10 s, none allocates 256 MB at once.
exec "target/$host/release/$target" -max_total_time="$seconds" -max_len=65536 -timeout=10 \
    -rss_limit_mb=2048 -malloc_limit_mb=256 -artifact_prefix="artifacts/$target/" \
    -len_control=0 -print_final_stats=1 "corpus/$target.new" "corpus/$target"
