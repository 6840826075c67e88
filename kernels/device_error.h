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
  DeviceOutOfMemory(const std::string& what, size_t needed_bytes, size_t free_bytes)
      : DeviceError(what), needed_bytes(needed_bytes), free_bytes(free_bytes) {}

  size_t needed_bytes;
  size_t free_bytes;
};

}  // namespace flightdeck
