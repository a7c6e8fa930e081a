"""What the loop tells services: things only they may write down, since they change what is *wanted*."""

from typing import Protocol

from app.domain.ports import Unit


class Outcomes(Protocol):
    """Implemented by services; every method is called inside a transaction with services as the writer."""

    def gave_up(self, unit: Unit, instance_id: str, code: str, reason: str) -> None:
        """Want TERMINATED for an instance that never ran, STOPPED for one that did, with this StateReason."""
        ...

    def powered_off(self, unit: Unit, instance_id: str, *, by_guest: bool) -> None:
        """Want STOPPED; if the guest switched itself off, STOPPED or TERMINATED as the shutdown behaviour says."""
        ...

    def sleep_refused(self, unit: Unit, name: str, why: str) -> None:
        """Want a host on that could not be put to sleep."""
        ...

    def woke(self, unit: Unit, name: str) -> None:
        """Want a host on that woke up by itself."""
        ...

    def moved(self, unit: Unit, instance_id: str) -> None:
        """End a move: the instance is on its new host, and nothing of it is left on the old one."""
        ...

    def move_failed(self, unit: Unit, instance_id: str, reason: str) -> None:
        """End a move: the instance is where it was, or nowhere; nothing of it is left on the other host."""
        ...

    def image_captured(self, unit: Unit, image_id: str, sha256: str, size_bytes: int) -> None:
        """Give an image the bytes that were read from its instance's disk."""
        ...

    def image_failed(self, unit: Unit, image_id: str, code: str, reason: str) -> None:
        """End an image whose bytes can not be had, with this StateReason."""
        ...

    def host_cleaned(self, unit: Unit, name: str) -> None:
        """Let a fenced host take instances again: it is back, and nothing of others is left on it."""
        ...

    def host_emptied(self, unit: Unit, name: str) -> None:
        """Remove the row of a host that was to be removed: nothing of ours is on it, its connection is closed."""
        ...
