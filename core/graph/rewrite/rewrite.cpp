// The driver: passes in order, each timed and then verified on a small model of the same family, made up weights.
#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/graph/arch.h"
#include "core/graph/passes.h"
#include "core/graph/reference.h"

namespace flightdeck {

namespace {

constexpr double kTolerance = 1e-4;  // of the largest logit

/// The shrunken model beside the real one: its logits must stay what they were before the first pass.
class Verifier {
 public:
  static Result<Verifier> create(const ModelConfig& config) {
    Verifier verifier;
    TRY(verifier.graph_, build_graph(shrink_config(config)));
    verifier.weights_ = made_up_weights(verifier.graph_);
    for (int i = 0; i < 12; ++i) verifier.ids_.push_back((i * 37 + 5) % verifier.graph_.info.vocab_size);
    TRY(verifier.logits_, run_reference(verifier.graph_, verifier.weights_, verifier.ids_, kWanted));
    return verifier;
  }

  /// Largest difference of the logits after `pass`, as a share of the largest logit.
  Result<double> verify(const Pass& pass, int rewrites_of_real) {
    const int rewrites = pass.apply(graph_);
    if (rewrites == 0 && rewrites_of_real > 0)
      return fail(ErrorKind::unsupported, "pass {} cannot be verified: it finds nothing in a small {} model", pass.name,
                  graph_.info.architecture);
    auto after = run_reference(graph_, weights_, ids_, kWanted);
    if (!after) return fail(after.error().kind, "pass {} broke the graph: {}", pass.name, after.error().message);
    double largest = 0, difference = 0;
    for (size_t i = 0; i < logits_.size(); ++i) {
      largest = std::max(largest, std::abs(logits_[i]));
      const double here = std::abs(logits_[i] - (*after)[i]);
      if (!(here <= difference)) difference = here;  // a NaN stays
    }
    return difference / largest;
  }

 private:
  inline static const std::vector<int> kWanted = {0, 3, 4, 10, 11};
  Graph graph_;
  WeightSource weights_;
  std::vector<int32_t> ids_;
  std::vector<double> logits_;
};

/// A pass and the later pass that alone can use what it makes.
bool is_disabled(const std::string& pass, const std::vector<std::string>& disabled) {
  const auto listed = [&](const char* name) { return std::count(disabled.begin(), disabled.end(), name) > 0; };
  return listed(pass.c_str()) || (pass == "fuse_qkv" && listed("fuse_rope_cache_write")) ||
         (pass == "fuse_gate_up" && listed("fuse_swiglu"));
}

}  // namespace

const std::vector<Pass>& all_passes() {
  static const std::vector<Pass> passes = {
      {"fold_norm_head", fold_norm_head},
      {"fold_constants", fold_constants},  // before the fusions that match around a scale
      {"fuse_qkv", fuse_qkv},
      {"fuse_rope_cache_write", fuse_rope_cache_write},
      {"fuse_gate_up", fuse_gate_up},
      {"fuse_swiglu", fuse_swiglu},
      {"fuse_residual_norm", fuse_residual_norm},
      {"eliminate_dead", eliminate_dead},
  };
  return passes;
}

ModelConfig shrink_config(const ModelConfig& config) {
  ModelConfig small = config;
  small.num_layers = 2;
  small.hidden_size = 64;
  small.intermediate_size = 96;
  small.vocab_size = 101;
  small.head_dim = 8;
  small.num_kv_heads = std::clamp(config.num_kv_heads, 1, 3);
  const int group = config.num_kv_heads > 0 ? config.num_heads / config.num_kv_heads : 1;
  small.num_heads = small.num_kv_heads * std::clamp(group, 1, 64);
  small.max_positions = 64;
  small.sliding_window = config.sliding_window > 0 ? 5 : 0;
  small.bos_ids.clear();
  small.eos_ids.clear();
  return small;
}

Result<std::vector<PassReport>> run_passes(const std::vector<Pass>& passes, Graph& graph, const ModelConfig& config) {
  TRY(Verifier verifier, Verifier::create(config));
  Graph work = graph;
  std::vector<PassReport> reports;
  for (const Pass& pass : passes) {
    PassReport report;
    report.name = pass.name;
    report.operations_before = static_cast<int>(work.nodes.size());
    const auto start = std::chrono::steady_clock::now();
    report.rewrites = pass.apply(work);
    report.milliseconds = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    report.operations_after = static_cast<int>(work.nodes.size());
    if (auto fine = check(work); !fine)
      return fail(fine.error().kind, "pass {} broke the graph: {}", pass.name, fine.error().message);
    TRY(report.max_difference, verifier.verify(pass, report.rewrites));
    if (!(report.max_difference <= kTolerance))
      return fail(ErrorKind::corrupt,
                  "pass {} changes the logits by {:.2g} of the largest, expected at most {:.0e}: "
                  "disable it and report this model",
                  pass.name, report.max_difference, kTolerance);
    reports.push_back(std::move(report));
  }
  graph = std::move(work);
  return reports;
}

Result<std::vector<PassReport>> rewrite(Graph& graph, const ModelConfig& config,
                                        const std::vector<std::string>& disabled) {
  std::vector<Pass> passes;
  std::string names;
  for (const Pass& pass : all_passes()) {
    names += (names.empty() ? "" : ", ") + std::string(pass.name);
    if (!is_disabled(pass.name, disabled)) passes.push_back(pass);
  }
  for (const std::string& name : disabled)
    if (std::none_of(all_passes().begin(), all_passes().end(), [&](const Pass& pass) { return name == pass.name; }))
      return fail(ErrorKind::invalid_input, "there is no pass \"{}\" to disable; the passes are {}", name, names);
  return run_passes(passes, graph, config);
}

}  // namespace flightdeck
