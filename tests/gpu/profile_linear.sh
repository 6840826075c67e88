#!/bin/bash
# What the profiler says of the kernels of linears: profile_linear.sh <linear_check>
check=$1
for what in "int4 12288 4096 1 gemv" "f16 4096 4096 1 gemv" "int4 12288 4096 16 mixed" "int4 12288 4096 128 mixed"; do
  echo "=== $what"
  ncu --set full --kernel-name regex:"gemv_kernel|mixed" --launch-skip 2 --launch-count 1 "$check" --profile $what
done
