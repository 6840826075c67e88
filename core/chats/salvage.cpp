// A table leaf page of SQLite (https://sqlite.org/fileformat.html), numbers big-endian:
//   u8 0x0d | u16 first free | u16 cells | u16 content | u8 | u16 place of each cell …
//   cell: varint payload bytes | varint rowid | payload, what does not fit goes on in a chain of overflow pages
//   payload: varint header bytes | varint type of each column … | values
// The log: 32 bytes (magic, version, page size, number, salt, salt, sums), then frames:
//   u32 page | u32 database pages when it ends a transaction | salt | salt | sums | the page
#include "core/chats/salvage.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

namespace flightdeck {
namespace {

constexpr std::string_view magic("SQLite format 3\0", 16);
constexpr size_t file_header_bytes = 100;
constexpr size_t log_header_bytes = 32, frame_header_bytes = 24;
constexpr uint8_t table_leaf = 0x0d;

/// Big-endian number of `bytes` bytes; 0 where the data ends before.
uint64_t number_at(std::string_view data, size_t at, size_t bytes) {
  uint64_t value = 0;
  if (at > data.size() || bytes > data.size() - at) return 0;
  for (size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<uint8_t>(data[at + i]);
  return value;
}

bool is_page_size(uint64_t size) { return size >= 512 && size <= 65536 && (size & (size - 1)) == 0; }

/// Takes a varint from the front.
std::optional<uint64_t> take_varint(std::string_view& data) {
  uint64_t value = 0;
  for (size_t i = 0; i < 9 && i < data.size(); ++i) {
    const auto byte = static_cast<uint8_t>(data[i]);
    value = i == 8 ? value << 8 | byte : value << 7 | (byte & 0x7f);
    if (byte < 0x80 || i == 8) {
      data.remove_prefix(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

/// One column of one row.
struct Value {
  enum class Kind : uint8_t { none, number, text } kind = Kind::none;
  int64_t number = 0;
  std::string text;
};
using Row = std::vector<Value>;

/// nullopt: no record.
std::optional<Value> take_value(uint64_t type, std::string_view& data) {
  constexpr size_t integer_bytes[] = {0, 1, 2, 3, 4, 6, 8, 8};  // 7 is a float: ours has none, its bits will do
  if (type == 0) return Value();
  if (type == 8 || type == 9) return Value{Value::Kind::number, static_cast<int64_t>(type - 8), {}};
  if (type == 10 || type == 11) return std::nullopt;
  const uint64_t length = type < 8 ? integer_bytes[type] : (type - 12) / 2;
  if (length > data.size()) return std::nullopt;
  const std::string_view bytes = data.substr(0, length);
  data.remove_prefix(length);
  if (type >= 12) return Value{Value::Kind::text, 0, std::string(bytes)};
  const uint64_t value = number_at(bytes, 0, length);
  const int unused_bits = static_cast<int>(64 - 8 * length);
  return Value{Value::Kind::number, static_cast<int64_t>(value << unused_bits) >> unused_bits, {}};
}

std::optional<Row> decode_record(std::string_view payload) {
  constexpr size_t most_columns = 64;
  std::string_view rest = payload;
  const auto header_bytes = take_varint(rest);
  const size_t size_bytes = payload.size() - rest.size();
  if (!header_bytes || *header_bytes < size_bytes || *header_bytes > payload.size()) return std::nullopt;
  std::string_view types = payload.substr(size_bytes, *header_bytes - size_bytes);
  std::string_view values = payload.substr(*header_bytes);
  Row row;
  while (!types.empty()) {
    const auto type = take_varint(types);
    auto value = type && row.size() < most_columns ? take_value(*type, values) : std::nullopt;
    if (!value) return std::nullopt;
    row.push_back(std::move(*value));
  }
  return row;
}

/// The newest image of every page, from the file and the log's whole transactions.
class Pages {
 public:
  Pages(std::string_view file, std::string_view log) {
    const bool header = file.substr(0, magic.size()) == magic;
    const uint64_t stored = header ? number_at(file, 16, 2) : number_at(log, 8, 4);
    page_bytes_ = stored == 1 ? 65536 : is_page_size(stored) ? stored : 4096;
    const auto reserved = header ? static_cast<uint8_t>(file[20]) : uint8_t{0};
    usable_bytes_ = page_bytes_ - std::min<size_t>(reserved, page_bytes_ - 480);
    for (size_t at = 0; at + page_bytes_ <= file.size(); at += page_bytes_)
      pages_[at / page_bytes_ + 1] = file.substr(at, page_bytes_);
    add_log(log);
    find_free_pages();
  }

  /// Calls visit(rowid, payload) for every row of every table.
  template <class Visit>
  void rows(Visit visit) {
    payload_budget_ = 4 * page_bytes_ * pages_.size() + (1u << 20);  // a page full of cells that share one chain
    for (const auto& [page, image] : pages_)
      if (!free_.contains(page)) rows_of(image, page == 1 ? file_header_bytes : 0, visit);
  }

 private:
  void add_log(std::string_view log) {
    const uint64_t kind = number_at(log, 0, 4);
    if ((kind != 0x377f0682 && kind != 0x377f0683) || number_at(log, 8, 4) != page_bytes_) return;
    const std::string_view salts = log.substr(16, 8);
    std::unordered_map<uint64_t, std::string_view> open;  // of the transaction that has not ended yet
    const size_t frame_bytes = frame_header_bytes + page_bytes_;
    for (size_t at = log_header_bytes; at + frame_bytes <= log.size(); at += frame_bytes) {
      if (log.substr(at + 8, 8) != salts) break;
      open[number_at(log, at, 4)] = log.substr(at + frame_header_bytes, page_bytes_);
      if (number_at(log, at + 4, 4) == 0) continue;
      for (const auto& [page, image] : open) pages_[page] = image;
      open.clear();
    }
  }

  std::string_view page(uint64_t number) const {
    const auto found = pages_.find(number);
    return found == pages_.end() ? std::string_view() : found->second;
  }

  /// Rows on pages of the free list were deleted by the user.
  void find_free_pages() {
    std::unordered_set<uint64_t> trunks;
    uint64_t trunk = page(1).substr(0, magic.size()) == magic ? number_at(page(1), 32, 4) : 0;
    for (; trunk != 0 && trunks.insert(trunk).second; trunk = number_at(page(trunk), 0, 4)) {
      const uint64_t leaves = std::min<uint64_t>(number_at(page(trunk), 4, 4), usable_bytes_ / 4 - 2);
      for (uint64_t i = 0; i < leaves; ++i) free_.insert(number_at(page(trunk), 8 + 4 * i, 4));
    }
    free_.insert(trunks.begin(), trunks.end());
  }

  template <class Visit>
  void rows_of(std::string_view image, size_t header, Visit& visit) {
    if (static_cast<uint8_t>(image[header]) != table_leaf) return;
    const uint64_t cells = number_at(image, header + 3, 2);
    for (uint64_t i = 0; i < cells; ++i) {
      const uint64_t place = number_at(image, header + 8 + 2 * i, 2);
      if (place < header + 8 || place >= usable_bytes_) continue;
      std::string_view cell = image.substr(place, usable_bytes_ - place);
      const auto payload_bytes = take_varint(cell);
      const auto rowid = payload_bytes ? take_varint(cell) : std::nullopt;
      if (!rowid) continue;
      if (const auto payload = payload_of(*payload_bytes, cell)) visit(static_cast<int64_t>(*rowid), *payload);
    }
  }

  /// The part of the payload that stands in the page itself (file format, section 1.6).
  uint64_t local_bytes(uint64_t payload_bytes) const {
    const uint64_t usable = usable_bytes_, most = usable - 35, least = (usable - 12) * 32 / 255 - 23;
    if (payload_bytes <= most) return payload_bytes;
    const uint64_t wanted = least + (payload_bytes - least) % (usable - 4);
    return wanted <= most ? wanted : least;
  }

  std::optional<std::string> payload_of(uint64_t bytes, std::string_view cell) {
    if (bytes > payload_budget_) return std::nullopt;
    const uint64_t local = local_bytes(bytes);
    if (local + (local < bytes ? 4 : 0) > cell.size()) return std::nullopt;
    payload_budget_ -= bytes;
    std::string payload(cell.substr(0, local));
    uint64_t next = local < bytes ? number_at(cell, local, 4) : 0;
    while (payload.size() < bytes) {
      const std::string_view image = page(next);
      if (image.empty()) return std::nullopt;
      payload += image.substr(4, std::min<uint64_t>(usable_bytes_ - 4, bytes - payload.size()));
      next = number_at(image, 0, 4);
    }
    if (next != 0) return std::nullopt;  // the last page of a chain has no next one: this was overwritten
    return payload;
  }

  size_t page_bytes_ = 4096, usable_bytes_ = 4096;
  std::map<uint64_t, std::string_view> pages_;
  std::unordered_set<uint64_t> free_;
  uint64_t payload_budget_ = 0;
};

bool is_text(const Value& value) { return value.kind == Value::Kind::text; }
bool is_number(const Value& value) { return value.kind == Value::Kind::number; }

/// Rows are told apart by the number and kinds of their columns (schema.cpp); the id stands in the cell, not in the
/// row.
bool is_conversation(const Row& row) {
  return row.size() == 10 && is_text(row[1]) && is_number(row[3]) && is_number(row[5]);
}
bool is_message(const Row& row) {
  return row.size() == 11 && is_number(row[1]) && is_number(row[3]) && is_text(row[4]) && is_number(row[10]);
}

SalvagedConversation conversation_of(int64_t id, const Row& row) {
  SalvagedConversation made;
  made.id = id;
  made.title = row[1].text;
  made.pinned = row[2].number;
  made.created_ms = row[3].number;
  made.updated_ms = row[4].number;
  made.sequence = row[5].number;
  made.draft = row[6].text;
  made.options = row[7].text;
  made.head = row[8].number;
  if (is_number(row[9])) made.deleted_ms = row[9].number;
  return made;
}

SalvagedMessage message_of(int64_t id, const Row& row) {
  SalvagedMessage made;
  made.id = id;
  made.conversation = row[1].number;
  made.parent = row[2].number;
  made.role = row[3].number;
  made.text = row[4].text;
  made.state = row[5].number;
  made.engine = row[6].text;
  made.finish = row[7].number;
  made.stats = row[8].text;
  made.error = row[9].text;
  made.created_ms = row[10].number;
  return made;
}

template <class Item>
std::vector<Item> values_of(std::map<int64_t, Item> items) {
  std::vector<Item> values;
  for (auto& [id, item] : items) values.push_back(std::move(item));
  return values;
}

}  // namespace

SalvagedChats salvage_chats(std::string_view file, std::string_view log) {
  std::map<int64_t, SalvagedConversation> conversations;
  std::map<int64_t, SalvagedMessage> messages;
  Pages(file, log).rows([&](int64_t id, const std::string& payload) {
    const auto row = id > 0 ? decode_record(payload) : std::nullopt;
    if (!row) return;
    if (is_conversation(*row)) {
      auto made = conversation_of(id, *row);
      const auto [known, is_new] = conversations.try_emplace(id, made);
      if (!is_new && known->second.sequence < made.sequence) known->second = std::move(made);
    } else if (is_message(*row)) {
      auto made = message_of(id, *row);
      const auto [known, is_new] = messages.try_emplace(id, made);
      if (!is_new && known->second.text.size() < made.text.size()) known->second = std::move(made);
    }
  });
  return {values_of(std::move(conversations)), values_of(std::move(messages))};
}

}  // namespace flightdeck
