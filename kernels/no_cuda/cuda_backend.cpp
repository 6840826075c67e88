// Linked where this build has no CUDA: nothing is found and nothing can be made.
#include "kernels/backend.h"
#include "kernels/device_error.h"
#include "kernels/device_usage.h"
#include "kernels/roofline.h"

namespace flightdeck {

int cuda_device_count() { return 0; }

std::string cuda_status() { return "built without CUDA"; }

std::unique_ptr<Backend> make_cuda_backend(const CudaOptions& options) {
  throw DeviceError("cuda:" + std::to_string(options.device) +
                    " cannot be used: this program was built without CUDA. " +
                    "Choose the device \"cpu\", or build with -DFLIGHTDECK_CUDA=ON.");
}

DeviceUsage device_usage(const std::string&) { return {}; }

DeviceCeilings measure_device_ceilings(const std::string&) { return {}; }

}  // namespace flightdeck
