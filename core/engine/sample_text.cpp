#include "core/engine/sample_text.h"

#include "core/tokenizer/tokenizer.h"

namespace flightdeck {
namespace {

constexpr const char* kTexts[] = {
    "The river rises in the mountains and runs south through the old town, past the mill and the market, until it meets "
    "the sea. In spring, when the snow melts, the water is high and brown; in summer children swim below the bridge and "
    "people sit on the warm stones in the evening.",
    "春天来了,山上的雪开始融化,河水一天天涨起来。村里的人忙着修补田埂,准备播种。孩子们放学以后跑到桥边看船,"
    "老人坐在门口晒太阳,谈论今年的收成。到了傍晚,炊烟从屋顶升起,整个山谷都安静下来。",
    "Question: How many minutes are there in three hours? Answer: There are 180 minutes in three hours, because one hour "
    "has 60 minutes and 3 times 60 is 180. Question: What is the capital of France? Answer: The capital of France is "
    "Paris.",
    "def mean(values):\n    \"\"\"The average of a list of numbers, or zero when it is empty.\"\"\"\n    if not values:\n"
    "        return 0\n    total = 0\n    for value in values:\n        total += value\n    return total / len(values)\n",
};

}  // namespace

std::vector<std::vector<int32_t>> sample_text(const std::string& model_dir) {
  const auto tokenizer = load_tokenizer(model_dir);
  std::vector<std::vector<int32_t>> ids;
  if (!tokenizer) return ids;
  for (const char* text : kTexts) {
    auto tokens = (*tokenizer)->encode(text);
    if ((*tokenizer)->add_bos() && (*tokenizer)->bos_id() >= 0) tokens.insert(tokens.begin(), (*tokenizer)->bos_id());
    ids.push_back(std::move(tokens));
  }
  return ids;
}

}  // namespace flightdeck
