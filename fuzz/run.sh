#!/usr/bin/env bash
# Runs each target for a bounded time and says how many executions there were and how many crashes.
#
#   fuzz/run.sh [SECONDS [TARGET...]]
#
# It begins with the kept corpus and adds what it finds to fuzz/target/found, so that the tree stays small;
# `fuzz/keep.sh` puts a part of it into the tree. What ends a target is kept in fuzz/artifacts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
seconds=${1:-60}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(corpus/*)
cargo +nightly fuzz --version >/dev/null 2>&1 || {
  echo "needed: rustup toolchain install nightly; cargo install --locked cargo-fuzz; a C++ compiler" >&2
  exit 1
}
# No sanitizer: the project forbids unsafe code, and without one there are several times as many executions.
build=(--fuzz-dir . --sanitizer none)
cargo +nightly fuzz build "${build[@]}"
crashed=0
for target in "${targets[@]}"; do
  target=${target##*/}
  found=target/found/$target log=target/found/$target.log
  mkdir -p "$found"
  # A reply of megabytes is a test's matter; here many small ones count.
  if cargo +nightly fuzz run "${build[@]}" "$target" "$found" "corpus/$target" -- \
    -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 >"$log" 2>&1; then
    crashes=0
  else
    crashes=1 crashed=1
    grep -m 3 -E 'panicked at|SUMMARY|Test unit written' "$log" >&2 || tail -20 "$log" >&2
  fi
  executions=$(sed -n 's/^stat::number_of_executed_units: //p' "$log")
  covered=$(grep -oE 'cov: [0-9]+ ft: [0-9]+' "$log" | tail -1)
  echo "$target: ${executions:-?} executions, $crashes crashes, ${covered:-no coverage}"
done
exit $crashed
