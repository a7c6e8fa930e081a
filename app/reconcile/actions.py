"""What the loop may do for one instance, as values: `diff` computes them, `execute` carries them out.

Each may be repeated without harm. `Mark`, `Wait` and what is reported to services touch no host. All are done on the
instance's host; of one that moves that is where it goes.
"""

from dataclasses import dataclass

from app.domain.states import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class StageImages:
    """Have every image that the instance boots from on its host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeDisks:
    """Make the instance's own volumes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Define:
    """Define the domain with this launch number."""

    launch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Start the domain; `reboot` is the reboot that this also does, if any."""

    reboot: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AskShutdown:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Destroy:
    """Cut the power."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undefine:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteDisks:
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskReboot:
    """Ask the guest for reboot number `number`."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """Push the reset button, for reboot number `number`."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Write what was seen; None leaves a column as it is."""

    seen: Seen
    launched: int | None = None
    rebooted: int | None = None
    removed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPowerOff:
    """Tell services that this launch is off: `by_guest`, if the hypervisor says that the guest did it itself."""

    launch: int
    by_guest: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """Tell services that this launch can not be done."""

    launch: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrate:
    """Move the running domain from where it comes from to its host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """Do something on the host that the instance comes from."""

    action: Start | Destroy | Undefine | DeleteDisks


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMoved:
    """Tell services that the instance is on its host and left nothing where it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMoveFailed:
    """Tell services that the instance did not get to its host, and left nothing there."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Look again after this time, or earlier if the host tells something."""

    seconds: float


Action = (
    StageImages
    | MakeDisks
    | Define
    | Start
    | AskShutdown
    | Destroy
    | Undefine
    | DeleteDisks
    | AskReboot
    | Reset
    | Mark
    | ReportPowerOff
    | GiveUp
    | Migrate
    | Before
    | ReportMoved
    | ReportMoveFailed
    | Wait
)
TOUCHES_NO_HOST = (Mark, ReportPowerOff, GiveUp, ReportMoved, ReportMoveFailed, Wait)
