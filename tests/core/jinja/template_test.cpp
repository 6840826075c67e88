// What the templates people ship use, feature by feature; every expectation is jinja2's own output.
#include <QtTest>

#include "tests/core/jinja/rendering.h"

using namespace flightdeck;
using namespace flightdeck::test;

class TemplateTest : public QObject {
  Q_OBJECT

  void rows(std::initializer_list<std::pair<const char*, const char*>> cases) {
    QTest::addColumn<QString>("source");
    QTest::addColumn<QString>("wanted");
    for (const auto& [source, wanted] : cases) QTest::newRow(source) << source << wanted;
  }
  void check() {
    QFETCH(QString, source);
    QFETCH(QString, wanted);
    const auto got = rendered(source.toStdString(), R"({"s": "Grüße 山", "n": 7, "l": [3, 1, 2], "none": null,
        "d": {"b": 1, "a": {"x": [true]}}, "m": [{"role": "user", "n": 1}, {"role": "tool"}]})");
    VERIFY_OK(got);
    QCOMPARE(QString::fromStdString(got->bytes()), wanted);
  }

 private slots:
  void white_space_data() {
    rows({{"a\n", "a"},
          {"a\r\nb", "a\nb"},
          {"{% if n %}\nx\n{% endif %}\ny", "x\ny"},
          {"  {% if n %}x{% endif %}", "x"},
          {"b  {% if n %}x{% endif %}", "b  x"},
          {"  {%+ if n %}x{% endif %}", "  x"},
          {"{% if n +%}\nx{% endif %}", "\nx"},
          {"a \n {{- n -}} \n b", "a7b"},
          {" {{ n }}\n", " 7"},
          {"a {#- gone -#} b", "ab"},
          {"{# gone #}\nb", "b"},
          {"  {# gone #}b", "b"},
          {"{% raw %}{{ n }}{% endraw %}", "{{ n }}"},
          {"{{ '}}' ~ {'a': {}} }}", "}}{'a': {}}"},
          {"a {%- set x = 1 %}\n{%- set y = 2 -%}\n b", "ab"}});
  }
  void white_space() { check(); }

  void expressions_data() {
    rows({{"{{ 7 // -2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 3 ** 2 }}", "-4 2 3.5 64"},
          {"{{ (1 + 2 * 3) ~ 'a' * 2 }}", "7aa"},
          {"{{ 1e16 }} {{ 1e-5 }} {{ 0.1 + 0.2 }} {{ 1.0 }} {{ 1e300 }}", "1e+16 1e-05 0.30000000000000004 1.0 1e+300"},
          {"{{ 1e22 }} {{ 123456789.5 }} {{ 0.5 }} {{ 1 / 3 }} {{ 5e-324 }}",
           "1e+22 123456789.5 0.5 0.3333333333333333 5e-324"},
          {"{{ 1 < n <= 7 and not n == 3 }}", "True"},
          {"{{ none or 'x' }} {{ [] and 1 }} {{ true + 1 }}", "x [] 2"},
          {"{{ 'a' if n else 'b' }}{{ 'c' if not n }}", "a"},
          {"{{ [1, 'it\\'s', none, (1,), {'k': 1.5}] }}", "[1, \"it's\", None, (1,), {'k': 1.5}]"},
          {"{{ s[0] }}{{ s[-1] }}{{ s[1:4] }}{{ s[::-1] }}", "G山rüß山 eßürG"},
          {"{{ l[-1] }} {{ l[1:] }} {{ l[::-1] }} {{ l[5] is defined }}", "2 [1, 2] [2, 1, 3] False"},
          {"{{ d.a.x[0] }} {{ d['b'] }} {{ d.items is defined }} {{ d.zz }}", "True 1 True "},
          {"{{ 'r' in 'user' }} {{ 'b' in d }} {{ 9 not in l }}", "True True True"},
          {"{{ 1 == 1.0 == true }} {{ '1' == 1 }} {{ none == zz }} {{ zz == yy }}", "True False False True"},
          {"{{ '%s is %d%%' % ('x', 3) }}", "x is 3%"},
          {"{{ 'a' 'b' }}{{ '\\u5c71\\x41\\n' }}", "ab山A\n"},
          {"{{ -n|abs }} {{ n is odd }} {{ n is divisibleby 7 }}", "7 True True"},
          {"{{ (1, 2) + (3,) }} {{ [1] * 2 }}", "(1, 2, 3) [1, 1]"}});
  }
  void expressions() { check(); }

  void statements_data() {
    rows({{"{% for x in l %}{{ loop.index }}{{ x }}{{ ',' if not loop.last }}{% else %}none{% endfor %}", "13,21,32"},
          {"{% for x in [] %}x{% else %}none{% endfor %}", "none"},
          {"{% for x in l if x > 1 %}{{ loop.length }}{{ x }} {% endfor %}", "23 22 "},
          {"{% for x in l %}{{ x }}{% break %}{% else %}e{% endfor %}", "3e"},
          {"{% for k, v in d.items() %}{{ k }}{% endfor %}", "ba"},
          {"{% for x in l %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% if x == 2 %}{% break %}{% endif %}{% "
           "endfor %}",
           "32"},
          {"{% for x in l %}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.revindex }};{% endfor %}", "13;322;11;"},
          {"{% set x = 1 %}{% for i in l %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}", "4231"},
          {"{% set ns = namespace(x=0) %}{% for i in l %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}", "6"},
          {"{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set t %}x{{ a }}{% endset %}{{ t|upper }}", "12X1"},
          {"{% set t | upper | trim %} x {% endset %}[{{ t }}]", "[X]"},
          {"{% macro f(a, b=2) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ f(1) }} {{ f(1, b=3) }}", "12 13"},
          {"{% macro f() %}{{ x }}{% endmacro %}{% set x = 5 %}{{ f() }}", "5"},
          {"{% macro f(a, s=s) %}{{ a }}{{ s is defined }}{% endmacro %}{{ f(1) }}", "1False"},
          {"{% macro f() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, a=2) }}", "(1,){'a': 2}"},
          {"{% macro f() %}<{{ caller('x') }}>{% endmacro %}{% call(a) f() %}{{ a }}y{% endcall %}", "<xy>"},
          {"{% macro f(n) %}{{ n }}{% if n %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}", "3210"},
          {"{% filter upper %}a{{ n }}b{% endfilter %}", "A7B"},
          {"{% with a = 1 %}{{ a }}{% endwith %}{{ a }}", "1"},
          {"{% generation %}{{ n }}{% endgeneration %}", "7"},
          {"{{ strftime_now('%d %B %Y %H:%M') }}", "10 July 2025 12:00"},
          {"{% if zz %}a{% elif none %}b{% else %}c{% endif %}", "c"}});
  }
  void statements() { check(); }

  void filters_data() {
    rows(
        {{"{{ d|tojson }}", "{\"b\": 1, \"a\": {\"x\": [true]}}"},
         {"{{ d|tojson(indent=2) }}", "{\n  \"b\": 1,\n  \"a\": {\n    \"x\": [\n      true\n    ]\n  }\n}"},
         {"{{ s|tojson }} {{ s|tojson(ensure_ascii=true) }}", "\"Grüße 山\" \"Gr\\u00fc\\u00dfe \\u5c71\""},
         {"{{ '<a>'|tojson }} {{ [1.0, none]|tojson(separators=(',', ':')) }}", "\"<a>\" [1.0,null]"},
         {"{{ m|map(attribute='role')|join(', ') }}", "user, tool"},
         {"{{ m|selectattr('role', 'equalto', 'tool')|list|length }}", "1"},
         {"{{ m|rejectattr('n')|map(attribute='role')|first }}", "tool"},
         {"{{ l|sort }} {{ l|sort(reverse=true)|join }} {{ l|sum }} {{ l|max }}", "[1, 2, 3] 321 6 3"},
         {"{{ d|dictsort|map('first')|list }} {{ ['b', 'A', 'a']|unique|list }}", "['a', 'b'] ['b', 'A']"},
         {"{{ l|select('odd')|list }} {{ l|reject('odd')|list }} {{ l|map('string')|list }}",
          "[3, 1] [2] ['3', '1', '2']"},
         {"{{ '  x '|trim }}|{{ 'xay'|trim('xy') }}|{{ none|trim }}", "x|a|None"},
         {"{{ zz|default('x') }} {{ none|default('x') }} {{ ''|default('x', true) }}", "x None x"},
         {"{{ 'a\n\nb'|indent }}|{{ 'a\nb'|indent(2, first=true) }}", "a\n\n    b|  a\n  b"},
         {"{{ '42.9'|int }} {{ 'x'|int(3) }} {{ '1.5'|float }} {{ 2.5|round }} {{ 2.55|round(1) }}",
          "42 3 1.5 2.0 2.5"},
         {"{{ 'hello wORLD'|title }} {{ 'aB'|capitalize }} {{ s|upper }} {{ s|length }}", "Hello World Ab GRÜSSE 山 7"},
         {"{{ 'a.b'|replace('.', '-') }} {{ [1, 2]|last }} {{ 'ab'|list }} {{ l|reverse|list }}",
          "a-b 2 ['a', 'b'] [2, 1, 3]"},
         {"{{ '<'|safe + '>' }} {{ '<'|escape }}", "<&gt; &lt;"},
         {"{{ none|selectattr('x')|list }}{{ zz|items|list }}", "[][]"}});
  }
  void filters() { check(); }

  void methods_data() {
    rows({{"{{ 'a,b,c'.split(',', 1) }} {{ ' a  b '.split() }} {{ 'a,b,c'.rsplit(',', 1)[0] }}",
           "['a', 'b,c'] ['a', 'b'] a,b"},
          {"{{ 'abc'.startswith('ab') }} {{ 'abc'.endswith(('x', 'c')) }}", "True True"},
          {"[{{ ' \u3000x\n'.strip() }}] {{ 'xxa'.lstrip('x') }} {{ 'a\n\n'.rstrip('\n') }}", "[x] a a"},
          {"{{ 'aXbX'.replace('X', '-', 1) }} {{ 'ab'.replace('', '.') }}", "a-bX .a.b."},
          {"{{ 'ab'.upper() }} {{ 'they\\'re'.title() }} {{ 'ab'.find('b') }} {{ 'a\nb'.splitlines() }}",
           "AB They'Re 1 ['a', 'b']"},
          {"{{ d.get('zz', 5) }} {{ d.get('zz') }} {{ d.keys()|list }} {{ d.values()|list|length }}",
           "5 None ['b', 'a'] 2"},
          {"{{ '-'.join(['a', 'b']) }} {{ 'aab'.count('a') }} {{ '12'.isdigit() }} {{ l.index(1) }}", "a-b 2 True 1"},
          {"{{ 'k=v'.partition('=') }} {{ 'abc'.removeprefix('a') }}", "('k', '=', 'v') bc"}});
  }
  void methods() { check(); }

  void tests_data() {
    rows({{"{{ 's' is string }} {{ l is string }} {{ d is mapping }} {{ l is mapping }}", "True False True False"},
          {"{{ l is iterable }} {{ n is iterable }} {{ d is sequence }} {{ zz is iterable }}", "True False True True"},
          {"{{ true is boolean }} {{ true is number }} {{ true is integer }} {{ 1.0 is float }}",
           "True True False True"},
          {"{{ none is none }} {{ zz is none }} {{ zz is undefined }} {{ true is true }} {{ 1 is true }}",
           "True False True True False"},
          {"{{ n is not string and n is eq 7 }} {{ n is in [7] }} {{ 'A' is upper }}", "True True True"}});
  }
  void tests() { check(); }

  void wrong_data() {
    QTest::addColumn<QString>("source");
    QTest::addColumn<QString>("part");
    for (const auto& [source, part] : std::initializer_list<std::pair<const char*, const char*>>{
             {"a\n{{ zz.x }}", "line 2, column 6: 'zz' is undefined"},
             {"{{ raise_exception('no system') }}", "line 1, column 19: 'no system'"},
             {"{% if n %}", "the template ends where {% endif %} was expected"},
             {"{{ n", "line 1, column 5: this {{ has no }}"},
             {"{{ n + 'a' }}", "'+' does not work between int and str"},
             {"{{ 1 / 0 }}", "division by zero"},
             {"{{ n|zap }}", "there is no filter 'zap'"},
             {"{{ n is zap }}", "there is no test 'zap'"},
             {"{{ zap() }}", "'zap' is undefined"},
             {"{{ l.append(1) }}", "cannot change a list"},
             {"{% for x in n %}{% endfor %}", "a int has no elements"},
             {"{% set d.x = 1 %}", "it is no namespace"},
             {"{% include 'x' %}", "the block 'include' is not known"},
             {"{% break %}", "outside of a loop"},
             {"{{ zz|tojson }}", "a Undefined is not JSON"},
             {"{{ zz|int }}", "'zz' is undefined"},
             {"{{ [] in d }}", "a list cannot be a key"},
             {"{{ 'a' < 1 }}", "have no order"},
             {"{{ '\\xzz' }}", "without a character's number"},
             {"{{ (1 ] }}", "unexpected ']', expected ')'"},
             {"{{ 99999999999999999999 }}", "too large a number"},
             {"{{ 9223372036854775807 + 1 }}", "beyond 64 bits"}})
      QTest::newRow(source) << source << part;
  }
  void wrong() {
    QFETCH(QString, source);
    QFETCH(QString, part);
    const auto got = rendered(source.toStdString(), R"({"n": 7, "l": [1], "d": {}})");
    QVERIFY2(!got.has_value(), got ? got->bytes().c_str() : "");
    QVERIFY2(QString::fromStdString(got.error().message).contains(part), got.error().message.c_str());
  }
};

QTEST_GUILESS_MAIN(TemplateTest)
#include "template_test.moc"
