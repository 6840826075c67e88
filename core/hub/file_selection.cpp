#include "core/hub/file_selection.h"

#include <algorithm>
#include <array>

#include "core/base/quote.h"

namespace flightdeck {
namespace {

using Files = std::vector<RemoteFile>;

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

bool matches_any(const std::string& name, std::initializer_list<const char*> patterns) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const char* pattern) { return matches_glob(name, pattern); });
}

/// What describes the model, its text and its terms.
bool is_companion(const std::string& name) {
  return matches_any(
      name, {"config.json", "generation_config.json", "tokenizer*.json", "tokenizer.model", "*.tiktoken",
             "special_tokens_map.json", "added_tokens.json", "vocab.json", "vocab.txt", "merges.txt", "chat_template.*",
             "quant*config.json", "configuration.json", "license*", "licence*", "notice*", "use_policy*", "readme.md"});
}

Files matching(const Files& files, std::initializer_list<const char*> patterns) {
  Files result;
  for (const RemoteFile& file : files)
    if (matches_any(lower(file.path.text()), patterns)) result.push_back(file);
  return result;
}

/// "model.fp16.safetensors" and "model.fp16-00001-of-00002.safetensors": other precisions of "model".
bool is_variant(const std::string& name) {
  return matches_any(name,
                     {"*.fp16.*", "*.fp16-*", "*.bf16.*", "*.bf16-*", "*.fp32.*", "*.fp32-*", "*.int8.*", "*.ema.*"});
}

/// The first of these families that is there: a repository may hold the same weights whole, in shards, in other
/// precisions and in the layout of the model's own authors.
Files one_family(const Files& files, const std::string& stem, const std::string& extension) {
  const std::string whole = stem + "." + extension;
  const std::string shards = stem + "-*-of-*." + extension;
  Files result = matching(files, {whole.c_str()});
  if (result.empty()) result = matching(files, {shards.c_str(), (whole + ".index.json").c_str()});
  return result;
}

Files weights(const Files& files, const std::string& stem, const std::string& extension) {
  if (Files family = one_family(files, stem, extension); !family.empty()) return family;
  Files rest = matching(files, {("*." + extension).c_str(), ("*." + extension + ".index.json").c_str()});
  std::erase_if(rest, [](const RemoteFile& file) {
    return matches_any(lower(file.path.text()),
                       {"*adapter*", "training_args.bin", "optimizer*", "scheduler*", "*rng_state*"});
  });
  Files plain = rest;
  std::erase_if(plain, [](const RemoteFile& file) { return is_variant(lower(file.path.text())); });
  Files without_consolidated = plain;
  std::erase_if(without_consolidated,
                [](const RemoteFile& file) { return lower(file.path.text()).starts_with("consolidated"); });
  if (!without_consolidated.empty()) return without_consolidated;
  return plain.empty() ? rest : plain;
}

/// "model-q8_0-00001-of-00003.gguf" → "model-q8_0": shards of one file.
std::string gguf_group(const std::string& path) {
  std::string name = lower(path);
  if (matches_glob(name, "*-*-of-*.gguf")) return name.substr(0, name.size() - 20);
  return name.substr(0, name.size() - 5);
}

/// Of the precisions of a GGUF repository the one that loses least; others are asked for with --include.
Files best_gguf(const Files& files) {
  const Files all = matching(files, {"*.gguf"});
  for (const char* precision : {"*bf16*", "*f16*", "*q8_0*", "*q6_k*", "*q5_k_m*", "*q5*", "*q4_k_m*", "*q4*", "*"}) {
    const auto first = std::find_if(all.begin(), all.end(), [&](const RemoteFile& file) {
      const std::string name = lower(file.path.text());
      return matches_glob(name, precision) && !name.starts_with("mmproj") && name.find("imatrix") == name.npos;
    });
    if (first == all.end()) continue;
    Files chosen;
    for (const RemoteFile& file : all)
      if (gguf_group(file.path.text()) == gguf_group(first->path.text())) chosen.push_back(file);
    return chosen;
  }
  return {};
}

Files for_an_engine(const RepoListing& listing) {
  Files top;
  for (const RemoteFile& file : listing.files)
    if (file.path.folder().empty()) top.push_back(file);
  Files chosen = weights(top, "model", "safetensors");
  if (chosen.empty()) chosen = weights(top, "pytorch_model", "bin");
  if (chosen.empty()) chosen = best_gguf(top);
  if (chosen.empty()) return {};
  for (const RemoteFile& file : top)
    if (is_companion(lower(file.path.text()))) chosen.push_back(file);
  return chosen;
}

bool is_wanted(const std::string& path, const std::vector<std::string>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    // As in huggingface_hub: "folder/" means all of it.
    return matches_glob(path, pattern.ends_with('/') ? pattern + "*" : pattern);
  });
}

}  // namespace

bool matches_glob(std::string_view text, std::string_view pattern) {
  // Back to the last star when a letter does not fit: at most text × pattern steps.
  size_t t = 0, p = 0, star = pattern.npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p, ++t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

Result<std::vector<RemoteFile>> select_files(const RepoListing& listing, const FileFilter& filter) {
  Files chosen = filter.include.empty() ? for_an_engine(listing) : Files();
  for (const RemoteFile& file : listing.files)
    if (!filter.include.empty() && is_wanted(file.path.text(), filter.include)) chosen.push_back(file);
  if (chosen.empty() && filter.include.empty())
    return fail(ErrorKind::unsupported,
                "{} has no weights in a known format (safetensors, PyTorch .bin, GGUF) at its top: name files with "
                "--include",
                listing.repo.text());
  std::erase_if(chosen, [&](const RemoteFile& file) { return is_wanted(file.path.text(), filter.exclude); });
  if (chosen.empty())
    return fail(ErrorKind::not_found, "{}: --include and --exclude leave none of its {} files", listing.repo.text(),
                listing.files.size());
  // Small files first: a wrong model shows before its gigabytes; then by name, which is the order of shards.
  std::sort(chosen.begin(), chosen.end(), [](const RemoteFile& a, const RemoteFile& b) {
    constexpr uint64_t kSmall = 32u << 20;
    return std::pair(a.size > kSmall, a.path.text()) < std::pair(b.size > kSmall, b.path.text());
  });
  return chosen;
}

}  // namespace flightdeck
