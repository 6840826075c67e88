#include "core/hub/transfer.h"

#include <algorithm>
#include <mutex>
#include <random>
#include <thread>

#include "core/base/quote.h"
#include "core/hub/hash_follower.h"
#include "core/hub/part_sink.h"
#include "core/hub/verify.h"

namespace flightdeck {
namespace {

constexpr int kMostRestarts = 3;
constexpr int kMostWrongRanges = 3;

std::string random_suffix() {
  std::random_device random;
  return fmt::format(".{:08x}{:08x}", random(), random());
}

/// The first error of several threads; it stops the others.
class FirstError {
 public:
  explicit FirstError(std::stop_token outer) : forward_(std::move(outer), [this] { stop_.request_stop(); }) {}
  std::stop_token token() const { return stop_.get_token(); }
  void set(Error error) {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = std::move(error);
    stop_.request_stop();
  }
  void set_restart() {
    restart_ = true;
    stop_.request_stop();
  }
  bool wants_restart() const { return restart_; }
  const std::optional<Error>& error() const { return error_; }  // after the threads are joined

 private:
  std::stop_source stop_;
  std::mutex mutex_;
  std::optional<Error> error_;
  std::atomic<bool> restart_{false};
  std::stop_callback<std::function<void()>> forward_;
};

}  // namespace

/// What a failed request leaves besides its error.
struct FileTransfer::Attempt {
  PartSink::Fit fit = PartSink::Fit::fits;
  std::chrono::milliseconds told{-1};  // the wait the server asks for
};

Result<bool> FileTransfer::is_there(std::stop_token stop) {
  TRY(const bool has, store_.has(file_, stop));
  if (!has || !options_.verify_present) return has;
  progress_.state = FileState::verifying;
  TRY(const bool intact, is_intact(store_.folder(), file_, stop));
  if (!intact) store_.discard(file_);
  return intact;
}

Result<void> FileTransfer::run(std::stop_token stop) {
  const auto finish = [&](Result<void> result) {
    progress_.state = result                                        ? FileState::present
                      : result.error().kind == ErrorKind::cancelled ? FileState::waiting
                                                                    : FileState::failed;
    if (result) progress_.done = file_.size;
    return result;
  };
  const auto has = is_there(stop);
  if (!has) return finish(tl::unexpected(has.error()));
  auto place = store_.place(file_);
  if (!place) return finish(tl::unexpected(place.error()));
  if (*has) {
    // A kill between the last two steps of a download leaves its journal.
    place->partial_folder.remove(place->partial_name + ".journal");
    return finish({});
  }
  const auto lock =
      FileLock::take(place->lock_folder, place->lock_name, stop, [this] { progress_.state = FileState::elsewhere; });
  if (!lock) return finish(tl::unexpected(lock.error()));
  // Without locks two programs may write at once: each to a file of its own, which nobody resumes.
  if (!lock->held()) place->partial_name += random_suffix();
  const auto meanwhile = store_.has(file_, stop);
  if (meanwhile && *meanwhile) return finish({});
  auto result = download(*place, stop);
  if (!result && !lock->held()) {
    place->partial_folder.remove(place->partial_name);
    place->partial_folder.remove(place->partial_name + ".journal");
  }
  return finish(std::move(result));
}

Result<void> FileTransfer::download(const ModelStore::Place& place, std::stop_token stop) {
  progress_.state = FileState::downloading;
  const bool in_parts = file_.size >= options_.parts_from_bytes;
  const uint64_t part_bytes =
      in_parts ? std::max(options_.part_bytes, file_.size / 64) : std::max<uint64_t>(file_.size, 1);
  TRY(const auto part,
      PartFile::open(place.partial_folder, place.partial_name, {file_.size, file_.hash, listing_.commit.text()},
                     part_bytes, options_.journal_bytes));
  for (int tries = 0;; ++tries) {
    progress_.done = part->written();
    TRY(const std::string digest, fetch_and_hash(*part, stop));
    progress_.state = FileState::verifying;
    if (file_.hash.kind() == ContentHash::Kind::none || digest == file_.hash.hex()) {
      TRY_VOID(part->sync());
      TRY_VOID(store_.install(file_, place, digest));
      part->forget_journal();
      return {};
    }
    if (tries == 1) {
      part->remove();
      return fail(
          ErrorKind::corrupt,
          "{} arrived damaged twice: its hash is {}, {} is listed. Nothing was kept; try again later or another "
          "hub",
          quote(file_.path.text()), digest, file_.hash.hex());
    }
    progress_.state = FileState::downloading;
    TRY_VOID(part->restart(false));
  }
}

/// Until every byte is there, restarting where a server cannot continue; the digest of the whole.
Result<std::string> FileTransfer::fetch_and_hash(PartFile& part, std::stop_token stop) {
  for (int restarts = 0;; ++restarts) {
    std::string digest;
    TRY(const Verdict verdict, fetch_once(part, digest, stop));
    if (verdict == Verdict::complete) return digest;
    if (restarts == kMostRestarts)
      return fail(ErrorKind::unreachable, "{}: the server contradicts itself about what it sends: try again later",
                  quote(file_.path.text()));
    ignore_tags_ = restarts > 0 && file_.hash.kind() != ContentHash::Kind::none;
    TRY_VOID(part.restart(true));
    progress_.done = 0;
  }
}

Result<FileTransfer::Verdict> FileTransfer::fetch_once(PartFile& part, std::string& digest, std::stop_token stop) {
  FirstError first(stop);
  std::optional<HashFollower> hash(std::in_place, part, file_.hash.kind(), options_.sync_bytes);
  std::atomic<size_t> next{0};
  const auto work = [&] {
    HttpClient http(hub_.options().http);
    for (size_t i = next++; i < part.part_count() && !first.token().stop_requested(); i = next++) {
      const auto verdict = fetch_part(http, part, i, first.token());
      if (!verdict)
        first.set(verdict.error());
      else if (*verdict == Verdict::restart)
        first.set_restart();
    }
  };
  {
    std::vector<std::jthread> helpers;
    const size_t connections =
        std::min<size_t>(part.part_count(), static_cast<size_t>(std::max(options_.connections, 1)));
    for (size_t i = 1; i < connections; ++i) helpers.emplace_back(work);
    work();
  }
  if (first.wants_restart()) return Verdict::restart;
  if (first.error()) {
    part.note_all();
    return tl::unexpected(*first.error());
  }
  if (stop.stop_requested())
    return fail(ErrorKind::cancelled, "{}: the download was stopped", quote(file_.path.text()));
  progress_.state = FileState::verifying;
  TRY(digest, hash->finish(stop));
  return Verdict::complete;
}

/// Repeats with waits until the part is whole. A run of failures without a new byte ends it.
Result<FileTransfer::Verdict> FileTransfer::fetch_part(HttpClient& http, PartFile& file, size_t index,
                                                       std::stop_token stop) {
  const RetryOptions& retry = hub_.options().retry;
  Backoff backoff(retry);
  int wrong_ranges = 0;
  for (uint64_t most = file.part(index).done;;) {
    const PartFile::Part part = file.part(index);
    if (part.done == part.end - part.begin) return Verdict::complete;
    Attempt attempt;
    const auto outcome = ask_once(http, file, index, stop, attempt);
    if (outcome) return Verdict::complete;
    if (attempt.fit == PartSink::Fit::never) return Verdict::restart;
    if (attempt.fit == PartSink::Fit::wrong_range && ++wrong_ranges == kMostWrongRanges) return Verdict::restart;
    if (const uint64_t done = file.part(index).done; done > most) {
      most = done;
      backoff.progressed();
    }
    const ErrorKind kind = outcome.error().kind;
    const bool passes = kind == ErrorKind::unreachable || kind == ErrorKind::rate_limited;
    if (!passes || !backoff.may_repeat() || attempt.told > retry.longest_told_wait)
      return tl::unexpected(outcome.error());
    const auto own = backoff.next();
    if (!wait_for(attempt.told.count() >= 0 ? attempt.told : own, stop))
      return fail(ErrorKind::cancelled, "{}: the download was stopped", quote(file_.path.text()));
  }
}

/// One request; success is a whole part.
Result<void> FileTransfer::ask_once(HttpClient& http, PartFile& file, size_t index, std::stop_token stop,
                                    Attempt& attempt) {
  const PartFile::Part part = file.part(index);
  // From the hub each time: the address behind its redirect is signed and expires.
  TRY(HttpRequest request, hub_.file_request(listing_, file_));
  const bool ranged = part.begin + part.done > 0 || part.end < file.size();
  if (ranged) {
    request.first = part.begin + part.done;
    request.last = part.end - 1;
    const PartFile::Source source = file.source();
    request.if_range = ignore_tags_ ? std::string() : source.etag;
    request.if_range_origin = source.origin;
  }
  PartSink sink(file, index, listing_, ranged, ignore_tags_, options_.buffer_bytes, progress_);
  const auto head = http.get(request, sink, stop);
  attempt.fit = sink.fit();
  TRY_VOID(sink.flush());
  if (!head) return tl::unexpected(head.error());
  if (head->status == 200 || head->status == 206) {
    const PartFile::Part now = file.part(index);
    if (now.done == now.end - now.begin) return {};
    return fail(ErrorKind::unreachable, "{}: ended after {} of {} bytes", head->url.shown(), now.begin + now.done,
                file.size());
  }
  attempt.told = told_wait(*head);
  Error error = hub_.explain(*head, sink.refusal(), listing_.repo.text() + " (" + file_.path.text() + ")");
  // A signed address that expired: the next attempt asks the hub for a new one.
  const bool expired = head->url.origin() != request.url.origin() && (head->status == 403 || head->status == 401);
  if (expired || (is_worth_repeating(head->status) && head->status != 429)) error.kind = ErrorKind::unreachable;
  return tl::unexpected(std::move(error));
}

}  // namespace flightdeck
