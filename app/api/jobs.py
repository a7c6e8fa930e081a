"""What REST takes and answers about jobs and undoing. Times are UTC milliseconds."""

import msgspec


class JobTargetAsked(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do it to. `expected`: what it was like when somebody confirmed; else: what it is like now.

    Of instances state, host, vmtype and name may be named, of hosts state, wanted, power and instances (their number);
    of both `hanging`, the version of what hangs on them.
    """

    id: str
    expected: dict[str, str] = {}


class StartJob(msgspec.Struct, frozen=True, kw_only=True):
    """`kind`: terminate, stop, start, reboot or move (instances); drain, undrain, sleep, wake or remove (hosts).

    `argument` is the host of a move, empty: one with room in the same cluster. `at_once` 0: as usual for the kind.
    """

    kind: str
    targets: list[JobTargetAsked]
    argument: str = ""
    at_once: int = 0


class JobTargetView(msgspec.Struct, frozen=True, kw_only=True):
    """`state` is waiting, under way, done, stays, failed, changed (nothing was done to it) or cancelled.

    What `stays` on a drained host is stopped and counts as done; `detail` says why.
    """

    target: str
    resource: str
    state: str
    detail: str
    expected: dict[str, str]
    began_at_ms: int
    ended_at_ms: int


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """`state` is waiting, running, paused, cancelling, cancelled, done or failed.

    `told` is the newest failure, if there is none what stays where it was. The numbers are those of its targets;
    `targets` are told to who asks for one job, not by the stream.
    """

    id: str
    kind: str
    title: str
    argument: str
    state: str
    who: str
    source: str
    command: str
    at_once: int
    total: int
    waiting: int
    under_way: int
    done: int
    failed: int
    cancelled: int
    told: str
    created_at_ms: int
    ended_at_ms: int
    targets: list[JobTargetView] = []


class UndoneView(msgspec.Struct, frozen=True, kw_only=True):
    """`number` is the audit entry that was undone, `changed` what is different now."""

    number: int
    action: str
    about: list[str]
    changed: list[str]


class TagInstances(msgspec.Struct, frozen=True, kw_only=True):
    """Set tags on instances, replacing values, and take others away by name; all of it or nothing."""

    ids: list[str]
    tags: dict[str, str] = {}
    remove: list[str] = []


class ProtectInstances(msgspec.Struct, frozen=True, kw_only=True):
    """Forbid, or allow again, that instances are ended or stopped by an interface; null: stays as it is."""

    ids: list[str]
    from_termination: bool | None = None
    from_stop: bool | None = None
