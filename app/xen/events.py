"""libvirt's event loop: one daemon thread for the whole process, started before the first connection opens.

Without it keepalive and events are dead. Not libvirtaio: that ties the process to one asyncio loop, and callbacks here
reach whichever loop they belong to by `call_soon_threadsafe`. The trap: registration counts for the process and for
ever, so it is done once by a cached function and never undone.
"""

import functools
import threading
from typing import Any

import libvirt

TICK_MS = 1000


@functools.cache
def ensure_event_loop() -> None:
    """Register and start libvirt's event loop; call before every open, only the first call does something."""
    libvirt.registerErrorHandler(_silent, None)
    libvirt.virEventRegisterDefaultImpl()
    # A poll that nothing wakes would not see handles added later by another thread in some versions of libvirt.
    libvirt.virEventAddTimeout(TICK_MS, _tick, None)
    threading.Thread(target=_turn, name="libvirt-events", daemon=True).start()


def _turn() -> None:
    while True:
        libvirt.virEventRunDefaultImpl()


def _tick(timer: int, opaque: Any) -> None:
    """Do nothing; turning the loop is all that the timer is for."""


def _silent(context: Any, error: Any) -> None:
    """Keep libvirt from printing to stderr; every error arrives as an exception, too."""
