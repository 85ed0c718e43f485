#!/usr/bin/env bash
# The whole pipeline on a small scale: data → train → merge → convert → quantise → verify → build → play.
# About 6 minutes on two free cores. `DATA=folder` (what `deescal corpus publish` wrote) adds corpus rows.
#   export/pipeline-smoke.sh [OUT]         default out/smoke
# The build goes into a home of its own, so that the default civilian of this device stays what it was.
set -euo pipefail
OUT=${1:-out/smoke}
DEESCAL=${DEESCAL:-deescal}
SCENARIO=${SCENARIO:-traffic-stop-late-shift}
rm -rf "$OUT"
mkdir -p "$OUT/home/cache"
recipe=smollm2-135m-cpu-smoke
data=()
if [ -n "${DATA:-}" ]; then
  recipe="$OUT/recipe.yaml"
  sed 's/corpus: false/corpus: true\n  corpus_share: 0.05/' "$(dirname "$0")/../training/recipes/smollm2-135m-cpu-smoke.yaml" >"$recipe"
  data=(--data "$DATA")
fi
echo "── train";    $DEESCAL train "$recipe" "${data[@]}" --out "$OUT/run"
echo "── merge";    $DEESCAL export merge "$OUT/run" --out "$OUT/merged"
echo "── convert";  $DEESCAL export convert "$OUT/merged" --out "$OUT/civilian-f16.gguf"
echo "── quantise"; $DEESCAL export quantize "$OUT/civilian-f16.gguf" --to Q8_0 --to Q4_0
echo "── verify";   $DEESCAL export verify "$OUT/civilian-f16.gguf" --hf "$OUT/merged" --run "$OUT/run" --turns 4
echo "── adapter";  $DEESCAL export adapter "$OUT/run" --rank 32 --out "$OUT/adapter.gguf"
mkdir -p "$OUT/home/cache/models"
store=$(dirname "$(dirname "$($DEESCAL models path smollm2-135m-instruct-q4_1)")")
# what build and a session without sound need; build writes beside them
ln -s "$store"/{smollm2-135m-instruct-q4_1,minilm-l6-v2-int8} "$OUT/home/cache/models/"
export DEESCAL_HOME="$PWD/$OUT/home"
case "$OUT" in /*) DEESCAL_HOME="$OUT/home" ;; esac
echo "── build";    $DEESCAL models build --adapter "$OUT/adapter.gguf"
echo "── play";     $DEESCAL demo --scenario "$SCENARIO" --no-sound --out "$OUT/demo"
