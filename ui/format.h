// Numbers as people read them. Pure.
#pragma once

#include <QString>
#include <cstdint>
#include <string>

namespace flightdeck {

QString formatBytes(uint64_t bytes);    // "4.3 GB", "612 MB"
QString formatCount(int64_t count);     // "8 240"
QString formatRate(double per_second);  // "1 412", "71.3", "0"
QString formatSeconds(double seconds);  // "0.4 s", "51 s", "1 min 04 s"
QString formatMilliseconds(double ms);  // "4.9 ms", "1.2 s"
QString formatWhen(int64_t epoch_ms);   // "12:04", "yesterday", "3 Nov"
inline QString qs(const std::string& text) { return QString::fromStdString(text); }

}  // namespace flightdeck
