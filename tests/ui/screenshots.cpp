// Draws every page offscreen, dark and light, at two sizes, with invented data: screenshots FOLDER [name filter].
#include <QApplication>
#include <QDir>
#include <QDragEnterEvent>
#include <QElapsedTimer>
#include <QMimeData>
#include <QTest>
#include <cstdio>

#include "tests/ui/fake_services.h"
#include "ui/application.h"
#include "ui/build/build_page.h"
#include "ui/build/quant_card.h"
#include "ui/chat/chat_page.h"
#include "ui/chat/composer.h"
#include "ui/models/discover_view.h"
#include "ui/models/model_row.h"
#include "ui/models/models_page.h"
#include "ui/throughput/throughput_page.h"
#include "ui/widgets/empty_state.h"

using namespace flightdeck;
using namespace flightdeck::test;

namespace {

const char* const kFeet =
    "One metre is 3.28084 feet, so multiply:\n\n```python\nMETRES_TO_FEET = 3.28084\nk2_metres = 8611\n"
    "feet = k2_metres * METRES_TO_FEET\nprint(f\"{feet:,.0f} ft\")  # 28,251 ft\n```\n\n"
    "K2 is therefore about **28,251 feet** high, some 780 feet lower than Everest, and `feet` keeps the exact value.";
const char* const kTable =
    "## Where it stands\n\n| mountain | height | range |\n|---|---|---|\n| Everest | 8 849 m | Himalaya |\n| K2 | 8 "
    "611 m | Karakoram |\n"
    "| Kangchenjunga | 8 586 m | Himalaya |\n\n1. **K2** is steeper than Everest.\n2. Its winter ascent came last, in "
    "*2021*.\n   - by a Nepali team\n\n"
    "> The mountain of mountains.\n\nMore at https://example.org/k2.";

void add(World& world, const std::string& title, bool pinned, int days, const std::vector<std::string>& texts) {
  MemoryStore store(world.chats);
  Conversation conversation = *store.create_conversation(title, {});
  MessageId parent = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    Message message;
    message.conversation = conversation.id;
    message.parent = parent;
    message.role = i % 2 == 0 ? Role::user : Role::assistant;
    message.text = texts[i];
    if (i % 2 == 1) {
      message.engine = "starter-int8";
      message.stats = {19, 0, 48, 0.4, 21, 120, 4120, 516};
    }
    parent = *store.add_message(message);
  }
  Conversation& kept = world.chats->conversations[conversation.id];
  kept.pinned = pinned;
  kept.updated_ms -= days * 86400000ll;
}

void fill(World& world) {
  add(world, "诗歌:秋天", false, 4, {"写一首关于秋天的诗", "秋风起,叶满庭。"});
  add(world, "Weekly report", false, 3, {"Draft a weekly report", "Here it is."});
  add(world, "Refactor the sampler", false, 1, {"Review this C++", "Looks good."});
  add(world, "Explain paged KV cache", true, 0, {"Explain paged KV cache", "It stores keys and values in blocks."});
  add(world, "Quantization for a 24 GB card", false, 0, {"What fits into 24 GB?", "INT4 of a 13B model."});
  add(world, "世界上第二高的山峰", false, 0,
      {"世界上第二高的山峰是哪座?请顺便告诉我它在哪里。",
       "世界上第二高的山峰是喀喇昆仑山脉的乔戈里峰(K2),海拔 8611 "
       "米。\n它位于中国新疆与巴基斯坦交界处,属于喀喇昆仑山脉的中段。"});
  world.engines = {fakeEngine("starter-int8", QFormat::int8_wo, 20'100'000),
                   fakeEngine("starter-int4", QFormat::int4_wo, 11'200'000)};
  EngineListing damaged = fakeEngine("old-engine", QFormat::int8_wo, 0);
  damaged.error = "weights-00001.safetensors: checksum differs from engine.json; build it again";
  world.engines.push_back(damaged);
  world.script.step_us = 14000;
  world.script.token_bytes = 5;
  world.script.answer = [](const std::string& prompt) {
    if (prompt.find("table") != std::string::npos) return std::string(kTable);
    if (prompt.find("feet") != std::string::npos) return std::string(kFeet) + std::string(3000, ' ');
    std::string text;
    for (int i = 0; i < 90; ++i) text += "word " + std::to_string(i) + " ";
    return text.substr(0, 300 + prompt.size() * 37 % 900);
  };
}

Preflight preflightOf(uint64_t weights, uint64_t cache, uint64_t free) {
  Preflight flight;
  flight.config.max_positions = 4096;
  flight.weight_bytes = weights;
  flight.kv_cache_bytes = cache;
  flight.workspace_bytes = 180'000'000;
  flight.run_bytes = weights + cache + flight.workspace_bytes;
  flight.device_free_bytes = free;
  return flight;
}

RepoOffer offerOf(const RepoId& repo) {
  RepoOffer offer;
  offer.page = "https://huggingface.co/" + repo.text();
  const std::pair<const char*, uint64_t> files[] = {{"config.json", 651},
                                                    {"generation_config.json", 287},
                                                    {"tokenizer.model", 2'001'107},
                                                    {"tokenizer_config.json", 954},
                                                    {"README.md", 11'200},
                                                    {"model.safetensors.index.json", 19'500},
                                                    {"model-00001-of-00002.safetensors", 9'976'000'000},
                                                    {"model-00002-of-00002.safetensors", 5'036'000'000}};
  for (const auto& [name, size] : files) {
    offer.files.push_back({*RepoPath::parse(name), size, {}});
    offer.bytes += size;
  }
  const uint64_t free = 11'100'000'000;
  offer.fits = {preflightOf(15'010'000'000, 2'147'000'000, free), preflightOf(8'480'000'000, 2'147'000'000, free),
                preflightOf(5'120'000'000, 2'147'000'000, free)};
  if (repo.name().find("Qwen") == 0)
    offer.problem =
        "'Qwen2ForCausalLM' is not supported yet: choose a model that is LlamaForCausalLM, "
        "MistralForCausalLM or BaichuanForCausalLM";
  if (repo.name().find("Llama-2") == 0)
    offer.closed = repo.text() + " is gated: accept its licence at https://huggingface.co/" + repo.text() +
                   ", then run 'flightdeck login' or set HF_TOKEN (huggingface.co/settings/tokens makes one)";
  return offer;
}

void fillHub(World& world) {
  SearchPage page;
  const auto model = [&](const char* name, const char* licence, uint64_t downloads, uint64_t likes, double billions,
                         bool gated = false) {
    page.models.push_back({*RepoId::parse(name), licence, gated, false, downloads, likes,
                           static_cast<uint64_t>(billions * 1e9), "2026-01-02T10:00:00Z"});
  };
  model("baichuan-inc/Baichuan2-7B-Chat", "other", 41'250, 168, 7.5);
  model("meta-llama/Llama-2-7b-chat-hf", "llama2", 1'204'000, 4'410, 6.7, true);
  model("mistralai/Mistral-7B-Instruct-v0.3", "apache-2.0", 980'400, 1'950, 7.2);
  model("Qwen/Qwen2.5-7B-Instruct", "apache-2.0", 12'300'000, 830, 7.6);
  model("TinyLlama/TinyLlama-1.1B-Chat-v1.0", "apache-2.0", 1'450'000, 1'310, 1.1);
  model("lmsys/vicuna-7b-v1.5", "llama2", 310'000, 340, 6.7);
  page.next = "2";
  world.found = page;
  world.offer = [](const RepoId& repo) -> Result<RepoOffer> { return offerOf(repo); };
  const auto job = [&](uint64_t id, const char* repo, HubKind hub, JobState state, uint64_t done, uint64_t total,
                       const char* message = "") {
    JobSnapshot one;
    one.id = id;
    one.spec.hub = hub;
    one.spec.repo = *RepoId::parse(repo);
    one.state = state;
    one.done_bytes = done;
    one.total_bytes = total;
    one.message = message;
    if (state == JobState::downloading) {
      one.bytes_per_second = 48.2e6;
      one.eta_s = 251;
      one.files = {{"config.json", 651, 651, FileState::present, true},
                   {"model-00001-of-00002.safetensors", 9'976'000'000, 2'900'000'000, FileState::downloading, true},
                   {"model-00002-of-00002.safetensors", 5'036'000'000, 0, FileState::waiting, true}};
    }
    world.downloads.push_back(one);
  };
  job(1, "TinyLlama/TinyLlama-1.1B-Chat-v1.0", HubKind::hugging_face, JobState::completed, 2'200'000'000,
      2'200'000'000);
  job(2, "acme/private-model", HubKind::hugging_face, JobState::failed, 0, 0,
      "acme/private-model does not exist or is private: check the name, or run 'flightdeck login' or set "
      "HF_TOKEN (huggingface.co/settings/tokens makes one)");
  job(3, "lmsys/vicuna-7b-v1.5", HubKind::hugging_face, JobState::paused, 4'100'000'000, 13'500'000'000,
      "https://huggingface.co: no connection within 10 s: check the network, then resume");
  job(4, "mistralai/Mistral-7B-Instruct-v0.3", HubKind::model_scope, JobState::queued, 0, 0);
  job(5, "baichuan-inc/Baichuan2-7B-Chat", HubKind::model_scope, JobState::downloading, 2'903'000'000, 15'012'000'000);
  world.cached = {{HubKind::hugging_face, *RepoId::parse("TinyLlama/TinyLlama-1.1B-Chat-v1.0"), "main",
                   "/models/TinyLlama", 2'200'000'000},
                  {HubKind::hugging_face, *RepoId::parse("BAAI/bge-small-zh"), "main", "/models/broken", 95'000'000}};
}

struct Camera {
  Application& app;
  QDir folder;
  QString filter;
  void shoot(const QString& name) {
    if (!filter.isEmpty() && !name.contains(filter)) return;
    MainWindow& window = app.window();
    for (const QSize size : {QSize(1440, 900), QSize(900, 600)}) {
      window.resize(size);
      for (const char* theme : {"dark", "light"}) {
        app.context().settings.change([&](Settings& s) { s.theme = theme; });
        QTest::qWait(120);
        const QString file =
            folder.filePath(QStringLiteral("%1-%2-%3.png").arg(name, QLatin1String(theme)).arg(size.width()));
        window.grab().save(file);
      }
    }
    window.resize(1440, 900);
  }
};

void hubPages(Application& app, Camera& camera) {
  ModelsPage* page = app.window().modelsPage();
  page->showView(ModelsPage::discover);
  camera.shoot(QStringLiteral("discover-empty"));
  page->discoverView()->stateView()->button()->click();
  QTest::qWait(100);
  camera.shoot(QStringLiteral("discover-rows"));
  for (const int row : {0, 1, 3}) {
    page->discoverView()->rows()[static_cast<size_t>(row)]->click();
    camera.shoot(QStringLiteral("discover-chosen%1").arg(row));
  }
  page->showView(ModelsPage::downloads);
  camera.shoot(QStringLiteral("downloads"));
  QMimeData data;
  data.setUrls({QUrl::fromLocalFile(QStringLiteral("/tmp"))});
  QDragEnterEvent enter(QPoint(50, 50), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
  QCoreApplication::sendEvent(page, &enter);
  camera.shoot(QStringLiteral("models-drop"));
  QDragLeaveEvent leave;
  QCoreApplication::sendEvent(page, &leave);
  page->showView(ModelsPage::library);
}

void firstStart(QApplication& qt, const QDir& folder, const QString& filter) {
  World world;
  Application app(qt, fakeServices(world), {});
  app.show();
  Camera camera{app, folder, filter};
  QTest::qWait(100);
  camera.shoot(QStringLiteral("welcome"));
  app.window().showPage(PageId::throughput);
  camera.shoot(QStringLiteral("throughput-empty"));
}

void pages(QApplication& qt, const QDir& folder, const QString& filter) {
  World world;
  fill(world);
  fillHub(world);
  Settings settings;
  if (qEnvironmentVariableIsSet("SCREENSHOT_LANGUAGE"))
    settings.language = qEnvironmentVariable("SCREENSHOT_LANGUAGE").toStdString();
  settings.last_engine = "/engines/starter-int8";
  QElapsedTimer timer;
  timer.start();
  Application app(qt, fakeServices(world), settings);
  app.show();
  QTest::qWait(1);
  std::fprintf(stderr, "window in %lld ms\n", static_cast<long long>(timer.elapsed()));
  Camera camera{app, folder, filter};
  ChatPage* chat = app.window().chatPage();
  QTest::qWait(200);
  camera.shoot(QStringLiteral("new-chat"));
  chat->controller().open(chat->controller().conversations()[2].id);
  QTest::qWait(50);
  chat->controller().send(QStringLiteral("Tell me all about it"));
  QTest::qWait(100);
  for (const Conversation& conversation : chat->controller().conversations())
    if (conversation.title.find("世界") == 0) chat->controller().open(conversation.id);
  QTest::qWait(100);
  chat->controller().send(QStringLiteral("Show me how to compute its height in feet."));
  QTest::qWait(1900);
  camera.shoot(QStringLiteral("chat"));
  chat->controller().stop();
  QTest::qWait(100);
  chat->controller().send(QStringLiteral("Put the highest mountains into a table."));
  QTest::qWait(2500);
  chat->setTuneOpen(true);
  camera.shoot(QStringLiteral("chat-markdown"));
  chat->setTuneOpen(false);
  for (int i = 0; i < 9; ++i) {
    app.window().chatPage()->newChat();
    chat->controller().send(
        QStringLiteral("Question %1 about the batch %2").arg(i).arg(QString(100 * i, QLatin1Char('x'))));
    QTest::qWait(120);
  }
  app.window().showPage(PageId::throughput);
  const auto engine = app.context().session.engine();
  for (int i = 0; i < 60; ++i) {
    Request request;
    request.prompt.assign(static_cast<size_t>(300 + i * 517 % 1700), 65);
    request.max_tokens = 12 + i * 37 % 40;
    request.label = "batch prompts " + std::to_string(i);
    RequestSink sink;
    sink.on_token = [](const TokenEvent&) { return true; };
    sink.on_done = [](const Completion&) {};
    (void)engine->submit(std::move(request), std::move(sink));
  }
  QTest::qWait(3000);
  camera.shoot(QStringLiteral("throughput"));
  app.window().showPage(PageId::models);
  camera.shoot(QStringLiteral("models"));
  hubPages(app, camera);
  app.window().showPage(PageId::build);
  QTest::qWait(200);
  camera.shoot(QStringLiteral("build-ready"));
  world.hold_build = true;
  BuildPage* build = app.window().buildPage();
  build->cards()[2]->click();
  QTest::qWait(100);
  build->job().start([] {
    BuildOptions options;
    options.model_dir = "/models/starter";
    options.output_dir = "/dev/null/engines/starter-int4-g64";
    options.qformat = QFormat::int4_wo;
    return options;
  }());
  QTest::qWait(200);
  camera.shoot(QStringLiteral("build"));
  world.hold_build = false;
  QTest::qWait(300);
  camera.shoot(QStringLiteral("build-report"));
  app.window().showPage(PageId::settings);
  camera.shoot(QStringLiteral("settings"));
}

}  // namespace

int main(int argc, char** argv) {
  qputenv("QT_QPA_PLATFORM", "offscreen");
  if (!qEnvironmentVariableIsSet("FLIGHTDECK_HOME"))
    qputenv("FLIGHTDECK_HOME", QDir::temp().filePath("flightdeck-screenshots").toUtf8());
  QApplication app(argc, argv);
  const QDir folder(argc > 1 ? QString::fromLocal8Bit(argv[1]) : QStringLiteral("screenshots"));
  folder.mkpath(QStringLiteral("."));
  const QString filter = argc > 2 ? QString::fromLocal8Bit(argv[2]) : QString();
  firstStart(app, folder, filter);
  pages(app, folder, filter);
  return 0;
}
