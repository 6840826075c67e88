#include "ui/models/fit_chip.h"

#include <QCoreApplication>
#include <algorithm>

#include "ui/format.h"

namespace flightdeck {
namespace {
class Words {
  Q_DECLARE_TR_FUNCTIONS(fit)
};

QString shortName(QFormat format) { return format == QFormat::full_prec ? QStringLiteral("FP16") : formatName(format); }
}  // namespace

FitWords fitWords(QFormat format, const Preflight& flight) {
  const FitText fit = fitOf(flight);
  const bool is_known = flight.device_free_bytes > 0;
  FitWords words;
  // A sign too: not by colour alone.
  const QString sign = !is_known               ? QString()
                       : fit.fit == Fit::fits  ? QStringLiteral("✓ ")
                       : fit.fit == Fit::tight ? QStringLiteral("≈ ")
                                               : QStringLiteral("✗ ");
  words.chip = sign + shortName(format);
  words.spoken = QStringLiteral("%1: %2").arg(shortName(format), fit.text);
  const int context = std::min(flight.config.max_positions, kForeseenContext);
  words.sum = Words::tr("weights %1 + cache of one sequence of %2 tokens %3 + workspace %4 = %5")
                  .arg(formatBytes(flight.weight_bytes), formatCount(context), formatBytes(flight.kv_cache_bytes),
                       formatBytes(flight.workspace_bytes), formatBytes(flight.run_bytes));
  words.tone = !is_known ? Tone::muted : fit.fit == Fit::fits ? Tone::accent : fit.tone;
  return words;
}

FitChip::FitChip(QFormat format, QWidget* parent) : QLabel(parent), format_(format) {
  setTextFormat(Qt::PlainText);
  setFont(fontOf(FontKind::semibold, type::tiny));
  setProperty("look", "chip");
}

void FitChip::setFit(const Preflight& flight) {
  const FitWords words = fitWords(format_, flight);
  setText(words.chip);
  setTone(this, words.tone);
  setAccessibleName(words.spoken);
  setToolTip(words.spoken + QLatin1Char('\n') + words.sum);
}

}  // namespace flightdeck
