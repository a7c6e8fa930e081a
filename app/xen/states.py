"""libvirt's states and reasons as ours, as tables.

The trap: Xen answers "no state" for a guest that merely idles, and a crash with `on_crash=destroy` shows as shut off
with the reason "crashed".
"""

from app.domain.states import Seen

RUNNING, PAUSED, OFF, CRASHED = Seen.RUNNING, Seen.PAUSED, Seen.OFF, Seen.CRASHED

# By virDomainState.
STATES = {0: RUNNING, 1: RUNNING, 2: RUNNING, 3: PAUSED, 4: RUNNING, 5: OFF, 6: CRASHED, 7: PAUSED}

# By virDomainState, then the reason's number.
REASONS = {
    1: {
        1: "booted",
        2: "migrated",
        3: "restored",
        4: "from snapshot",
        5: "unpaused",
        6: "migration canceled",
        7: "save canceled",
        8: "woken up",
        9: "crashed",
        10: "post-copy",
    },
    3: {
        1: "user",
        2: "migration",
        3: "save",
        4: "dump",
        5: "I/O error",
        6: "watchdog",
        7: "from snapshot",
        8: "shutting down",
        9: "snapshot",
        10: "crashed",
        11: "starting up",
    },
    4: {1: "shutting down"},
    5: {
        1: "shutdown",
        2: "destroyed",
        3: "crashed",
        4: "migrated",
        5: "saved",
        6: "failed",
        7: "from snapshot",
        8: "daemon",
    },
    6: {1: "panicked"},
}


def seen(state: int, reason: int) -> tuple[Seen, str]:
    """Map libvirt's pair to ours; a state that a newer libvirt invents counts as running: never start it twice."""
    word = REASONS.get(state, {}).get(reason, "unknown")
    if (state, word) == (5, "crashed"):
        return CRASHED, word
    return STATES.get(state, RUNNING), word
