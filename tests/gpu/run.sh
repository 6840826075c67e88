#!/usr/bin/env bash
# Every check of the CUDA engine, and one table at the end. Builds what it needs; or, given a folder, takes the programs
# from there (*_check, *_test, flightdeck). Continuous integration has no GPU: this runs by hand, on a machine with one.
#   tests/gpu/run.sh [FOLDER]        FLIGHTDECK_BENCH=0 leaves the speeds out, FLIGHTDECK_MODEL chooses the shape,
#                                    FLIGHTDECK_BUILD_CHECKS=1 builds the checks into FOLDER where there is nvcc but no Qt
set -uo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
programs="${1:-}"
logs="${FLIGHTDECK_GPU_LOGS:-$(mktemp -d)}"
mkdir -p "$logs"
summary=()
failed=0

build_checks() {  # the kernels once, all cores; each check is a small program on top of them
  local nvcc="${NVCC:-nvcc}" arch objects="$logs/objects"
  arch="$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -1 | tr -d .)"
  [ "$arch" = 90 ] && arch=90a
  cd "$root" || exit 1
  mkdir -p "$objects"
  local flags="-std=c++17 -O3 -gencode=arch=compute_$arch,code=sm_$arch --expt-relaxed-constexpr -I."
  ls kernels/cuda/*.cu tests/gpu/*_check.cu | grep -v -e cuda_backend -e devices.cu -e device_usage |
    xargs -P "$(nproc)" -I{} sh -c "$nvcc $flags -c {} -o $objects/\$(basename {} .cu).o || echo 'does not compile: {}'"
  for source in tests/gpu/*_check.cu; do
    local name; name="$(basename "$source" .cu)"
    "$nvcc" -gencode="arch=compute_$arch,code=sm_$arch" "$objects/$name.o" $(ls "$objects"/*.o | grep -v _check.o) \
      -lcublasLt -o "$programs/$name" || summary+=("FAIL  $name does not build")
  done
}

if [ -z "$programs" ]; then
  source "$root/app/setup.sh"
  install_missing
  build_preset tests -DFLIGHTDECK_CUDA=ON || exit 1
  programs="$logs/programs"
  mkdir -p "$programs"
  find "$root/build/tests" -type f -perm -u+x \( -name '*_test' -o -name flightdeck \) -exec ln -sf {} "$programs/" \;
  build_checks
fi
[ -n "${FLIGHTDECK_BUILD_CHECKS:-}" ] && build_checks
export QT_QPA_PLATFORM=offscreen FLIGHTDECK_TEST_DEVICE=cuda:0

run() {  # run NAME COMMAND...: its output goes to a log, its end to the table
  local name="$1" log="$logs/$1.log" begin=$SECONDS
  shift
  "$@" >"$log" 2>&1
  local status=$?
  local last; last="$(grep -E '^Totals:|cases, ' "$log" | tail -1)"
  if [ $status -eq 0 ]; then
    summary+=("PASS  $name  ${last:-$((SECONDS - begin)) s}")
  else
    failed=1
    summary+=("FAIL  $name  status $status ${last:+, $last}")
    grep -E '^(FAIL|QFATAL)|error' "$log" | head -40
  fi
}

speed=()
[ "${FLIGHTDECK_BENCH:-1}" = 1 ] && speed=(--bench)
for check in "$programs"/*_check; do
  [ -x "$check" ] || continue
  run "$(basename "$check")" "$check" "${speed[@]}"
  grep -vE '^(PASS|FAIL)' "$logs/$(basename "$check").log"
done
for test in linear_test attention_test rope_test row_ops_test golden_test cpu_backend_test device_engine_test; do
  if [ -x "$programs/$test" ]; then run "$test" "$programs/$test"; fi
done
if [ -x "$programs/flightdeck" ]; then
  run devices "$programs/flightdeck" devices --measure
  cat "$logs/devices.log"
  run same_text "$root/tests/gpu/same_text.sh" "$programs/flightdeck" cuda:0
  cat "$logs/same_text.log"
  model="${FLIGHTDECK_MODEL:-baichuan2_7b_chat}"
  if [ ${#speed[@]} -gt 0 ]; then
    for quantization in none int8_weight_only int4_weight_only; do
      run "bench_$quantization" "$programs/flightdeck" bench -m "$model" --quantization "$quantization" --device cuda:0 \
        --batch_size "1;16;64" --input_output_len "32,50;128,128" --warm_up 1 --num_runs 2 --duration 10 --roofline
      grep -E '^\[(BENCHMARK|STEP|ROOFLINE)\]' "$logs/bench_$quantization.log"
      run "profile_$quantization" "$programs/flightdeck" bench -m "$model" --quantization "$quantization" \
        --device cuda:0 --batch_size 1 --input_output_len 2048,32 --warm_up 1 --num_runs 1 --roofline --profile
      grep -E '^\[' "$logs/profile_$quantization.log"
    done
  fi
fi
printf '\n%s\n' "Logs: $logs"
printf '%s\n' "${summary[@]}"
exit $failed
