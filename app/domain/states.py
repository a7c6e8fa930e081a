"""Every enumeration of states, and the machine of each entity as one table.

EC2's state of an instance is derived (`Instance.state`), written by nobody; the table here says which
changes of that derived state are legal. It feeds the code, the diagrams in ARCHITECTURE.md and the laws
in the tests.
"""

from enum import StrEnum

from app.domain.errors import IllegalTransition


class Wanted(StrEnum):
    """What somebody asked of an instance; written by services only."""

    RUNNING = "running"
    STOPPED = "stopped"
    TERMINATED = "terminated"


class Seen(StrEnum):
    """What the hosts show of an instance; written by reconcile only."""

    NOTHING = "nothing"  # no domain on its host
    OFF = "off"  # defined, not running
    RUNNING = "running"
    PAUSED = "paused"
    CRASHED = "crashed"


class InstanceState(StrEnum):
    """EC2's names; `code` is EC2's number."""

    PENDING = "pending"
    RUNNING = "running"
    SHUTTING_DOWN = "shutting-down"
    TERMINATED = "terminated"
    STOPPING = "stopping"
    STOPPED = "stopped"

    @property
    def code(self) -> int:
        return _CODES[self]


_CODES = {
    InstanceState.PENDING: 0,
    InstanceState.RUNNING: 16,
    InstanceState.SHUTTING_DOWN: 32,
    InstanceState.TERMINATED: 48,
    InstanceState.STOPPING: 64,
    InstanceState.STOPPED: 80,
}


class HostState(StrEnum):
    """What the connection to a host says; written by reconcile only."""

    UNKNOWN = "unknown"  # never reached yet
    UP = "up"
    LOST = "lost"


class HostWanted(StrEnum):
    """What the operator asked of a host; written by services only."""

    ENABLED = "enabled"
    DRAINING = "draining"  # takes nothing new
    REMOVED = "removed"  # leaves as soon as nothing of ours is on it


class Power(StrEnum):
    """Whether a host is switched on; written by reconcile only."""

    ON = "on"
    FALLING_ASLEEP = "falling-asleep"  # it was told to
    ASLEEP = "asleep"
    WAKING = "waking"


class PowerWanted(StrEnum):
    """What an operator or a rule asked of a host's power; written by services only."""

    ON = "on"
    ASLEEP = "asleep"


class ImageState(StrEnum):
    PENDING = "pending"  # its bytes are being read from an instance's disk
    AVAILABLE = "available"
    FAILED = "failed"  # they could not be read
    DISABLED = "disabled"  # its owner put it aside: kept, launched by nobody
    DEREGISTERED = "deregistered"


class Kept(StrEnum):
    """What somebody asked of a volume or a snapshot; written by services only."""

    KEPT = "kept"
    DELETED = "deleted"


class VolumeState(StrEnum):
    """EC2's names."""

    CREATING = "creating"
    AVAILABLE = "available"
    IN_USE = "in-use"
    DELETING = "deleting"
    DELETED = "deleted"
    ERROR = "error"


class AttachmentState(StrEnum):
    """EC2's names. Busy: the guest, or its host, does not let go."""

    ATTACHING = "attaching"
    ATTACHED = "attached"
    DETACHING = "detaching"
    DETACHED = "detached"
    BUSY = "busy"


class SnapshotState(StrEnum):
    """EC2's names, and the one for what nobody is shown any more."""

    PENDING = "pending"
    COMPLETED = "completed"
    ERROR = "error"
    DELETED = "deleted"


class Machine:
    """A table {(state, event): state}; `advance` follows it or raises IllegalTransition."""

    def __init__(self, name: str, start: str, table: dict[tuple[str, str], str]) -> None:
        self.name, self.start, self.table = name, start, table

    def advance(self, state: str, event: str) -> str:
        try:
            return self.table[state, event]
        except KeyError:
            raise IllegalTransition(self.name, state, event) from None

    def allows(self, state: str, event: str) -> bool:
        return (state, event) in self.table

    def mermaid(self) -> str:
        """Draw the table for ARCHITECTURE.md; Mermaid takes no dash in the name of a state, so those get an alias."""
        states = dict.fromkeys(
            [self.start, *(state for arrow in self.table.items() for state in (arrow[0][0], arrow[1]))]
        )
        aliases = [f'    state "{state}" as {_alias(state)}' for state in states if _alias(state) != state]
        arrows = [f"    {_alias(a)} --> {_alias(b)}: {event}" for (a, event), b in self.table.items()]
        return "\n".join(["stateDiagram-v2", *aliases, f"    [*] --> {_alias(self.start)}", *arrows])


def _alias(state: str) -> str:
    return state.replace("-", "_")


_I = InstanceState
INSTANCE = Machine(
    "instance",
    _I.PENDING,
    {
        (_I.PENDING, "started"): _I.RUNNING,
        (_I.PENDING, "gave up"): _I.SHUTTING_DOWN,
        (_I.PENDING, "gave up starting again"): _I.STOPPED,
        (_I.PENDING, "terminate"): _I.SHUTTING_DOWN,
        (_I.RUNNING, "reboot"): _I.RUNNING,
        (_I.RUNNING, "stop"): _I.STOPPING,
        (_I.RUNNING, "powered off"): _I.STOPPED,
        (_I.RUNNING, "terminate"): _I.SHUTTING_DOWN,
        (_I.STOPPING, "stop"): _I.STOPPING,
        (_I.STOPPING, "stopped"): _I.STOPPED,
        (_I.STOPPING, "terminate"): _I.SHUTTING_DOWN,
        (_I.STOPPED, "stop"): _I.STOPPED,
        (_I.STOPPED, "start"): _I.PENDING,
        (_I.STOPPED, "found running"): _I.STOPPING,
        (_I.STOPPED, "terminate"): _I.SHUTTING_DOWN,
        (_I.SHUTTING_DOWN, "terminate"): _I.SHUTTING_DOWN,
        (_I.SHUTTING_DOWN, "removed"): _I.TERMINATED,
        (_I.TERMINATED, "terminate"): _I.TERMINATED,
    },
)
_H = HostState
HOST = Machine(
    "host",
    _H.UNKNOWN,
    {
        (_H.UNKNOWN, "answered"): _H.UP,
        (_H.UNKNOWN, "silent"): _H.LOST,
        (_H.UP, "answered"): _H.UP,
        (_H.UP, "silent"): _H.LOST,
        (_H.LOST, "answered"): _H.UP,
        (_H.LOST, "silent"): _H.LOST,
    },
)
_P = Power
POWER = Machine(
    "power",
    _P.ON,
    {
        (_P.ON, "told to sleep"): _P.FALLING_ASLEEP,
        (_P.FALLING_ASLEEP, "slept"): _P.ASLEEP,
        (_P.FALLING_ASLEEP, "refused"): _P.ON,
        (_P.FALLING_ASLEEP, "told to wake"): _P.WAKING,
        (_P.ASLEEP, "told to wake"): _P.WAKING,
        (_P.ASLEEP, "answered"): _P.ON,
        (_P.WAKING, "answered"): _P.ON,
        (_P.WAKING, "gave up"): _P.ON,
    },
)
_V = VolumeState
VOLUME = Machine(
    "volume",
    _V.CREATING,
    {
        (_V.CREATING, "made"): _V.AVAILABLE,
        (_V.CREATING, "made for an instance"): _V.IN_USE,
        (_V.CREATING, "refused"): _V.ERROR,
        (_V.CREATING, "gone with its instance"): _V.DELETING,
        (_V.AVAILABLE, "attach"): _V.IN_USE,
        (_V.AVAILABLE, "lost"): _V.ERROR,
        (_V.AVAILABLE, "delete"): _V.DELETING,
        (_V.IN_USE, "detached"): _V.AVAILABLE,
        (_V.IN_USE, "lost"): _V.ERROR,
        (_V.IN_USE, "gone with its instance"): _V.DELETING,
        (_V.ERROR, "delete"): _V.DELETING,
        (_V.ERROR, "gone with its instance"): _V.DELETING,
        (_V.DELETING, "removed"): _V.DELETED,
    },
)
_A = AttachmentState
ATTACHMENT = Machine(
    "attachment",
    _A.ATTACHING,
    {
        (_A.ATTACHING, "attached"): _A.ATTACHED,
        (_A.ATTACHING, "detach"): _A.DETACHING,
        (_A.ATTACHING, "gave up"): _A.DETACHED,
        (_A.ATTACHED, "detach"): _A.DETACHING,
        (_A.ATTACHED, "found apart"): _A.ATTACHING,
        (_A.ATTACHED, "instance gone"): _A.DETACHED,
        (_A.DETACHING, "detach"): _A.DETACHING,
        (_A.DETACHING, "refused"): _A.BUSY,
        (_A.DETACHING, "detached"): _A.DETACHED,
        (_A.BUSY, "detach"): _A.BUSY,
        (_A.BUSY, "detached"): _A.DETACHED,
    },
)
_S = SnapshotState
SNAPSHOT = Machine(
    "snapshot",
    _S.PENDING,
    {
        (_S.PENDING, "copied"): _S.COMPLETED,
        (_S.PENDING, "refused"): _S.ERROR,
        (_S.PENDING, "delete"): _S.DELETED,
        (_S.COMPLETED, "lost"): _S.ERROR,
        (_S.COMPLETED, "delete"): _S.DELETED,
        (_S.ERROR, "delete"): _S.DELETED,
    },
)
MACHINES = (INSTANCE, HOST, POWER, VOLUME, ATTACHMENT, SNAPSHOT)
