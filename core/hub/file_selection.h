// Which files of a repository an engine needs.
#pragma once

#include <string>
#include <vector>

#include "core/hub/hub_client.h"

namespace flightdeck {

struct FileFilter {
  std::vector<std::string> include;  // globs; when there are any, they alone decide
  std::vector<std::string> exclude;
};

/// Weights in one format (safetensors, else PyTorch .bin, else one GGUF) without doubles of the same weights, with
/// config, tokenizer, chat template and licence. Nothing of sub-folders, no code, no pictures.
Result<std::vector<RemoteFile>> select_files(const RepoListing& listing, const FileFilter& filter);

/// '*' and '?' match any character, '/' too, as in huggingface_hub.
bool matches_glob(std::string_view text, std::string_view pattern);

}  // namespace flightdeck
