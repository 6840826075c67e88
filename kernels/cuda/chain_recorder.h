// Finds the chains in a step's operations: what comes one after another is held back until it is clear how far a chain
// reaches. Operations keep their meaning; nothing that a later operation may read is left out.
#pragma once

#include <functional>
#include <vector>

#include "kernels/cuda/linear_chain.h"

namespace flightdeck::cuda {

/// Engine thread only. Outside record() operations run at once.
class ChainRecorder {
 public:
  explicit ChainRecorder(Context& context) : context_(context) {}

  /// Runs `operations`, in which the three below are held back; everything has been started when it returns.
  void record(const std::function<void()>& operations);
  void linear(const LinearArgs& args);
  void norm(const RmsNormArgs& args);
  void residual_norm(const ResidualRmsNormArgs& args);
  void gate(const GatedActivationArgs& args);
  /// Starts what is held back; every other operation has to wait behind it.
  void flush();

 private:
  enum class Kind : uint8_t { linear, norm, residual_norm, gate };
  struct Held {
    Kind kind;
    LinearArgs linear;
    ResidualRmsNormArgs norm;  // a plain norm's input is `residual`
    GatedActivationArgs gate;
  };
  void hold(const Held& held, int tokens);
  void run(const Held& held);
  size_t chain_from(const std::vector<Held>& all, size_t first, Chain& chain) const;
  size_t add_link(const std::vector<Held>& all, size_t at, Chain& chain) const;
  static bool add_residual(const ResidualRmsNormArgs& norm, Chain& chain);

  Context& context_;
  bool recording_ = false;
  std::vector<Held> held_;
};

}  // namespace flightdeck::cuda
