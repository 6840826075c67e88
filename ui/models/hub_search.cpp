#include "ui/models/hub_search.h"

#include <QRegularExpression>
#include <algorithm>

#include "ui/format.h"

namespace flightdeck {
namespace {

constexpr int kLooksAtOnce = 2;      // each is three requests; hubs count them
constexpr size_t kMostLooks = 2000;  // kept

}  // namespace

QString searchText(const QString& typed) {
  static const QRegularExpression address(QStringLiteral("^https?://[^/]+/(?:models/)?([\\w.-]+/[\\w.-]+)"));
  const auto match = address.match(typed.trimmed());
  return match.hasMatch() ? match.captured(1) : typed.simplified().left(200);
}

HubSearch::HubSearch(Context& context) : context_(context) {
  debounce_.setSingleShot(true);
  debounce_.setInterval(kDebounce);
  connect(&debounce_, &QTimer::timeout, this, [this] { askNow(question_); });
  connect(&context_.library, &Library::changed, this, &HubSearch::pump);  // the devices may be known now
}

const DeviceFacts* HubSearch::device() const { return context_.library.deviceFor(context_.settings.value().device); }

std::string HubSearch::keyOf(const RepoId& repo) const {
  return (question_.hub == HubKind::hugging_face ? "hf " : "ms ") + repo.text();
}

void HubSearch::setState(State state) {
  state_ = state;
  Q_EMIT stateChanged();
}

void HubSearch::ask(const Question& question) {
  question_ = question;
  debounce_.start();
}

void HubSearch::askNow(const Question& question) {
  cancel();
  interrupted_ = unasked_ = false;
  question_ = question;
  models_.clear();
  next_.clear();
  search({});
}

void HubSearch::more() {
  if (state_ == State::done && hasMore()) search(next_);
}

void HubSearch::cancel() {
  unasked_ = unasked_ || debounce_.isActive();
  debounce_.stop();
  stop_.request_stop();
  stop_ = std::stop_source();
  ++round_;
  interrupted_ = interrupted_ || state_ == State::searching || !waiting_.empty() || looking_ > 0;
  waiting_.clear();
  looking_ = 0;
  std::erase_if(looks_, [](const auto& entry) { return !entry.second.offer && !entry.second.error; });
  if (state_ == State::searching) state_ = models_.empty() ? State::idle : State::done;
}

void HubSearch::goOn() {
  const bool was_interrupted = std::exchange(interrupted_, false);
  const bool was_unasked = std::exchange(unasked_, false);
  if (!was_interrupted && !was_unasked) return;
  if (state_ == State::done && !was_unasked)
    Q_EMIT modelsChanged(false);  // the view asks for the rows it shows
  else
    askAgain();
}

void HubSearch::search(const std::string& page) {
  SearchQuery query;
  query.text = searchText(question_.text).toStdString();
  query.order = question_.order;
  query.page = page;
  setState(State::searching);
  context_.background.run(
      this,
      [&services = context_.services, hub = question_.hub, query, stop = stop_.get_token()] {
        return services.search_hub(hub, query, stop);
      },
      [this, round = round_, is_new = page.empty()](Result<SearchPage> answer) {
        if (round == round_) take(std::move(answer), is_new);
      });
}

void HubSearch::take(Result<SearchPage> page, bool is_new) {
  if (!page) {
    error_ = page.error();
    return setState(State::failed);
  }
  for (HubModel& model : page->models) models_.push_back(std::move(model));
  next_ = page->next;
  setState(State::done);
  Q_EMIT modelsChanged(is_new);
}

void HubSearch::lookAt(const std::vector<size_t>& rows) {
  waiting_.clear();
  const std::string device_id = device() ? device()->id : std::string();
  if (device_id != std::exchange(device_id_, device_id)) looks_.clear();  // estimates are for a device
  for (const size_t row : rows)
    if (row < models_.size() && !looks_.contains(keyOf(models_[row].repo))) waiting_.push_back(models_[row].repo);
  pump();
}

void HubSearch::lookAgain(size_t row) {
  if (row >= models_.size()) return;
  looks_.erase(keyOf(models_[row].repo));
  Q_EMIT lookChanged(row);
  waiting_.push_front(models_[row].repo);
  pump();
}

const HubSearch::Look* HubSearch::look(size_t row) const {
  if (row >= models_.size()) return nullptr;
  const auto found = looks_.find(keyOf(models_[row].repo));
  return found == looks_.end() ? nullptr : &found->second;
}

void HubSearch::pump() {
  if (!context_.library.measured()) return;  // an estimate is for a device
  while (looking_ < kLooksAtOnce && !waiting_.empty()) {
    const RepoId repo = waiting_.front();
    waiting_.pop_front();
    begin(repo);
  }
}

void HubSearch::begin(const RepoId& repo) {
  if (looks_.size() > kMostLooks) looks_.clear();
  const std::string key = keyOf(repo);
  looks_[key] = {};
  ++looking_;
  TargetDevice target;
  if (const DeviceFacts* facts = device())
    target = {facts->free_bytes, facts->read_bandwidth, facts->id.starts_with("cuda:")};
  context_.background.run(
      this,
      [&services = context_.services, hub = question_.hub, repo, target, stop = stop_.get_token()] {
        return services.examine_repo(hub, repo, target, stop);
      },
      [this, round = round_, key](Result<RepoOffer> offer) {
        if (round != round_) return;
        --looking_;
        Look& look = looks_[key];
        if (offer)
          look.offer = std::move(*offer);
        else
          look.error = offer.error();
        // Who is asked to come later does not go on with the other rows.
        if (look.error && look.error->kind == ErrorKind::rate_limited) waiting_.clear();
        tell(key);
        pump();
      });
}

void HubSearch::tell(const std::string& key) {
  for (size_t row = 0; row < models_.size(); ++row)
    if (keyOf(models_[row].repo) == key) Q_EMIT lookChanged(row);
}

}  // namespace flightdeck
