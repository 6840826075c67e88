// The graph of a model: operations on values of shape [tokens, width], in execution order. arch/<family>.cpp writes it
// in the words of the paper, rewrite/<pass>.cpp make it fast, plan.h turns what is left into steps.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "kernels/ops.h"

namespace flightdeck {

enum class OpKind : uint8_t {
  // Written by arch/
  embedding,          // (ids) -> x                       weight: table
  rms_norm,           // x -> h                           weight: vector
  linear,             // x -> y                           weight: matrix [, bias vector]; joined linears have one
                      //                                  output a part (columns in order) until a later pass takes all
  normalized_linear,  // as linear, rows of the matrix divided by their L2 norm (Baichuan2 NormHead)
  rope,               // x -> x                           attributes heads, head_dim, rotary_dim
  scale,              // x -> factor * x
  attention,          // q, k, v -> o: writes k and v into the cache, attends
  activation,         // x -> f(x)
  multiply,           // a, b -> a * b
  add,                // a, b -> a + b
  needed_rows,        // x -> rows of x whose logits are wanted
  // Made by rewrite/
  residual_rms_norm,  // residual, delta -> residual', h  weight: vector
  gated_activation,   // gate_up -> h
  rope_cache_write,   // qkv -> qkv': q rotated, k and v in the cache
  cached_attention,   // qkv' -> o: reads only the query columns and the cache
};
std::string_view name_of(OpKind op);

/// Numbers of an operation; each kind uses the ones its line above speaks of.
struct Attributes {
  int heads = 0;
  int kv_heads = 0;
  int head_dim = 0;
  int rotary_dim = 0;
  int window = 0;
  float scale = 1.0f;  // attention, scale
  float eps = 0.0f;    // norms
  bool alibi = false;
  Activation activation = Activation::silu;

  bool operator==(const Attributes&) const = default;
};

/// Rows [begin, end) of a checkpoint tensor; end == -1 means all. A one-dimensional tensor has rows of one number.
struct WeightPart {
  std::string tensor;
  int64_t row_begin = 0;
  int64_t row_end = -1;
};

enum class WeightRole : uint8_t { embedding, linear, lm_head, vector };

/// A weight of the engine: checkpoint rows stacked, optionally normalised. A vector has rows == 1.
struct WeightSpec {
  std::string name;
  WeightRole role = WeightRole::linear;
  int64_t rows = 0;
  int64_t cols = 0;
  std::vector<WeightPart> parts;
  bool normalize_rows = false;
};

struct Node {
  OpKind op = OpKind::add;
  std::vector<int> inputs;  // value ids
  std::vector<int> outputs;
  std::vector<std::string> weights;  // names in Graph::weights
  Attributes attributes;
  int layer = -1;  // decoder layer, -1 outside
};

/// What the runtime must know about the model beside its operations.
struct ModelInfo {
  std::string architecture;
  int vocab_size = 0;
  int hidden_size = 0;
  int num_layers = 0;
  int num_heads = 0;
  int num_kv_heads = 0;
  int head_dim = 0;
  int max_positions = 0;
  double rope_theta = 10000.0;
  std::vector<int32_t> bos_ids, eos_ids;
};

struct Graph {
  ModelInfo info;
  std::vector<Node> nodes;  // in execution order
  std::vector<int> widths;  // by value id; value 0 is the token ids (width 1)
  std::map<std::string, WeightSpec> weights;
  int output = -1;  // logits [needed rows, vocab]

  int add_value(int width) {
    widths.push_back(width);
    return static_cast<int>(widths.size()) - 1;
  }
  /// Index of the node that makes `value`, -1 for the ids.
  int producer(int value) const;                // both walk all nodes; passes use rewrite/editor.h
  std::vector<int> consumers(int value) const;  // node indices, each once
};

/// Every input is made before it is used, every weight is known, widths fit the operations. The reason when not.
Result<void> check(const Graph& graph);
/// Counts by operation, then one line a node, equal layers once ("layers 1-31"): for `inspect` and logs.
std::string to_text(const Graph& graph);

}  // namespace flightdeck
