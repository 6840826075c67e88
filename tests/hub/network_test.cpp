// What needs a network of its own: a hub with a public address that redirects inwards. And limits of speed.
#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/hub/hub_fixture.h"

using namespace flightdeck;
using namespace flightdeck::test;

namespace {

constexpr const char* kPublic = "203.0.113.1";  // of the range for documentation: on nobody's network

/// A network that only this process sees, with kPublic on its loopback device; false where that is not allowed.
bool enter_own_network() {
  if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return false;
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const auto configure = [fd](const char* device, const char* address) {
    ifreq request{};
    std::strncpy(request.ifr_name, device, IFNAMSIZ - 1);
    auto* place = reinterpret_cast<sockaddr_in*>(&request.ifr_addr);
    place->sin_family = AF_INET;
    inet_pton(AF_INET, address, &place->sin_addr);
    if (ioctl(fd, SIOCSIFADDR, &request) != 0) return false;
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    return ioctl(fd, SIOCSIFFLAGS, &request) == 0;
  };
  const bool configured = configure("lo", "127.0.0.1") && configure("lo:1", kPublic);
  close(fd);
  return configured;
}

bool has_own_network = false;

}  // namespace

class NetworkTest : public QObject {
  Q_OBJECT

  /// Pulls a small model from a hub and a CDN at these addresses.
  static Result<void> pull_between(const char* hub_address, const char* cdn_address) {
    HubFixture hub;
    HubServer server(hub_address, cdn_address);
    server.add("config.json", {.content = "{}", .is_lfs = false});
    server.add("model.safetensors", {.content = random_bytes(1000)});
    hub.options.hub.endpoint = server.endpoint();
    return hub.pull();
  }

 private slots:
  void row09_addresses_inside_data() {
    QTest::addColumn<bool>("is_private");
    for (const char* address :
         {"127.0.0.1", "10.1.2.3", "0.0.0.0", "172.16.0.1", "172.31.255.255", "192.168.0.1", "169.254.169.254",
          "100.64.0.1", "100.100.100.200", "::1", "::", "fe80::1", "fc00::1", "fd12::1", "::ffff:8.8.8.8"})
      QTest::newRow(address) << true;
    for (const char* address : {"8.8.8.8", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "192.169.0.1",
                                "203.0.113.1", "2001:db8::1", "2606:4700::1"})
      QTest::newRow(address) << false;
  }
  void row09_addresses_inside() {
    QFETCH(bool, is_private);
    QCOMPARE(is_private_address(QTest::currentDataTag()), is_private);
  }

  void row09_a_public_hub_must_not_lead_inside() {
    if (!has_own_network) QSKIP("a network namespace of our own needs root or unprivileged user namespaces");
    VERIFY_ERROR(pull_between(kPublic, "127.0.0.1"), ErrorKind::unreachable, "an address of this network: refused");
    VERIFY_OK(pull_between(kPublic, kPublic));
    VERIFY_OK(pull_between("127.0.0.1", "127.0.0.1"));  // a mirror in the house may
    VERIFY_OK(pull_between("127.0.0.1", kPublic));
  }

  void the_speed_of_all_connections_is_limited() {
    HubFixture hub;
    hub.add_weights(300'000);  // in parts, on several connections
    hub.options.hub.http.speed_limit = std::make_shared<SpeedLimit>(300'000);
    QElapsedTimer timer;
    timer.start();
    VERIFY_OK(hub.pull());
    QVERIFY2(timer.elapsed() > 800, qPrintable(QString::number(timer.elapsed())));
    QVERIFY(content_of(hub.snapshot("model.safetensors")) == hub.weights);
  }

  void the_speed_of_one_connection_is_limited() {
    HubFixture hub;
    hub.add_weights(200'000);
    hub.options.hub.http.bytes_per_second = 200'000;
    QElapsedTimer timer;
    timer.start();
    VERIFY_OK(hub.pull());
    QVERIFY2(timer.elapsed() > 700, qPrintable(QString::number(timer.elapsed())));
  }

  void a_stop_does_not_wait_for_the_limit() {
    HubFixture hub;
    hub.add_weights(200'000);
    hub.options.hub.http.speed_limit = std::make_shared<SpeedLimit>(1000);
    std::stop_source stop;
    QElapsedTimer timer;
    std::jthread canceller([&] {
      hub.server.wait_for_request("/blob/model");
      timer.start();
      stop.request_stop();
    });
    VERIFY_ERROR(hub.pull(stop.get_token()), ErrorKind::cancelled, "");
    QVERIFY2(timer.elapsed() < 1000, qPrintable(QString::number(timer.elapsed())));
  }

  void a_limit_is_no_stall_and_may_be_lifted() {
    HubFixture hub;
    hub.add_weights(200'000);
    hub.options.hub.http.stall_timeout = std::chrono::milliseconds(1500);
    hub.options.hub.http.speed_limit = std::make_shared<SpeedLimit>(10'000);
    Result<void> result;
    std::jthread puller([&] { result = hub.pull(); });
    QVERIFY(hub.server.wait_for_request("/blob/model"));
    QTest::qWait(2500);  // longer than the stall timeout: bytes must trickle all the time
    const uint64_t so_far = hub.job->snapshot().done_bytes;
    QVERIFY2(so_far > 5'000 && so_far < 60'000, qPrintable(QString::number(so_far)));
    hub.options.hub.http.speed_limit->set(0);
    puller.join();
    VERIFY_OK(result);
    QCOMPARE(hub.ranges().size(), size_t{1});
  }
};

/// Before any thread runs: a process with threads may not change its user namespace.
int main(int argc, char** argv) {
  has_own_network = enter_own_network();
  QCoreApplication application(argc, argv);
  NetworkTest test;
  return QTest::qExec(&test, argc, argv);
}
#include "network_test.moc"
