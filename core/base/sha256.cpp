#include "core/base/sha256.h"

#include <openssl/evp.h>

#include <algorithm>
#include <new>

#include "core/base/file.h"

namespace flightdeck {
namespace {

constexpr size_t kPieceBytes = size_t{8} << 20;
constexpr size_t kDigits = 64;

}  // namespace

struct Sha256::State {
  State() : context(EVP_MD_CTX_new()) {
    if (!context || EVP_DigestInit_ex(context, EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
  }
  ~State() { EVP_MD_CTX_free(context); }
  EVP_MD_CTX* context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::span<const std::byte> bytes) {
  EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
}

std::string Sha256::finish() {
  unsigned char digest[kDigits / 2] = {};
  EVP_DigestFinal_ex(state_->context, digest, nullptr);
  return fmt::format("{:02x}", fmt::join(digest, ""));
}

Result<std::string> sha256_of_file(const std::string& path, const std::function<bool(uint64_t)>& progress) {
  TRY(const MappedFile file, MappedFile::open(path));
  Sha256 hash;
  for (auto rest = file.bytes(); !rest.empty();) {
    const auto piece = rest.first(std::min(rest.size(), kPieceBytes));
    hash.update(piece);
    file.drop(piece);
    if (progress && !progress(piece.size())) return fail(ErrorKind::cancelled, "{}: hashing was cancelled", path);
    rest = rest.subspan(piece.size());
  }
  TRY_VOID(file.unchanged());
  return hash.finish();
}

bool is_sha256(std::string_view text) {
  return text.size() == kDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace flightdeck
