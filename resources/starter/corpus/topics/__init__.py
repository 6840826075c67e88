"""The register of topics. Each module of this folder has ``TOPICS``: a list of Topic."""
import collections
import importlib
import pathlib

# name: unique; weight: how many of all single conversations are this topic's (relative);
# sample(draw, lang) -> [(role, text), ...]; joinable: may stand beside other topics in one chat of several subjects.
Topic = collections.namedtuple("Topic", "name weight sample joinable")


def all_topics():
    """Every topic of every module in this folder, in a fixed order."""
    names = sorted(p.stem for p in pathlib.Path(__file__).parent.glob("*.py") if p.stem != "__init__")
    return [topic for name in names for topic in importlib.import_module(f"topics.{name}").TOPICS]
