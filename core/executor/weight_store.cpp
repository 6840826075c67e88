#include "core/executor/weight_store.h"

namespace flightdeck {

void WeightStore::add_vector(Backend& backend, const std::string& name, const std::vector<float>& values) {
  Buffer buffer = backend.allocate(values.size() * sizeof(float));
  backend.upload(buffer.data(), values.data(), values.size() * sizeof(float));
  vectors_[name] = std::move(buffer);
}

void WeightStore::remove(const std::string& name) {
  matrices_.erase(name);
  vectors_.erase(name);
}

const PackedWeight* WeightStore::matrix(const std::string& name) const {
  const auto found = matrices_.find(name);
  return found == matrices_.end() ? nullptr : found->second.get();
}

const float* WeightStore::vector(const std::string& name) const {
  const auto found = vectors_.find(name);
  return found == vectors_.end() ? nullptr : found->second.as<float>();
}

uint64_t WeightStore::bytes() const {
  uint64_t sum = 0;
  for (const auto& [name, weight] : matrices_) sum += weight->bytes();
  for (const auto& [name, buffer] : vectors_) sum += buffer.bytes();
  return sum;
}

}  // namespace flightdeck
