#include "ui/device_note.h"

#include <QCoreApplication>
#include <algorithm>

#include "ui/format.h"

namespace flightdeck {
namespace {

QString words(const char* text) { return QCoreApplication::translate("DeviceNote", text); }

}  // namespace

QString deviceNote(const std::string& chosen, const std::vector<DeviceFacts>& devices) {
  const auto usable = [](const DeviceFacts& facts) { return facts.problem.empty(); };
  if (chosen == "auto") {
    // The first is what "auto" means: GPUs stand before the CPU.
    if (devices.empty() || usable(devices.front())) return {};
    const auto instead = std::find_if(devices.begin(), devices.end(), usable);
    const QString why = words("%1 cannot be used: %2.").arg(qs(devices.front().id), qs(devices.front().problem));
    return instead == devices.end() ? why : why + words(" Engines run on %1 instead.").arg(qs(instead->id));
  }
  const auto found =
      std::find_if(devices.begin(), devices.end(), [&](const DeviceFacts& facts) { return facts.id == chosen; });
  if (found != devices.end() && usable(*found)) return {};
  const QString why = found == devices.end() ? words("There is no %1 here.").arg(qs(chosen))
                                             : words("%1 cannot be used: %2.").arg(qs(chosen), qs(found->problem));
  return why + words(" Engines do not open until another device is chosen.");
}

}  // namespace flightdeck
