// Templates that want too much or reach for what is not theirs: stopped soon, with the place named.
#include <QtTest>

#include "tests/core/jinja/rendering.h"

using namespace flightdeck;
using namespace flightdeck::test;

namespace {

std::string repeated(const std::string& text, int times) {
  std::string made;
  for (int i = 0; i < times; ++i) made += text;
  return made;
}

}  // namespace

class HostileTest : public QObject {
  Q_OBJECT
 private slots:
  void stops_data() {
    QTest::addColumn<QString>("source");
    QTest::addColumn<QString>("part");
    const auto row = [](const char* name, const std::string& source, const char* part) {
      QTest::newRow(name) << QString::fromStdString(source) << part;
    };
    row("huge range", "{{ range(10**9) }}", "at most 100000 numbers");
    row("nested loops", "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "the template takes ");
    row("text times number", "{{ 'ab' * 10**9 }}", "grows beyond");
    row("list times number", "{{ [1] * 10**12 }}", "the template takes ");
    row("doubling text",
        "{% set ns = namespace(s='ab') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
        "grows beyond");
    row("doubling join",
        "{% set ns = namespace(s='ab') %}{% for i in range(99) %}{% set ns.s = [ns.s, ns.s]|join %}{% endfor %}",
        "grows beyond");
    row("doubling replace",
        "{% set ns = namespace(s='aa') %}{% for i in range(99) %}{% set ns.s = ns.s|replace('a', 'aa') %}{% endfor %}",
        "the template takes ");
    row("much output", "{% for i in range(99999) %}{{ 'x' * 1000 }}{% endfor %}", "grows beyond");
    row("macro without end", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "deeper than");
    row("deep lists", "{% set ns = namespace(l=[]) %}{% for i in range(9999) %}{% set ns.l = [ns.l] %}{% endfor %}",
        "nested deeper than 100");
    row("shared lists, doubled",
        "{% set ns = namespace(l=[1]) %}{% for i in range(90) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
        "grows beyond");
    row("shared lists, compared",
        "{% set a = namespace(l=[1]) %}{% set b = namespace(l=[1]) %}{% for i in range(90) %}{% set a.l = [a.l, a.l] %}"
        "{% set b.l = [b.l, b.l] %}{% endfor %}{{ a.l == b.l }}",
        "the template takes ");
    row("shared tuples as a key",
        "{% set ns = namespace(l=(1,)) %}{% for i in range(90) %}{% set ns.l = (ns.l, ns.l) %}{% endfor %}{{ {ns.l: 1} "
        "}}",
        "cannot be a key");
    row("namespace in itself", "{% set ns = namespace() %}{% set ns.ns = ns %}", "cannot hold");
    row("ifs in ifs", repeated("{% if 1 %}", 50000), "nested deeper than 100 levels");
    row("brackets in brackets", "{{ " + repeated("[", 50000) + repeated("]", 50000) + " }}",
        "nested deeper than 100 levels");
    row("minus minus", "{{ " + repeated("-", 50000) + "1 }}", "nested deeper than 100 levels");
    row("not not", "{{ " + repeated("not ", 50000) + "1 }}", "nested deeper than 100 levels");
    row("else if else", "{{ " + repeated("1 if 0 else ", 50000) + "1 }}", "nested deeper than 100 levels");
    row("large power", "{{ 7 ** 99999999999 }}", "beyond 64 bits");
    row("least number divided", "{{ (-9223372036854775807 - 1) // -1 }}", "beyond 64 bits");
    row("wide format", "{{ 'a'.ljust(10**12) }}", "grows beyond");
    row("class of a text", "{{ ''.__class__.__mro__ }}", "has no attribute '__class__'");
    row("class by item", "{{ ''['__class__']['__mro__'] }}", "has no attribute '__class__'");
    row("globals of a macro", "{% macro f() %}{% endmacro %}{{ f.__globals__.x }}", "has no attribute '__globals__'");
    row("self", "{{ self.__init__.__globals__ }}", "'self' is undefined");
    row("long format", "{{ strftime_now('%Y' * 1000) }}", "bytes");
  }
  void stops() {
    QFETCH(QString, source);
    QFETCH(QString, part);
    QElapsedTimer timer;
    timer.start();
    const auto got = rendered(source.toStdString());
    QVERIFY2(!got.has_value(), "rendered");
    const QString message = QString::fromStdString(got.error().message);
    QVERIFY2(message.contains(part) && message.contains("line ") && message.size() < 600, qPrintable(message));
    QVERIFY2(timer.elapsed() < 30'000, "the time limit of 2 s was passed by far");
  }

  void much_of_little_is_fine() {
    const std::string sum = "{{ 1" + repeated(" + 1", 20000) + " }}";
    QCOMPARE(QByteArray::fromStdString(rendered(sum)->bytes()), "20001");
    const std::string joined = "{{ 1" + repeated(" ~ 1", 20000) + " }}";
    QCOMPARE(rendered(joined)->size(), size_t(20001));
    const std::string ifs = "{% if 0 %}" + repeated("{% elif 0 %}", 20000) + "{% else %}x{% endif %}";
    QCOMPARE(QByteArray::fromStdString(rendered(ifs)->bytes()), "x");
  }

  void the_clock_stops_it() {
    jinja::Limits limits;
    limits.time = std::chrono::milliseconds(0);
    VERIFY_ERROR(rendered("{% for i in range(99999) %}{% endfor %}", "{}", limits), ErrorKind::no_space,
                 "longer than 0 ms");
  }

  void a_long_source_is_not_read() {
    VERIFY_ERROR(rendered(std::string((1 << 20) + 1, 'a')), ErrorKind::corrupt, "at most 1048576 are read");
  }

  void names_stay_short_in_messages() {
    const auto got = rendered("{{ " + std::string(100000, 'a') + ".b }}");
    QVERIFY(!got.has_value() && got.error().message.size() < 300);
  }
};

QTEST_GUILESS_MAIN(HostileTest)
#include "hostile_test.moc"
