"""Mountains, rivers, lakes, oceans, deserts, islands, continents and landmarks."""
import re

from draw import table
from . import Topic
from .geography_countries import bare, chat, plain, tidy, words
from wrapping import wrapped

ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
            "twelfth", "thirteenth", "fourteenth"]
SHORT_ORDINALS = ["1st", "2nd", "3rd"] + [f"{n}th" for n in range(4, 15)]
NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen"]
DIGITS_ZH = ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二", "十三", "十四"]
MEASURE_WORDS = {"河流": "条", "运河": "条", "山峰": "座", "岛屿": "座", "山脉": "条", "瀑布": "个", "海沟": "条"}
SYNONYMS = {"largest": ["largest", "biggest"], "highest": ["highest", "tallest"], "second largest": ["second largest", "second biggest"],
            "second highest": ["second highest", "second tallest"], "second longest": ["second longest", "2nd longest"]}
NOUNS = {"mountain": ["mountain", "mountain", "peak"], "河流": ["河流", "河"], "湖泊": ["湖泊", "湖"], "山峰": ["山峰", "山"],
         "岛屿": ["岛屿", "岛"], "大洋": ["大洋", "海洋", "洋"], "大洲": ["大洲", "洲"]}
FIXED = ["continents", "continents", "oceans", "oceans", "top3", "eight", "lakes", "largestcountry", "smallestcountry", "people", "climb", "countries"]
IN_COUNTRIES = ["lake", "desert", "island", "waterfall", "canal", "landmark", "canyon"]


def say(draw, lang, section, **slots):
    """One sentence of a section, tidied."""
    return tidy(draw.say(words(lang)[section], **slots))


def question(draw, lang, section, **slots):
    """A question of a section; an empty slot leaves no gap."""
    text = re.sub(r" +(?=[ ?.,:]|$)", "", draw.say(words(lang)[section], **slots))
    return plain(draw, text)


def country_free(draw, lang, section, **slots):
    """A question of a section, but none that speaks of a country."""
    templates = [template for template in words(lang)[section] if not re.search("countr|国", template)]
    return plain(draw, draw.say(templates, **slots))


def parts(cell):
    """The entries of a ';' list."""
    return [part for part in cell.split(";") if part]


def called(draw, row, lang):
    """The name the user uses."""
    aliases = parts(row["alias_" + lang])
    name = draw.pick(aliases) if aliases and draw.chance(0.4) else row[lang]
    return re.sub(" [(].*|（.*", "", name)


def famous(draw, name):
    """One row of a table with a fame column."""
    return draw.famous(table(name))


def mountain(draw):
    """One mountain, the highest and best-known ones more often."""
    rows = table("mountains")
    return draw.famous(rows)


def mountain_slots(row, lang):
    """What an answer about a mountain may name."""
    ranges = row["range_" + lang]
    place = f"in {ranges}, {row['where_en']}" if ranges else row["where_en"]
    return {"m": row[lang], "x": row[lang], "h": row["height"], "r": ranges, "w": row["where_" + lang], "place": place,
            "inrange": f"，属于{ranges}" if ranges else "", "detail": row["detail_" + lang]}


def about_mountain(draw, lang, questions, answer):
    """A question about one mountain."""
    row = mountain(draw)
    while questions == "mountain.where.q" and not row["range_en"]:
        row = mountain(draw)
    name = called(draw, row, lang)
    form = country_free if questions == "about.q" else question
    asked = form(draw, lang, questions, m=name, x=name, c=name, n=bare(name))
    return chat(asked, say(draw, lang, answer, **mountain_slots(row, lang)))


def nthest(rank, lang):
    """'highest', 'second highest', ... as answers say it."""
    if lang == "zh":
        return "最高" if rank == 1 else f"第{DIGITS_ZH[rank - 1]}高"
    return "highest" if rank == 1 else ORDINALS[rank - 1] + " highest"


def nth_in_question(draw, rank, lang):
    """The same as users say it."""
    if lang == "zh":
        return draw.pick(["最高", "最高", "第一高"] if rank == 1 else [nthest(rank, lang), f"第{rank}高"])
    high = draw.pick(["highest", "highest", "tallest"])
    if rank == 1:
        return high
    return draw.pick([ORDINALS[rank - 1], ORDINALS[rank - 1], SHORT_ORDINALS[rank - 1]]) + draw.pick([" ", " ", "-"]) + high


def nth_highest(draw, lang):
    """The n-th highest mountain of the world, most often the second and the first."""
    rank = draw.pick([1] * 6 + [2] * 10 + [3] * 3 + list(range(4, 15)))
    row = table("mountains")[rank - 1]
    section = draw.pick({1: ["nth.q"] * 2 + ["first.extra"], 2: ["nth.q"] * 4 + ["second.q"] * 3 + ["rank.q"]}.get(rank, ["nth.q", "nth.q", "rank.q"]))
    number = draw.pick([rank, DIGITS_ZH[rank - 1]] if lang == "zh" else [rank, NUMBERS[rank - 1]])
    previous = called(draw, table("mountains")[rank - 2], lang)
    asked = question(draw, lang, section, nth=nth_in_question(draw, rank, lang), number=number, prev=previous,
                     ordinal=draw.pick([ORDINALS[rank - 1], SHORT_ORDINALS[rank - 1]]))
    return chat(asked, say(draw, lang, "nth.a", nthest=nthest(rank, lang), **mountain_slots(row, lang)))


def top_check(draw, lang):
    """Is X the n-th highest mountain, for n up to three."""
    rank = draw.number(1, 3)
    right = table("mountains")[rank - 1]
    row = right if draw.chance(0.5) else draw.pick(table("mountains"))
    asked = question(draw, lang, "top.check", m=called(draw, row, lang), nthest=nthest(rank, lang))
    section = "top.yes" if row is right else "top.no"
    return chat(asked, say(draw, lang, section, m=row[lang], top=right[lang], h=right["height"], nthest=nthest(rank, lang)))


def compare(draw, lang, section, rows, column, show=str):
    """Which of two rows has more of a column; where the section has a check, also 'Is X more than Y?'."""
    first, second = draw.sample(rows, 2)
    if first[column] == second[column]:
        return compare(draw, lang, section, rows, column, show)
    big, small = sorted((first, second), key=lambda row: -int(row[column]))
    names = {"m": called(draw, first, lang), "k": called(draw, second, lang), "kind": first.get("kind_" + lang, "")}
    answer = {"big": big[lang], "small": small[lang], "bh": show(big[column]), "sh": show(small[column])}
    if section + ".check" in words(lang) and draw.chance(0.35):
        kind = ".yes" if first is big else ".no"
        return chat(question(draw, lang, section + ".check", **names), say(draw, lang, section + kind, **answer))
    return chat(question(draw, lang, section + ".q", **names), say(draw, lang, section + ".a", **answer))


def mountain_records():
    """(language, scope) -> row for the highest mountain of continents, countries and ranges."""
    return [(row, index) for row in table("mountains") for index in range(len(parts(row["highest_of_en"])))]


def highest_of(draw, lang):
    """The highest mountain of a continent, a country or a range."""
    row, index = draw.pick(mountain_records())
    scope = parts(row["highest_of_" + lang])[index]
    record = f"highest mountain in {scope}" if lang == "en" else f"{scope}最高的山峰"
    tail = f", {row['height']} metres high" if lang == "en" else f"，海拔 {row['height']} 米"
    return ask_record(draw, lang, record, row[lang], tail, row["detail_" + lang])


def split_record(record, lang):
    """'largest lake in Africa' -> adjective, noun, scope (the Chinese one likewise)."""
    if lang == "en":
        return re.fullmatch(r"((?:second |third |fourth |fifth |most )?\w+) (.+?) ((?:in|on) .+)", record).groups()
    scope, adjective, noun = re.fullmatch(r"(.+?)((?:人口最|最|第.)[^的]+)的(.+)", record).groups()
    return adjective, noun, scope


def ask_record(draw, lang, record, name, tail, detail):
    """A question for a superlative and its answer."""
    adjective, noun, scope = split_record(record, lang)
    slots = {"adj": adjective, "noun": noun, "scope": scope, "x": name, "tail": tail, "detail": detail}
    asked = {"adj": draw.pick(SYNONYMS.get(adjective, [adjective])), "noun": draw.pick(NOUNS.get(noun, [noun])), "scope": scope}
    if lang == "en":
        asked["own"] = re.sub(r"^(in|on) ", "", scope) + ("'" if scope.endswith("s") else "'s")
        asked["nouns"] = asked["noun"] + ("" if noun.endswith("s") else "s")
        if scope == "in the world":
            asked["scope"] = draw.pick(["in the world", "in the world", "on Earth", "in the whole world", "of the world", ""])
    else:
        asked["bare"] = scope.removesuffix("上")
        asked["mw"] = MEASURE_WORDS.get(noun, "个")
        if scope == "世界上":
            asked["scope"] = draw.pick(["世界上", "世界上", "全世界", "地球上", "全球", ""])
    return chat(question(draw, lang, "record.q", **asked), say(draw, lang, "record.a", **slots))


def river_slots(row, lang):
    """What an answer about a river may name."""
    return {"x": row[lang], "length": row["length"], "cont": row["continent_" + lang], "through": row["through_" + lang],
            "mouth": row["mouth_" + lang]}


def river_name(draw, row, lang):
    """The river as users call it, with 'the' in a sentence: 'the Nile', 'the Nile river'."""
    name = called(draw, row, lang)
    return name if lang == "zh" or name.startswith("the ") else "the " + name


def about_river(draw, lang, questions, answer):
    """A question about one river."""
    row = famous(draw, "rivers")
    name = river_name(draw, row, lang)
    form = country_free if questions == "about.q" else question
    asked = form(draw, lang, questions, x=name, r=bare(name), c=name, n=bare(name))
    return chat(asked, say(draw, lang, answer, **river_slots(row, lang)))


def river_record(draw, lang):
    """The longest river of somewhere."""
    row = draw.pick([row for row in table("rivers") if row["record_en"] for _ in range(int(row["fame"]))])
    length = row["length"]
    tail = f", about {length} kilometres long" if lang == "en" else f"，全长约 {length} 公里"
    detail = f"It flows into {row['mouth_en']}." if lang == "en" else f"它注入{row['mouth_zh']}。"
    return ask_record(draw, lang, draw.pick(parts(row["record_" + lang])), row[lang], tail, detail)


def area(lang):
    """How areas are written: 44.6 million, 31500; in Chinese 4460 万, 3.15 万."""
    def english(value):
        return f"{int(value) / 1e6:g} million" if int(value) >= 1e6 else value

    def chinese(value):
        number = int(value)
        if number >= 1e8:
            return f"{number / 1e8:g} 亿"
        return f"{number / 1e4:g} 万" if number >= 1e4 else value + " "
    return english if lang == "en" else chinese


def place_record(draw, lang):
    """A superlative of the places table."""
    row = draw.pick([row for row in table("places") if row["record_en"] for _ in range(int(row["fame"]))])
    tail, detail = "", row["detail_" + lang]
    record = draw.pick(parts(row["record_" + lang]))
    if row["area"] and re.search("largest|大的", record):
        size = area(lang)(row["area"])
        tail = f", which covers about {size} square kilometres" if lang == "en" else f"，面积约 {size}平方公里"
    if row["depth"] and re.search("deepest|深的", record):
        tail = f", up to {row['depth']} metres deep" if lang == "en" else f"，最深处约 {row['depth']} 米"
    return ask_record(draw, lang, record, row[lang], tail, detail)


def about_place(draw, lang, kind):
    """Where a place is, how big or deep it is, or a few words about it."""
    needed = {"where": "where_en", "area": "area", "depth": "depth", "about": "detail_en"}[kind]
    row = draw.pick([row for row in table("places") if row[needed] for _ in range(int(row["fame"]))])
    if kind == "about" and row["en"].endswith(")"):
        kind = "area"
    name = called(draw, row, lang)
    form = question if kind == "where" and row["kind_en"] in IN_COUNTRIES else country_free
    asked = form(draw, lang, kind + ".q", x=name, m=name, c=name, n=bare(name))
    section = {"where": "place.where.a", "about": "place.about.a"}.get(kind, kind + ".a")
    if kind == "about" and row["kind_en"] == "continent":
        section = "continent.about.a"
    kind_name = row["kind_" + lang]
    return chat(asked, say(draw, lang, section, x=row[lang], w=row["where_" + lang], a="an" if kind_name[0] in "aeiou" else "a", kind=kind_name,
                           detail=row["detail_" + lang], area=area(lang)(row["area"] or "0"), depth=row["depth"]))


def larger_place(draw, lang):
    """Which of two continents, oceans, islands, deserts or lakes is larger."""
    kind = draw.pick(["continent"] * 3 + ["ocean"] * 3 + ["island", "desert", "lake"])
    return compare(draw, lang, "larger", [row for row in table("places") if row["kind_en"] == kind and row["area"]], "area", area(lang))


def fixed(draw, lang):
    """Questions with one fixed answer."""
    kind = draw.pick(FIXED)
    return chat(question(draw, lang, f"fixed.{kind}.q"), say(draw, lang, f"fixed.{kind}.a"))


def mountains(draw, lang):
    """All about mountains."""
    kind = draw.pick(["nth"] * 9 + ["height"] * 4 + ["where"] * 2 + ["range", "about"] + ["highest"] * 3 + ["taller"] * 2 + ["check"])
    if kind == "height":
        return about_mountain(draw, lang, "height.q", "height.a")
    if kind == "where":
        return about_mountain(draw, lang, "where.q", "mountain.where.a")
    if kind == "range":
        return about_mountain(draw, lang, "mountain.where.q", "range.a")
    if kind == "about":
        return about_mountain(draw, lang, "about.q", "mountain.about.a")
    if kind == "taller":
        return compare(draw, lang, "taller", table("mountains"), "height")
    return {"nth": nth_highest, "highest": highest_of, "check": top_check}[kind](draw, lang)


def rivers_and_places(draw, lang):
    """All about rivers and other places."""
    kind = draw.pick(["length", "length", "mouth", "through", "river", "longer", "river record", "river record", "place record", "place record",
                      "place record", "place record", "where", "where", "area", "depth", "about", "larger", "larger", "fixed", "fixed"])
    rivers = {"length": ("length.q", "length.a"), "mouth": ("mouth.q", "mouth.a"), "through": ("through.q", "through.a"),
              "river": ("about.q", "river.about.a")}
    if kind in rivers:
        return about_river(draw, lang, *rivers[kind])
    if kind == "longer":
        return compare(draw, lang, "longer", table("rivers"), "length")
    if kind in ("where", "area", "depth", "about"):
        return about_place(draw, lang, kind)
    return {"river record": river_record, "place record": place_record, "larger": larger_place, "fixed": fixed}[kind](draw, lang)


TOPICS = [
    Topic("geo_mountains", 5, wrapped("geo", mountains), True),
    Topic("geo_places", 4, wrapped("geo", rivers_and_places), True),
]
