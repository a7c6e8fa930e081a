"""Rules of security groups as REST takes them, and as one line that people type: `in tcp 22 from 10.0.0.0/8`.

A line is words in this order: in or out (in, if it is not said), a protocol, ports, from or to, a peer, and behind a #
what it is for. The trap: only the form is read here. Which protocols, ports and ranges there are, the cloud decides;
`Line.columns` says where each part stands, so that its refusal can be shown under the word that it is about.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

EXAMPLE = "in tcp 22 from 10.0.0.0/8"
_WORD = re.compile(r"\S+")
_NUMBERS = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?")
_WAYS = {"in": "from", "out": "to"}
_WITH_PORTS = ("tcp", "udp", "6", "17")
_WITH_TYPES = ("icmp", "icmpv6", "1", "58")
_ALL = "all"
_LAST_PORT = 65535
_PORTS = "a port, a range such as 8000-8080, or all"


class AddGroupRule(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of traffic with one peer: a range, or the id or the name of a group of the same account.

    `protocol`: tcp, udp, icmp, icmpv6, a number, or -1 for all. Ports are a range with both ends; of icmp they are type
    and code, -1 for any.
    """

    protocol: str
    peer: str
    egress: bool = False
    from_port: int | None = None
    to_port: int | None = None
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line that was understood; `columns` counts from 0, by the fields of the rule."""

    rule: AddGroupRule
    columns: Mapping[str, int]

    def place(self, fields: Iterable[str]) -> int | None:
        """Return where the first of these fields that stands in it does."""
        return next((self.columns[field] for field in fields if field in self.columns), None)


class LineError(Exception):
    """Why a line was not understood; `column` counts from 0."""

    def __init__(self, column: int, why: str) -> None:
        super().__init__(why)
        self.column, self.why = column, why


def read(text: str) -> Line:
    """Read a line; LineError says where it is wrong and what could stand there."""
    body, _, description = text.partition("#")
    words = _Words(body)
    egress = words.next.lower() == "out"
    if words.next.lower() in _WAYS:
        words.take()
    protocol_at, protocol = words.need("a protocol: tcp, udp, icmp, icmpv6, a number, or all")
    protocol = "-1" if protocol.lower() == _ALL else protocol
    ports_at, (first, last) = words.column, _ports(words, protocol.lower())
    _preposition(words, "out" if egress else "in")
    peer_at, peer = words.need("a range such as 10.0.0.0/8, or a group")
    words.end()
    rule = AddGroupRule(
        protocol=protocol,
        peer=peer,
        egress=egress,
        from_port=first,
        to_port=last,
        description=description.strip(),
    )
    columns = {"protocol": protocol_at, "from_port": ports_at, "to_port": ports_at, "peer": peer_at}
    return Line(rule=rule, columns=columns | {"description": min(len(body) + 1, len(text))})


def under(text: str, column: int) -> str:
    """Form the two lines that show a place in a text."""
    return f"{text}\n{' ' * min(column, len(text))}^"


class _Words:
    """The words of a line, taken one after the other."""

    def __init__(self, text: str) -> None:
        self._left = [(found.start(), found.group()) for found in _WORD.finditer(text)]
        self._end = len(text.rstrip())

    @property
    def next(self) -> str:
        return self._left[0][1] if self._left else ""

    @property
    def column(self) -> int:
        return self._left[0][0] if self._left else self._end

    def take(self) -> tuple[int, str]:
        return self._left.pop(0)

    def need(self, what: str) -> tuple[int, str]:
        if not self._left:
            raise LineError(self._end, f"here {what} is missing; for example: {EXAMPLE}")
        return self.take()

    def end(self) -> None:
        if self._left:
            raise LineError(
                self.column, f"nothing can stand here any more, but for # and what the rule is for: {self.next[:40]}"
            )


def _ports(words: _Words, protocol: str) -> tuple[int | None, int | None]:
    """Take the ports of a protocol that has some, type and code of one that has those."""
    types, found = protocol in _WITH_TYPES, _NUMBERS.fullmatch(words.next)
    misspelt = protocol.isalpha() and found is not None  # which the cloud will say
    if not (types or misspelt or protocol in _WITH_PORTS):
        return None, None
    if found is None and words.next.lower() != _ALL:
        if types:
            return -1, -1
        raise LineError(words.column, f"{protocol} needs {_PORTS} here; for example: {EXAMPLE}")
    words.take()
    if found is None:
        return (-1, -1) if types else (0, _LAST_PORT)
    first, last = int(found[1]), found[2]
    return first, int(last) if last else (-1 if types else first)


def _preposition(words: _Words, way: str) -> None:
    """Pass over from or to, which must fit the way."""
    word = words.next.lower()
    if word in _WAYS.values():
        if word != _WAYS[way]:
            raise LineError(words.column, f"what goes {way} is written with {_WAYS[way]}; in is from, out is to")
        words.take()
