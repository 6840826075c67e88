#include "core/hub/names.h"

#include <algorithm>
#include <array>
#include <map>

#include "core/base/quote.h"

namespace flightdeck {
namespace {

constexpr size_t kMostPathBytes = 1024;
constexpr size_t kMostNameBytes = 240;  // of 255: a suffix for the partial file must fit

bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool only(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_alphanumeric(c) || others.find(c) != others.npos; });
}

bool is_hex(std::string_view text, size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == text.npos;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

/// One half of owner/name.
bool is_repo_word(std::string_view word) {
  return !word.empty() && word.size() <= 96 && only(word, "._-") && word.front() != '.' && word.front() != '-' &&
         word.back() != '.' && word.back() != '-' && word.find("..") == word.npos && word.find("--") == word.npos;
}

/// A name Windows takes for a device, with or without an extension.
bool is_device(std::string_view part) {
  const std::string stem = lower(part.substr(0, part.find('.')));
  for (const char* device : {"con", "prn", "aux", "nul", "conin$", "conout$"})
    if (stem == device) return true;
  return stem.size() == 4 && (stem.starts_with("com") || stem.starts_with("lpt")) && stem[3] >= '0' && stem[3] <= '9';
}

/// Characters that turn the order of a name around or cannot be seen: U+200B-200F, 2028-202E, 2060-2069, FEFF.
bool has_invisible(std::string_view part) {
  for (size_t i = 0; i + 2 < part.size(); ++i) {
    const auto a = static_cast<unsigned char>(part[i]), b = static_cast<unsigned char>(part[i + 1]),
               c = static_cast<unsigned char>(part[i + 2]);
    if (a == 0xE2 && b == 0x80 && ((c >= 0x8B && c <= 0x8F) || (c >= 0xA8 && c <= 0xAE))) return true;
    if (a == 0xE2 && b == 0x81 && c >= 0xA0 && c <= 0xA9) return true;
    if (a == 0xEF && b == 0xBB && c == 0xBF) return true;
  }
  return false;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

/// Why `part`, the text between two slashes, cannot be a file name; null when it can.
const char* fault_of(std::string_view part) {
  if (part.empty()) return "has an empty part";
  if (part == "." || part == "..") return "leaves its folder";
  if (part.size() > kMostNameBytes) return "has a part of more than 240 bytes";
  if (part.back() == '.' || part.back() == ' ') return "has a part that ends in a dot or space";
  if (part.find_first_of("\\:*?\"<>|") != part.npos) return "has a character that is not a file name's everywhere";
  const bool control = std::any_of(part.begin(), part.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  if (control) return "has a control character";
  if (!is_utf8(part)) return "is not UTF-8";
  if (has_invisible(part)) return "has an invisible character";
  if (is_device(part)) return "is the name of a device on Windows";
  return nullptr;
}

/// Decomposed and composed accents fall together when combining marks (U+0300-036F) and Latin letters with marks
/// (U+00C0-024F) become one placeholder: coarser than a Unicode table, so names that differ in an accent alone are
/// refused.
std::string folded(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size();) {
    const size_t length = std::max<size_t>(1, utf8_length(text.substr(i)));
    const auto a = static_cast<unsigned char>(text[i]);
    if (length == 2 && (a == 0xCC || a == 0xCD)) {
      if (!result.empty()) result.back() = '?';
    } else if (length == 2 && a >= 0xC3 && a <= 0xC9) {
      result += '?';
    } else {
      result += lower(text.substr(i, length));
    }
    i += length;
  }
  return result;
}

}  // namespace

std::string_view name_of(HubKind hub) { return hub == HubKind::hugging_face ? "huggingface" : "modelscope"; }

Result<HubKind> parse_hub(std::string_view name) {
  if (name == "huggingface" || name == "hf") return HubKind::hugging_face;
  if (name == "modelscope" || name == "ms") return HubKind::model_scope;
  return fail(ErrorKind::invalid_input, "there is no hub {}: huggingface and modelscope are known", quote(name));
}

Result<RepoId> RepoId::parse(std::string_view text) {
  const size_t slash = text.find('/');
  RepoId id;
  id.owner_ = text.substr(0, slash);
  id.name_ = slash == text.npos ? std::string_view() : text.substr(slash + 1);
  if (!is_repo_word(id.owner_) || !is_repo_word(id.name_))
    return fail(ErrorKind::invalid_input,
                "{} is not a repository: expected OWNER/NAME, for example baichuan-inc/Baichuan2-7B-Chat", quote(text));
  return id;
}

Result<Revision> Revision::parse(std::string_view text) {
  bool good = !text.empty() && text.size() <= 200 && only(text, "._-/+") && text.front() != '-';
  for (size_t begin = 0; good && begin <= text.size();) {
    const size_t end = std::min(text.find('/', begin), text.size());
    const std::string_view part = text.substr(begin, end - begin);
    good = !part.empty() && part.front() != '.' && part.back() != '.' && part.find("..") == part.npos;
    begin = end + 1;
  }
  if (!good) return fail(ErrorKind::invalid_input, "{} is not a branch, tag or commit", quote(text));
  Revision revision;
  revision.text_ = text;
  return revision;
}

bool Revision::is_commit() const { return is_hex(text_, 40); }

Result<RepoPath> RepoPath::parse(std::string_view text) {
  const char* fault = text.size() > kMostPathBytes ? "has more than 1024 bytes" : nullptr;
  for (size_t begin = 0; !fault && begin <= text.size();) {
    const size_t end = std::min(text.find('/', begin), text.size());
    fault = fault_of(text.substr(begin, end - begin));
    begin = end + 1;
  }
  if (fault) return fail(ErrorKind::corrupt, "the file name {} {}", quote(text), fault);
  RepoPath path;
  path.text_ = text;
  return path;
}

std::string RepoPath::file_name() const { return text_.substr(text_.rfind('/') + 1); }

std::string RepoPath::folder() const {
  const size_t slash = text_.rfind('/');
  return slash == text_.npos ? std::string() : text_.substr(0, slash);
}

Result<void> check_distinct(const std::vector<RepoPath>& paths) {
  std::map<std::string, const RepoPath*> seen;  // folded name of each file, and of each folder with a '/' behind
  for (const RepoPath& path : paths) {
    const auto [place, is_new] = seen.emplace(folded(path.text()), &path);
    if (!is_new)
      return fail(ErrorKind::corrupt, "the file names {} and {} are one on some systems", quote(path.text()),
                  quote(place->second->text()));
  }
  std::map<std::string, std::string> folders;  // folded → as first written: A/x and a/y would become one folder
  for (const RepoPath& path : paths) {
    for (size_t slash = path.text().find('/'); slash != std::string::npos; slash = path.text().find('/', slash + 1)) {
      const std::string folder = path.text().substr(0, slash);
      const std::string key = folded(folder);
      if (const auto file = seen.find(key); file != seen.end())
        return fail(ErrorKind::corrupt, "{} is both a file and the folder of {}", quote(file->second->text()),
                    quote(path.text()));
      if (const auto [place, is_new] = folders.emplace(key, folder); !is_new && place->second != folder)
        return fail(ErrorKind::corrupt, "the folders {} and {} are one on some systems", quote(folder),
                    quote(place->second));
    }
  }
  return {};
}

Result<ContentHash> ContentHash::sha256(std::string_view hex) {
  ContentHash hash;
  hash.kind_ = Kind::sha256;
  hash.hex_ = lower(hex);
  if (!is_hex(hash.hex_, 64)) return fail(ErrorKind::corrupt, "{} is not a sha256 of 64 digits", quote(hex));
  return hash;
}

Result<ContentHash> ContentHash::git_blob(std::string_view hex) {
  ContentHash hash;
  hash.kind_ = Kind::git_blob;
  hash.hex_ = lower(hex);
  if (!is_hex(hash.hex_, 40)) return fail(ErrorKind::corrupt, "{} is not a git object id of 40 digits", quote(hex));
  return hash;
}

}  // namespace flightdeck
