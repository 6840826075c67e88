"""Formatted documents: headings, lists, steps, checklists, tables and bold words in Markdown."""
import functools
import re

from draw import TABLES, phrases
from topics import Topic


@functools.lru_cache(maxsize=None)
def documents(lang):
    """Documents of tables/markdown_documents.<lang>.txt: '%% kind [slot]', names, title, then (mark, text) lines."""
    blocks = (TABLES / f"markdown_documents.{lang}.txt").read_text(encoding="utf-8").split("%% ")[1:]
    rows = []
    for block in blocks:
        lines = block.strip().split("\n")
        body = [tuple(line.split(" ", 1)) for line in lines[3:]]
        kind, _, slot = lines[0].partition(" ")
        rows.append(dict(kind=kind, slot=slot, names=lines[1].split(" / "), title=lines[2], body=body))
    return rows


def groups(body):
    """Consecutive lines of the same mark."""
    result = []
    for mark, text in body:
        if not result or result[-1][0] != mark or mark == "##":
            result.append((mark, []))
        result[-1][1].append(text)
    return result


def some(draw, items, low, high):
    """A few of the items, in their order."""
    count = min(len(items), draw.number(low, high))
    return [items[i] for i in sorted(draw.sample(range(len(items)), count))]


def block(draw, mark, items):
    """One block of Markdown: heading, paragraph, bullets, steps, checklist or table."""
    if mark == "##":
        return "## " + items[0]
    if mark == "p":
        return draw.pick(items)
    if mark == "+":
        return "\n".join(f"{number}. {item}" for number, item in enumerate(items, 1))
    if mark == "o":
        return "\n".join("- [ ] " + item for item in some(draw, items, 4, 6))
    if mark == "t":
        rows = [items[0], " | ".join("---" for _ in items[0].split(" | "))] + items[1:]
        return "\n".join(f"| {row} |" for row in rows)
    chosen = items if mark == "=" else some(draw, items, 3, 5)
    return "\n".join("- " + item for item in chosen)


def named(draw, lang, document):
    """A document about any {x}: the same with a drawn project or topic in place of {x}."""
    if not document["slot"]:
        return document
    x = draw.say("#" + draw.pick(phrases(f"markdown_slots.{lang}")[document["slot"]]))[1:]

    def fill(text):
        text = re.sub("^{x}", lambda _: x[0].upper() + x[1:], text).replace("{x}", x)
        return re.sub("(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])", "", text)
    return {"kind": document["kind"], "names": [name.replace("{x}", x) for name in document["names"]],
            "title": fill(document["title"]), "body": [(mark, fill(text)) for mark, text in document["body"]]}


def sample(draw, lang):
    """One request for a document."""
    forms = phrases(f"markdown.{lang}")
    generic = [document for document in documents(lang) if document["slot"]]
    document = named(draw, lang, draw.pick(generic if draw.chance(0.4) else documents(lang)))
    name = draw.pick(document["names"])
    user = draw.say(forms["ask"] + 3 * forms["ask_" + document["kind"]], what=name)
    text = "\n\n".join(block(draw, mark, items) for mark, items in groups(document["body"]))
    answer = f"# {document['title']}\n\n{text}"
    if draw.chance(0.15):
        answer = draw.say(forms["answer"], what=document["names"][0]) + "\n\n" + answer
    return [("user", user), ("assistant", answer)]


TOPICS = [Topic("markdown", 3, sample, False)]
