// Names that come from a person or a hub. Only parse() makes them, so whoever holds one may put it into a path or URL.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace flightdeck {

enum class HubKind { hugging_face, model_scope };

std::string_view name_of(HubKind hub);  // "huggingface", "modelscope": as in --source
Result<HubKind> parse_hub(std::string_view name);

/// "owner/name".
class RepoId {
 public:
  static Result<RepoId> parse(std::string_view text);
  const std::string& owner() const { return owner_; }
  const std::string& name() const { return name_; }
  std::string text() const { return owner_ + "/" + name_; }
  bool operator==(const RepoId&) const = default;

 private:
  std::string owner_, name_;
};

/// A branch, tag or commit.
class Revision {
 public:
  static Result<Revision> parse(std::string_view text);
  const std::string& text() const { return text_; }
  bool is_commit() const;
  bool operator==(const Revision&) const = default;

 private:
  std::string text_;
};

/// A file inside a repository: relative, separated by '/', safe as a path on every operating system.
class RepoPath {
 public:
  static Result<RepoPath> parse(std::string_view text);
  const std::string& text() const { return text_; }
  std::string file_name() const;
  std::string folder() const;  // empty at the top
  auto operator<=>(const RepoPath&) const = default;

 private:
  std::string text_;
};

/// Error when two paths are one on some file system (upper and lower case, composed and decomposed letters), or one
/// is the folder of another.
Result<void> check_distinct(const std::vector<RepoPath>& paths);

/// What the bytes of a file must hash to. `none`: the hub does not say, the file stays unverified.
class ContentHash {
 public:
  enum class Kind { none, sha256, git_blob };  // git_blob: sha1 of "blob <size>\0" and the content
  ContentHash() = default;
  static Result<ContentHash> sha256(std::string_view hex);
  static Result<ContentHash> git_blob(std::string_view hex);
  Kind kind() const { return kind_; }
  const std::string& hex() const { return hex_; }  // lower case; empty for none
  bool operator==(const ContentHash&) const = default;

 private:
  Kind kind_ = Kind::none;
  std::string hex_;
};

}  // namespace flightdeck
