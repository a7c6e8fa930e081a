"""What a round of remapping does or would do, as REST shows it. Reasons begin with the name of the rule."""

import msgspec

from app.api.rulesets import FaultView


class MoveView(msgspec.Struct, frozen=True, kw_only=True):
    instance: str
    source: str
    target: str
    why: str
    gain: float | None
    downtime_s: float


class PowerView(msgspec.Struct, frozen=True, kw_only=True):
    host: str
    on: bool
    why: str


class AlertView(msgspec.Struct, frozen=True, kw_only=True):
    about: str
    message: str
    why: str


class RefusedView(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule asks for and does not get."""

    what: str
    why: str


class PlanView(msgspec.Struct, frozen=True, kw_only=True):
    """`by_rule` counts what each rule does; `observed` is what rules in `mode observe` would ask for."""

    moves: list[MoveView]
    restarts: list[MoveView]
    powers: list[PowerView]
    alerts: list[AlertView]
    refused: list[RefusedView]
    observed: list[str]
    by_rule: dict[str, int]


class BusiestView(msgspec.Struct, frozen=True, kw_only=True):
    """The busiest host, and the share of its cores that is."""

    host: str
    share: float


class RehearsalView(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy would do now; watts by the power model, null where there is none.

    `rehearsed` says to ApplyRuleset that this list is meant: it counts for `valid_s` seconds from `at_ms` on, unless
    something happened that makes it another one. `never_matched` are rules that are about nothing there is; `warnings`
    tell which instance types could run nowhere; `busiest_…` is null where no load is known.
    """

    policy: str
    plan: PlanView
    hosts_on_before: int
    hosts_on_after: int
    watts_before: float | None
    watts_after: float | None
    rehearsed: str
    at_ms: int
    valid_s: float
    busiest_before: BusiestView | None
    busiest_after: BusiestView | None
    never_matched: list[str]
    warnings: list[FaultView]


class TriedLaunchView(msgspec.Struct, frozen=True, kw_only=True):
    """One launch: where it went, and where other rules would have put it ("": nowhere), with their reasons."""

    instance: str
    at_ms: int
    host: str
    would: str
    why: list[str]


class TriedView(msgspec.Struct, frozen=True, kw_only=True):
    """The launches since `since_ms` by other rules: for how many these choose the same host, another one, or none.

    `left_out` were too many, or their hosts have left. `shown` are the newest of those that differ. `assumed` says what
    was taken for granted, since the cloud does not remember it.
    """

    since_ms: int
    policy: str
    launches: int
    same: int
    elsewhere: int
    refused: int
    left_out: int
    shown: list[TriedLaunchView]
    assumed: list[str]


class RoundView(msgspec.Struct, frozen=True, kw_only=True):
    """The newest round: `at_ms` 0 before the first one; `told` is how it ended or where it is."""

    mode: str
    policy: str
    at_ms: int
    took_s: float
    told: str
    plan: PlanView


class TryRules(msgspec.Struct, frozen=True, kw_only=True):
    """Rules to be tried on the launches of the last `hours`, at most a week."""

    text: str
    policy: str = ""
    hours: float = 24.0


class RehearseText(msgspec.Struct, frozen=True, kw_only=True):
    """Rules that are not stored; `policy` may be empty if the text has a default one or only one."""

    text: str
    policy: str = ""
