#include "core/engine/sample_error.h"

#include "core/engine/build_plan.h"
#include "core/quantize/row_encoder.h"
#include "tests/core/engine/engine_fixture.h"

using namespace flightdeck;
using test::EngineFixture;
using test::TinyShape;

namespace {

/// The sample's error when `damage` has changed the engine's side of the weights; quantized to int8.
Result<LogitError> error_with(const EngineFixture& fixture, const std::function<void(CanonicalWeight&)>& damage) {
  TRY(const Checkpoint checkpoint, Checkpoint::open(fixture.model_dir()));
  TRY(EngineManifest manifest, manifest_for(fixture.options(), checkpoint));
  TRY(const BuildPlan build, plan_build(fixture.options(), checkpoint, std::move(manifest)));
  TRY(auto sample, SampleError::create(build.plan, 2));
  for (size_t i = 0; i < build.plan.weights.size(); ++i) {
    const WeightSpec& spec = build.plan.weights[i];
    const StoredWeight& stored = build.layout.weights[i];
    TRY(const WeightSource source, WeightSource::open(checkpoint, spec));
    const auto nowhere = [](std::span<const std::byte>) -> Result<void> { return {}; };
    SampleWeight weight;
    if (spec.role == WeightRole::vector) {
      weight.vector.resize(static_cast<size_t>(spec.cols));
      source.read(0, 1, weight.vector.data());
    } else if (spec.role == WeightRole::embedding) {
      for (const int32_t id : sample->token_ids()) {
        std::vector<float> row(static_cast<size_t>(spec.cols));
        source.read_sample(id, row.data());
        const auto bytes = std::as_bytes(std::span<const float>(row));
        weight.full.data.insert(weight.full.data.end(), bytes.begin(), bytes.end());
      }
      const auto rows = static_cast<int>(sample->token_ids().size());
      weight.full.view = {WeightFormat::f32, rows, static_cast<int>(spec.cols), 0, weight.full.data.data(), nullptr};
    } else {
      TRY(weight.full, full_precision_weight(source, stored, spec.rows, {}));
      CanonicalWeight& engine = weight.engine;
      TRY(engine.scales, stream_weight(source, stored, {}, nowhere, engine.data, spec.rows));
      damage(engine);
      engine.view = {stored.format,      static_cast<int>(spec.rows), static_cast<int>(spec.cols), 0,
                     engine.data.data(), engine.scales.data()};
    }
    TRY_VOID(sample->add(std::move(weight)));
  }
  return sample->finish();
}

}  // namespace

class SampleErrorTest : public QObject {
  Q_OBJECT
 private slots:
  void int8_is_near_for_every_family() {
    for (const TinyShape shape : {TinyShape::llama, TinyShape::llama_gqa_tied, TinyShape::baichuan2}) {
      const auto error = error_with(EngineFixture({.shape = shape}), [](CanonicalWeight&) {});
      VERIFY_OK(error);
      QVERIFY(error->relative > 0 && error->relative < 0.05 && error->top1_agreement > 0.9);
      QVERIFY(error->mean_difference < error->max_difference);
    }
  }

  void row65_bad_packing_stands_out() {
    const EngineFixture fixture;
    const auto swapped = error_with(fixture, [](CanonicalWeight& weight) {
      if (!weight.scales.empty()) std::reverse(weight.data.begin(), weight.data.end());
    });
    VERIFY_OK(swapped);
    QVERIFY(swapped->relative > 1);  // the builder installs nothing beyond 0.3 for int8, 1.1 for int4
    const auto doubled = error_with(fixture, [](CanonicalWeight& weight) {
      for (float& scale : weight.scales) scale *= 2;
    });
    QVERIFY(doubled->relative > 0.5);
  }

  void row65_scales_of_zero_and_infinity() {
    const EngineFixture fixture;
    const auto zero = error_with(
        fixture, [](CanonicalWeight& weight) { std::fill(weight.scales.begin(), weight.scales.end(), 0.0f); });
    VERIFY_OK(zero);
    QVERIFY(zero->relative > 0.5);  // embedding and head are left
    const auto infinite = error_with(fixture, [](CanonicalWeight& weight) {
      if (!weight.scales.empty()) weight.scales[0] = INFINITY;
    });
    VERIFY_ERROR(infinite, ErrorKind::corrupt, "no numbers");
  }
};

QTEST_GUILESS_MAIN(SampleErrorTest)
#include "sample_error_test.moc"
