"""Jobs: one thing to be done to many, and how far each of them has come.

A job only drives what is wanted of its targets and watches what is seen of them. The trap: what a target was like when
somebody confirmed the job stands with it (`expected`), since the cloud moves on before its turn comes.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.domain.account import Role
from app.domain.rows import key


class JobKind(StrEnum):
    """What is done to each target."""

    TERMINATE = "terminate"
    STOP = "stop"
    START = "start"
    REBOOT = "reboot"
    MOVE = "move"
    DRAIN = "drain"
    UNDRAIN = "undrain"
    SLEEP = "sleep"
    WAKE = "wake"
    REMOVE = "remove"


class JobWish(StrEnum):
    """What its owner wants of a job."""

    RUN = "run"
    PAUSE = "pause"
    CANCEL = "cancel"


class JobState(StrEnum):
    """Where a job is; derived, written by nobody."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLING = "cancelling"  # nothing new begins, what is under way ends
    CANCELLED = "cancelled"
    DONE = "done"
    FAILED = "failed"  # ended, and not every target is as it should be


class TargetState(StrEnum):
    """Where one target of a job is."""

    WAITING = "waiting"
    UNDER_WAY = "under way"
    DONE = "done"
    FAILED = "failed"
    STAYS = "stays"  # it can not leave its host as it is now, and need not: done
    CHANGED = "changed"  # not what was confirmed any more, so nothing was done to it
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One request of an operator. `argument` is where a move goes to, empty: wherever there is room.

    `at_once` bounds how many targets are under way at the same time; the counts are those of its targets.
    """

    id: str = key()
    kind: JobKind
    title: str
    argument: str = ""
    account_id: str
    user_id: str
    who: str
    role: Role
    source: str
    command: str = ""
    at_once: int
    wish: JobWish = JobWish.RUN
    total: int = 0
    under_way: int = 0
    done: int = 0
    failed: int = 0
    cancelled: int = 0
    told: str = ""
    created_at_ms: int
    ended_at_ms: int = 0

    @property
    def waiting(self) -> int:
        return self.total - self.under_way - self.done - self.failed - self.cancelled

    @property
    def state(self) -> JobState:
        """Derive the state: cancelled or failed as soon as one of its targets is, once it has ended."""
        if self.ended_at_ms:
            return JobState.CANCELLED if self.cancelled else JobState.FAILED if self.failed else JobState.DONE
        if self.wish is not JobWish.RUN:
            return JobState.PAUSED if self.wish is JobWish.PAUSE else JobState.CANCELLING
        return JobState.WAITING if self.waiting == self.total else JobState.RUNNING


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTarget:
    """One thing that a job is about. `mark` is by which its end is known, set when it begins."""

    job_id: str = key()
    target: str = key()
    position: int
    resource: str
    expected: dict[str, str]
    state: TargetState = TargetState.WAITING
    detail: str = ""
    mark: str = ""
    began_at_ms: int = 0
    ended_at_ms: int = 0
