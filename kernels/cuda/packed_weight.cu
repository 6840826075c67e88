#include "kernels/cuda/packed_weight.h"

#include <string>

#include "kernels/cuda/cuda_error.h"

namespace flightdeck::cuda {

Buffer allocate_device(size_t bytes, const char* purpose) {
  void* memory = nullptr;
  if (bytes == 0) return {};
  if (cudaMalloc(&memory, bytes) != cudaSuccess) {
    cudaGetLastError();
    size_t available = 0, total = 0;
    cudaMemGetInfo(&available, &total);
    throw DeviceOutOfMemory(std::string(purpose) + " needs more GPU memory than is free", bytes, available);
  }
  return {memory, bytes, [](void* pointer) { cudaFree(pointer); }};
}

}  // namespace flightdeck::cuda
