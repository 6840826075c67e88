#include "kernels/cpu/aligned_memory.h"

#include <sys/mman.h>

#include <cstdlib>
#include <limits>
#include <string>

#include "kernels/cpu/cpu_info.h"
#include "kernels/device_error.h"

namespace flightdeck::cpu {
namespace {

constexpr size_t kCacheLine = 64;
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kLarge = kHugePage;         // from here on the free memory is looked at and huge pages are asked for

std::string mebibytes(size_t bytes) { return std::to_string((bytes + (1 << 20) - 1) >> 20) + " MiB"; }

[[noreturn]] void throw_out_of_memory(size_t bytes, size_t available, const char* purpose) {
  throw DeviceOutOfMemory(std::string(purpose) + " needs " + mebibytes(bytes) + ", " + mebibytes(available) +
                              " of memory are free: close other programs, choose INT8 or INT4, or a shorter context",
                          bytes, available);
}

}  // namespace

Buffer allocate_aligned(size_t bytes, const char* purpose) {
  const size_t alignment = bytes >= kLarge ? kHugePage : kCacheLine;
  if (bytes > std::numeric_limits<size_t>::max() / 2)
    throw_out_of_memory(bytes, memory_info().available_bytes, purpose);
  const size_t rounded = (bytes + alignment) / alignment * alignment;
  if (bytes >= kLarge) {
    const size_t available = memory_info().available_bytes;
    if (rounded > available) throw_out_of_memory(bytes, available, purpose);
  }
  void* data = std::aligned_alloc(alignment, rounded);
  if (!data) throw_out_of_memory(bytes, memory_info().available_bytes, purpose);
  if (bytes >= kLarge) madvise(data, rounded, MADV_HUGEPAGE);
  return Buffer(data, bytes, [](void* memory) { std::free(memory); });
}

}  // namespace flightdeck::cpu
