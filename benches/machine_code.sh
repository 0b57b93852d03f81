#!/usr/bin/env bash
# What no clock can say and no noise blurs: how many instructions a span is, and that of one that is
# compiled out nothing is left. Fails above the bounds of docs/performance.md. Needs valgrind, nm and objdump; run
# from any folder.
set -euo pipefail
cd "$(dirname "$0")/.."

calls=4000 batches=20
# Whose features are chosen: tests/run.sh names more packages, so that it builds what they share only once.
read -ra packages <<< "${BENCHES_PACKAGES:--p benches}"
build=(cargo build --quiet --release "${packages[@]}" --bin benches)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# instructions SUBJECT FUNCTION: per call, what it calls included, in hundredths.
instructions() {
    local collected
    collected=$(head -c $batches /dev/zero | tr '\0' '\n' |
        valgrind --tool=callgrind --callgrind-out-file=/dev/null \
            --toggle-collect="benches::subjects::*::$2*" \
            target/release/benches serve-batches --subject="$1" --threads=1 --calls=$calls \
            --folder="$folder" 2>&1 | sed -n 's/.*Collected : //p')
    echo $((collected * 100 / (calls * batches)))
}

# bound WHAT HUNDREDTHS MOST
bound() {
    printf '%4d.%02d  %s (at most %d)\n' $(($2 / 100)) $(($2 % 100)) "$1" "$3"
    [ "$2" -le $(($3 * 100)) ] || failed=1
}

# code FUNCTION: its instructions, without where they lie; where they lead stands in them, by name.
code() {
    local from size
    read -r from size < <(nm -CS target/release/benches |
        sed -nE "s/^([0-9a-f]+) ([0-9a-f]+) . benches::subjects::$1( .*)?\$/\1 \2/p")
    objdump -dC --no-show-raw-insn --start-address=$((0x$from)) --stop-address=$((0x$from + 0x$size)) \
        target/release/benches | sed -nE 's/^ +[0-9a-f]+:[[:space:]]+//p' | sed -E "s/[0-9a-f]+ </</; s/benches::subjects::$1/itself/"
}

failed=0
"${build[@]}" --features benches/off
# Functions of the same machine code become one, with two names, if the compiler has them in one unit; else they are
# compared.
bare=$(code tree::bare) profiled=$(code ferret::profiled)
echo "compiled out: $(echo "$profiled" | wc -l) instructions, $(echo "$bare" | wc -l) without annotation"
[ -n "$bare" ] && [ "$bare" = "$profiled" ] || failed=1

# Without a counter to trust there is no fast path, and nothing to count.
case $(uname -m)-$(cat /sys/devices/system/clocksource/clocksource0/current_clocksource) in
    x86_64-tsc | x86_64-kvm-clock | x86_64-hyperv_clocksource_tsc_page) ;;
    *)
        echo 'instructions: not counted, since time here is not read from the time stamp counter'
        exit $failed
        ;;
esac

"${build[@]}"
bare=$(instructions bare bare)
[ "$bare" -gt 0 ] || failed=1
bound 'the bare function' "$bare" 10
bound 'instructions of a span, the function included' "$(instructions profile profiled)" 50
bound 'more than the bare function, switched off' $(($(instructions switched-off profiled) - bare)) 10
exit $failed
