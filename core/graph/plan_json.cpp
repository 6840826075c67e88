// plan.json, one object:
//   info         {architecture, vocab_size, hidden_size, num_layers, num_heads, num_kv_heads, head_dim, max_positions,
//                 rope_theta, bos_ids, eos_ids}
//   slot_widths  [1, 4096, …]   slot 0 is the token ids
//   steps        [{op, in: [slots], out: [slots], weights: [names], layer, and the attributes that are not the
//   default}] weights      [{name, role, rows, cols, normalize_rows, parts: [{tensor, row_begin, row_end}]}] output
//   slot of the logits
// Read strictly: unknown fields, wrong types, numbers out of range and everything check(Plan) forbids are errors.
#include <algorithm>
#include <initializer_list>

#include "core/graph/operations.h"
#include "core/graph/plan.h"

namespace flightdeck {

namespace {

constexpr size_t kMaxSlots = 4096;
constexpr size_t kMaxSteps = 1 << 17;
constexpr size_t kMaxWeights = 1 << 17;
constexpr size_t kMaxParts = 64;
constexpr size_t kMaxIds = 1024;
constexpr int64_t kMaxInt = INT32_MAX;

Json to_json(const ModelInfo& info) {
  return {{"architecture", info.architecture},
          {"vocab_size", info.vocab_size},
          {"hidden_size", info.hidden_size},
          {"num_layers", info.num_layers},
          {"num_heads", info.num_heads},
          {"num_kv_heads", info.num_kv_heads},
          {"head_dim", info.head_dim},
          {"max_positions", info.max_positions},
          {"rope_theta", info.rope_theta},
          {"bos_ids", info.bos_ids},
          {"eos_ids", info.eos_ids}};
}

Json to_json(const WeightSpec& spec) {
  Json parts = Json::array();
  for (const WeightPart& part : spec.parts) {
    Json one = {{"tensor", part.tensor}};
    if (part.row_begin != 0) one["row_begin"] = part.row_begin;
    if (part.row_end != -1) one["row_end"] = part.row_end;
    parts.push_back(std::move(one));
  }
  Json json = {{"name", spec.name}, {"role", name_of(spec.role)}, {"rows", spec.rows}, {"cols", spec.cols}};
  json["parts"] = std::move(parts);
  if (spec.normalize_rows) json["normalize_rows"] = true;
  return json;
}

Json to_json(const PlanStep& step) {
  const Attributes usual, &a = step.attributes;
  Json json = {{"op", name_of(step.op)}, {"in", step.inputs}, {"out", step.outputs}};
  if (!step.weights.empty()) json["weights"] = step.weights;
  if (step.layer >= 0) json["layer"] = step.layer;
  if (a.heads != usual.heads) json["heads"] = a.heads;
  if (a.kv_heads != usual.kv_heads) json["kv_heads"] = a.kv_heads;
  if (a.head_dim != usual.head_dim) json["head_dim"] = a.head_dim;
  if (a.rotary_dim != usual.rotary_dim) json["rotary_dim"] = a.rotary_dim;
  if (a.window != usual.window) json["window"] = a.window;
  if (a.scale != usual.scale) json["scale"] = a.scale;
  if (a.eps != usual.eps) json["eps"] = a.eps;
  if (a.alibi != usual.alibi) json["alibi"] = a.alibi;
  if (a.activation != usual.activation) json["activation"] = name_of(a.activation);
  return json;
}

/// An object with no field but these.
Result<void> only_fields(const Json& json, const std::string& name, std::initializer_list<std::string_view> fields) {
  if (!json.is_object()) return fail(ErrorKind::corrupt, "{}: expected an object", name);
  for (const auto& [key, unused] : json.items())
    if (std::find(fields.begin(), fields.end(), key) == fields.end())
      return fail(ErrorKind::corrupt, "{}: the field \"{}\" is unknown", name, key);
  return {};
}

/// The array in field `key`; a missing one is empty.
Result<const Json*> array_of(const Json& json, const char* key, size_t most, const std::string& name) {
  static const Json empty = Json::array();
  const auto found = json.find(key);
  if (found == json.end()) return &empty;
  if (!found->is_array() || found->size() > most)
    return fail(ErrorKind::corrupt, "{}: {} must be a list of at most {}", name, key, most);
  return &*found;
}

template <class Int>
Result<std::vector<Int>> integers(const Json& json, const char* key, int64_t low, int64_t high, size_t most,
                                  const std::string& name) {
  TRY(const Json* list, array_of(json, key, most, name));
  std::vector<Int> numbers;
  for (const Json& item : *list) {
    const bool fits = item.is_number_integer() && (!item.is_number_unsigned() || item.get<uint64_t>() <= INT32_MAX) &&
                      item.get<int64_t>() >= low && item.get<int64_t>() <= high;
    if (!fits) return fail(ErrorKind::corrupt, "{}: {} holds {}, expected {} to {}", name, key, item.dump(), low, high);
    numbers.push_back(static_cast<Int>(item.get<int64_t>()));
  }
  return numbers;
}

Result<ModelInfo> info_from_json(const Json& json, const std::string& name) {
  TRY_VOID(only_fields(json, name,
                       {"architecture", "vocab_size", "hidden_size", "num_layers", "num_heads", "num_kv_heads",
                        "head_dim", "max_positions", "rope_theta", "bos_ids", "eos_ids"}));
  const JsonReader reader(json, name);
  ModelInfo info;
  TRY(info.architecture, reader.text("architecture"));
  const std::pair<const char*, int*> numbers[] = {
      {"vocab_size", &info.vocab_size},      {"hidden_size", &info.hidden_size},   {"num_layers", &info.num_layers},
      {"num_heads", &info.num_heads},        {"num_kv_heads", &info.num_kv_heads}, {"head_dim", &info.head_dim},
      {"max_positions", &info.max_positions}};
  for (const auto& [key, number] : numbers) {
    TRY(const int64_t value, reader.integer(key, 1, kMaxInt));
    *number = static_cast<int>(value);
  }
  TRY(info.rope_theta, reader.number("rope_theta", 1e-3, 1e12));
  TRY(info.bos_ids, integers<int32_t>(json, "bos_ids", 0, kMaxInt, kMaxIds, name));
  TRY(info.eos_ids, integers<int32_t>(json, "eos_ids", 0, kMaxInt, kMaxIds, name));
  return info;
}

Result<WeightPart> part_from_json(const Json& json, const std::string& name) {
  TRY_VOID(only_fields(json, name, {"tensor", "row_begin", "row_end"}));
  const JsonReader reader(json, name);
  WeightPart part;
  TRY(part.tensor, reader.text("tensor"));
  TRY(part.row_begin, reader.integer("row_begin", 0, kMaxInt, 0));
  TRY(part.row_end, reader.integer("row_end", -1, kMaxInt, -1));
  return part;
}

Result<WeightSpec> weight_from_json(const Json& json, const std::string& name) {
  TRY_VOID(only_fields(json, name, {"name", "role", "rows", "cols", "normalize_rows", "parts"}));
  const JsonReader reader(json, name);
  WeightSpec spec;
  TRY(spec.name, reader.text("name"));
  TRY(const std::string role, reader.text("role"));
  const std::optional<WeightRole> known = weight_role_named(role);
  if (!known) return fail(ErrorKind::corrupt, "{}: role is \"{}\"", name, role);
  spec.role = *known;
  TRY(spec.rows, reader.integer("rows", 1, kMaxInt));
  TRY(spec.cols, reader.integer("cols", 1, kMaxInt));
  TRY(spec.normalize_rows, reader.boolean("normalize_rows", false));
  TRY(const Json* parts, array_of(json, "parts", kMaxParts, name));
  for (const Json& part : *parts) {
    TRY(WeightPart read, part_from_json(part, name));
    spec.parts.push_back(std::move(read));
  }
  return spec;
}

Result<Attributes> attributes_from_json(const JsonReader& reader, const std::string& name) {
  Attributes a;
  const std::pair<const char*, int*> numbers[] = {{"heads", &a.heads},
                                                  {"kv_heads", &a.kv_heads},
                                                  {"head_dim", &a.head_dim},
                                                  {"rotary_dim", &a.rotary_dim},
                                                  {"window", &a.window}};
  for (const auto& [key, number] : numbers) {
    TRY(const int64_t value, reader.integer(key, 0, 1 << 24, 0));
    *number = static_cast<int>(value);
  }
  TRY(const double scale, reader.number("scale", -1e6, 1e6, 1.0));
  TRY(const double eps, reader.number("eps", 0, 1, 0.0));
  a.scale = static_cast<float>(scale);
  a.eps = static_cast<float>(eps);
  TRY(a.alibi, reader.boolean("alibi", false));
  TRY(const std::string activation, reader.text("activation", "silu"));
  const std::optional<Activation> known = activation_named(activation);
  if (!known) return fail(ErrorKind::corrupt, "{}: activation is \"{}\"", name, activation);
  a.activation = *known;
  return a;
}

Result<PlanStep> step_from_json(const Json& json, size_t slots, const std::string& name) {
  TRY_VOID(only_fields(json, name,
                       {"op", "in", "out", "weights", "layer", "heads", "kv_heads", "head_dim", "rotary_dim", "window",
                        "scale", "eps", "alibi", "activation"}));
  const JsonReader reader(json, name);
  PlanStep step;
  TRY(const std::string op, reader.text("op"));
  const std::optional<OpKind> known = op_named(op);
  if (!known) return fail(ErrorKind::corrupt, "{}: the operation \"{}\" is unknown", name, op);
  step.op = *known;
  TRY(step.inputs, integers<int>(json, "in", 0, static_cast<int64_t>(slots) - 1, 3, name));
  TRY(step.outputs, integers<int>(json, "out", 0, static_cast<int64_t>(slots) - 1, 3, name));
  TRY(const Json* weights, array_of(json, "weights", 2, name));
  for (const Json& weight : *weights) {
    if (!weight.is_string()) return fail(ErrorKind::corrupt, "{}: weights holds {}", name, weight.dump());
    step.weights.push_back(weight.get<std::string>());
  }
  TRY(const int64_t layer, reader.integer("layer", -1, 4095, -1));
  step.layer = static_cast<int>(layer);
  TRY(step.attributes, attributes_from_json(reader, name));
  return step;
}

}  // namespace

Json to_json(const Plan& plan) {
  Json steps = Json::array(), weights = Json::array();
  for (const PlanStep& step : plan.steps) steps.push_back(to_json(step));
  for (const WeightSpec& spec : plan.weights) weights.push_back(to_json(spec));
  return {{"info", to_json(plan.info)},
          {"slot_widths", plan.slot_widths},
          {"steps", std::move(steps)},
          {"weights", std::move(weights)},
          {"output", plan.output}};
}

Result<Plan> plan_from_json(const Json& json, const std::string& name) {
  TRY_VOID(only_fields(json, name, {"info", "slot_widths", "steps", "weights", "output"}));
  Plan plan;
  const auto info = json.find("info");
  if (info == json.end()) return fail(ErrorKind::corrupt, "{}: info is missing", name);
  TRY(plan.info, info_from_json(*info, name + ": info"));
  TRY(plan.slot_widths, integers<int>(json, "slot_widths", 1, kMaxInt, kMaxSlots, name));
  TRY(const Json* steps, array_of(json, "steps", kMaxSteps, name));
  for (const Json& step : *steps) {
    TRY(PlanStep read,
        step_from_json(step, plan.slot_widths.size(), fmt::format("{}: step {}", name, plan.steps.size())));
    plan.steps.push_back(std::move(read));
  }
  TRY(const Json* weights, array_of(json, "weights", kMaxWeights, name));
  for (const Json& weight : *weights) {
    TRY(WeightSpec read, weight_from_json(weight, fmt::format("{}: weight {}", name, plan.weights.size())));
    plan.weights.push_back(std::move(read));
  }
  TRY(const int64_t output, JsonReader(json, name).integer("output", 0, kMaxSlots));
  plan.output = static_cast<int>(output);
  if (auto fine = check(plan); !fine) return fail(ErrorKind::corrupt, "{}: {}", name, fine.error().message);
  return plan;
}

}  // namespace flightdeck
