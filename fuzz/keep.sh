#!/usr/bin/env bash
# Puts into fuzz/corpus a small part of what was found, and was kept before: of the fewest entries that reach as
# much code, at most eighty for each target, so that the tree stays small. What a person wrote (`seed-*`)
# stays. An entry that found something is to be made one of those, by hand.
#
#   fuzz/keep.sh [TARGET...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(corpus/*)
for target in "${targets[@]}"; do
  target=${target##*/}
  kept=target/kept/$target
  rm -rf "$kept" && mkdir -p "$kept"
  # Longer ones, and one for each number of times that a place is passed, would fill the tree.
  cargo +nightly fuzz run --fuzz-dir . --sanitizer none "$target" "$kept" "corpus/$target" "target/found/$target" -- \
    -set_cover_merge=1 -max_len=256 -use_counters=0 >"target/kept/$target.log" 2>&1
  find "corpus/$target" -type f ! -name 'seed-*' -delete
  # Their names are hashes, so the first ones are any.
  find "$kept" -type f | sort | head -80 | xargs cp -t "corpus/$target/"
  echo "$target: $(find "corpus/$target" -type f | wc -l) entries, $(du -sb "corpus/$target" | cut -f1) bytes"
done
