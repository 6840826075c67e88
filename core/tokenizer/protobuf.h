// The protobuf wire format, as much of it as a SentencePiece model uses: varints, 32 and 64 bit values, byte runs.
// Groups are refused, every length is checked against the bytes that are left; nothing recurses.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace flightdeck {

/// Walks the fields of one message: `while (reader.next()) switch (reader.field()) …`, then look at ok().
class ProtobufReader {
 public:
  enum class Wire : uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

  explicit ProtobufReader(std::string_view message) : rest_(message) {}

  bool next() {
    if (!ok_ || rest_.empty()) return false;
    const uint64_t key = varint();
    field_ = static_cast<uint32_t>(key >> 3);
    wire_ = static_cast<Wire>(key & 7);
    if (key > UINT32_MAX || field_ == 0) return ok_ = false;
    switch (wire_) {
      case Wire::varint:
        number_ = varint();
        break;
      case Wire::fixed64:
        bytes_ = take(8);
        break;
      case Wire::fixed32:
        bytes_ = take(4);
        break;
      case Wire::bytes:
        bytes_ = take(varint());
        break;
      default:
        ok_ = false;
    }
    return ok_;
  }

  uint32_t field() const { return field_; }
  bool ok() const { return ok_; }

  /// The value of the field; a field of another wire type makes the message broken.
  uint64_t number() { return expect(Wire::varint) ? number_ : 0; }
  bool boolean() { return number() != 0; }
  std::string_view bytes() { return expect(Wire::bytes) ? bytes_ : std::string_view(); }
  float real() {
    uint32_t bits = 0;
    if (expect(Wire::fixed32)) std::memcpy(&bits, bytes_.data(), sizeof bits);
    return std::bit_cast<float>(bits);
  }

 private:
  bool expect(Wire wire) {
    ok_ = ok_ && wire_ == wire;
    return ok_;
  }
  std::string_view take(uint64_t length) {
    if (length > rest_.size()) ok_ = false;
    const std::string_view taken = rest_.substr(0, ok_ ? length : 0);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    ok_ = false;
    return 0;
  }

  std::string_view rest_, bytes_;
  uint64_t number_ = 0;
  uint32_t field_ = 0;
  Wire wire_ = Wire::varint;
  bool ok_ = true;
};

/// Appends fields to a message.
class ProtobufWriter {
 public:
  void number(uint32_t field, uint64_t value) {
    varint(field << 3);
    varint(value);
  }
  void bytes(uint32_t field, std::string_view value) {
    varint(field << 3 | 2);
    varint(value.size());
    message_ += value;
  }
  void real(uint32_t field, float value) {
    varint(field << 3 | 5);
    const auto bits = std::bit_cast<uint32_t>(value);
    message_.append(reinterpret_cast<const char*>(&bits), sizeof bits);
  }
  const std::string& message() const { return message_; }

 private:
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) message_ += static_cast<char>(value | 0x80);
    message_ += static_cast<char>(value);
  }
  std::string message_;
};

}  // namespace flightdeck
