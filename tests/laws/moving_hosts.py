"""An instance that moves between two model hosts, which may be cut short anywhere: what its laws hold of."""

from dataclasses import dataclass, field, replace

from app.domain.instance import Instance
from app.domain.ports import DomainSeen
from app.domain.states import Seen, Wanted
from app.reconcile.actions import (
    TOUCHES_NO_HOST,
    Action,
    Before,
    DeleteDisks,
    Destroy,
    MakeDisks,
    Migrate,
    ReportMoved,
    ReportMoveFailed,
    Start,
    Undefine,
    Wait,
)
from app.reconcile.diff import LIVE, WAS_SAVED, Observed
from app.reconcile.limits import Limits
from app.reconcile.memory import Memory
from app.reconcile.moving import Both, move
from tests.unit.reconcile.rows import a_domain

LIMITS = Limits()
ROOT = "i-00000001.root"
ROUNDS = 16
SENT = "migration"
MEMORY = "i-00000001.saved"
HOW = ("at once", "emulated", "alive", "saved")
ANSWERS: tuple[str | int, ...] = ("refused", "lost", "cancelled", "done", 0, 1, 2, 3, 4, 5)
ALL_STEPS = 5


@dataclass
class Side:
    """One host's part; how much was `written` to its disk, and had been when the memory was saved that lies there."""

    domain: DomainSeen | None = None
    volumes: frozenset[str] = frozenset()
    lost: bool = False
    written: int = field(default=0, compare=False)
    saved_at: int = field(default=0, compare=False)

    @property
    def on(self) -> bool:
        return self.domain is not None and self.domain.state in LIVE

    @property
    def in_transit(self) -> bool:
        return self.domain is not None and (self.domain.state, self.domain.reason) == (Seen.PAUSED, SENT)

    @property
    def runs(self) -> bool:
        return self.domain is not None and self.domain.state is Seen.RUNNING

    @property
    def saved(self) -> bool:
        return self.domain is not None and not self.on and MEMORY in self.volumes and self.domain.reason in WAS_SAVED

    def start(self) -> None:
        assert not self.saved or self.saved_at == self.written, "an old memory on a newer disk"
        self.turn(Seen.RUNNING, "restored" if self.saved else "booted")
        self.volumes -= {MEMORY}

    def observe(self, blinks: bool) -> Observed | None:
        return None if self.lost else Observed(domain=self.domain, volumes=self.volumes, blinks=blinks)

    def turn(self, state: Seen, reason: str) -> None:
        assert self.domain is not None
        self.domain = replace(self.domain, state=state, reason=reason)


@dataclass
class Model:
    """An instance between two hosts. `answers` are those of the next calls; a number: cut short after so many steps.

    Moved alive, a guest that still comes in is ended by its host once the call is over: at the next wait or call. Where
    it lives is kept apart from what hosts show, for moves that a test begins.
    """

    instance: Instance
    source: Side
    target: Side
    how: str = HOW[0]
    blinks: bool = False
    given_up: bool = False
    home: str = ""
    answers: list[str | int] = field(default_factory=list)
    memory: Memory = field(default_factory=Memory)
    now_s: float = 0.0
    done: list[Action] = field(default_factory=list)

    def actions(self) -> list[Action]:
        source, target = (side.observe(self.blinks) for side in (self.source, self.target))
        both = Both(source=source, target=target, given_up=self.given_up)
        self.memory.look(both.domain, self.now_s, stopping=self.instance.wanted is Wanted.STOPPED)
        return move(self.instance, both, self.memory, LIMITS, self.now_s)

    def round(self, only: int | None = None) -> list[Action]:
        actions = self.actions()
        for action in actions[:only]:
            self.check(action)
            self.done.append(action)
            if not self.apply(action):
                break
            assert not (self.source.runs and self.target.runs), "it runs twice"
        for side in (self.source, self.target):
            if side.runs:
                side.written = 1 + max(self.source.written, self.target.written)
        return actions

    def settle(self) -> None:
        for _ in range(ROUNDS):
            if not self.round() or not self.instance.moving_from:
                return
        raise AssertionError((self, "does not settle"))

    def check(self, action: Action) -> None:
        side = self.source if isinstance(action, Before) else self.target
        inner = action.action if isinstance(action, Before) else action
        assert not side.lost or isinstance(action, (Migrate, *TOUCHES_NO_HOST)), "a lost host is asked nothing"
        match inner:
            case Destroy():
                assert self.instance.wanted is Wanted.TERMINATED
            case DeleteDisks(names=(name,)) if name == MEMORY:
                here = self.home == ("source" if side is self.source else "target")
                assert not (here and side.saved) or self.instance.wanted is Wanted.TERMINATED
            case Undefine() | DeleteDisks():
                assert not side.runs
                assert not self.home or side is not getattr(self, self.home), "there is no other guest than this"
            case Start():
                other = self.target if side is self.source else self.source
                assert self.instance.wanted is not Wanted.TERMINATED
                assert not other.runs and not self.source.on and not self.source.lost
                assert self.home in ("", "source" if side is self.source else "target")
            case Migrate():
                assert self.source.on or self.source.saved
            case ReportMoved():
                assert not self.source.runs
                assert self.source.lost or self.source.domain is None
                assert self.source.lost or not (self.source.volumes and self.target.volumes)
            case ReportMoveFailed():
                assert self.target.lost or self.target.domain is None
                assert self.target.lost or not (self.source.volumes and self.target.volumes)
        if isinstance(inner, DeleteDisks) and ROOT in inner.names:
            other = self.target if side is self.source else self.source
            assert other.volumes, "the last disks of it"
            assert not self.home or side.written <= other.written, "the newest disks of it"

    def apply(self, action: Action) -> bool:
        match action:
            case MakeDisks():
                self.target.volumes |= {ROOT}
            case Migrate():
                return self._migrate()
            case Start():
                self.target.start()
            case Wait(seconds=seconds):
                self.now_s += seconds
                if self.source.on and self.target.runs:
                    self.source.turn(Seen.OFF, "migrated")
                self._end_what_comes_in()
            case Before(action=inner):
                self._take_off(self.source, inner)
            case _:
                self._end(action)
        return True

    def _end(self, action: Action) -> None:
        match action:
            case Undefine() | DeleteDisks():
                self._take_off(self.target, action)
            case ReportMoved():
                self.instance = replace(self.instance, moving_from="")
                self.memory.move_over()
            case ReportMoveFailed():
                self.instance = replace(self.instance, host="host00", moving_from="")
                self.memory.move_over()

    def _take_off(self, side: Side, action: Action) -> None:
        match action:
            case Start():
                side.start()
            case Destroy():
                side.turn(Seen.OFF, "destroyed")
            case Undefine():
                side.domain = None
            case DeleteDisks(names=names):
                side.volumes -= set(names)

    def _end_what_comes_in(self) -> None:
        if self.target.in_transit and not self.target.lost:
            self.target.domain = None

    def _migrate(self) -> bool:
        self.memory.move_asked()
        self._end_what_comes_in()
        if self.source.in_transit:
            self.source.turn(Seen.RUNNING, "unpaused")
        answer = "refused" if self.target.lost else self.answers.pop(0) if self.answers else "done"
        if answer == "refused":
            self.memory.move_answered = True
            self.memory.move_refused("no route")
            return False
        if not self.target.runs and self.how in ("alive", "saved"):
            self.target.domain = None
        if self.how == "saved":
            return self._carry(answer)
        if answer == "lost":
            self._hand_over()
            return False
        if answer == "cancelled" and self.how == "alive":
            self._cancel()
            return False
        if isinstance(answer, int) and self.how != HOW[0]:
            (self._alive if self.how == "alive" else self._step_by_step)(answer)
            return False
        self._hand_over()
        self.memory.move_answered = True
        return True

    def _hand_over(self) -> None:
        assert self.source.domain is not None
        self.target.domain, self.source.domain = replace(self.source.domain, reason="migrated"), None
        self.target.written = self.source.written
        self.home = self.home and "target"

    def _carry(self, answer: str | int) -> bool:
        """Save it here, unless that is done; carry over its disks, then its memory, which goes here; let it go on."""
        steps = answer if isinstance(answer, int) else 2 if answer == "cancelled" else ALL_STEPS
        assert self.source.domain is not None
        if self.source.on and steps > 0:
            self.target.volumes -= {MEMORY}
            self.source.turn(Seen.OFF, "saved")
            self.source.volumes |= {MEMORY}
            self.source.saved_at = self.source.written
        if steps > 1:
            self.target.volumes |= {ROOT}
            self.target.written = self.source.written
            self.target.domain = a_domain(Seen.OFF)
        if steps > 2:
            self.target.volumes |= {MEMORY}
            self.target.saved_at = self.source.saved_at
        if steps > 3:
            self.source.domain = None
            self.source.volumes -= {MEMORY}
            self.home = self.home and "target"
        if steps > 4:
            self.target.turn(Seen.RUNNING, "restored")
        if answer == "cancelled":
            self.memory.move_refused("no room")
        if isinstance(answer, int):
            self.memory = Memory()
        self.memory.move_answered = answer in ("done", "cancelled")
        return answer == "done"

    def _cancel(self) -> None:
        """The answer of the new host, which has all of it, did not come; it stays paused there, or is cut."""
        assert self.source.domain is not None
        state, reason = ((Seen.PAUSED, "user"), (Seen.OFF, "failed"), (Seen.OFF, "destroyed"))[len(self.answers) % 3]
        self.target.domain = replace(self.source.domain, state=state, reason=reason)
        self.source.turn(Seen.RUNNING, "migration canceled")
        self.memory.move_answered = True
        self.memory.move_refused("no answer")

    def _step_by_step(self, steps: int) -> None:
        if steps > 0:
            self.target.domain = a_domain(Seen.OFF)
        if steps > 1:
            self.source.turn(Seen.OFF, "destroyed")
            self.target.written = self.source.written
            self.home = self.home and "target"
        if steps > 2:
            self.target.turn(Seen.RUNNING, "booted")
        if steps > 3:
            self.source.domain = None
        self.memory = Memory()

    def _alive(self, steps: int) -> None:
        assert self.source.domain is not None
        if steps > 0:
            self.target.domain = replace(self.source.domain, state=Seen.PAUSED, reason=SENT)
        if steps > 1:
            self.source.turn(Seen.PAUSED, SENT)
        if steps > 2:
            self.target.turn(Seen.PAUSED, "user")
            self.target.written = self.source.written
        if steps > 3:
            self.source.domain = None
            self.home = self.home and "target"
        self.memory = Memory()
