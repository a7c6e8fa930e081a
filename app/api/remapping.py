"""What a round of remapping does or would do, as REST shows it. Reasons begin with the name of the rule."""

import msgspec


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


class RehearsalView(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy would do now; watts by the power model, null where there is none."""

    policy: str
    plan: PlanView
    hosts_on_before: int
    hosts_on_after: int
    watts_before: float | None
    watts_after: float | None


class RoundView(msgspec.Struct, frozen=True, kw_only=True):
    """The newest round: `at_ms` 0 before the first one; `told` is how it ended or where it is."""

    mode: str
    policy: str
    at_ms: int
    took_s: float
    told: str
    plan: PlanView


class RehearseText(msgspec.Struct, frozen=True, kw_only=True):
    """Rules that are not stored; `policy` may be empty if the text has a default one or only one."""

    text: str
    policy: str = ""
