"""What a guest may do to the terminal that shows its console: text, colours, cursor, and nothing that reaches further.

A guest's root writes what it likes. Escape sequences that fill the clipboard, ask for the title, print or change keys
would be obeyed by the operator's own terminal. The trap: one sequence may come in two pieces, and C1 controls come as
ordinary-looking UTF-8.
"""

import re
from codecs import getincrementaldecoder

_MOST_PENDING = 256
_PASSED = frozenset("\a\b\t\n\r")
_SINGLE = frozenset("78DEM=>")
_FINALS = frozenset("@ABCDEFGHIJKLMPSTXZ`adefmrsu")
_MODES = frozenset({"?1", "?7", "?12", "?25", "?47", "?1047", "?1048", "?1049", "?2004", "4"})
_SEQUENCE = re.compile(
    r"\x1b(?:\[(?P<csi>[0-?]*)(?P<between>[ -/]*)(?P<final>[@-~])"
    r"|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|[ -/]+[0-~]"
    r"|(?P<single>[0-OQ-WYZ`-~]))"
)
RESET = "\x1b[0m\x1b[?1l\x1b[?7h\x1b[?25h\x1b[?2004l\x1b[?1049l"
"""Puts back what was let through."""


class Harmless:
    """A filter for one stream; `feed` takes bytes in any pieces."""

    def __init__(self) -> None:
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""

    def feed(self, data: bytes) -> str:
        """Return what may be written to a terminal."""
        text, out, at = self._rest + self._decode(data), [], 0
        while (start := text.find("\x1b", at)) >= 0:
            out.append(_plain(text[at:start]))
            found = _SEQUENCE.match(text, start)
            if found is None:
                if _unfinished(text[start:]):
                    self._rest = text[start:]
                    return "".join(out)
                at = start + 1  # no sequence that anybody knows: what follows is text
                continue
            out.append(found[0] if _allowed(found) else "")
            at = found.end()
        self._rest = ""
        return "".join([*out, _plain(text[at:])])


def _plain(text: str) -> str:
    return "".join(sign for sign in text if sign in _PASSED or (sign >= " " and not "\x7f" <= sign <= "\x9f"))


def _unfinished(text: str) -> bool:
    """Tell the beginning of a sequence from what can not become one; a string that never ends is given up."""
    begun = re.fullmatch(r"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b]*\x1b?|[ -/]*)", text)
    return begun is not None and len(text) <= _MOST_PENDING


def _allowed(found: re.Match[str]) -> bool:
    if found["single"]:
        return found["single"] in _SINGLE
    if not found["final"] or found["between"]:
        return False
    if found["final"] in "hl":
        return all(mode in _MODES for mode in _private(found["csi"]))
    if found["final"] == "n":
        return found["csi"] in ("5", "6")  # where is the cursor: how programs on a serial line learn the size
    return found["final"] in _FINALS and not found["csi"].startswith(("?", ">", "<", "="))


def _private(parameters: str) -> list[str]:
    sign = "?" if parameters.startswith("?") else ""
    return [sign + number for number in parameters.removeprefix("?").split(";")]
