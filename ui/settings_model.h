// The user's settings in the window: one value, saved in the background after every change. GUI thread only.
#pragma once

#include <QObject>

#include "ui/background.h"
#include "ui/services.h"

namespace flightdeck {

class SettingsModel : public QObject {
  Q_OBJECT
 public:
  SettingsModel(Settings settings, const Services& services, Background& background)
      : settings_(std::move(settings)), services_(services), background_(background) {}
  const Settings& value() const { return settings_; }

  template <class Change>
  void change(Change edit) {
    edit(settings_);
    save();
    Q_EMIT changed();
  }
  std::string enginesFolder() const {
    return settings_.engines_folder.empty() ? services_.engines_folder : settings_.engines_folder;
  }

 Q_SIGNALS:
  void changed();
  void saveFailed(const QString& message);

 private:
  void save();
  Settings settings_;
  const Services& services_;
  Background& background_;
  bool saving_ = false, dirty_ = false;  // one save at a time, the newest value last
};

}  // namespace flightdeck
