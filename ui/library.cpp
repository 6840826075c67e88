#include "ui/library.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "ui/format.h"

namespace flightdeck {
namespace fs = std::filesystem;

Library::Library(const Services& services, Background& background, SettingsModel& settings)
    : services_(services), background_(background), settings_(settings) {}

Library::~Library() = default;

std::string Library::trashFolder() const {
  return (fs::path(settings_.enginesFolder()).parent_path() / "engines-trash").string();
}

void Library::refresh() {
  again_ = listing_;
  if (listing_) return;
  listing_ = true;
  std::vector<std::string> folders = settings_.value().model_folders;
  if (!services_.starter_model.empty()) folders.insert(folders.begin(), services_.starter_model);
  background_.run(
      this,
      [&services = services_, folders, engines = settings_.enginesFolder()] {
        Listing listing;
        listing.engines = services.list_engines(engines);
        for (const std::string& folder : folders) listing.checkpoints.push_back(services.describe_checkpoint(folder));
        return listing;
      },
      [this](Listing listing) {
        engines_ = std::move(listing.engines);
        checkpoints_ = std::move(listing.checkpoints);
        listing_ = false;
        if (!std::exchange(listed_, true)) measure();
        Q_EMIT changed();
        if (again_) refresh();
      });
}

// On its own: measuring a new machine takes seconds, and nobody should wait for it to see the engines.
void Library::measure() {
  background_.run(
      this, [&services = services_] { return services.devices(); },
      [this](std::vector<DeviceFacts> devices) {
        devices_ = std::move(devices);
        measured_ = true;
        Q_EMIT changed();
      });
}

void Library::importFolder(const QString& folder) {
  const std::string path = fs::path(folder.toStdString()).lexically_normal().string();
  background_.run(
      this, [&services = services_, path] { return services.describe_checkpoint(path); },
      [this, path, folder](const CheckpointListing& listing) {
        if (!listing.error.empty()) {
          Q_EMIT importFailed(qs(listing.error));
          return;
        }
        const auto& known = settings_.value().model_folders;
        if (path != services_.starter_model && std::find(known.begin(), known.end(), path) == known.end())
          settings_.change([&](Settings& s) { s.model_folders.push_back(path); });
        Q_EMIT imported(folder);
        refresh();
      });
}

void Library::forget(const std::string& folder) {
  settings_.change([&](Settings& s) { std::erase(s.model_folders, folder); });
  refresh();
}

void Library::move(const std::string& from, const std::string& to) {
  background_.run(
      this,
      [from, to]() -> std::string {
        std::error_code code;
        fs::create_directories(fs::path(to).parent_path(), code);
        fs::remove_all(to, code);
        fs::rename(from, to, code);
        return code ? from + ": " + code.message() : std::string();
      },
      [this](const std::string& error) {
        if (!error.empty()) Q_EMIT failed(qs(error));
        refresh();
      });
}

void Library::deleteEngine(const std::string& path) {
  if (settings_.value().last_engine == path) settings_.change([](Settings& s) { s.last_engine.clear(); });
  move(path, (fs::path(trashFolder()) / fs::path(path).filename()).string());
}

void Library::restoreEngine(const std::string& path) {
  move((fs::path(trashFolder()) / fs::path(path).filename()).string(), path);
}

void Library::emptyTrash() {
  background_.run([folder = trashFolder()] {
    std::error_code code;
    fs::remove_all(folder, code);
  });
}

}  // namespace flightdeck
