"""The grammar of the rule language, as Lark (LALR) reads it; `docs/rules.md` says it to people.

The traps: the lexer is contextual, so a word is a keyword only where one can stand (`rule drain`, `host.vms`), and
every keyword ends at a word's end, or `weights` would be read as `weight` and a stray `s`. Names of rules may hold
a hyphen (LABEL), names in expressions not (PATH): `host.index-1` is a difference.
"""

import re
from functools import cache

from lark import Lark

GRAMMAR = r"""
start: (rule | policy)*

rule: _RULE LABEL [STRING] "{" (at | applies | mode | cooldown | clause)* "}"
at: _AT PHASE ("," PHASE)*
applies: _APPLIES _TO (VM | HOST) _WHERE expr
mode: _MODE (ENFORCE | OBSERVE)
cooldown: _COOLDOWN QUANTITY
clause: [when] (require | forbid | prefer | migrate | restart | evacuate | power | alert)
when: _WHEN expr [_FOR QUANTITY]
require: _REQUIRE expr
forbid: _FORBID expr
prefer: _PREFER expr [_WEIGHT QUANTITY]
migrate: _MIGRATE _VM _BY expr [_UNTIL expr]
restart: _RESTART _VM
evacuate: _EVACUATE _HOST
power: _POWER (ON | OFF) _HOST
alert: _ALERT STRING

policy: _POLICY LABEL [STRING] "{" (use | remap | budget | gain | tiebreak)* "}"
use: _USE LABEL [_WEIGHT QUANTITY]
remap: _REMAP _EVERY QUANTITY
budget: _BUDGET limit ("," limit)*
limit: LABEL _AT_MOST QUANTITY _PER LABEL
gain: _MOVE _ONLY _IF _GAIN _MORE QUANTITY
tiebreak: _TIEBREAK expr

?expr: either | either "?" either ":" expr -> choice
?either: both | either _OR both -> either
?both: relation | both _AND relation -> both
?relation: sum | relation RELATION sum -> compare | relation _IN sum -> among
?sum: product | sum (PLUS | MINUS) product -> arithmetic
?product: unary | product FACTOR unary -> arithmetic
?unary: atom | "!" unary -> negation | MINUS unary -> negative
?atom: "(" expr ")"
     | QUANTITY -> quantity
     | STRING -> text
     | TRUE -> true
     | FALSE -> false
     | PATH -> path
     | PATH "(" (expr ("," expr)*)? ")" -> call
     | "[" (expr ("," expr)*)? "]" -> list

PHASE: /(place|remap)\b/
VM: /vm\b/
HOST: /host\b/
ENFORCE: /enforce\b/
OBSERVE: /observe\b/
ON: /on\b/
OFF: /off\b/
TRUE.2: /true\b/
FALSE.2: /false\b/
RELATION: "==" | "!=" | "<=" | ">=" | "<" | ">"
PLUS: "+"
MINUS: "-"
_AT_MOST: "<="
_MORE: ">"
_OR: "||"
_AND: "&&"
FACTOR: "*" | "/"
LABEL: /[A-Za-z_][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*/
PATH: /[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*/
QUANTITY: /[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?([A-Za-z%][A-Za-z0-9%]*)?/
STRING: /"(\\["\\]|[^"\\\n])*"/
"""

KEYWORDS = """
    rule at applies to where mode cooldown when for require forbid prefer weight migrate vm by until restart evacuate
    host power alert policy use remap every budget per move only if gain tiebreak in
"""


# What of a QUANTITY is the number; the rest is its unit.
NUMERAL = re.compile(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


@cache
def parser() -> Lark:
    """Build the parser, once in a process: it holds nothing of what it has read."""
    keywords = "".join(f"_{word.upper()}: /{word}\\b/\n" for word in KEYWORDS.split())
    ignored = "%ignore /[ \\t\\r\\n]+/\n%ignore /#[^\\n]*/\n"
    return Lark(GRAMMAR + keywords + ignored, parser="lalr", propagate_positions=True, maybe_placeholders=True)
