"""Mistakes that people make with the grammar, each with its fix, tried from top to bottom.

The trap: a pattern must match the whole word. `needs` is what the grammar expects at the place, by its own names.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Slip:
    """Patterns of the word met and of the one before it, and the fix."""

    met: str
    fix: str
    before: str = ".*"
    needs: str = ""


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

# What a terminal of the grammar is called; the others are keywords, called by their own names.
SPOKEN = {
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
