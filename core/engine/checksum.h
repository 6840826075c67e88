// XXH3-128 as 32 hexadecimal digits: finds damage, not attackers.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace flightdeck {

std::string checksum_of(std::string_view bytes);
bool is_checksum(std::string_view text);
/// Of a whole file, read front to back; progress gets the bytes just read and returns false to cancel.
Result<std::string> checksum_of_file(const std::string& path, const std::function<bool(uint64_t)>& progress = {});

}  // namespace flightdeck
