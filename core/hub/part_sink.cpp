#include "core/hub/part_sink.h"

#include <charconv>

#include "core/base/quote.h"

namespace flightdeck {
namespace {

constexpr size_t kMostRefusal = 64u << 10;

struct ContentRange {
  uint64_t first = 0, last = 0, total = 0;
};

/// "bytes 5-9/10"; the total must be said.
std::optional<ContentRange> parse_content_range(std::string_view text) {
  ContentRange range;
  if (!text.starts_with("bytes ")) return {};
  const char* const end = text.data() + text.size();
  const char* at = text.data() + 6;
  for (auto [value, separator] : {std::pair(&range.first, '-'), {&range.last, '/'}, {&range.total, '\0'}}) {
    const auto [next, code] = std::from_chars(at, end, *value);
    if (code != std::errc() || (separator ? next == end || *next != separator : next != end)) return {};
    at = next + 1;
  }
  return range;
}

bool is_compressed(const HttpResponse& head) {
  const std::string encoding = head.header("content-encoding");
  return !encoding.empty() && encoding != "identity";
}

std::optional<uint64_t> content_length(const HttpResponse& head) {
  const std::string text = head.header("content-length");
  uint64_t length = 0;
  if (text.empty() || std::from_chars(text.data(), text.data() + text.size(), length).ec != std::errc()) return {};
  return length;
}

}  // namespace

tl::unexpected<Error> PartSink::refuse(const HttpResponse& head, Fit fit, const std::string& why) {
  fit_ = fit;
  return fail(ErrorKind::unreachable, "{}: {}", head.url.shown(), why);
}

Result<void> PartSink::check_range(const HttpResponse& head) {
  const PartFile::Part part = file_.part(index_);
  const auto range = parse_content_range(head.header("content-range"));
  if (!ranged_ || !range || range->first != part.begin + part.done || range->last >= part.end ||
      range->last < range->first || range->total != file_.size() || is_compressed(head))
    return refuse(head, Fit::wrong_range,
                  fmt::format("answers with the range {} instead of {}-{}/{}", quote(head.header("content-range")),
                              part.begin + part.done, part.end - 1, file_.size()));
  room_ = range->last - range->first + 1;
  return {};
}

/// The tag says whether the server still has the file whose beginning is here.
Result<void> PartSink::check_tag(const HttpResponse& head) {
  const std::string& first = head.first_headers.contains("x-repo-commit") ? head.first_headers.at("x-repo-commit")
                                                                          : head.header("x-repo-commit");
  if (!first.empty() && listing_.commit.is_commit() && first != listing_.commit.text())
    return fail(ErrorKind::corrupt, "{}: comes from commit {} instead of {}: try again", head.url.shown(), quote(first),
                listing_.commit.text());
  const PartFile::Source known = file_.source();
  const std::string tag = head.header("etag");
  if (!ignore_tags_ && !known.etag.empty() && known.origin == head.url.origin() && known.etag != tag)
    return refuse(head, Fit::never, fmt::format("the file changed from {} to {}", quote(known.etag), quote(tag)));
  if (!tag.empty() && !tag.starts_with("W/") && tag.size() < 512) file_.set_source({head.url.origin(), tag});
  return {};
}

Result<void> PartSink::begin(const HttpResponse& head) {
  shown_ = head.url.shown();
  const PartFile::Part part = file_.part(index_);
  if (head.status == 206) {
    TRY_VOID(check_range(head));
  } else if (head.status == 200) {
    // The whole file: only good for a part that is the whole file and still empty.
    if (part.begin + part.done > 0 || part.end != file_.size())
      return refuse(head, Fit::never, "answers a range with the whole file");
    room_ = file_.size();
    const auto length = content_length(head);
    if (length && !is_compressed(head) && *length != file_.size())
      return fail(ErrorKind::unreachable, "{}: has {} bytes, {} are listed", shown_, *length, file_.size());
  } else if (head.status == 416) {
    return refuse(head, Fit::wrong_range, "refuses the range");
  } else {
    return {};
  }
  TRY_VOID(check_tag(head));
  takes_body_ = true;
  return {};
}

Result<void> PartSink::write(std::span<const std::byte> bytes) {
  if (!takes_body_) {
    const size_t count = std::min(bytes.size(), kMostRefusal - std::min(refusal_.size(), kMostRefusal));
    refusal_.append(reinterpret_cast<const char*>(bytes.data()), count);
    return {};
  }
  if (bytes.size() > room_)
    return fail(ErrorKind::corrupt, "{}: sends more than the {} bytes listed: try again later", shown_, file_.size());
  room_ -= bytes.size();
  progress_.fetched += bytes.size();
  progress_.done += bytes.size();
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  return buffer_.size() >= buffer_bytes_ ? flush() : Result<void>();
}

Result<void> PartSink::flush() {
  if (buffer_.empty()) return {};
  const auto written = file_.write(index_, buffer_);
  buffer_.clear();
  return written;
}

}  // namespace flightdeck
