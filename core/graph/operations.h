// What every operation takes and gives, in one table: used by check, plans and their JSON.
#pragma once

#include <optional>
#include <string_view>

#include "core/graph/graph.h"

namespace flightdeck {

struct Signature {
  OpKind op;
  std::string_view name;
  int inputs;
  int outputs;
  int weights;            // without an optional bias
  bool has_kernel;        // false: a pass must lower it before a plan can be made
  std::string_view pass;  // the pass that does
};

const Signature& signature_of(OpKind op);
std::optional<OpKind> op_named(std::string_view name);

std::string_view name_of(Activation activation);
std::optional<Activation> activation_named(std::string_view name);
std::string_view name_of(WeightRole role);
std::optional<WeightRole> weight_role_named(std::string_view name);

/// Operations that leave their first output where their first input was.
bool runs_in_place(OpKind op);

/// "rope_cache_write of layer 3" for messages.
std::string describe(const Node& node);

/// One node against its values' widths, its weights and the model. Value ids and weight names must be known ones.
Result<void> check_node(const Graph& graph, const Node& node);

}  // namespace flightdeck
