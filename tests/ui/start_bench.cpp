// From the start of the process to the painted window, on the real services: 200 stored conversations and the starter's
// INT8 engine, which loads meanwhile. start_bench HOME [rounds] prepares HOME when it is empty, starts itself again for
// every round and prints the median.
#include <QApplication>
#include <QTimer>
#include <QWindow>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>
#include <vector>

#include "app/services.h"
#include "core/base/file.h"
#include "core/base/paths.h"
#include "ui/application.h"

using namespace flightdeck;

namespace {

constexpr int kConversations = 200;
const char* const kChild = "FLIGHTDECK_START_BENCH_BEGAN";

double nowMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

/// Ends the program when the first exposed window has been painted.
class Watch : public QObject {
 public:
  bool eventFilter(QObject* object, QEvent* event) override {
    auto* window = qobject_cast<QWindow*>(object);
    if (event->type() == QEvent::Expose && window && window->isExposed())
      QTimer::singleShot(0, this, [] {
        std::printf("%.1f\n", nowMs() - std::atof(std::getenv(kChild)));
        std::fflush(stdout);
        QCoreApplication::quit();
      });
    return false;
  }
};

int runChild(int argc, char** argv) {
  QApplication qt(argc, argv);
  Watch watch;
  qt.installEventFilter(&watch);
  Application app(qt, makeServices(), load_settings());
  app.show();
  return qt.exec();
}

bool prepare() {
  if (std::filesystem::exists(data_dir() + "/chats.sqlite")) return true;
  if (!make_directories(data_dir())) return false;
  auto store = ChatStore::open(data_dir() + "/chats.sqlite");
  for (int i = 0; store && i < kConversations; ++i) {
    const auto conversation = (*store)->create_conversation("Conversation " + std::to_string(i), {});
    Message message;
    for (int k = 0; conversation && k < 10; ++k) {
      message.conversation = conversation->id;
      message.role = k % 2 ? Role::assistant : Role::user;
      message.text = std::string(300, 'w');
      message.parent = (*store)->add_message(message).value_or(0);
    }
  }
  BuildOptions options;
  options.model_dir = resources_dir() + "/starter/model";
  options.output_dir = engines_dir() + "/starter-int8";
  options.qformat = QFormat::int8_wo;
  Settings settings;
  settings.last_engine = options.output_dir;
  return store && build_engine(options, [](const BuildProgress&) {}, {}) && save_settings(settings);
}

}  // namespace

int main(int argc, char** argv) {
  if (std::getenv(kChild)) return runChild(argc, argv);
  if (argc < 2) {
    std::fputs("start_bench HOME [rounds]\n", stderr);
    return 2;
  }
  setenv("FLIGHTDECK_HOME", argv[1], 1);
  if (!prepare()) {
    std::fprintf(stderr, "%s: could not be filled; give an empty folder\n", argv[1]);
    return 1;
  }
  std::vector<double> times;
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  for (int i = 0; i < (argc > 2 ? std::atoi(argv[2]) : 9); ++i) {
    char line[64] = "";
    setenv(kChild, std::to_string(nowMs()).c_str(), 1);
    FILE* child = popen(("'" + self + "'").c_str(), "r");
    if (child && std::fgets(line, sizeof line, child)) times.push_back(std::atof(line));
    if (child) pclose(child);
  }
  std::sort(times.begin(), times.end());
  if (times.empty()) return 1;
  std::printf("window painted after %.0f ms (median of %zu; %.0f to %.0f)\n", times[times.size() / 2], times.size(),
              times.front(), times.back());
  return 0;
}
