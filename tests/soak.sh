#!/usr/bin/env bash
# 200,000 spans a second into a log with a limit, for half an hour or as many seconds as are given. Fails
# unless memory is flat and the file as large as it may be, and the log whole at the end.
#
#   tests/soak.sh [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/.."
unset FERRET_LOG FERRET_RUN

FERRET_SOAK_SECONDS=${1:-1800} cargo test --release --quiet -p ferret-tests --test soak -- --nocapture
