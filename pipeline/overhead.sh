#!/usr/bin/env bash
# What recording costs the pipeline: the same work with and without `ferret run`, in pairs.
#
#   pipeline/overhead.sh [PAIRS]    5, if not said
cd "$(dirname "$0")/.."
# shellcheck source=pipeline/setup.sh
source pipeline/setup.sh

pipeline/demo.sh --setup
one="${FEED%.xml}-one.xml" out="$TARGET/demo/overhead"
# The shortest episode alone: a pair of all three takes minutes.
python3 - "$FEED" "$one" <<'END'
import sys
import xml.etree.ElementTree as tree

feed = tree.parse(sys.argv[1])
channel = feed.getroot().find("channel")
episodes = sorted(channel.findall("item"), key=lambda item: int(item.find("enclosure").get("length")))
for longer in episodes[1:]:
    channel.remove(longer)
feed.write(sys.argv[2])
END
work="$TARGET/release/pipeline run $one --out $out --model $WHISPER --model $MINILM --force"
cargo run --quiet --release -p benches -- pairs --pairs "${1:-5}" \
    --first "$work" \
    --second "$TARGET/release/ferret run --log $out.redb -- $work"
