#include <algorithm>
#include <cassert>
#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "core/base/float16.h"
#include "core/checkpoint/checkpoint.h"

namespace flightdeck {
namespace {

/// `from` is not aligned; fixed-size memcpy becomes one unaligned load, and the loop vectorises.
template <float (*convert)(uint16_t)>
void convert_16_bits(const std::byte* from, size_t count, float* out) {
  for (size_t i = 0; i < count; ++i) {
    uint16_t bits;
    std::memcpy(&bits, from + 2 * i, sizeof bits);
    out[i] = convert(bits);
  }
}

#if defined(__x86_64__)
/// The same with the processor's own instruction; returns how many of the numbers it converted.
__attribute__((target("avx,f16c"))) size_t convert_f16_by_eight(const std::byte* from, size_t count, float* out) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8)
    _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + 2 * i))));
  return i;
}
const bool has_f16c = __builtin_cpu_supports("avx2");  // each with AVX2 has F16C, which clang 14 cannot ask for
#else
size_t convert_f16_by_eight(const std::byte*, size_t, float*) { return 0; }
constexpr bool has_f16c = false;
#endif

void convert_f16(const std::byte* from, size_t count, float* out) {
  const size_t done = has_f16c ? convert_f16_by_eight(from, count, out) : 0;
  convert_16_bits<f16_to_f32>(from + 2 * done, count - done, out + done);
}

}  // namespace

void convert_to_f32(const TensorInfo& tensor, int64_t row_begin, int64_t row_end, float* out) {
  size_t columns = 1;
  for (size_t i = 1; i < tensor.shape.size(); ++i) columns *= static_cast<size_t>(tensor.shape[i]);
  const int64_t rows = tensor.shape.empty() ? 1 : tensor.shape[0];
  assert(row_begin >= 0 && row_begin <= row_end && row_end <= rows && "rows of this tensor");
  const bool inside = row_begin >= 0 && row_begin <= row_end && row_end <= rows;
  const size_t count = inside ? static_cast<size_t>(row_end - row_begin) * columns : 0;
  const size_t width = bytes_of(tensor.dtype);
  const size_t first = inside ? static_cast<size_t>(row_begin) * columns * width : 0;
  // Checked again at each read, whoever made the TensorInfo.
  if (count == 0 || first + count * width > tensor.data.size()) return;
  const std::byte* from = tensor.data.data() + first;
  switch (tensor.dtype) {
    case DType::f32:
      std::memcpy(out, from, count * sizeof(float));
      break;
    case DType::f16:
      convert_f16(from, count, out);
      break;
    case DType::bf16:
      convert_16_bits<bf16_to_f32>(from, count, out);
      break;
    case DType::i8:
    case DType::i32:
      assert(false && "only float tensors convert");
      break;
  }
}

}  // namespace flightdeck
