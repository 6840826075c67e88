// A search on a hub and what is found out about its rows, all in the background. A new question drops the answers to
// the old one; cancel() ends what is on its way. GUI thread only.
#pragma once

#include <QObject>
#include <QTimer>
#include <deque>
#include <map>
#include <optional>
#include <stop_token>
#include <vector>

#include "ui/context.h"

namespace flightdeck {

class HubSearch : public QObject {
  Q_OBJECT
 public:
  enum class State { idle, searching, done, failed };
  struct Question {
    HubKind hub = HubKind::hugging_face;
    QString text;
    SearchOrder order = SearchOrder::downloads;
  };
  /// What is known of a row's repository beyond the search; neither offer nor error: being asked.
  struct Look {
    std::optional<RepoOffer> offer;
    std::optional<Error> error;
  };

  explicit HubSearch(Context& context);
  ~HubSearch() override { cancel(); }

  void ask(const Question& question);  // after a moment without another one
  void askNow(const Question& question);
  void askAgain() { askNow(question_); }
  void more();  // the next page
  bool hasMore() const { return !next_.empty(); }
  void cancel();
  /// What cancel() interrupted begins anew.
  void goOn();

  State state() const { return state_; }
  const Question& question() const { return question_; }
  const Error& error() const { return error_; }
  const std::vector<HubModel>& models() const { return models_; }

  /// Finds out about these rows, in this order; rows asked for before and not begun are forgotten.
  void lookAt(const std::vector<size_t>& rows);
  void lookAgain(size_t row);
  const Look* look(size_t row) const;
  /// What engines would run on here; estimates are for it.
  const DeviceFacts* device() const;

  static constexpr int kDebounce = 350;  // ms

 Q_SIGNALS:
  void stateChanged();
  void modelsChanged(bool is_new);  // false: rows were added
  void lookChanged(size_t row);

 private:
  void search(const std::string& page);
  void take(Result<SearchPage> page, bool is_new);
  void pump();
  void begin(const RepoId& repo);
  void tell(const std::string& key);
  std::string keyOf(const RepoId& repo) const;
  void setState(State state);
  Context& context_;
  QTimer debounce_;
  Question question_;
  State state_ = State::idle;
  Error error_;
  std::vector<HubModel> models_;
  std::string next_;
  std::map<std::string, Look> looks_;  // by hub and name; kept over searches
  std::string device_id_;              // that the estimates are for
  std::deque<RepoId> waiting_;
  int looking_ = 0;
  int round_ = 0;
  bool interrupted_ = false, unasked_ = false;  // what cancel() found under way, or typed and not asked yet
  std::stop_source stop_;
};

/// "https://huggingface.co/owner/name/tree/main" → "owner/name"; anything else as it is.
QString searchText(const QString& typed);

}  // namespace flightdeck
