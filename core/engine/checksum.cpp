#include "core/engine/checksum.h"

#include <xxhash.h>

#include <algorithm>
#include <memory>

#include "core/base/file.h"

namespace flightdeck {
namespace {

constexpr size_t kPieceBytes = 8u << 20;

std::string hex_of(const XXH128_hash_t& hash) {
  return fmt::format("{:016x}{:016x}", static_cast<uint64_t>(hash.high64), static_cast<uint64_t>(hash.low64));
}

}  // namespace

std::string checksum_of(std::string_view bytes) { return hex_of(XXH3_128bits(bytes.data(), bytes.size())); }

bool is_checksum(std::string_view text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

Result<std::string> checksum_of_file(const std::string& path, const std::function<bool(uint64_t)>& progress) {
  TRY(const MappedFile file, MappedFile::open(path));
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), &XXH3_freeState);
  if (!state) return fail(ErrorKind::no_space, "{}: no memory to compute its checksum", path);
  XXH3_128bits_reset(state.get());
  auto rest = file.bytes();
  while (!rest.empty()) {
    const auto piece = rest.first(std::min(rest.size(), kPieceBytes));
    XXH3_128bits_update(state.get(), piece.data(), piece.size());
    file.drop(piece);
    if (progress && !progress(piece.size())) return fail(ErrorKind::cancelled, "{}: checking was cancelled", path);
    rest = rest.subspan(piece.size());
  }
  TRY_VOID(file.unchanged());
  return hex_of(XXH3_128bits_digest(state.get()));
}

}  // namespace flightdeck
