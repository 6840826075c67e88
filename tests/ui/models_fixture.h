// The Models page on a hub of this machine: the window with fakes for engines and chats, the real hub services.
#pragma once

#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <nlohmann/json.hpp>

#include "app/hub_services.h"
#include "app/services.h"
#include "tests/hub/hub_fixture.h"
#include "tests/ui/fake_services.h"
#include "ui/application.h"
#include "ui/models/discover_view.h"
#include "ui/models/download_row.h"
#include "ui/models/downloads_view.h"
#include "ui/models/model_row.h"
#include "ui/models/models_page.h"

namespace flightdeck::test {

/// The config.json of a model of 7 billion parameters.
inline std::string big_config() {
  return nlohmann::json{{"architectures", {"LlamaForCausalLM"}},
                        {"vocab_size", 32000},
                        {"hidden_size", 4096},
                        {"intermediate_size", 11008},
                        {"num_hidden_layers", 32},
                        {"num_attention_heads", 32},
                        {"max_position_embeddings", 4096}}
      .dump();
}

inline std::string search_answer(const std::vector<std::string>& names, bool gated = false) {
  nlohmann::json models = nlohmann::json::array();
  for (const std::string& name : names)
    models.push_back({{"id", name},
                      {"downloads", 12400},
                      {"likes", 340},
                      {"gated", gated ? nlohmann::json("auto") : nlohmann::json(false)},
                      {"lastModified", "2026-01-02T10:00:00Z"},
                      {"cardData", {{"license", "apache-2.0"}}},
                      {"safetensors", {{"total", 6'738'415'616}}}});
  return models.dump();
}

class ModelsFixture {
 public:
  ModelsFixture() {
    hub.server.add("config.json", {.content = big_config(), .is_lfs = false});
    hub.server.add("tokenizer.model", {.content = "not read by the fakes"});
    answer_search(search_answer({"acme/tiny"}));
  }
  ~ModelsFixture() { app.reset(); }

  void answer_search(const std::string& body, int status = 200, std::map<std::string, std::string> headers = {}) {
    hub.server.set_api([=](const ServedRequest& request) -> std::optional<HubServer::Reply> {
      if (request.target.find("/api/models?") == std::string::npos) return {};
      return HubServer::Reply{status, headers, body};
    });
  }
  /// `adapt` may replace services before the window takes them.
  void start(const std::function<void(Services&)>& adapt = {}, const Settings& settings = {}) {
    Services services = fakeServices(world);
    addHubServices(services, hub.options);
    if (adapt) adapt(services);
    app = std::make_unique<Application>(*qApp, std::move(services), settings);
    app->window().resize(1200, 800);
    app->show();
    app->window().showPage(PageId::models);
  }
  ModelsPage& page() { return *app->window().modelsPage(); }
  DiscoverView& discover() { return *page().discoverView(); }
  /// Types into the search field; the debounce is part of what is tested.
  void search(const QString& text) {
    page().showView(ModelsPage::discover);
    QTest::keyClicks(discover().field(), text);
  }
  DownloadRow* row() {
    const auto& jobs = app->context().downloads.jobs();
    return jobs.empty() ? nullptr : page().downloadsView()->row(jobs.front().id);
  }
  void press(const char* button) { QTest::mouseClick(row()->button(button), Qt::LeftButton); }

  HubFixture hub;
  World world;
  std::unique_ptr<Application> app;
};

}  // namespace flightdeck::test
