"""What to say when something cannot stand where it stands: the slips that people make, then what could stand there.

The table of slips is tried from top to bottom; a slip names its fix. `before` is the word or sign before the place.
"""

import re
from dataclasses import dataclass
from typing import Self

from app.rules.faults import listed, nearest
from app.rules.quantities import MEANT, UNITS

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*|[0-9][A-Za-z0-9.%]*|[=<>!&|:]+|//|/\*|.", re.DOTALL)
_LAST = re.compile(r"(?:[A-Za-z_][A-Za-z0-9_.-]*|[0-9][A-Za-z0-9.%]*|\S)\Z")
_HEAD = re.compile(r"\s*(rule|policy)\s+([A-Za-z_][A-Za-z0-9_-]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """What was met (empty: the end), what stands before and behind it, and the item it is in."""

    word: str
    before: str
    behind: str
    item: str

    @classmethod
    def read(cls, text: str, offset: int) -> Self:
        """Look around a place in a text."""
        found = _WORD.match(text, offset)
        word = found.group().rstrip(".-") or found.group() if found and found.group().strip() else ""
        last = _LAST.search(text[max(0, offset - 80) : offset].rstrip())
        head = _HEAD.match(text)
        return cls(
            word=word,
            before=last.group() if last else "",
            behind=text[offset + len(word) : offset + len(word) + 20],
            item=" ".join(head.groups()) if head else "",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The message, and what stands in it for programs."""

    message: str
    expected: tuple[str, ...] = ()
    nearest: str = ""


@dataclass(frozen=True, slots=True)
class Slip:
    """A mistake that people make: patterns of the whole word met and of the word before, and the fix."""

    met: str
    fix: str
    before: str = ".*"
    needs: str = ""


_DOUBLE = 'a text stands in straight double quotes, as in `"gold"`'
_NEXT = "a clause ends where the next one begins; leave it out"
_POWER = "write `power on host` or `power off host`"
SLIPS = (
    Slip("=", "a setting stands without `=`, as in `cooldown 10min`", before="cooldown|mode|at|every|weight"),
    Slip("<", "a limit is written with `<=`, as in `migrations <= 20 per hour`", needs="_AT_MOST"),
    Slip("=", "the gain is written with `>`, as in `move only if gain > 0.05`", before=">"),
    Slip(">", "for not equal, write `!=`", before="<"),
    Slip("=|:=|is|equals", "to compare, write `==`"),
    Slip("<>|!==", "for not equal, write `!=`"),
    Slip("=>", "for at least, write `>=`"),
    Slip("=<", "for at most, write `<=`"),
    Slip("then|do", "nothing stands between the condition and what follows; leave it out", needs="_EVACUATE"),
    Slip("&|and|AND", "for and, write `&&`"),
    Slip("\\||or|OR", "for or, write `||`"),
    Slip(".*", "for not, write `!`, as in `!host.maintenance`", before="not|NOT"),
    Slip("\ufffd", "this is not UTF-8; save the file as UTF-8"),
    Slip("[;,]", _NEXT, needs="_REQUIRE"),
    Slip("[;,]", _NEXT, needs="_USE"),
    Slip("['“”„‘’`]", 'a text stands in straight double quotes, as in `"gold"`'),
    Slip('"', 'the text is not closed: `"` is missing before the end of the line', needs="STRING"),
    Slip("//|/\\*", "a comment begins with `#`"),
    Slip("-", "a weight is 0 or more; to avoid something, write `prefer -(…)`", before="weight"),
    Slip(".*", "a weight is a number, as in `weight 3`", before="weight"),
    Slip("if", "a condition on machines or hosts follows `where`", needs="_WHERE"),
    Slip("if|If|IF", "a condition before a clause begins with `when`", needs="_WHEN"),
    Slip("else|unless|except", "there is no other branch; write a second clause, or `a ? b : c` in an expression"),
    Slip("%", "there is no such operator; the remainder is `cyclic(a, b)`"),
    Slip("\\^", "there are no powers; multiply"),
    Slip("\\.", "a number begins with a digit, as in `0.5`"),
    Slip("\\+", "a number needs no `+`"),
    Slip(".*", "`a ? b` needs a third part, as in `host.vms > 0 ? 1 : 0`", needs="COLON"),
    Slip("host", "one machine leaves by `migrate vm by …`, all of them by `evacuate host`", before="migrate"),
    Slip("vm", "`evacuate host` empties a host; one machine leaves by `migrate vm by …`", before="evacuate"),
    Slip(".*", "write `evacuate host`", before="evacuate"),
    Slip(".*", "say which of the machines goes first, as in `migrate vm by vm.cpu.used`", needs="_BY"),
    Slip(".*", _POWER, before="power|on|off"),
    Slip("power[a-z_-]+|shutdown|sleep|suspend|wake", _POWER, needs="_POWER"),
    Slip("\\}", "say what to do then, as in `when … evacuate host`", needs="_EVACUATE"),
    Slip(".*", "say how long, as in `for 5min`", before="for"),
    Slip(".*", "say how long, as in `cooldown 10min`", before="cooldown"),
    Slip(".*", 'the message stands in double quotes, as in `alert "hot"`', before="alert"),
    Slip(".*", "say how often, as in `remap every 60s`", before="every|remap"),
    Slip(".*", "say per what, as in `migrations <= 20 per hour`", needs="_PER"),
    Slip("\\{", "a name is missing, as in `rule spread-ha {`", before="rule"),
    Slip("\\{", "a name is missing, as in `policy day {`", before="policy"),
    Slip(".*", "say what it applies to: `applies to vm where …` or `applies to host where …`", before="applies|to"),
    Slip("\\}", "the name of a rule is missing, as in `use capacity`", before="use"),
    Slip(".*", "a name holds letters, digits, `_` and `-`, and begins with a letter, as in `spread-ha`", needs="LABEL"),
    Slip(".*", "a `{` is missing before it", needs="LBRACE"),
    Slip("\\}", "there is one `}` too many", needs="_RULE"),
    Slip("\\)", "there is one `)` too many"),
    Slip("\\]", "there is one `]` too many"),
    Slip("require|forbid|prefer|when|at", "this belongs into a rule; a policy names rules by `use NAME`", needs="_USE"),
    Slip(
        "use|budget|remap|tiebreak|move", "this belongs into a policy, as in `policy day { use capacity }`", needs="_AT"
    ),
    Slip("[a-z].*", "`use` is missing before it, as in `use capacity`", needs="_USE"),
    Slip("[a-z]+\\..*", "`require`, `forbid` or `prefer` is missing before it", needs="_AT"),
)

_WORDS = {
    "LBRACE": "{",
    "RBRACE": "}",
    "LPAR": "(",
    "RPAR": ")",
    "LSQB": "[",
    "RSQB": "]",
    "COMMA": ",",
    "COLON": ":",
    "_AT_MOST": "<=",
    "_MORE": ">",
    "PHASE": "place or remap",
    "LABEL": "a name",
    "QUANTITY": "a number",
    "STRING": "a text in double quotes",
    "$END": "the end",
    "_OR": "||",
    "_AND": "&&",
    "QMARK": "?",
    "_IN": "in",
    "RELATION": "a comparison",
    "PLUS": "+",
    "MINUS": "-",
    "FACTOR": "* or /",
}
_VALUES = frozenset({"PATH", "LPAR", "LSQB", "BANG", "TRUE", "FALSE", "QUANTITY", "STRING", "MINUS"})
_GOES_ON = frozenset({"RELATION", "_IN", "PLUS", "MINUS", "FACTOR", "_OR", "_AND", "QMARK"})


def advise(met: Met, expected: frozenset[str]) -> Advice:
    """Say what is wrong at a place of which the grammar says what could stand there."""
    could = _could_stand(expected)
    if fix := _unit_apart(met) or _missing(met, expected) or _slip(met, expected):
        return Advice(message=f"{_shown(met)}: {fix}", expected=could)
    keywords = [name.strip("_").lower() for name in expected if name not in _WORDS and name not in _VALUES | _GOES_ON]
    name = nearest(met.word, [*keywords, *(("place", "remap") if "PHASE" in expected else ())])
    if name:
        return Advice(message=f"{_shown(met)}: do you mean `{name}`?", expected=could, nearest=name)
    return Advice(message=f"{_shown(met)} cannot stand here; what can: {listed(could)}", expected=could)


def _shown(met: Met) -> str:
    return f"`{met.word}`" if met.word else "the end"


def _unit_apart(met: Met) -> str:
    unit = met.word if met.word in UNITS else MEANT.get(met.word, "")
    if unit and met.before[:1].isdigit():
        return f"the unit stands directly behind the number: `{met.before}{unit}`"
    return ""


def _missing(met: Met, expected: frozenset[str]) -> str:
    if "RPAR" in expected and met.word in {"", "}", "{"}:
        return "a `(` is not closed; `)` is missing"
    if "RSQB" in expected and met.word in {"", "}", "{"}:
        return "a `[` is not closed; `]` is missing"
    if expected == _VALUES and met.word in {"", "}", ")", "]", ","}:
        return f"nothing stands behind `{met.before}`; a value is missing"
    if not met.word and met.item:
        return f"`}}` is missing: {met.item} is not closed" if "RBRACE" in expected else f"{met.item} is not finished"
    return ""


def _slip(met: Met, expected: frozenset[str]) -> str:
    for slip in SLIPS:
        if slip.needs and slip.needs not in expected:
            continue
        if re.fullmatch(slip.met, met.word, re.DOTALL) and re.fullmatch(slip.before, met.before, re.DOTALL):
            return slip.fix
    return ""


def _could_stand(expected: frozenset[str]) -> tuple[str, ...]:
    words = []
    left = expected
    if expected >= _VALUES:
        words.append("an expression")
        left -= _VALUES
    if len(expected & _GOES_ON) > 1:
        words.append("an operator")
        left -= _GOES_ON | {"LPAR"}
    return (*words, *sorted(_WORDS.get(name) or name.strip("_").lower() for name in left))
