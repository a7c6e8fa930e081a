"""Everything that may go wrong, by kind, with data instead of prose.

The edges (`wire/faults.py`, `server/problems.py`) are tables from kind and resource to a code and an
HTTP status; nothing below them knows either. Texts are whole sentences a user can act on.

    CloudError
    ├── Invalid(parameter, value, why)          ├── Forbidden(action, why)
    ├── Malformed(resource, id)                 ├── Unauthenticated(why)
    ├── Absent(parameter)                       ├── Conflict(resource, id, why)
    ├── Unknown(what, name, nearest)            ├── InUse(resource, id, by)
    ├── Combination(why)                        ├── WrongState(resource, id, state, why)
    ├── Unsupported(what, why)                  ├── Mismatch(token)
    ├── Missing(resource, ids)                  ├── OverLimit(limit, asked, most)
    │   └── NotShown(asked, why)                ├── Protected(resource, id, done, attribute)
    ├── DryRun(action)                          ├── NoCapacity(vmtype, asked, reasons)
    ├── Exhausted(pool, why)
    ├── IllegalTransition(machine, state, event)
    ├── TooOften(per_s)         worth retrying, later
    ├── Unavailable(port, detail)   worth retrying
    │   ├── Lost(port, detail)
    │   └── TimedOut(action, after_s)
    └── Broken(port, detail)        not worth retrying
"""

from collections.abc import Sequence

NOT_OFFERED = "this cloud does not offer it"
LONGEST_SHOWN = 200
"""An id that is longer is none, and need not be sent back whole."""


class CloudError(Exception):
    """Root of all errors that the cloud raises on purpose; `str()` is fit for a user."""


class Invalid(CloudError):
    """A parameter carries a value that it can not have."""

    def __init__(self, parameter: str, value: object, why: str) -> None:
        super().__init__(f"Value ({value}) for parameter {parameter} is invalid. {why}")
        self.parameter, self.value, self.why = parameter, value, why


class Malformed(CloudError):
    """An id, or what else has a form of its own, has not the form of its kind; `form` tells what it looks like."""

    def __init__(self, resource: str, given: str, form: str = "") -> None:
        expected = f"is no {resource}: {form}" if form else f"has not the form of an id of this kind ({resource})"
        shown = given if len(given) <= LONGEST_SHOWN else f"{given[:LONGEST_SHOWN]}..."
        super().__init__(f'Invalid {"value" if form else "id"}: "{shown}" {expected}')
        self.resource, self.given = resource, given


class Absent(CloudError):
    """A required parameter was not sent."""

    def __init__(self, parameter: str) -> None:
        super().__init__(f"The request must contain the parameter {parameter}")
        self.parameter = parameter


class Unknown(CloudError):
    """A word that the format does not have: a parameter, an action, a version, a filter, a setting."""

    def __init__(self, what: str, name: str, nearest: str | None = None) -> None:
        hint = f"; did you mean {nearest}?" if nearest else ""
        super().__init__(f"The {what} {name} is not recognized{hint}")
        self.what, self.name, self.nearest = what, name, nearest


class Unsound(CloudError):
    """Rules that can not be used; `faults` are pairs of a place and what is wrong there."""

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        more = f"\n… and {len(faults) - 1} more" if len(faults) > 1 else ""
        super().__init__(f"{faults[0][1]}{more}")
        self.faults = tuple(faults)


class Combination(CloudError):
    """Parameters that exclude one another."""


class Unsupported(CloudError):
    """Known to the format, but not done by this cloud."""

    def __init__(self, what: str, why: str = NOT_OFFERED) -> None:
        super().__init__(f"{what} is not supported: {why}")
        self.what, self.why = what, why


class Missing(CloudError):
    """What was named does not exist, or the caller may not know that it does."""

    def __init__(self, resource: str, *ids: str) -> None:
        named = ", ".join(ids)
        super().__init__(f"The {resource} '{named}' does not exist")
        self.resource, self.ids = resource, ids


class NotShown(Missing):
    """A moment, in UTC, at which the cloud can not be shown."""

    def __init__(self, asked: str, why: str) -> None:
        CloudError.__init__(self, f"The cloud can not be shown as it was at {asked}: {why}")
        self.resource, self.ids = "moment", (asked,)


class DryRun(CloudError):
    """The request would have succeeded; nothing was done because the caller asked so."""

    def __init__(self) -> None:
        super().__init__("Request would have succeeded, but DryRun flag is set.")


class Forbidden(CloudError):
    """The caller is known and may not do this."""

    def __init__(self, action: str, why: str = "you are not authorized to perform it") -> None:
        super().__init__(f"{action} was refused: {why}")
        self.action, self.why = action, why


class Unauthenticated(CloudError):
    """The caller could not be told, or the proof is wrong or too old."""


class Conflict(CloudError):
    """The thing exists already, or somebody else changed it meanwhile."""

    def __init__(self, resource: str, given: str, why: str = "already exists") -> None:
        super().__init__(f"The {resource} '{given}' {why}")
        self.resource, self.given, self.why = resource, given, why


class InUse(CloudError):
    """The thing can not go while something else hangs on it."""

    def __init__(self, resource: str, given: str, by: str) -> None:
        super().__init__(f"The {resource} '{given}' is in use by {by}")
        self.resource, self.given, self.by = resource, given, by


class WrongState(CloudError):
    """The thing exists, but its state does not allow this."""

    def __init__(self, resource: str, given: str, state: str, why: str) -> None:
        super().__init__(f"The {resource} '{given}' is in state '{state}', {why}")
        self.resource, self.given, self.state = resource, given, state


class Protected(CloudError):
    """The owner has forbidden that this is `done` to the thing; `attribute` says so and must be changed first."""

    def __init__(self, resource: str, given: str, done: str, attribute: str) -> None:
        super().__init__(
            f"The {resource} '{given}' may not be {done}. Modify its '{attribute}' {resource} attribute and try again."
        )
        self.resource, self.given, self.attribute = resource, given, attribute


class TooOften(CloudError):
    """The caller's account asks more often than it may; asking again later helps."""

    def __init__(self, per_s: float) -> None:
        super().__init__(f"Request limit exceeded: an account may send {per_s:g} requests per second")
        self.per_s = per_s


class Mismatch(CloudError):
    """An idempotency token came again with other parameters."""

    def __init__(self, token: str, kind: str = "client token") -> None:
        super().__init__(f"The {kind} '{token}' was used before with different parameters")
        self.token = token


class OverLimit(CloudError):
    """A quota or a hard limit would be passed."""

    def __init__(self, limit: str, asked: int, most: int) -> None:
        super().__init__(f"You asked for {asked} and the limit of {limit} is {most}")
        self.limit, self.asked, self.most = limit, asked, most


class NoCapacity(CloudError):
    """No host can take what was asked; `reasons` says why, a sentence a host or a group of hosts."""

    def __init__(self, vmtype: str, asked: int, reasons: Sequence[str] = ()) -> None:
        why = "; ".join(reasons)
        super().__init__(
            f"There is not enough room for {asked} instance(s) of type {vmtype}" + (f": {why}" if why else "")
        )
        self.vmtype, self.asked, self.reasons = vmtype, asked, tuple(reasons)


class Exhausted(CloudError):
    """A pool has nothing left to give."""

    def __init__(self, pool: str, why: str) -> None:
        super().__init__(f"There are no more {pool} to give: {why}")
        self.pool, self.why = pool, why


class IllegalTransition(CloudError):
    """A state machine was given an event that its state does not know."""

    def __init__(self, machine: str, state: str, event: str) -> None:
        super().__init__(f"{machine}: '{event}' is not possible in state '{state}'")
        self.machine, self.state, self.event = machine, state, event


class Unavailable(CloudError):
    """Something outside did not do its part; trying again later may help."""

    def __init__(self, port: str, detail: str) -> None:
        super().__init__(f"{port}: {detail}")
        self.port, self.detail = port, detail


class Lost(Unavailable):
    """The connection to something outside is gone."""


class TimedOut(Unavailable):
    """An answer from outside did not come before the deadline."""

    def __init__(self, port: str, action: str, after_s: float) -> None:
        super().__init__(port, f"{action} did not answer within {after_s:g} s")
        self.action, self.after_s = action, after_s


class Broken(CloudError):
    """Something outside refused for good; trying the same again will not help."""

    def __init__(self, port: str, detail: str) -> None:
        super().__init__(f"{port}: {detail}")
        self.port, self.detail = port, detail
