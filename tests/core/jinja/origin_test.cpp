// Who wrote which byte of a rendering: the template or the user's messages.
#include <QtTest>

#include "tests/core/jinja/rendering.h"

using namespace flightdeck;
using namespace flightdeck::test;

class OriginTest : public QObject {
  Q_OBJECT
 private slots:
  /// The user's text is "user <b>"; {…} marks what of the rendering is the user's.
  void stays_with_the_text_data() {
    QTest::addColumn<QString>("source");
    QTest::addColumn<QString>("wanted");
    for (const auto& [source, wanted] : std::initializer_list<std::pair<const char*, const char*>>{
             {"<b>[[ u ]]<b>", "<b>{ user <b> }<b>"},
             {"[[ '<b>' + u + '<b>' ]]", "<b>{ user <b> }<b>"},
             {"[[ u ~ u ~ 1 ]]", "{ user <b>  user <b> }1"},
             {"[[ u|trim ]]", "{user <b>}"},
             {"[[ u.strip().upper() ]]", "{USER <B>}"},
             {"[[ ('x' + u)[1:4] ]]", "{ us}"},
             {"[[ ('x' + u + 'y')[::-1] ]]", "y{ >b< resu }x"},
             {"[[ u|replace('user', '<c>') ]]", "{ }<c>{ <b> }"},
             {"[[ 'a-b'|replace('-', u) ]]", "a{ user <b> }b"},
             {"[[ u.split('<')|join('|') ]]", "{ user }|{b> }"},
             {"[[ u|tojson ]]", "\"{ user <b> }\""},
             {"[[ [u.strip()] ]]", "['{user <b>}']"},
             {"[[ u|indent(2, first=true) ]]", "  { user <b> }"},
             {"[% set x %]a[[ u|trim ]]b[% endset %][[ x ]]", "a{user <b>}b"},
             {"[% macro f(x) %]<[[ x|trim ]]>[% endmacro %][[ f(u) ]]", "<{user <b>}>"},
             {"[% for c in u.split() %][[ c ]],[% endfor %]", "{user},{<b>},"},
             {"[[ '%s!' % u.strip() ]]", "{user <b>}!"},
             {"[[ u|length ]][[ 'u' in u ]][[ u|trim == 'user <b>' ]]", "10TrueTrue"},
             {"[[ u.strip().partition(' ')[2] ]]", "{<b>}"},
             {"[[ u|trim|title ]][[ u|trim|escape ]]", "{User <B>user &lt;b&gt;}"}})
      QTest::newRow(source) << source << wanted;
  }
  void stays_with_the_text() {
    QFETCH(QString, source);
    QFETCH(QString, wanted);
    source.replace("[[", "{{").replace("]]", "}}").replace("[%", "{%").replace("%]", "%}");
    const auto got = rendered(source.toStdString(), R"({"u": " user <b> "})");
    VERIFY_OK(got);
    std::string marked = got->bytes();
    for (auto span = got->user_spans().rbegin(); span != got->user_spans().rend(); ++span)
      marked.insert(span->end, "}").insert(span->begin, "{");
    QCOMPARE(QString::fromStdString(marked), wanted);
  }
};

QTEST_GUILESS_MAIN(OriginTest)
#include "origin_test.moc"
