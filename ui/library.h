// Checkpoint folders and engines on this machine, listed in the background. Deleted engines wait in a trash folder
// until their undo has run out. GUI thread only.
#pragma once

#include <QObject>
#include <QTimer>
#include <vector>

#include "ui/background.h"
#include "ui/services.h"
#include "ui/settings_model.h"

namespace flightdeck {

class Library : public QObject {
  Q_OBJECT
 public:
  Library(const Services& services, Background& background, SettingsModel& settings);
  ~Library() override;

  bool listed() const { return listed_; }      // the first listing has come
  bool measured() const { return measured_; }  // and the devices, which take longer
  const std::vector<EngineListing>& engines() const { return engines_; }
  const std::vector<CheckpointListing>& checkpoints() const { return checkpoints_; }
  const std::vector<DeviceFacts>& devices() const { return devices_; }
  /// What engines run on: the device of the settings, else the first that works; null before measured().
  const DeviceFacts* deviceFor(const std::string& chosen) const;
  uint64_t engineBytes(const EngineListing& engine) const { return engine.manifest.report.engine_bytes; }

  void refresh();
  /// A folder with config.json; joins the library or importFailed() says why not.
  void importFolder(const QString& folder);
  /// Takes a checkpoint out of the list; its files stay.
  void forget(const std::string& folder);
  void deleteEngine(const std::string& path);   // into the trash
  void restoreEngine(const std::string& path);  // out of it again
  void emptyTrash();
  /// Removes a model of a hub's cache for good; removed() or failed() tells.
  void deleteCached(const CachedModel& model, const QString& name);
  /// While on, folders that come or go (an unplugged disk) are noticed within seconds.
  void watch(bool on);

 Q_SIGNALS:
  void changed();
  void imported(const QString& folder);
  void importFailed(const QString& message);
  void failed(const QString& message);
  void removed(const QString& name, quint64 bytes, const QString& folder);

 private:
  struct Listing {
    std::vector<EngineListing> engines;
    std::vector<CheckpointListing> checkpoints;
  };
  void measure();
  void lookForFolders();
  void move(const std::string& from, const std::string& to);
  std::string trashFolder() const;
  const Services& services_;
  Background& background_;
  SettingsModel& settings_;
  std::vector<EngineListing> engines_;
  std::vector<CheckpointListing> checkpoints_;
  std::vector<DeviceFacts> devices_;
  QTimer watch_;
  bool looking_ = false;  // for folders that came or went
  bool listed_ = false, listing_ = false, again_ = false, measured_ = false;
};

}  // namespace flightdeck
