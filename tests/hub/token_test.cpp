// Access tokens at rest: who may read them, which of several counts, what is left after a logout.
#include <sys/stat.h>

#include "core/hub/credentials.h"
#include "tests/hub/hub_fixture.h"

using namespace flightdeck;
using namespace flightdeck::test;

namespace {

constexpr HubKind kHub = HubKind::hugging_face;

int mode_of(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? static_cast<int>(info.st_mode & 0777) : -1;
}

void write(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << text;
}

}  // namespace

class TokenTest : public QObject {
  Q_OBJECT

  std::string home() const { return hub_->home.path().toStdString(); }
  std::string own_file() const { return home() + "/flightdeck/config/tokens/huggingface"; }
  /// The secret that counts, and where it is.
  static std::pair<std::string, std::string> located(HubKind hub = kHub) {
    const auto found = locate_token(hub);
    if (!found) return {"error", found.error().message};
    return *found ? std::pair((*found)->token.secret(), (*found)->place) : std::pair<std::string, std::string>();
  }
  using Pair = std::pair<std::string, std::string>;

 private slots:
  void init() {
    hub_ = std::make_unique<HubFixture>();
    umask(022);
  }

  void ours_is_for_its_owner_alone() {
    umask(0);  // the worst a shell can leave us
    VERIFY_OK(store_token(kHub, *Token::parse("hf_mine")));
    QCOMPARE(mode_of(own_file()), 0600);
    QCOMPARE(mode_of(home() + "/flightdeck/config/tokens"), 0700);
    QCOMPARE(content_of(own_file()), std::string("hf_mine\n"));
    chmod(own_file().c_str(), 0644);
    VERIFY_OK(store_token(kHub, *Token::parse("hf_next")));  // a new token does not inherit what was wrong
    QCOMPARE(mode_of(own_file()), 0600);
    QCOMPARE(located(), Pair("hf_next", own_file()));
    QCOMPARE(located(HubKind::model_scope), Pair());
  }

  void a_file_that_others_can_read_is_refused() {
    VERIFY_OK(store_token(kHub, *Token::parse("hf_mine")));
    for (const mode_t mode : {0604, 0640, 0620}) {
      chmod(own_file().c_str(), mode);
      VERIFY_ERROR(find_token(kHub), ErrorKind::not_allowed, "'flightdeck login --source huggingface'");
      QVERIFY(find_token(kHub).error().message.find("hf_mine") == std::string::npos);
    }
    hub_->add_weights(10);
    VERIFY_ERROR(hub_->pull(), ErrorKind::not_allowed, "chmod 600 " + own_file());
    QCOMPARE(hub_->server.requests().size(), size_t{0});
  }

  void the_nearest_one_counts() {
    VERIFY_OK(store_token(kHub, *Token::parse("hf_ours")));
    QCOMPARE(located(), Pair("hf_ours", own_file()));
    write(home() + "/hf/token", "hf_theirs\n");
    chmod((home() + "/hf/token").c_str(), 0644);  // as other tools leave it
    QCOMPARE(located(), Pair("hf_theirs", home() + "/hf/token"));
    write(home() + "/elsewhere", "hf_named");
    qputenv("HF_TOKEN_PATH", "~/elsewhere");
    QCOMPARE(located(), Pair("hf_named", home() + "/elsewhere"));
    qputenv("HUGGING_FACE_HUB_TOKEN", "hf_old_variable");
    QCOMPARE(located(), Pair("hf_old_variable", "HUGGING_FACE_HUB_TOKEN"));
    qputenv("HF_TOKEN", " hf_variable\n");
    QCOMPARE(located(), Pair("hf_variable", "HF_TOKEN"));
    qputenv("HF_TOKEN", "not a token");
    VERIFY_ERROR(find_token(kHub), ErrorKind::invalid_input, "HF_TOKEN");
    qputenv("MODELSCOPE_API_TOKEN", "ms_variable");
    QCOMPARE(located(HubKind::model_scope), Pair("ms_variable", "MODELSCOPE_API_TOKEN"));
  }

  void none_is_sent_unasked_where_the_user_said_so() {
    VERIFY_OK(store_token(kHub, *Token::parse("hf_ours")));
    qputenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1");
    QCOMPARE(located(), Pair());
  }

  void the_stored_one_is_sent() {
    VERIFY_OK(store_token(kHub, *Token::parse("hf_ours")));
    hub_->add_weights(10);
    VERIFY_OK(hub_->pull());
    QCOMPARE(hub_->server.requests().front().header("authorization"), std::string("Bearer hf_ours"));
  }

  void forgetting_removes_ours_alone() {
    VERIFY_OK(store_token(kHub, *Token::parse("hf_ours")));
    VERIFY_OK(store_token(HubKind::model_scope, *Token::parse("ms_ours")));
    write(home() + "/hf/token", "hf_theirs\n");
    VERIFY_OK(forget_token(kHub));
    QVERIFY(!std::filesystem::exists(own_file()));
    QCOMPARE(located().first, std::string("hf_theirs"));
    QCOMPARE(located(HubKind::model_scope).first, std::string("ms_ours"));
    VERIFY_OK(forget_token(kHub));  // once more is no error
  }

  void what_cannot_be_stored_is_said() {
    write(home() + "/flightdeck/config", "a file where the folder must be");
    VERIFY_ERROR(store_token(kHub, *Token::parse("hf_mine")), ErrorKind::not_found, "check the path");
  }

 private:
  std::unique_ptr<HubFixture> hub_;
};

QTEST_GUILESS_MAIN(TokenTest)
#include "token_test.moc"
