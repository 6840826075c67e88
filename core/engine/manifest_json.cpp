// EngineManifest ↔ JSON. Field names are those of the struct; unknown fields are ignored, known ones must be in range.
#include <algorithm>

#include "core/base/quote.h"
#include "core/engine/checksum.h"
#include "core/engine/engine_format.h"
#include "core/hub/names.h"

namespace flightdeck {
namespace {

constexpr size_t kMaxFiles = 10000;
constexpr int64_t kMaxTokens = 1 << 24;

constexpr std::pair<QFormat, std::string_view> kQFormats[] = {
    {QFormat::full_prec, "full_prec"}, {QFormat::int8_wo, "int8_wo"}, {QFormat::int4_wo, "int4_wo"}};

Json to_json(const PassReport& pass) {
  return {{"name", pass.name},
          {"rewrites", pass.rewrites},
          {"operations_before", pass.operations_before},
          {"operations_after", pass.operations_after},
          {"max_difference", pass.max_difference},
          {"milliseconds", pass.milliseconds}};
}

Json to_json(const ReportCard& report) {
  Json passes = Json::array(), phases = Json::array();
  for (const PassReport& pass : report.passes) passes.push_back(to_json(pass));
  for (const auto& [phase, seconds] : report.phase_seconds) phases.push_back({{"phase", phase}, {"seconds", seconds}});
  return {{"checkpoint_bytes", report.checkpoint_bytes},
          {"engine_bytes", report.engine_bytes},
          {"peak_host_bytes", report.peak_host_bytes},
          {"passes", std::move(passes)},
          {"operations_before", report.operations_before},
          {"operations_after", report.operations_after},
          {"phase_seconds", std::move(phases)},
          {"max_logit_error", report.max_logit_error},
          {"mean_logit_error", report.mean_logit_error},
          {"top1_agreement", report.top1_agreement}};
}

template <class Int>
Result<void> read_integer(const JsonReader& reader, const char* key, int64_t low, int64_t high, Int& field) {
  TRY(const int64_t value, reader.integer(key, low, high));
  field = static_cast<Int>(value);
  return {};
}

/// The list in field `key`, of objects; a missing one is empty.
Result<const Json*> objects_of(const Json& json, const char* key, const std::string& name) {
  static const Json none = Json::array();
  const auto found = json.find(key);
  if (found == json.end()) return &none;
  const bool fits = found->is_array() && found->size() <= 1000 &&
                    std::all_of(found->begin(), found->end(), [](const Json& item) { return item.is_object(); });
  if (!fits) return fail(ErrorKind::corrupt, "{}: {} is not a list of objects", name, key);
  return &*found;
}

Result<PassReport> pass_from_json(const Json& json, const std::string& name) {
  const JsonReader reader(json, name);
  PassReport pass;
  TRY(pass.name, reader.text("name"));
  TRY_VOID(read_integer(reader, "rewrites", 0, INT32_MAX, pass.rewrites));
  TRY_VOID(read_integer(reader, "operations_before", 0, INT32_MAX, pass.operations_before));
  TRY_VOID(read_integer(reader, "operations_after", 0, INT32_MAX, pass.operations_after));
  TRY(pass.max_difference, reader.number("max_difference", 0, 1e30));
  TRY(pass.milliseconds, reader.number("milliseconds", 0, 1e12));
  return pass;
}

Result<ReportCard> report_from_json(const Json& json, const std::string& name) {
  if (!json.is_object()) return fail(ErrorKind::corrupt, "{}: is not an object", name);
  const JsonReader reader(json, name);
  ReportCard report;
  TRY_VOID(read_integer(reader, "checkpoint_bytes", 0, INT64_MAX, report.checkpoint_bytes));
  TRY_VOID(read_integer(reader, "engine_bytes", 0, INT64_MAX, report.engine_bytes));
  TRY_VOID(read_integer(reader, "peak_host_bytes", 0, INT64_MAX, report.peak_host_bytes));
  TRY_VOID(read_integer(reader, "operations_before", 0, INT32_MAX, report.operations_before));
  TRY_VOID(read_integer(reader, "operations_after", 0, INT32_MAX, report.operations_after));
  TRY(report.max_logit_error, reader.number("max_logit_error", -1, 1e30));
  TRY(report.mean_logit_error, reader.number("mean_logit_error", -1, 1e30));
  TRY(report.top1_agreement, reader.number("top1_agreement", -1, 1));
  TRY(const Json* passes, objects_of(json, "passes", name));
  for (const Json& item : *passes) {
    TRY(PassReport pass, pass_from_json(item, name + ": passes"));
    report.passes.push_back(std::move(pass));
  }
  TRY(const Json* phases, objects_of(json, "phase_seconds", name));
  for (const Json& item : *phases) {
    const JsonReader phase(item, name + ": phase_seconds");
    TRY(std::string phase_name, phase.text("phase"));
    TRY(const double seconds, phase.number("seconds", 0, 1e9));
    report.phase_seconds.emplace_back(std::move(phase_name), seconds);
  }
  return report;
}

/// An object of texts whose keys stay in their directory.
Result<std::map<std::string, std::string>> files_of(const Json& json, const char* key, const std::string& name) {
  std::map<std::string, std::string> files;
  const auto found = json.find(key);
  if (found == json.end() || !found->is_object() || found->size() > kMaxFiles)
    return fail(ErrorKind::corrupt, "{}: {} is not a list of files", name, key);
  for (const auto& [file, value] : found->items()) {
    if (!is_plain_file_name(file))
      return fail(ErrorKind::corrupt, "{}: {} names {}, which is not a plain file name", name, key, quote(file));
    if (!value.is_string() || value.get_ref<const std::string&>().size() > 200)
      return fail(ErrorKind::corrupt, "{}: {} of {} is no text", name, key, quote(file));
    files.emplace(file, value.get<std::string>());
  }
  return files;
}

Result<std::string> one_of(const JsonReader& reader, const char* key, std::initializer_list<std::string_view> allowed,
                           const std::string& name) {
  TRY(std::string text, reader.text(key));
  if (std::find(allowed.begin(), allowed.end(), text) == allowed.end())
    return fail(ErrorKind::corrupt, "{}: {} is {}, expected {}", name, key, quote(text), fmt::join(allowed, ", "));
  return text;
}

/// Shown to people, and what a hub may be asked for: only names that a hub could have given. Older engines have none.
Result<void> read_origin(const JsonReader& reader, const std::string& name, EngineManifest& manifest) {
  TRY(manifest.hub, reader.text("hub", std::string()));
  TRY(manifest.repository, reader.text("repository", std::string()));
  TRY(manifest.revision, reader.text("revision", std::string()));
  const bool fits = (manifest.hub.empty() || parse_hub(manifest.hub)) &&
                    (manifest.repository.empty() || RepoId::parse(manifest.repository)) &&
                    (manifest.revision.empty() || Revision::parse(manifest.revision));
  if (fits) return {};
  return fail(ErrorKind::corrupt, "{}: {} {} at {} is not a repository of a hub", name, quote(manifest.hub),
              quote(manifest.repository), quote(manifest.revision));
}

Result<void> read_limits(const JsonReader& reader, const std::string& name, EngineManifest& manifest) {
  TRY_VOID(read_integer(reader, "group_size", 0, 128, manifest.group_size));
  if (manifest.group_size != 0 && manifest.group_size != 32 && manifest.group_size != 64 && manifest.group_size != 128)
    return fail(ErrorKind::corrupt, "{}: group_size is {}, expected 0, 32, 64 or 128", name, manifest.group_size);
  TRY(manifest.quantize_lm_head, reader.boolean("quantize_lm_head"));
  TRY_VOID(read_integer(reader, "max_batch_size", 1, 65536, manifest.max_batch_size));
  TRY_VOID(read_integer(reader, "max_input_len", 1, kMaxTokens, manifest.max_input_len));
  TRY_VOID(read_integer(reader, "max_output_len", 1, kMaxTokens, manifest.max_output_len));
  TRY_VOID(read_integer(reader, "tokens_per_block", 1, 1024, manifest.tokens_per_block));
  return {};
}

}  // namespace

std::string_view name_of(QFormat format) {
  for (const auto& [value, name] : kQFormats)
    if (value == format) return name;
  return "";
}

Result<QFormat> parse_qformat(std::string_view name) {
  for (const auto& [value, known] : kQFormats)
    if (known == name) return value;
  for (const std::string_view later : {"int4_awq", "int4_gptq", "int8_sq", "fp8"})
    if (name == later)
      return fail(ErrorKind::unsupported, "qformat {} is not supported yet: choose full_prec, int8_wo or int4_wo",
                  name);
  return fail(ErrorKind::invalid_input, "there is no qformat {}: choose full_prec, int8_wo or int4_wo", quote(name));
}

Json to_json(const EngineManifest& manifest) {
  return {{"format_version", manifest.format_version},
          {"name", manifest.name},
          {"source", manifest.source},
          {"hub", manifest.hub},
          {"repository", manifest.repository},
          {"revision", manifest.revision},
          {"source_files", manifest.source_files},
          {"qformat", name_of(manifest.qformat)},
          {"dtype", manifest.dtype},
          {"group_size", manifest.group_size},
          {"quantize_lm_head", manifest.quantize_lm_head},
          {"max_batch_size", manifest.max_batch_size},
          {"max_input_len", manifest.max_input_len},
          {"max_output_len", manifest.max_output_len},
          {"tokens_per_block", manifest.tokens_per_block},
          {"kv_cache_dtype", manifest.kv_cache_dtype},
          {"created", manifest.created},
          {"checksums", manifest.checksums},
          {"report", to_json(manifest.report)}};
}

Result<EngineManifest> manifest_from_json(const Json& json, const std::string& name) {
  if (!json.is_object()) return fail(ErrorKind::corrupt, "{}: is not a JSON object", name);
  const JsonReader reader(json, name);
  EngineManifest manifest;
  TRY_VOID(read_integer(reader, "format_version", 1, kEngineFormatVersion, manifest.format_version));
  TRY(manifest.name, reader.text("name"));
  TRY(manifest.source, reader.text("source"));
  TRY_VOID(read_origin(reader, name, manifest));
  TRY(manifest.source_files, files_of(json, "source_files", name));
  TRY(const std::string qformat, one_of(reader, "qformat", {"full_prec", "int8_wo", "int4_wo"}, name));
  TRY(manifest.qformat, parse_qformat(qformat));
  TRY(manifest.dtype, one_of(reader, "dtype", {"float32", "float16", "bfloat16"}, name));
  TRY_VOID(read_limits(reader, name, manifest));
  TRY(manifest.kv_cache_dtype, one_of(reader, "kv_cache_dtype", {"auto", "float32", "float16"}, name));
  TRY(manifest.created, reader.text("created"));
  TRY(manifest.checksums, files_of(json, "checksums", name));
  for (const auto& [file, checksum] : manifest.checksums)
    if (!is_checksum(checksum))
      return fail(ErrorKind::corrupt, "{}: the checksum of {} is {}", name, quote(file), quote(checksum));
  const auto report = json.find("report");
  if (report == json.end()) return fail(ErrorKind::corrupt, "{}: has no report", name);
  TRY(manifest.report, report_from_json(*report, name + ": report"));
  return manifest;
}

}  // namespace flightdeck
