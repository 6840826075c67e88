// Decides by status and headers whether an answer continues a part, and writes it there.
#pragma once

#include "core/hub/http.h"
#include "core/hub/transfer.h"

namespace flightdeck {

class PartSink : public BodySink {
 public:
  /// `ranged`: the request asked for a range.
  PartSink(PartFile& file, size_t index, const RepoListing& listing, bool ranged, bool ignore_tags, size_t buffer_bytes,
           FileProgress& progress)
      : file_(file),
        index_(index),
        listing_(listing),
        ranged_(ranged),
        ignore_tags_(ignore_tags),
        buffer_bytes_(buffer_bytes),
        progress_(progress) {}

  Result<void> begin(const HttpResponse& head) override;
  Result<void> write(std::span<const std::byte> bytes) override;
  /// What came last goes to the file too; after every request, whatever became of it.
  Result<void> flush();

  /// Whether the answer continues what is there; `wrong_range` may be a passing fault, `never` is the server's last
  /// word.
  enum class Fit { fits, wrong_range, never };
  Fit fit() const { return fit_; }
  /// The beginning of the body of an answer that is not 2xx.
  const std::string& refusal() const { return refusal_; }

 private:
  tl::unexpected<Error> refuse(const HttpResponse& head, Fit fit, const std::string& why);
  Result<void> check_range(const HttpResponse& head);
  Result<void> check_tag(const HttpResponse& head);

  PartFile& file_;
  const size_t index_;
  const RepoListing& listing_;
  const bool ranged_, ignore_tags_;
  const size_t buffer_bytes_;
  FileProgress& progress_;
  std::vector<std::byte> buffer_;  // libcurl hands out 16 KiB: a file that several threads write to wants larger pieces
  uint64_t room_ = 0;              // bytes that may still come
  bool takes_body_ = false;
  Fit fit_ = Fit::fits;
  std::string shown_, refusal_;
};

}  // namespace flightdeck
