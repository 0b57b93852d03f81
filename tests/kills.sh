#!/usr/bin/env bash
# Kills N programs that record, 2,000 if nothing is said, in all the settings of tests/tests/kills/, and
# sums up what was found in their logs. Fails where a log is not what it must be.
#
#   tests/kills.sh [N]
#   FERRET_KILLS_STRICT=0 tests/kills.sh [N]     what was published and is missing is counted, and no failure
#   FERRET_KILLS_SEED=S tests/kills.sh [N]       the same moments once more, as far as the machine goes along
set -euo pipefail
cd "$(dirname "$0")/.."

wanted=${1:-2000}
# One round of every setting kills so many.
each=20
export FERRET_KILLS=$(((wanted + each - 1) / each))
tally=$(mktemp)
trap 'rm -f "$tally"' EXIT
export FERRET_KILLS_TALLY=$tally
unset FERRET_LOG FERRET_RUN

status=0
cargo test --quiet -p ferret-tests --test kills -- --nocapture --test-threads 1 || status=$?
awk '{kills += $1; openers += $2; none += $3; compared += $4; salvaged += $5; rounds += $6; lossy += $7
      missing += $8; if ($9 > worst) worst = $9}
     END {
         printf "%d kills in %d rounds, and %d of openers; %d came before there was a log\n", kills, rounds, openers, none
         printf "%d events are in the logs, each once, as they were recorded; %d entries by salvage alone\n", compared, salvaged
         printf "%d rounds lost %d published events, %d at most\n", lossy, missing, worst
     }' "$tally"
exit "$status"
