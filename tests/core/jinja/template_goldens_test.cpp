// The templates of some 70 popular models over 7 conversations, byte for byte what transformers renders.
#include <QtTest>

#include "core/base/file.h"
#include "core/base/json.h"
#include "tests/core/jinja/rendering.h"
#include "tests/support/shared_data.h"

using namespace flightdeck;
using namespace flightdeck::test;

namespace {

/// The template of a file: plain, or a JSON object's chat_template.
std::string source_of(const std::string& path) {
  const std::string text = read_file(path, 1 << 20).value();
  return path.ends_with(".json") ? parse_json(text, path).value()["chat_template"].get<std::string>() : text;
}

}  // namespace

class TemplateGoldensTest : public QObject {
  Q_OBJECT
 private slots:
  void every_rendering() {
    const std::string folder = shared_data("chat-templates");
    SKIP_WITHOUT(folder);
    const std::string name = folder + "/goldens/goldens.json";
    const auto goldens = jinja::value_from_json(read_file(name, 16 << 20).value(), name, jinja::Origin::user);
    VERIFY_OK(goldens);
    const jinja::Dict& all = *goldens->dict();
    int count = 0, errors = 0;
    for (const auto& [file, renderings] : all.find_name("renderings")->dict()->entries()) {
      const std::string& path = file.text()->bytes();
      const auto parsed = jinja::Template::parse(source_of(folder + "/" + path), path);
      for (const auto& [conversation, wanted] : renderings.dict()->entries()) {
        const auto label = path + " " + conversation.text()->bytes();
        jinja::Template::Variables given;
        for (const jinja::Value& values :
             {*all.find_name("special_tokens"), *all.find_name("conversations")->dict()->find(conversation)})
          for (const auto& [key, value] : values.dict()->entries()) given.emplace_back(key.text()->bytes(), value);
        const jinja::Value* text = wanted.dict()->find_name("out");
        const auto got = parsed ? parsed->render(given, fixed_time()) : tl::unexpected(parsed.error());
        QVERIFY2(got.has_value() == (text != nullptr),
                 (label + (got ? ": no error" : ": " + got.error().message)).c_str());
        if (text) QVERIFY2(got->bytes() == text->text()->bytes(), (label + ":\n" + got->bytes()).c_str());
        (text ? count : errors) += 1;
      }
    }
    QCOMPARE(count, 474);
    QCOMPARE(errors, 30);
  }
};

QTEST_GUILESS_MAIN(TemplateGoldensTest)
#include "template_goldens_test.moc"
