"""Calendar: months, weekdays, leap years and dates of festivals."""
from asking import ask, local, yes_no
from draw import table
from topics import Topic
from wrapping import wrapped

MONTH_KINDS = ["days", "days", "days", "month_number", "month_at", "after", "before", "season"]
DAY_KINDS = ["after", "before", "tomorrow", "yesterday", "later", "weekend"]
YEAR_KINDS = ["leap", "leap", "leap_or", "leap_days", "february"]
WEEKEND = {"en": ["a working day, not part of the weekend", "a weekend day, not a working day"],
           "zh": ["工作日，不是周末", "周末，不是工作日"]}
LEAP = {"en": ["not a", "a"], "zh": ["是平年", "是闰年"]}


def _neighbours(rows, index, lang, unit):
    """Slots of one row of a cycle (months, weekdays) with the names before and after it."""
    row = rows[index]
    slots = {**local(row, lang), "unit": unit, "en": row["en_name"]}
    slots["next"] = rows[(index + 1) % len(rows)][lang + "_name"]
    slots["previous"] = rows[index - 1][lang + "_name"]
    return slots


def _month(index, lang):
    return _neighbours(table("months"), index, lang, "month" if lang == "en" else "个月")


def months(draw, lang):
    """Length, number, neighbours and season of a month."""
    first, second = draw.sample(range(12), 2)
    return ask(draw, lang, "calendar", draw.pick(MONTH_KINDS), _month(first, lang), _month(second, lang))


def weekdays(draw, lang):
    """The day before, after, or a few days later."""
    rows = table("weekdays")
    index, count = draw.number(0, 6), draw.number(2, 4)
    slots = _neighbours(rows, index, lang, "day" if lang == "en" else "天")
    slots["count"] = count
    slots["later"] = rows[(index + count) % 7][lang + "_name"]
    slots["weekend"] = WEEKEND[lang][index >= 5]
    return ask(draw, lang, "calendar", draw.pick(DAY_KINDS), slots)


def _year(year, lang):
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = 366 if leap else 365
    return {"year": year, "yes": yes_no(lang, leap), "is_leap": LEAP[lang][leap], "february": 29 if leap else 28,
            "days": f"{days} days" if lang == "en" else f"{days} 天"}


def leap_years(draw, lang):
    """Is a year a leap year, and how many days does it have?"""
    near, far = draw.number(1990, 2040), draw.number(1896, 2104)
    first = near if draw.chance(0.7) else far
    return ask(draw, lang, "calendar", draw.pick(YEAR_KINDS), _year(first, lang), _year(draw.number(1996, 2040), lang))


def holidays(draw, lang):
    """Dates of festivals."""
    row, other = (local(r, lang) for r in draw.sample(table("holidays"), 2))
    return ask(draw, lang, "calendar", draw.pick(["holiday", "holiday", "on_date"]), row, other)


TOPICS = [Topic("months", 0.6, wrapped("calendar", months), True), Topic("weekdays", 0.5, wrapped("calendar", weekdays), True),
          Topic("leap_years", 0.4, wrapped("calendar", leap_years), True), Topic("holidays", 0.5, wrapped("calendar", holidays), True)]
