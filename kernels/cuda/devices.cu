// Finds and names the GPUs an engine can run on.
#include <cuda_runtime.h>

#include "kernels/backend.h"

namespace flightdeck {
namespace {

constexpr int kOldestMajor = 8;  // Ampere: compute capability 8.0

std::string describe(int device, const cudaDeviceProp& properties) {
  return "cuda:" + std::to_string(device) + " " + properties.name + ", compute capability " +
         std::to_string(properties.major) + "." + std::to_string(properties.minor) + ", " +
         std::to_string(properties.totalGlobalMem >> 20) + " MiB";
}

}  // namespace

int cuda_device_count() {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess) {
    cudaGetLastError();  // the error is sticky until read
    return 0;
  }
  int usable = 0;
  for (int device = 0; device < devices; ++device) {
    cudaDeviceProp properties;
    if (cudaGetDeviceProperties(&properties, device) == cudaSuccess && properties.major >= kOldestMajor) ++usable;
  }
  return usable;
}

std::string cuda_status() {
  int devices = 0;
  const cudaError_t error = cudaGetDeviceCount(&devices);
  if (error != cudaSuccess) {
    cudaGetLastError();
    return std::string("no CUDA device: ") + cudaGetErrorString(error);
  }
  if (devices == 0) return "no CUDA device";
  std::string text;
  for (int device = 0; device < devices; ++device) {
    cudaDeviceProp properties;
    if (cudaGetDeviceProperties(&properties, device) != cudaSuccess) continue;
    if (!text.empty()) text += "; ";
    text += describe(device, properties);
    if (properties.major < kOldestMajor) text += " (too old: 8.0 or later is needed)";
  }
  return text;
}

}  // namespace flightdeck
