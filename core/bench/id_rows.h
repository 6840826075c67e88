// Prompts as token ids in files: .npy, .csv and .txt, one prompt a row.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace flightdeck {

using IdRows = std::vector<std::vector<int32_t>>;

/// Rows of a .npy ([batch, length]), .csv or .txt file (numbers between commas or blanks). `pad_id` and negative ids at
/// a row's end, and at its start unless it is `bos_id`, are padding and left out. Every row keeps at least one id.
Result<IdRows> read_id_rows(const std::string& path, int32_t pad_id, int32_t bos_id = -1);

/// One row a line, numbers between commas, written atomically.
Result<void> write_id_csv(const std::string& path, const IdRows& rows);
/// int32 [rows, longest], shorter rows filled with pad_id at their end.
Result<void> write_id_npy(const std::string& path, const IdRows& rows, int32_t pad_id);

}  // namespace flightdeck
