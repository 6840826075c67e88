// Finds what stands around the linears of a decode step and can be done by their kernels. Operations are held back
// until the next one is known; each keeps its meaning and writes what it would have written, but for rope inside attention: the
// rotated queries are kept nowhere.
#pragma once

#include <functional>
#include <vector>

#include "kernels/cuda/gemv.h"

namespace flightdeck::cuda {

/// Engine thread only. Outside record() operations run at once.
class OpFuser {
 public:
  explicit OpFuser(Context& context) : context_(context) {}

  /// Runs `operations`, in which the five below are held back; everything has been started when it returns.
  void record(const std::function<void()>& operations);
  void linear(const LinearArgs& args);
  void norm(const RmsNormArgs& args);
  void residual_norm(const ResidualRmsNormArgs& args);
  void gate(const GatedActivationArgs& args);
  void rope_cache_write(const RopeCacheWriteArgs& args);
  /// Never held back, but takes in the rope before it.
  void attention(const AttentionArgs& args);
  /// Starts what is held back; every other operation has to come behind it.
  void flush();

 private:
  enum class Kind : uint8_t { linear, norm, residual_norm, gate, rope };
  struct Held {
    Kind kind;
    LinearArgs linear;
    ResidualRmsNormArgs norm;  // a plain norm's input is `residual`
    GatedActivationArgs gate;
    RopeCacheWriteArgs rope;
  };
  void hold(const Held& held, bool few_tokens);
  void run(const Held& held);
  size_t run_fused(size_t first);
  bool add_norm(FusedLinear& linear, const Held& norm) const;
  bool add_gate(FusedLinear& linear, const Held& gate) const;
  bool add_residual(FusedLinear& linear, const Held& norm) const;

  Context& context_;
  bool recording_ = false;
  std::vector<Held> held_;
};

}  // namespace flightdeck::cuda
