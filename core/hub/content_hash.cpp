#include "core/hub/content_hash.h"

#include <openssl/evp.h>

#include <new>

namespace flightdeck {

struct ContentHasher::State {
  State() : context(EVP_MD_CTX_new()) {
    if (!context) throw std::bad_alloc();
  }
  ~State() { EVP_MD_CTX_free(context); }
  EVP_MD_CTX* context;
};

ContentHasher::ContentHasher(ContentHash::Kind kind, uint64_t size) : state_(std::make_unique<State>()) {
  const bool is_git = kind == ContentHash::Kind::git_blob;
  if (EVP_DigestInit_ex(state_->context, is_git ? EVP_sha1() : EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
  if (!is_git) return;
  const std::string head = fmt::format("blob {}", size);
  EVP_DigestUpdate(state_->context, head.c_str(), head.size() + 1);  // git counts the NUL
}

ContentHasher::~ContentHasher() = default;
ContentHasher::ContentHasher(ContentHasher&&) noexcept = default;
ContentHasher& ContentHasher::operator=(ContentHasher&&) noexcept = default;

void ContentHasher::update(std::span<const std::byte> bytes) {
  EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
}

std::string ContentHasher::finish() {
  unsigned char digest[EVP_MAX_MD_SIZE] = {};
  unsigned length = 0;
  EVP_DigestFinal_ex(state_->context, digest, &length);
  return fmt::format("{:02x}", fmt::join(digest, digest + length, ""));
}

}  // namespace flightdeck
