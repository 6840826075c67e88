#include "ui/library.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "ui/format.h"

namespace flightdeck {
namespace fs = std::filesystem;
namespace {

constexpr int kLookEvery = 2000;  // ms; a stat() a folder

/// What the caches hold; one that was imported by its folder too stays one row.
void addCached(const Services& services, std::vector<CheckpointListing>& listings) {
  if (!services.cached_models) return;
  for (const CachedModel& model : services.cached_models()) {
    auto known = std::find_if(listings.begin(), listings.end(),
                              [&](const CheckpointListing& listing) { return listing.path == model.folder; });
    if (known == listings.end()) known = listings.insert(listings.end(), services.describe_checkpoint(model.folder));
    known->cached = model;
    known->name = model.repo.name();  // the folder's own is a commit
  }
}

}  // namespace

Library::Library(const Services& services, Background& background, SettingsModel& settings)
    : services_(services), background_(background), settings_(settings) {
  watch_.setInterval(kLookEvery);
  connect(&watch_, &QTimer::timeout, this, &Library::lookForFolders);
}

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
        addCached(services, listing.checkpoints);
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

const DeviceFacts* Library::deviceFor(const std::string& chosen) const {
  for (const DeviceFacts& facts : devices_)
    if (facts.id == chosen) return &facts;
  for (const DeviceFacts& facts : devices_)
    if (facts.problem.empty()) return &facts;
  return nullptr;
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

void Library::deleteCached(const CachedModel& model, const QString& name) {
  settings_.change([&](Settings& s) { std::erase(s.model_folders, model.folder); });  // where it was imported too
  background_.run(
      this, [&services = services_, model] { return services.remove_cached(model); },
      [this, name, folder = qs(model.folder)](const Result<uint64_t>& freed) {
        if (freed)
          Q_EMIT removed(name, *freed, folder);
        else
          Q_EMIT failed(qs(freed.error().message));
        refresh();
      });
}

void Library::watch(bool on) { on ? watch_.start() : watch_.stop(); }

void Library::lookForFolders() {
  if (looking_ || listing_) return;
  looking_ = true;
  std::vector<std::pair<std::string, bool>> known;
  for (const CheckpointListing& listing : checkpoints_)
    if (listing.path != services_.starter_model) known.emplace_back(listing.path, listing.is_missing);
  background_.run(
      this,
      [known] {
        return std::any_of(known.begin(), known.end(), [](const auto& folder) {
          std::error_code code;
          return fs::exists(folder.first, code) == folder.second;
        });
      },
      [this](bool differs) {
        looking_ = false;
        if (differs) refresh();
      });
}

void Library::emptyTrash() {
  background_.run([folder = trashFolder()] {
    std::error_code code;
    fs::remove_all(folder, code);
  });
}

}  // namespace flightdeck
