#include "app/hub_services.h"

#include <algorithm>
#include <mutex>

#include "core/base/json.h"
#include "core/hub/download_manager.h"

namespace flightdeck {
namespace {

constexpr size_t kMostConfigBytes = 4u << 20;

/// One more try and no waiting on a hub's word: the page has a button for later.
HubOptions forAPerson(HubOptions options) {
  options.retry.attempts = std::min(options.retry.attempts, 2);
  options.retry.longest_told_wait = std::chrono::milliseconds(0);
  options.http.stall_timeout = std::min(options.http.stall_timeout, std::chrono::milliseconds(15'000));
  return options;
}

/// A name in full is looked up too: a search leaves out models whose authors did not say what they are for.
Result<SearchPage> search(const HubOptions& options, HubKind kind, const SearchQuery& query, std::stop_token stop) {
  TRY(const auto hub, make_hub_client(kind, options));
  TRY(SearchPage page, hub->search(query, stop));
  const auto named = RepoId::parse(query.text);
  if (!named || !query.page.empty()) return page;
  const auto known =
      std::find_if(page.models.begin(), page.models.end(), [&](const HubModel& model) { return model.repo == *named; });
  if (known != page.models.end()) {
    std::rotate(page.models.begin(), known, known + 1);
    return page;
  }
  auto model = hub->info(*named, hub->default_revision(), stop);
  if (model) page.models.insert(page.models.begin(), std::move(*model));
  if (!model && page.models.empty()) return tl::unexpected(model.error());
  return page;
}

const RemoteFile* find(const std::vector<RemoteFile>& files, const std::string& name) {
  const auto found =
      std::find_if(files.begin(), files.end(), [&](const auto& file) { return file.path.text() == name; });
  return found == files.end() ? nullptr : &*found;
}

Result<std::string> readSmall(HubClient& hub, const RepoListing& listing, const RemoteFile& file,
                              std::stop_token stop) {
  TRY(const HttpRequest request, hub.file_request(listing, file));
  HttpClient http(hub.options().http);
  TRY(const auto answer, http.get_text(request, kMostConfigBytes, stop));
  if (answer.head.status / 100 != 2) return tl::unexpected(hub.explain(answer.head, answer.body, listing.repo.text()));
  return answer.body;
}

/// What is known before anything is fetched: the folder would be refused for it later (Checkpoint, load_tokenizer).
std::string missingFor(const std::vector<RemoteFile>& files) {
  const bool has_safetensors = std::any_of(files.begin(), files.end(),
                                           [](const auto& file) { return file.path.text().ends_with(".safetensors"); });
  if (!has_safetensors) return "its weights are not safetensors, the format engines are built from";
  if (!find(files, "config.json")) return "it has no config.json";
  if (!find(files, "tokenizer.model")) return "it has no tokenizer.model, the SentencePiece tokenizer engines need";
  return {};
}

Result<ModelConfig> configOf(HubClient& hub, const RepoListing& listing, const RemoteFile& file, std::stop_token stop) {
  TRY(const std::string text, readSmall(hub, listing, file, stop));
  TRY(const Json json, parse_json(text, listing.repo.text() + ": config.json", {kMostConfigBytes, 64}));
  return parse_model_config(json, Json(), listing.repo.text());
}

/// The page shows a message beside the name it begins with.
std::string withoutName(const std::string& message, const RepoId& repo) {
  const std::string name = repo.text() + ": ";
  return message.starts_with(name) ? message.substr(name.size()) : message;
}

/// Fills in what config.json tells; that it may not be read is part of the offer, that the hub is away is an error.
Result<void> addConfig(RepoOffer& offer, HubClient& hub, const RepoListing& listing, const TargetDevice& device,
                       std::stop_token stop) {
  const RemoteFile* file = find(listing.files, "config.json");
  if (!file) return {};
  const auto config = configOf(hub, listing, *file, stop);
  if (config) {
    for (const QFormat format : {QFormat::full_prec, QFormat::int8_wo, QFormat::int4_wo}) {
      TRY(Preflight flight, foresee(*config, format, device));
      offer.fits.push_back(std::move(flight));
    }
    return {};
  }
  const Error& error = config.error();
  if (error.kind == ErrorKind::not_allowed)
    offer.closed = error.message;
  else if (error.kind == ErrorKind::unsupported || error.kind == ErrorKind::corrupt)
    offer.problem = withoutName(error.message, listing.repo);
  else
    return tl::unexpected(error);
  return {};
}

Result<RepoOffer> examine(const HubOptions& options, HubKind kind, const RepoId& repo, const TargetDevice& device,
                          std::stop_token stop) {
  TRY(const auto hub, make_hub_client(kind, options));
  RepoOffer offer;
  offer.page = hub->page_of(repo.text());
  TRY(const RepoListing listing, hub->list(repo, hub->default_revision(), stop));
  auto files = select_files(listing, {});
  if (!files) {
    offer.problem = files.error().message;
    return offer;
  }
  offer.files = std::move(*files);
  for (const RemoteFile& file : offer.files) offer.bytes += file.size;
  offer.problem = missingFor(offer.files);
  TRY_VOID(addConfig(offer, *hub, listing, device, stop));
  return offer;
}

/// Made at the first call: a second start of the program hands over to the first and must not touch its list.
class LazyManager {
 public:
  explicit LazyManager(JobOptions options) : options_(std::move(options)) {}
  DownloadManager& get() {
    std::call_once(once_, [this] {
      DownloadManager::Options options;
      options.job = options_;
      manager_ = std::make_unique<DownloadManager>(std::move(options));
    });
    return *manager_;
  }

 private:
  const JobOptions options_;
  std::once_flag once_;
  std::unique_ptr<DownloadManager> manager_;
};

}  // namespace

void addHubServices(Services& services, const JobOptions& options) {
  const HubOptions brisk = forAPerson(options.hub);
  services.search_hub = [brisk](HubKind kind, const SearchQuery& query, std::stop_token stop) {
    return search(brisk, kind, query, stop);
  };
  services.examine_repo = [brisk](HubKind kind, const RepoId& repo, const TargetDevice& device, std::stop_token stop) {
    return examine(brisk, kind, repo, device, stop);
  };
  auto manager = std::make_shared<LazyManager>(options);
  services.downloads.add = [manager](const JobSpec& spec) { return manager->get().add(spec); };
  services.downloads.pause = [manager](uint64_t id) { manager->get().pause(id); };
  services.downloads.resume = [manager](uint64_t id) { manager->get().resume(id); };
  services.downloads.cancel = [manager](uint64_t id) { manager->get().cancel(id); };
  services.downloads.remove = [manager](uint64_t id) { manager->get().remove(id); };
  services.downloads.snapshots = [manager] { return manager->get().snapshots(); };
  services.downloads.observe = [manager](auto observer) { manager->get().observe(std::move(observer)); };
  services.cached_models = cached_models;
  services.remove_cached = remove_cached;
  services.damaged_files = damaged_files;
}

}  // namespace flightdeck
