// Starts kernels so that one may begin while the one before drains (programmatic dependent launch, Hopper and later).
#pragma once

#include <cuda_runtime.h>

#include <utility>

#include "kernels/cuda/cuda_context.h"
#include "kernels/cuda/cuda_error.h"

namespace flightdeck::cuda {

/// Launches on the context's stream. Every kernel started this way must call wait_for_inputs() before it touches memory
/// that an earlier kernel wrote or reads. Before, it may read (prefetch) weights, and what was there when the step
/// began: every step's upload lies between its kernels and the last step's, so positions, block tables and older keys
/// are safe.
template <class... Parameters, class... Arguments>
void launch(const Context& context, void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared_bytes,
            Arguments&&... arguments) {
  cudaLaunchConfig_t config = {};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = context.stream;
  cudaLaunchAttribute attributes[2] = {};
  attributes[0].id = cudaLaunchAttributeProgrammaticStreamSerialization;
  attributes[0].val.programmaticStreamSerializationAllowed = 1;
  // All kernels want the same division of L1 and shared memory: a multiprocessor must be empty to change it, and then
  // no kernel could begin while the one before drains.
  attributes[1].id = cudaLaunchAttributePreferredSharedMemoryCarveout;
  attributes[1].val.sharedMemCarveout = cudaSharedmemCarveoutMaxShared;
  config.attrs = attributes;
  config.numAttrs = context.compute_major >= 9 ? 2 : 0;
  check(cudaLaunchKernelEx(&config, kernel, Parameters(std::forward<Arguments>(arguments))...), "starting a kernel");
}

/// Waits until everything before this kernel in the stream has finished and its writes are visible.
__device__ __forceinline__ void wait_for_inputs() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

/// Lets the next kernel's blocks start where there is room; they still wait for this kernel's end before its results.
__device__ __forceinline__ void let_next_start() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;");
#endif
}

}  // namespace flightdeck::cuda
