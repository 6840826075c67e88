#include "core/engine/builder.h"

#include <algorithm>
#include <filesystem>
#include <new>
#include <optional>

#include "core/engine/build_plan.h"
#include "core/engine/build_progress.h"
#include "core/engine/bytes_text.h"
#include "core/engine/checksum.h"
#include "core/engine/partial_dir.h"
#include "core/engine/sample_error.h"
#include "core/engine/sample_text.h"
#include "core/engine/source_files.h"
#include "core/engine/weight_writer.h"
#include "core/quantize/row_encoder.h"

namespace flightdeck {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMaxCopiedBytes = size_t{256} << 20;

/// Errors of the sample's logits (LogitError::relative) beyond which something is broken, not merely rounded. Random
/// weights, the hardest case, give 0.05 in INT8 and 0.5 in INT4 after 22 layers; unrelated logits give 1.4.
double worst_error(const EngineManifest& manifest) {
  if (manifest.qformat == QFormat::int4_wo) return 1.1;
  return manifest.qformat == QFormat::int8_wo ? 0.3 : 0.1;
}

/// One build, phase after phase.
class Build {
 public:
  Build(const BuildOptions& options, const std::function<void(const BuildProgress&)>& progress, std::stop_token stop)
      : options_(options), clock_(progress), stop_(std::move(stop)) {}

  Result<EngineManifest> run() {
    clock_.begin(BuildPhase::read, "opening the checkpoint");
    TRY(const std::string output, checked_output(options_));
    TRY(const Checkpoint checkpoint, Checkpoint::open(options_.model_dir));
    TRY(EngineManifest manifest, manifest_for(options_, checkpoint));
    manifest.name = fs::path(output).filename().string();
    clock_.begin(BuildPhase::rewrite, "rewriting the graph");
    TRY(build_, plan_build(options_, checkpoint, std::move(manifest)));
    TRY_VOID(check_stop());
    TRY_VOID(make_directories(fs::path(output).parent_path().string()));
    TRY_VOID(check_disk(output));
    TRY(PartialDir partial, PartialDir::create(output));
    SourceHasher hasher(checkpoint.folder(), checkpoint.files());
    TRY_VOID(quantize(checkpoint, partial.path()));
    TRY_VOID(verify());
    TRY(build_.manifest.source_files, hasher.finish(stop_));
    TRY_VOID(write(partial.path()));
    TRY_VOID(check_stop());
    TRY_VOID(partial.install(options_.overwrite));
    return std::move(build_.manifest);
  }

 private:
  Result<void> check_stop() const {
    if (stop_.stop_requested()) return fail(ErrorKind::cancelled, "the build was cancelled");
    return {};
  }

  Result<void> check_disk(const std::string& output) const {
    TRY(const uint64_t free_bytes, free_disk_bytes(output));
    const std::string problem = disk_problem(output, output_bytes(build_, options_.model_dir), free_bytes);
    if (!problem.empty()) return fail(ErrorKind::no_space, "{}", problem);
    return {};
  }

  Result<void> quantize(const Checkpoint& checkpoint, const std::string& folder) {
    clock_.begin(BuildPhase::quantize, "quantizing");
    if (options_.measure_error) {
      TRY(sample_, SampleError::create(build_.plan, options_.threads, sample_text(options_.model_dir)));
    }
    for (const WeightSpec& spec : build_.plan.weights) {
      TRY(const WeightSource source, WeightSource::open(checkpoint, spec));
      source_bytes_ += source.bytes();
    }
    WeightWriter writer(folder, build_.layout);
    for (size_t i = 0; i < build_.plan.weights.size(); ++i) {
      auto done = stream(i, checkpoint, writer);
      // A file that shrank reads as zeros: say that instead of what the zeros led to.
      if (!done) TRY_VOID(checkpoint.unchanged());
      TRY_VOID(done);
    }
    TRY_VOID(checkpoint.unchanged());
    return writer.finish();
  }

  Result<void> stream(size_t index, const Checkpoint& checkpoint, WeightWriter& writer) {
    const WeightSpec& spec = build_.plan.weights[index];
    const StoredWeight& stored = build_.layout.weights[index];
    if (stored.is_shared && !sample_) return {};
    TRY(const WeightSource source, WeightSource::open(checkpoint, spec));
    const bool is_table = spec.role == WeightRole::embedding;
    StreamOptions options{options_.threads, stop_, [&](uint64_t bytes) { tell(index, bytes); }};
    SampleWeight sample;
    const bool keeps = sample_ && !is_table && !(full_format(source) == stored.format && source.contiguous());
    const auto sink = [&](std::span<const std::byte> bytes) -> Result<void> {
      return stored.is_shared ? Result<void>() : writer.append(stored.tensor, bytes);
    };
    TRY(auto scales,
        stream_weight(source, stored, options, sink, sample.engine.data, keeps ? sample_->rows_needed(spec) : 0));
    if (!stored.is_shared)
      TRY_VOID(writer.append(scales_name(stored.tensor), std::as_bytes(std::span<const float>(scales))));
    if (!sample_) return {};
    if (is_table) {
      sample_table(source, stored, sample);
    } else {
      TRY_VOID(sample_matrix(source, stored, std::move(scales), spec, sample));
    }
    TRY_VOID(check_stop());
    TRY_VOID(sample_->add(std::move(sample)));
    source.drop(0, spec.rows);
    clock_.sample_memory();
    return {};
  }

  /// The rows of the embedding that the sample uses.
  void sample_table(const WeightSource& source, const StoredWeight& stored, SampleWeight& sample) const {
    const auto rows = static_cast<int64_t>(sample_->token_ids().size());
    std::vector<float> values(static_cast<size_t>(rows * stored.cols));
    for (int64_t i = 0; i < rows; ++i)
      source.read_sample(sample_->token_ids()[static_cast<size_t>(i)], values.data() + i * stored.cols);
    for (auto [weight, format] : {std::pair{&sample.full, WeightFormat::f32}, {&sample.engine, stored.format}}) {
      weight->data.resize(data_bytes(format, static_cast<size_t>(rows), static_cast<size_t>(stored.cols)));
      RowEncoder{format, stored.cols, 0}.encode(values.data(), rows, weight->data.data(), nullptr);
      weight->view = {format, static_cast<int>(rows), static_cast<int>(stored.cols), 0, weight->data.data(), nullptr};
    }
  }

  Result<void> sample_matrix(const WeightSource& source, const StoredWeight& stored, std::vector<float> scales,
                             const WeightSpec& spec, SampleWeight& sample) const {
    const int64_t rows = sample_->rows_needed(spec);
    if (spec.role == WeightRole::vector) {
      sample.vector.resize(static_cast<size_t>(stored.cols));
      source.read(0, 1, sample.vector.data());
      return {};
    }
    WeightView& engine = sample.engine.view;
    engine = {stored.format, static_cast<int>(rows), static_cast<int>(stored.cols),
              static_cast<int>(stored.group_cols)};
    engine.data = sample.engine.data.data();
    sample.engine.scales = std::move(scales);
    engine.scales = sample.engine.scales.data();
    if (full_format(source) != stored.format) {
      TRY(sample.full, full_precision_weight(source, stored, rows, {options_.threads, stop_, {}}));
      return {};
    }
    // Nothing was lost: the same bytes serve for both.
    sample.full.view = engine;
    if (source.contiguous()) sample.full.view.data = source.contiguous();
    engine.data = nullptr;
    return {};
  }

  void tell(size_t index, uint64_t bytes) {
    read_bytes_ += bytes;
    const WeightSpec& spec = build_.plan.weights[index];
    const double seconds = clock_.seconds_in_phase();
    const int layer = layer_of(spec.name);
    const std::string what = layer >= 0 ? fmt::format("layer {} of {}", layer + 1, build_.plan.info.num_layers)
                             : spec.role == WeightRole::embedding ? std::string("embedding")
                                                                  : std::string("head");
    const double speed = seconds > 0 ? static_cast<double>(read_bytes_) / seconds / 1e6 : 0;
    clock_.update(fmt::format("{} · {:.0f} MB/s", what, speed),
                  static_cast<double>(read_bytes_) / static_cast<double>(std::max<uint64_t>(1, source_bytes_)));
  }

  int layer_of(const std::string& weight) const {
    for (const PlanStep& step : build_.plan.steps)
      if (std::count(step.weights.begin(), step.weights.end(), weight) > 0) return step.layer;
    return -1;
  }

  Result<void> verify() {
    clock_.begin(BuildPhase::verify, sample_ ? "comparing logits with full precision" : "");
    if (!sample_) return {};
    TRY(const LogitError error, sample_->finish());
    sample_.reset();
    ReportCard& report = build_.manifest.report;
    report.max_logit_error = error.max_difference;
    report.mean_logit_error = error.mean_difference;
    report.top1_agreement = error.top1_agreement;
    if (error.relative > worst_error(build_.manifest))
      return fail(ErrorKind::unsupported,
                  "the engine's logits differ from full precision by {:.0f}% of their spread (at most {:.0f}% are "
                  "accepted): this model does not bear {}, choose INT8 or full precision",
                  100 * error.relative, 100 * worst_error(build_.manifest), name_of(build_.manifest.qformat));
    return {};
  }

  Result<void> write(const std::string& folder) {
    clock_.begin(BuildPhase::write, "writing");
    for (const std::string& file : files_to_copy(options_.model_dir)) {
      TRY(const std::string content, read_file(options_.model_dir + "/" + file, kMaxCopiedBytes));
      TRY_VOID(write_file_atomically(folder + "/" + file, content));
      build_.manifest.checksums[file] = {};
    }
    TRY_VOID(write_file_atomically(folder + "/" + kPlanFile, to_json(build_.plan).dump(1) + "\n"));
    build_.manifest.checksums[kPlanFile] = {};
    for (const EngineShard& shard : build_.layout.shards) build_.manifest.checksums[shard.file] = {};
    TRY_VOID(fill_checksums(folder));
    ReportCard& report = build_.manifest.report;
    report.peak_host_bytes = clock_.peak_bytes();
    report.phase_seconds = clock_.phase_seconds();
    TRY_VOID(write_file_atomically(folder + "/" + kEngineFile, engine_json_text(build_.manifest)));
    TRY_VOID(EngineDir::open(folder));  // what was just written can be read
    return {};
  }

  Result<void> fill_checksums(const std::string& folder) {
    uint64_t done = 0;
    std::error_code code;
    for (auto& [file, checksum] : build_.manifest.checksums) {
      build_.manifest.report.engine_bytes += fs::file_size(folder + "/" + file, code);
      TRY(checksum, checksum_of_file(folder + "/" + file, [&](uint64_t bytes) {
            done += bytes;
            clock_.update("checksums of " + bytes_text(build_.layout.file_bytes),
                          static_cast<double>(done) / static_cast<double>(build_.layout.file_bytes + 1));
            return !stop_.stop_requested();
          }));
    }
    return {};
  }

  const BuildOptions& options_;
  BuildClock clock_;
  const std::stop_token stop_;
  BuildPlan build_;
  std::unique_ptr<SampleError> sample_;
  uint64_t source_bytes_ = 0, read_bytes_ = 0;
};

}  // namespace

Result<EngineManifest> build_engine(const BuildOptions& options,
                                    const std::function<void(const BuildProgress&)>& progress, std::stop_token stop) {
  try {
    return Build(options, progress, std::move(stop)).run();
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::no_space, "{}: not enough memory for the build: close other programs", options.model_dir);
  } catch (const std::exception& error) {
    return fail(ErrorKind::io, "{}: the build failed: {}", options.model_dir, error.what());
  }
}

}  // namespace flightdeck
