"""``help(opm)`` reads like a manual: every public name says what goes in, what comes out, what can go wrong."""

import dataclasses
import doctest
import importlib
import inspect
import pydoc
import re

import numpy as np
import pytest

import opm
from opm import measure, plot, views


def members(owner, prefix):
    """Yield name and object of what a module defines itself, or of a class's own public members."""
    for name, member in vars(owner).items():
        own = getattr(member, "__module__", None) == owner.__name__ if inspect.ismodule(owner) else True
        if not name.startswith("_") and own and (callable(member) or isinstance(member, property | classmethod)):
            yield f"{prefix}.{name}", getattr(member, "__func__", member)


def public():
    """Yield name and object of everything public."""
    for name in opm.__all__:
        thing = getattr(opm, name)
        if callable(thing) and not isinstance(thing, np.dtype):
            yield f"opm.{name}", thing
            if inspect.isclass(thing):
                yield from members(thing, f"opm.{name}")
    yield "opm.explorer", opm.explorer
    yield from members(views, "opm.views")
    yield from members(plot, "opm.plot")
    yield from members(measure, "opm.measure")


PUBLIC = dict(public())


def section(doc, title):
    """Return the text of a NumPy-style section, empty if there is none."""
    found = re.search(rf"^{title}\n-+\n(.*?)(?=\n\n[A-Z]\w+\n-+\n|\Z)", doc, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


@pytest.mark.parametrize("name", PUBLIC)
def test_documented(name):
    thing = PUBLIC[name]
    doc = inspect.getdoc(thing) or ""
    assert len(doc) > 20
    if isinstance(thing, property) or (inspect.isclass(thing) and "__init__" not in vars(thing)):
        return
    if dataclasses.is_dataclass(thing):
        taken, where = [field.name for field in dataclasses.fields(thing)], section(doc, "Attributes")
    else:
        taken, where = list(inspect.signature(thing).parameters), section(doc, "Parameters")
    heads = " ".join(re.findall(r"^(\S.*?)(?: : .*)?$", where, re.MULTILINE))
    missing = {parameter for parameter in taken if parameter not in ("self", "cls", "args", "kwargs")}
    missing -= set(re.findall(r"\w+", heads))
    assert not missing, f"{name}: no words on {', '.join(sorted(missing))}"
    if not inspect.isclass(thing) and inspect.signature(thing).return_annotation not in (None, "None"):
        assert section(doc, "Returns"), f"{name}: no words on what it returns"


def test_one_screen_a_name_and_no_numpy_internals():
    """What ``help(opm)`` prints stays readable: no array class's two hundred methods, no typing spelt out."""
    text = pydoc.plain(pydoc.render_doc(opm))
    assert len(text.splitlines()) < 2500
    assert "numpy.dtype[" not in text
    for word in ("cycle", "frame", "slot", "Nuked-OPM", "EVENT", "FIELDS"):
        assert word in (opm.__doc__ or "")


EXAMPLES = [
    "opm",
    "opm.chip",
    "opm.dataset",
    "opm.dataset.prior",
    "opm.many.render",
    "opm.inspect.explorer",
    "opm.inspect.measure",
    "opm.inspect.sound",
    "opm.inspect.trace",
    "opm.pitch",
    "opm.registers",
    "opm.voice.voice",
]


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_give_what_they_show(name):
    results = doctest.testmod(importlib.import_module(name))
    assert results.attempted
    assert not results.failed
