"""Rankings by reference: what comes after X, second only to X, apart from X, and the n-th of mountains, planets, oceans, rivers."""
import functools
import re

from asking import fill
from draw import phrases, table
from . import Topic
from .geography_nature import DIGITS_ZH, ORDINALS, SHORT_ORDINALS, area, called
from wrapping import wrapped

WORLD_RIVERS = 3  # beyond these the order depends on how one measures
KINDS = ["next"] * 4 + ["first_next"] * 5 + ["two_next"] * 2 + ["before"] * 2 + ["nth"] * 4 + ["rank"] * 2
SCALES = ["mountain"] * 6 + ["planet_size"] * 3 + ["planet_distance"] * 3 + ["ocean"] * 3 + ["continent"] * 2 + ["river"] * 2


def places(kind):
    """The rows of the places table of one kind, the largest first."""
    return sorted((row for row in table("places") if row["kind_en"] == kind and row["area"]), key=lambda row: -int(row["area"]))


@functools.cache
def ranked(scale):
    """The rows of a scale in their order."""
    if scale == "mountain":
        return table("mountains")[:14]
    if scale == "river":
        return sorted(table("rivers"), key=lambda row: -int(row["length"]))[:WORLD_RIVERS]
    if scale.startswith("planet"):
        return sorted(table("planets"), key=lambda row: -int(row["diameter"]) if scale == "planet_size" else int(row["order"]))
    return places(scale)


def name(row, lang):
    """The usual name."""
    return (row.get(lang) or row[lang + "_name"]).split(" (")[0]


def asked_name(draw, row, lang):
    """The name the user takes."""
    return called(draw, row, lang) if lang in row else row[lang + "_name"]


def value(row, scale, lang):
    """The measured value as an apposition."""
    if scale == "mountain":
        return f", {row['height']} metres high" if lang == "en" else f"，海拔 {row['height']} 米"
    if scale == "river":
        return f", about {row['length']} kilometres long" if lang == "en" else f"，全长约 {row['length']} 公里"
    if scale == "planet_size":
        return f", with a diameter of {row['diameter']} km" if lang == "en" else f"，直径 {row['diameter']} 千米"
    if scale == "planet_distance":
        return f", about {row['en_distance']} away from it" if lang == "en" else f"，距离约 {row['zh_distance']}"
    size = area(lang)(row["area"])
    return f", with about {size} square kilometres" if lang == "en" else f"，面积约 {size}平方公里"


def nthest(rank, best, lang, ordinal=None):
    """'second highest' or '第二高'."""
    if lang == "zh":
        return "最" + best if rank == 1 else f"第{ordinal or DIGITS_ZH[rank - 1]}{best}"
    return best if rank == 1 else f"{ordinal or ORDINALS[rank - 1]} {best}"


def low_ranks(draw, low, count):
    """A rank from low to count, the first ones more often."""
    return min(draw.number(low, count), draw.number(low, count))


def ranking(draw, lang):
    """One question about the order on a scale."""
    scale_name, kind = draw.pick(SCALES), draw.pick(KINDS)
    rows = ranked(scale_name)
    scale = next(row for row in table("ranking_scales") if row["id"] == scale_name)
    words = {key[3:]: text for key, text in scale.items() if key.startswith(lang + "_")}
    # found: the rank of the answer; from_rank: the rank of the thing the user names.
    found = {"first_next": 2, "two_next": 3}.get(kind) or low_ranks(draw, 2 if kind == "next" else 1, len(rows) - (kind == "before"))
    from_rank = {"next": found - 1, "first_next": 1, "two_next": 1, "before": found + 1}.get(kind, found)
    best = draw.pick(words.get("say", words["best"]).split("|"))
    digit = str(from_rank) if lang == "zh" else SHORT_ORDINALS[from_rank - 1]
    slots = {**words, "best": best, "x": asked_name(draw, rows[from_rank - 1], lang), "y": asked_name(draw, rows[1], lang),
             "pnth": nthest(from_rank, best, lang, draw.pick([None, None, digit])), "kth": draw.pick([ORDINALS[from_rank - 1], SHORT_ORDINALS[from_rank - 1]]),
             "k": draw.pick([str(from_rank), DIGITS_ZH[from_rank - 1]]) if lang == "zh" else str(from_rank)}
    told = {**words, "z": name(rows[found - 1], lang), "anth": nthest(found, words["best"], lang), "k": found,
            "value": value(rows[found - 1], scale_name, lang)}
    texts = phrases(f"ranking.{lang}")
    asks = [t for t in texts[kind] if scale_name != "planet_size" or re.search("{(dim|best|pnth)}", t)]  # planets have two orders
    answer = texts["rank_answer" if kind == "rank" else "answer"]
    return [("user", fill(draw, asks, slots)), ("assistant", fill(draw, answer, told))]


TOPICS = [Topic("ranking", 3, wrapped("geo", ranking), True)]
