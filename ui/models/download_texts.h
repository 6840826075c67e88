// Words of hubs and downloads. Pure.
#pragma once

#include <QString>

#include "core/hub/job.h"
#include "ui/widgets/controls.h"

namespace flightdeck {

QString hubName(HubKind hub);
/// "Fetching", "Paused", …
QString stateName(const JobSnapshot& job);
Tone stateTone(const JobSnapshot& job);
/// "3.2 GB of 15.0 GB · 48 MB/s · 4 min 10 s left", as much of it as is known.
QString progressText(const JobSnapshot& job);
/// Share of the bytes that are there, [0, 1].
double fractionOf(const JobSnapshot& job);
/// The file being fetched and how many are done: "3 of 9 files · model-00002-of-00003.safetensors".
QString filesText(const JobSnapshot& job);
/// "12 400", "1.3 M"
QString shortCount(uint64_t count);

}  // namespace flightdeck
