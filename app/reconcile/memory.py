"""What the loop remembers of an instance between two looks; lost with the process, and harmlessly so.

A shutdown or reboot that was asked before a restart of the server is asked again, with a new grace time.
"""

from dataclasses import dataclass

from app.domain.ports import DomainSeen
from app.domain.states import Seen

_OFF = frozenset({Seen.OFF, Seen.CRASHED})


@dataclass(slots=True, kw_only=True)
class Memory:
    """Times are of the monotonic clock, in seconds; reboots are told apart by their number.

    `blind`: the last look, or what came of it, failed. What was off before and is off after may have run meanwhile.
    """

    failures: int = 0
    restless: int = 0
    blind: bool = False
    off_since_s: float | None = None
    shutdown_asked_s: float | None = None
    shutdown_refused: bool = False
    reboot_asked: int = 0
    reboot_asked_s: float = 0.0
    reboot_refused: bool = False
    reboot_done: int = 0
    move_failures: int = 0
    move_error: str = ""
    move_answered: bool = False
    move_under_way: bool = False

    def look(self, domain: DomainSeen | None, now_s: float, *, stopping: bool) -> None:
        """Take note of a domain's state; one that was off and runs again has rebooted."""
        if not stopping:
            self.shutdown_asked_s, self.shutdown_refused = None, False
        if domain is not None and domain.state not in _OFF:
            if self.off_since_s is not None:
                self.told_reboot()
            self.off_since_s, self.blind = None, False
            return
        if self.off_since_s is None or self.blind:
            self.off_since_s, self.blind = now_s, False

    def told_reboot(self) -> None:
        """The host told that the guest started anew; without a reboot asked of us that was its own affair."""
        self.reboot_done = max(self.reboot_done, self.reboot_asked)

    def did_reboot(self, number: int) -> None:
        self.reboot_asked = self.reboot_done = max(self.reboot_done, number)

    def asked_shutdown(self, now_s: float, *, refused: bool) -> None:
        self.shutdown_asked_s, self.shutdown_refused = now_s, refused

    def asked_reboot(self, number: int, now_s: float, *, refused: bool) -> None:
        self.reboot_asked, self.reboot_asked_s, self.reboot_refused = number, now_s, refused

    def move_asked(self) -> None:
        """A call is on its way; until it is answered nobody knows whether it still comes true."""
        self.move_answered = self.move_under_way = False

    def move_refused(self, why: str, times: int = 1) -> None:
        self.move_failures, self.move_error = self.move_failures + times, why

    def move_over(self) -> None:
        self.move_failures, self.move_error = 0, ""
        self.move_answered = self.move_under_way = False

    def off_for(self, now_s: float) -> float:
        return 0.0 if self.off_since_s is None else now_s - self.off_since_s
