// Weights on the device, by their name in the plan. Same thread as the backend.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kernels/backend.h"

namespace flightdeck {

class WeightStore {
 public:
  void add(const std::string& name, std::unique_ptr<PackedWeight> weight) { matrices_[name] = std::move(weight); }
  void add_vector(Backend& backend, const std::string& name, const std::vector<float>& values);
  void remove(const std::string& name);
  const PackedWeight* matrix(const std::string& name) const;  // null when absent
  const float* vector(const std::string& name) const;
  uint64_t bytes() const;

 private:
  std::map<std::string, std::unique_ptr<PackedWeight>> matrices_;
  std::map<std::string, Buffer> vectors_;
};

}  // namespace flightdeck
