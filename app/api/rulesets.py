"""Versions of mapping rules as REST takes and shows them. Times are UTC milliseconds."""

import msgspec


class RulesetView(msgspec.Struct, frozen=True, kw_only=True):
    """One version; `text` is empty in lists."""

    id: str
    number: int
    name: str
    policy: str
    author: str
    created_at_ms: int
    sha256: str
    active: bool
    text: str = ""


class FaultView(msgspec.Struct, frozen=True, kw_only=True):
    """`said` is place, message, line and caret as a terminal shows them."""

    line: int
    column: int
    severity: str
    message: str
    nearest: str
    expected: list[str]
    said: str


class ActiveView(msgspec.Struct, frozen=True, kw_only=True):
    """What decides now: `id` is a version, or the name of a policy of 1.6.1.

    `warnings`, when it is applied: which instance types could run nowhere by these rules, on the hosts that there are.
    """

    id: str
    policy: str
    warnings: list[FaultView] = []


class ActivationView(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    id: str
    policy: str
    who: str
    at_ms: int


class AddRuleset(msgspec.Struct, frozen=True, kw_only=True):
    """`policy` may be empty if the text has a default one or only one."""

    text: str
    name: str = "rules"
    policy: str = ""


class CheckRules(msgspec.Struct, frozen=True, kw_only=True):
    text: str


class CheckedView(msgspec.Struct, frozen=True, kw_only=True):
    sound: bool
    rules: list[str]
    policies: list[str]
    faults: list[FaultView]


class DiffView(msgspec.Struct, frozen=True, kw_only=True):
    """`lines` is a unified diff, empty if the texts are equal; the lists name rules and policies by what they mean."""

    old: str
    new: str
    lines: str
    added: list[str]
    changed: list[str]
    removed: list[str]
