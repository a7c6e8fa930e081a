"""The port between a name server and whoever knows the names.

The trap: who asks decides what is answered, and all that is known of him is the address that he asks from.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto


class Verdict(Enum):
    """What is known of a name."""

    KNOWN = auto()
    UNKNOWN = auto()  # in a zone of ours, and there is no such name
    FOREIGN = auto()  # others answer for it, and who asks may have them asked
    REFUSED = auto()  # none of his business


@dataclass(frozen=True, slots=True, kw_only=True)
class NameQuestion:
    """`name` is in lower case and without a dot at its end; `source` is the address that it is asked from."""

    name: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NameAnswer:
    """`zone` is the one of ours that the name is in; `address` and `pointer` what it leads to, if there is that.

    `served`: whether others are asked on behalf of who asked.
    """

    verdict: Verdict
    zone: str = ""
    address: str = ""
    pointer: str = ""
    served: bool = False


NameDesk = Callable[[NameQuestion], NameAnswer]
"""Tell what a name leads to now, at once."""
