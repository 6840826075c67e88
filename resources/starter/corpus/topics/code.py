"""Small programs in Python and C++: one sentence, the fenced code, at most one sentence after it."""
import functools

from draw import TABLES, phrases
from topics import Topic

FIELDS = ("do_en", "do_zh", "note_en", "note_zh")
LANGUAGES = {"python": ("Python", "python"), "cpp": ("C++", "cpp")}


@functools.lru_cache(maxsize=None)
def tasks(name):
    """Tasks of tables/code_<name>.txt: '%% id', the four lines of FIELDS, then the code, verbatim."""
    rows = []
    for block in (TABLES / f"code_{name}.txt").read_text(encoding="utf-8").split("%% ")[1:]:
        lines = block.rstrip().split("\n")
        rows.append(dict(zip(FIELDS, lines[1:5]), id=lines[0], code="\n".join(lines[5:])))
    return rows


def reply(draw, lang, name, task):
    """The sentence, the code and often the note."""
    forms = phrases(f"code.{lang}")
    shown, fence = LANGUAGES[name]
    what = task[f"do_{lang}"].split(" / ")[0]
    text = draw.say(forms["answer"], do=what, lang=shown) + f"\n\n```{fence}\n{task['code']}\n```"
    if draw.chance(0.75):
        text += "\n\n" + task[f"note_{lang}"]
    return text


def sample(draw, lang):
    """A request for one task; at times the same task in the other language follows."""
    forms = phrases(f"code.{lang}")
    name = draw.pick(sorted(LANGUAGES))
    task = draw.pick(tasks(name))
    ask = draw.pick(task[f"do_{lang}"].split(" / "))
    spoken = draw.pick(["C++", "C++", "C++", "c++", "cpp"]) if name == "cpp" else draw.pick(["Python", "Python", "Python", "python"])
    if name == "cpp":  # people say list and array for a vector too
        ask = ask.replace("vector", draw.pick(["vector", "vector", "list"] if lang == "en" else ["vector", "vector", "数组"]))
    turns = [("user", draw.say(forms["ask"], do=ask, lang=spoken)), ("assistant", reply(draw, lang, name, task))]
    other = "python" if name == "cpp" else "cpp"
    twin = [t for t in tasks(other) if t["id"] == task["id"]]
    if twin and draw.chance(0.15):
        turns += [("user", draw.say(forms["ask_other"], lang=LANGUAGES[other][0])), ("assistant", reply(draw, lang, other, twin[0]))]
    return turns


TOPICS = [Topic("code", 4, sample, True)]
