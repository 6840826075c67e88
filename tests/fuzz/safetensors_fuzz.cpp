#include "core/checkpoint/safetensors_header.h"
#include "tests/fuzz/fuzz_target.h"

using namespace flightdeck;

/// Accepted: every tensor lies inside the file, none overlap, bytes are shape × dtype, and a second run says the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto file = std::as_bytes(std::span(data, size));
  const auto header = parse_safetensors(file, "fuzz");
  const auto again = SafetensorsFile::parse(file, "fuzz");
  FUZZ_REQUIRE(header.has_value() == again.has_value());
  fuzz_accepted = header.has_value();
  if (!header) {
    FUZZ_REQUIRE(header.error().message == again.error().message && header.error().message.size() < 2000);
    return 0;
  }
  const std::byte* previous_end = file.data();
  for (size_t i = 0; i < header->tensors.size(); ++i) {
    const TensorInfo& tensor = header->tensors[i];
    FUZZ_REQUIRE(tensor.data.data() >= previous_end);
    previous_end = tensor.data.data() + tensor.data.size();
    size_t bytes = bytes_of(tensor.dtype);
    for (const int64_t dim : tensor.shape) bytes *= static_cast<size_t>(dim);
    FUZZ_REQUIRE(bytes == tensor.data.size() && tensor.shape.size() <= 8);
    FUZZ_REQUIRE((*again)[i].name == tensor.name && (*again)[i].data.data() == tensor.data.data());
  }
  FUZZ_REQUIRE(previous_end <= file.data() + file.size());
  return 0;
}
