// The one exception of the kernels: a device that failed or ran out of memory. Caught once, on the engine thread.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

namespace flightdeck {

class DeviceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The device has too little free memory; the process can go on after freeing what it holds.
class DeviceOutOfMemory : public DeviceError {
 public:
  DeviceOutOfMemory(const std::string& message, size_t needed, size_t available)
      : DeviceError(message), needed_bytes(needed), free_bytes(available) {}

  size_t needed_bytes;
  size_t free_bytes;
};

}  // namespace flightdeck
