"""Structures that come thousands of times and differ in a few texts: written once with holes, then filled in.

An answer may hold a `Cast` where a structure stands. The trap: what goes into a hole is text as EC2 writes it, so dates
and truths are rendered by whoever fills it in; it is escaped here.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from app.wire import markup

_OPEN, _CLOSE = "\ue000", "\ue001"  # of the private use area: no fixed text of ours has them, and XML carries them
_HOLE = re.compile(f"{_OPEN}(\\w+){_CLOSE}")


def hole(name: str) -> markup.Hole:
    """Form what stands in a mould where the text of this name goes."""
    return markup.Hole(f"{_OPEN}{name}{_CLOSE}")


Fill = Callable[[Mapping[str, str]], str]


class Mould:
    """A structure with holes, the same for all that is cast from it."""

    def __init__(self, sample: Mapping[str, object]) -> None:
        self.sample = sample


class Cast(NamedTuple):
    """One structure: a mould, the texts for its holes, and members that are written beside it."""

    mould: Mould
    texts: Mapping[str, str]
    beside: Mapping[str, object]


def template(written: str) -> Fill:
    """Turn the written sample of a mould into what fills its holes in."""
    pieces, render = _HOLE.split(written), markup.text  # fixed text and names take turns
    names = pieces[1::2]

    def fill(texts: Mapping[str, str]) -> str:
        filling = [texts[name] for name in names]
        whole = "".join(filling)
        if render(whole) != whole:  # something in one of them needs to be escaped
            filling = [render(text) for text in filling]
        filled = pieces.copy()
        filled[1::2] = filling
        return "".join(filled)

    return fill
