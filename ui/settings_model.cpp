#include "ui/settings_model.h"

#include "ui/format.h"

namespace flightdeck {

void SettingsModel::save() {
  dirty_ = true;
  if (saving_) return;
  saving_ = true;
  dirty_ = false;
  background_.run(
      this, [save = services_.save_settings, copy = settings_] { return save(copy); },
      [this](Result<void> result) {
        saving_ = false;
        if (!result) Q_EMIT saveFailed(qs(result.error().message));
        if (dirty_) save();
      });
}

}  // namespace flightdeck
