#!/usr/bin/env bash
# The demo: a podcast pipeline on real speech, watched by ferret. Sets up what is missing on a fresh Debian machine (as root or
# with sudo), then works on the sample feed under `ferret run`. Run it again: it does the work anew, without the set-up.
#
#   pipeline/demo.sh            everything
#   pipeline/demo.sh --setup    the set-up alone
cd "$(dirname "$0")/.."
# shellcheck source=pipeline/setup.sh
source pipeline/setup.sh

case "${1:-}" in
    "" | --setup) ;;
    *) fail "unknown argument $1: try pipeline/demo.sh or pipeline/demo.sh --setup" ;;
esac

need_cargo
need_packages
say "building (the first time takes a few minutes: whisper.cpp is compiled)"
cargo build --quiet --release -p ferret-cli -p pipeline
need_whisper
need_minilm
need_feed
[ "${1:-}" != --setup ] || exit 0

OUT="$TARGET/demo/out"
LOG="$TARGET/demo/run.redb"
say "recording to $LOG; in a second terminal: $TARGET/release/ferret watch $LOG"
"$TARGET/release/ferret" run --log "$LOG" -- \
    "$TARGET/release/pipeline" run "$FEED" --out "$OUT" --model "$WHISPER" --model "$MINILM" --force

say ""
say "What the human reader said, as transcribed (the whole pages: $OUT/episodes/*/episode.md):"
sed -n '/^## Transcript/,$p' "$OUT"/episodes/seaside-reading-*/episode.md | tail -n +3

cat <<END

What you can do now:
  $TARGET/release/ferret analyze $LOG    where the time went
  $TARGET/release/ferret watch $LOG      the run again, as it was at its end
  $TARGET/release/pipeline search "who built the mill" --out $OUT    where that was said
END
