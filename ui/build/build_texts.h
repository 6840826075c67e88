// Words of building: formats, phases, fit. Pure.
#pragma once

#include <QString>

#include "core/engine/builder.h"
#include "ui/widgets/controls.h"

namespace flightdeck {

QString formatName(QFormat format);                    // "INT8"
QString formatName(const std::string& qformat);        // of "int8_wo"
QString formatDetail(QFormat format, int group_size);  // "weight-only, per channel"
QString qformatFlag(QFormat format);                   // "int8_wo", as on the command line
QString phaseName(BuildPhase phase);
QString progressLine(const BuildProgress& progress);  // "Quantize and pack · layer 3 of 8 · 4 s left"

enum class Fit : uint8_t { fits, tight, too_large, impossible };
struct FitText {
  Fit fit = Fit::fits;
  QString text;
  Tone tone = Tone::muted;
};
/// What the memory estimate means on this device.
FitText fitOf(const Preflight& preflight);
/// "baichuan · 32 layers · hidden 4096 · 32 heads (MHA) · vocabulary 125 696"
QString describe(const ModelConfig& config);

}  // namespace flightdeck
