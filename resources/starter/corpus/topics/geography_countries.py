"""Countries: capitals, cities, continents, currencies, languages, neighbours and short portraits."""
import re
import unicodedata

from draw import phrases, table
from . import Topic
from wrapping import wrapped

CONTINENTS = {"en": ["Europe", "Asia", "Africa", "North America", "South America", "Oceania"],
              "zh": ["欧洲", "亚洲", "非洲", "北美洲", "南美洲", "大洋洲"]}

OTHER_CURRENCIES = {"en": ["euro", "US dollar", "yen", "pound sterling", "Swiss franc"], "zh": ["欧元", "美元", "日元", "英镑", "瑞士法郎"]}
OTHER_LANGUAGES = {"en": ["English", "French", "German", "Spanish", "Portuguese", "Russian", "Arabic", "Chinese", "Italian"],
                   "zh": ["英语", "法语", "德语", "西班牙语", "葡萄牙语", "俄语", "阿拉伯语", "汉语", "意大利语"]}
TWO_CURRENCIES = ["Panama", "Zimbabwe", "Cambodia"]  # a second currency is in use beside the table's


def words(lang):
    """The phrase file of a language."""
    return phrases("geography." + lang)


def bare(name):
    """A name without its article: 'the Netherlands' -> 'Netherlands'."""
    return re.sub(r"^the ", "", name)


def tidy(text):
    """A capital letter after each full stop, none doubled after 'D.C.'."""
    text = text.replace("D.C..", "D.C.")
    return re.sub(r"(?<=[a-z0-9)][.!?] )[a-z]", lambda m: m.group().upper(), text)


def country(draw):
    """One row of the table, well-known countries more often."""
    return draw.famous(table("countries"))


def name_in_question(draw, row, lang, part=""):
    """The name the user uses for the country (or its capital): mostly the usual one, sometimes another."""
    aliases = [name for name in row["alias_" + part + lang].split(";") if name]
    return draw.pick(aliases) if aliases and draw.chance(0.4) else row[part + lang]


def slots(row, lang):
    """What an answer about a country may name."""
    language = row["language_" + lang]
    several = " and " in language
    return {"c": row[lang], "n": bare(row[lang]), "cap": row["capital_" + lang], "cont": row["continent_" + lang],
            "cur": row["currency_" + lang], "lang": language, "lword": "languages" if several else "language",
            "be": "are" if several else "is", "nb": row["neighbours_" + lang], "detail": row["detail_" + lang], "people": row["people_" + lang],
            "people_bare": re.sub("^the ", "", row["people_en"]), "adj": row["adjective_en"] if lang == "en" else row["zh"]}


def plain(draw, text):
    """Users often leave accents out: 'Bogotá' -> 'Bogota'."""
    text = text.replace("D.C..", "D.C.")
    if draw.chance(0.5):
        return text
    return "".join(c for c in unicodedata.normalize("NFD", text) if not "\u0300" <= c <= "\u036f")


def ask(draw, lang, section, row, **more):
    """A question of the section about the country."""
    name = name_in_question(draw, row, lang)
    more = {"c": name, "n": bare(name), "cap": name_in_question(draw, row, lang, "capital_"), **more}
    return plain(draw, draw.say(words(lang)[section], **{**slots(row, lang), **more}))


def tell(draw, lang, section, row, **more):
    """An answer of the section about the country."""
    return tidy(draw.say(words(lang)[section], **{**slots(row, lang), **more}))


def chat(question, answer):
    """One question and its answer as turns."""
    return [("user", question), ("assistant", answer)]


def capital_of(draw, lang):
    """What is the capital of X; sometimes more countries follow in the same chat."""
    row = country(draw)
    if row["governed"] and draw.chance(0.12):
        return chat(ask(draw, lang, "capital.seat.q", row), tell(draw, lang, "capital.seat.a", row))
    turns = chat(ask(draw, lang, "capital.q", row), tell(draw, lang, "capital.a", row))
    while draw.chance(0.15) and len(turns) < 6:
        row = country(draw)
        turns += chat(ask(draw, lang, "capital.follow", row), tell(draw, lang, "capital.a", row))
    return turns


def two_capitals(draw, lang):
    """The capitals of two countries at once."""
    first, second = country(draw), country(draw)
    if first is second:
        return capital_of(draw, lang)
    more = {"d": second[lang], "cap2": second["capital_" + lang]}
    return chat(draw.say(words(lang)["capital.two"], c=first[lang], **more), tell(draw, lang, "capital.two.a", first, **more))


def capital_reverse(draw, lang):
    """Which country has this capital."""
    row = country(draw)
    return chat(ask(draw, lang, "capital.reverse", row), tell(draw, lang, "capital.reverse.a", row))


def capital_check(draw, lang):
    """Is X the capital of Y: half of the time it is, else another city of the country or a foreign capital."""
    row = country(draw)
    capital, city = row["capital_" + lang], row["city_" + lang]
    foreign = country(draw)
    wrong = city if city and draw.chance(0.6) else foreign["capital_" + lang]
    if draw.chance(0.45) or wrong in (capital, foreign[lang]):
        asked = name_in_question(draw, row, lang, "capital_")
        return chat(ask(draw, lang, "capital.check", row, x=asked), tell(draw, lang, "capital.yes", row, x=capital))
    if draw.chance(0.3):
        return chat(ask(draw, lang, "capital.denied.q", row, x=wrong), tell(draw, lang, "capital.denied.a", row, x=wrong))
    turns = chat(ask(draw, lang, "capital.check", row, x=wrong), tell(draw, lang, "capital.no", row, x=wrong))
    if draw.chance(0.2):
        turns += chat(ask(draw, lang, "capital.then", row), tell(draw, lang, "capital.a", row))
    return turns


def city(draw, lang):
    """In which country a city is."""
    row = country(draw)
    other = row["city_" + lang]
    if other and draw.chance(0.6):
        return chat(ask(draw, lang, "city.q", row, x=other), tell(draw, lang, "city.a", row, x=other))
    capital = row["capital_" + lang]
    if capital == row[lang]:
        return capital_of(draw, lang)
    asked = name_in_question(draw, row, lang, "capital_")
    return chat(ask(draw, lang, "city.q", row, x=asked), tell(draw, lang, "city.capital.a", row, x=capital))


def continent_check(draw, lang):
    """Is X in continent Y."""
    row = country(draw)
    right = row["continent_" + lang]
    if right not in CONTINENTS[lang]:
        return simple(draw, lang, "continent")
    asked = right if draw.chance(0.5) else draw.pick(CONTINENTS[lang])
    section = "continent.yes" if asked == right else "continent.no"
    return chat(ask(draw, lang, "continent.check", row, cont=asked), tell(draw, lang, section, row, cont=asked, right=right))


def currency_check(draw, lang):
    """Is the currency of X the Y."""
    row = country(draw)
    right = row["currency_" + lang]
    wrong = [name for name in OTHER_CURRENCIES[lang] if name != right]
    if row["en"] in TWO_CURRENCIES:
        return simple(draw, lang, "currency")
    guess = right if draw.chance(0.45) else draw.pick(wrong)
    section = "currency.yes" if guess == right else "currency.no"
    return chat(ask(draw, lang, "currency.check", row, g=guess), tell(draw, lang, section, row, g=guess))


def language_check(draw, lang):
    """Do people in X mainly speak Y; asked where there is one main language."""
    row = country(draw)
    right = row["language_" + lang]
    if re.search(" and |、|和", right):
        return simple(draw, lang, "language")
    guess = right if draw.chance(0.45) else draw.pick([name for name in OTHER_LANGUAGES[lang] if name != right])
    section = "language.yes" if guess == right else "language.no"
    return chat(ask(draw, lang, "language.check", row, g=guess), tell(draw, lang, section, row, g=guess))


def simple(draw, lang, kind):
    """One question of a kind that each country can answer."""
    row = country(draw)
    return chat(ask(draw, lang, kind + ".q", row), tell(draw, lang, kind + ".a", row))


def neighbours(draw, lang):
    """Which countries border X; islands have none."""
    row = country(draw)
    section = "neighbour.a" if row["neighbours_" + lang] else "neighbour.none"
    return chat(ask(draw, lang, "neighbour.q", row), tell(draw, lang, section, row))


def famous(draw, lang):
    """One fact about a country: the detail of the table."""
    row = country(draw)
    detail = row["detail_" + lang]
    return chat(ask(draw, lang, "famous.q", row), tell(draw, lang, "famous.a", row, lower=detail[:1].lower() + detail[1:]))


def capitals(draw, lang):
    """All about capitals."""
    kinds = [capital_of] * 10 + [capital_check] * 4 + [capital_reverse] * 4 + [two_capitals]
    return draw.pick(kinds)(draw, lang)


def country_facts(draw, lang):
    """All other questions about countries."""
    kind = draw.pick(["continent", "continent", "check", "currency", "currency", "currency", "language", "language", "language",
                      "currency check", "language check", "neighbours", "city", "city", "about", "about", "about", "famous"])
    special = {"check": continent_check, "currency check": currency_check, "language check": language_check,
               "neighbours": neighbours, "city": city, "famous": famous}
    if kind in special:
        return special[kind](draw, lang)
    return simple(draw, lang, kind)


TOPICS = [
    Topic("geo_capitals", 7, wrapped("geo", capitals), True),
    Topic("geo_countries", 6, wrapped("geo", country_facts), True),
]
