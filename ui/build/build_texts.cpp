#include "ui/build/build_texts.h"

#include <QCoreApplication>
#include <QStringList>

#include "ui/format.h"

namespace flightdeck {
namespace {
class Words {
  Q_DECLARE_TR_FUNCTIONS(build)
};
}  // namespace

QString formatName(QFormat format) {
  switch (format) {
    case QFormat::full_prec:
      return Words::tr("Full precision");
    case QFormat::int8_wo:
      return QStringLiteral("INT8");
    case QFormat::int4_wo:
      return QStringLiteral("INT4");
  }
  return {};
}

QString formatName(const std::string& qformat) {
  for (QFormat format : {QFormat::full_prec, QFormat::int8_wo, QFormat::int4_wo})
    if (qformatFlag(format).toStdString() == qformat) return formatName(format);
  return qs(qformat);
}

QString qformatFlag(QFormat format) {
  switch (format) {
    case QFormat::full_prec:
      return QStringLiteral("full_prec");
    case QFormat::int8_wo:
      return QStringLiteral("int8_wo");
    case QFormat::int4_wo:
      return QStringLiteral("int4_wo");
  }
  return {};
}

QString formatDetail(QFormat format, int group_size) {
  switch (format) {
    case QFormat::full_prec:
      return Words::tr("the checkpoint's own numbers");
    case QFormat::int8_wo:
      return Words::tr("weight-only, per channel");
    case QFormat::int4_wo:
      return group_size > 0 ? Words::tr("weight-only, group %1").arg(group_size)
                            : Words::tr("weight-only, per channel");
  }
  return {};
}

QString phaseName(BuildPhase phase) {
  switch (phase) {
    case BuildPhase::read:
      return Words::tr("Read checkpoint");
    case BuildPhase::rewrite:
      return Words::tr("Rewrite graph");
    case BuildPhase::quantize:
      return Words::tr("Quantize and pack");
    case BuildPhase::verify:
      return Words::tr("Verify");
    case BuildPhase::write:
      return Words::tr("Write engine");
  }
  return {};
}

QString progressLine(const BuildProgress& progress) {
  QStringList parts{phaseName(progress.phase)};
  if (!progress.detail.empty()) parts << qs(progress.detail);
  if (progress.eta_s >= 0) parts << Words::tr("%1 left").arg(formatSeconds(progress.eta_s));
  return parts.join(QStringLiteral(" · "));
}

FitText fitOf(const Preflight& preflight) {
  if (!preflight.problem.empty()) return {Fit::impossible, qs(preflight.problem), Tone::error};
  const uint64_t free = preflight.device_free_bytes, need = preflight.run_bytes;
  if (free == 0) return {Fit::fits, Words::tr("free memory is not known"), Tone::muted};
  if (need <= free) {
    const bool tight = need > free / 10 * 9;
    return {tight ? Fit::tight : Fit::fits,
            tight ? Words::tr("tight: %1 to spare").arg(formatBytes(free - need))
                  : Words::tr("fits with %1 to spare").arg(formatBytes(free - need)),
            tight ? Tone::prefill : Tone::muted};
  }
  // The cache shrinks to what is left: only the weights must fit.
  if (preflight.weight_bytes + preflight.workspace_bytes < free)
    return {Fit::tight, Words::tr("tight: %1 over, fewer sequences or tokens").arg(formatBytes(need - free)),
            Tone::prefill};
  return {Fit::too_large, Words::tr("needs %1 more: choose fewer bits").arg(formatBytes(need - free)), Tone::error};
}

QString describe(const ModelConfig& config) {
  const QString sharing = config.num_kv_heads == config.num_heads ? QStringLiteral("MHA")
                          : config.num_kv_heads == 1              ? QStringLiteral("MQA")
                                                                  : QStringLiteral("GQA %1").arg(config.num_kv_heads);
  return Words::tr("%1 layers · hidden %2 · %3 heads (%4) · vocabulary %5 · context %6")
      .arg(config.num_layers)
      .arg(config.hidden_size)
      .arg(config.num_heads)
      .arg(sharing, formatCount(config.vocab_size), formatCount(config.max_positions));
}

}  // namespace flightdeck
