#include "tests/support/tiny_checkpoint.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "core/base/float16.h"
#include "core/base/json.h"
#include "core/checkpoint/checkpoint.h"

namespace flightdeck::test {
namespace {

constexpr int kBytePieces = 256;
constexpr int kFirstLetter = 3 + kBytePieces;

/// splitmix64 (Steele et al. 2014) and sums of uniforms: no library distribution, whose numbers differ by vendor.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  /// Mean 0, variance 1.
  float normal() {
    double sum = 0;
    for (int i = 0; i < 6; ++i) sum += static_cast<double>(next() >> 11) * 0x1p-53 - 0.5;
    return static_cast<float>(sum * std::sqrt(2.0));
  }

 private:
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  uint64_t state_;
};

struct Tensor {
  std::string name;
  int rows = 0;  // 0: a norm's vector
  int cols = 0;
  float mean = 0;
  float deviation = 1;
};

int kv_heads_of(const TinyModel& m) { return m.shape == TinyShape::llama_gqa_tied ? m.heads / 2 : m.heads; }

std::vector<Tensor> tensors_of(const TinyModel& m) {
  std::vector<Tensor> tensors;
  const auto matrix = [&](const std::string& name, int rows, int cols) {
    tensors.push_back({name + ".weight", rows, cols, 0, 1.0f / std::sqrt(static_cast<float>(cols))});
  };
  const auto norm = [&](const std::string& name) { tensors.push_back({name + ".weight", 0, m.hidden, 1, 0.1f}); };
  const int kv_width = m.hidden / m.heads * kv_heads_of(m);
  tensors.push_back({"model.embed_tokens.weight", m.vocab, m.hidden, 0, 1});
  for (int layer = 0; layer < m.layers; ++layer) {
    const std::string at = "model.layers." + std::to_string(layer) + ".";
    norm(at + "input_layernorm");
    if (m.shape == TinyShape::baichuan2) {
      matrix(at + "self_attn.W_pack", 3 * m.hidden, m.hidden);
    } else {
      matrix(at + "self_attn.q_proj", m.hidden, m.hidden);
      matrix(at + "self_attn.k_proj", kv_width, m.hidden);
      matrix(at + "self_attn.v_proj", kv_width, m.hidden);
    }
    matrix(at + "self_attn.o_proj", m.hidden, m.hidden);
    norm(at + "post_attention_layernorm");
    matrix(at + "mlp.gate_proj", m.intermediate, m.hidden);
    matrix(at + "mlp.up_proj", m.intermediate, m.hidden);
    matrix(at + "mlp.down_proj", m.hidden, m.intermediate);
  }
  norm("model.norm");
  if (m.shape != TinyShape::llama_gqa_tied) matrix("lm_head", m.vocab, m.hidden);
  return tensors;
}

std::string bytes_of_tensor(const Tensor& tensor, DType dtype, Random& random) {
  const size_t count = static_cast<size_t>(std::max(tensor.rows, 1)) * static_cast<size_t>(tensor.cols);
  std::string out(count * flightdeck::bytes_of(dtype), '\0');
  for (size_t i = 0; i < count; ++i) {
    const float value = tensor.mean + tensor.deviation * random.normal();
    const uint32_t bits = dtype == DType::f32   ? std::bit_cast<uint32_t>(value)
                          : dtype == DType::f16 ? f32_to_f16(value)
                                                : f32_to_bf16(value);
    const size_t width = flightdeck::bytes_of(dtype);
    std::memcpy(out.data() + i * width, &bits, width);  // little-endian
  }
  return out;
}

Result<void> write_tensors(const std::string& path, const TinyModel& model) {
  const std::string dtype = model.dtype == DType::f32 ? "F32" : model.dtype == DType::f16 ? "F16" : "BF16";
  std::vector<SafetensorsWriter::Entry> entries;
  std::string data;
  Random random(model.seed);
  for (const Tensor& tensor : tensors_of(model)) {
    const std::string bytes = bytes_of_tensor(tensor, model.dtype, random);
    std::vector<int64_t> shape{tensor.cols};
    if (tensor.rows > 0) shape.insert(shape.begin(), tensor.rows);
    entries.push_back({tensor.name, dtype, shape, bytes.size()});
    data += bytes;
  }
  TRY(auto writer, SafetensorsWriter::create(path, entries, {{"format", "pt"}}));
  TRY_VOID(writer.append(std::as_bytes(std::span(data))));
  return writer.finish();
}

Json config_of(const TinyModel& m) {
  Json config = {{"architectures", {"LlamaForCausalLM"}},
                 {"model_type", "llama"},
                 {"vocab_size", m.vocab},
                 {"hidden_size", m.hidden},
                 {"intermediate_size", m.intermediate},
                 {"num_hidden_layers", m.layers},
                 {"num_attention_heads", m.heads},
                 {"num_key_value_heads", kv_heads_of(m)},
                 {"max_position_embeddings", m.context},
                 {"rms_norm_eps", 1e-5},
                 {"rope_theta", 10000.0},
                 {"hidden_act", "silu"},
                 {"bos_token_id", 1},
                 {"eos_token_id", 2},
                 {"tie_word_embeddings", m.shape == TinyShape::llama_gqa_tied}};
  if (m.shape == TinyShape::baichuan2) {
    config["architectures"] = {"BaichuanForCausalLM"};
    config["model_type"] = "baichuan";
    config["position_embedding"] = "ROPE";
    config["norm_head"] = true;
  }
  config["torch_dtype"] = m.dtype == DType::f32 ? "float32" : m.dtype == DType::f16 ? "float16" : "bfloat16";
  return config;
}

// Protocol buffers by hand, as far as sentencepiece_model.proto needs: varints, lengths, one float.
std::string varint(uint64_t value) {
  std::string out;
  for (; value > 127; value >>= 7) out += static_cast<char>(value | 128);
  return out + static_cast<char>(value);
}
std::string number_field(int field, uint64_t value) {
  return varint(static_cast<uint64_t>(field) << 3) + varint(value);
}
std::string bytes_field(int field, const std::string& bytes) {
  return varint(static_cast<uint64_t>(field) << 3 | 2) + varint(bytes.size()) + bytes;
}

std::string piece(const std::string& text, float score, int type) {
  std::string floating(4, '\0');
  std::memcpy(floating.data(), &score, 4);
  return bytes_field(1, bytes_field(1, text) + varint(2 << 3 | 5) + floating + number_field(3, type));
}

/// <unk> <s> </s>, 256 bytes, the blank, then letters and pairs of letters up to the vocabulary's size.
std::string tokenizer_model(int vocab) {
  constexpr int kNormal = 1, kUnknown = 2, kControl = 3, kByte = 6;
  std::string model = piece("<unk>", 0, kUnknown) + piece("<s>", 0, kControl) + piece("</s>", 0, kControl);
  for (int i = 0; i < kBytePieces; ++i) model += piece(fmt::format("<0x{:02X}>", i), 0, kByte);
  const std::string letters = "etaoinshrdlucmfwypvbgkjqxz";
  const auto letter = [&](size_t i) { return letters[i % letters.size()]; };
  for (int id = kFirstLetter; id < vocab; ++id) {
    const auto i = static_cast<size_t>(id - kFirstLetter);
    std::string text = i == 0 ? "\xe2\x96\x81" : std::string(1, letter(i - 1));
    if (i > letters.size()) text += letter((i - 1) / letters.size() + i - 2);
    if (i > letters.size() * letters.size()) text += std::to_string(i);
    model += piece(text, -static_cast<float>(i), kNormal);
  }
  const std::string trainer = number_field(3, 2) + number_field(4, static_cast<uint64_t>(vocab)) + number_field(35, 1);
  return model + bytes_field(2, trainer) + bytes_field(3, bytes_field(1, "identity") + number_field(3, 1));
}

}  // namespace

Result<void> write_tiny_checkpoint(const std::string& folder, const TinyModel& model) {
  TRY_VOID(make_directories(folder));
  TRY_VOID(write_tensors(folder + "/model.safetensors", model));
  TRY_VOID(write_file_atomically(folder + "/config.json", config_of(model).dump(2)));
  const Json generation = {{"bos_token_id", 1}, {"eos_token_id", 2}};
  TRY_VOID(write_file_atomically(folder + "/generation_config.json", generation.dump(2)));
  if (model.vocab <= kFirstLetter + 3) return {};
  const Json tokenizer = {{"add_bos_token", true}, {"add_eos_token", false}};
  TRY_VOID(write_file_atomically(folder + "/tokenizer_config.json", tokenizer.dump(2)));
  return write_file_atomically(folder + "/tokenizer.model", tokenizer_model(model.vocab));
}

}  // namespace flightdeck::test
