"""Place new instances: state × demand → decision with reasons.

`place` is the interface that services call for GREEDY, ROUNDROBIN and POWERSAVE of 1.6.1. Hosts are walked cluster by
cluster, the emptiest cluster first, since 1.6.1 filled one cluster before it used another. The trap: a host that sleeps
has room, too; ROUNDROBIN takes it in its turn, the others last, and whoever gets a machine wakes up.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from app.domain.vmtype import Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """One host as the rules see it; `closed` says why it takes nothing new (empty: it does).

    One that is waking up is not `asleep` any more.
    """

    host: str
    cluster: str
    ordinal: int
    free: Size
    closed: str = ""
    asleep: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Where one instance goes, and why there."""

    host: str
    cluster: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One entry for each instance that found a place, in launch order; `refusals`: why not the other hosts.

    `cursor` is to be handed to the next call (ROUNDROBIN goes on after it).
    """

    chosen: tuple[Chosen, ...]
    refusals: tuple[str, ...]
    cursor: int


Order = Callable[[Sequence[Room], int], Sequence[Room]]


def _greedy(rooms: Sequence[Room], cursor: int) -> Sequence[Room]:
    return sorted(rooms, key=lambda room: (room.asleep, room.ordinal))


def _round_robin(rooms: Sequence[Room], cursor: int) -> Sequence[Room]:
    return sorted(rooms, key=lambda room: (room.ordinal <= cursor, room.ordinal))


POLICIES: dict[str, Order] = {"GREEDY": _greedy, "ROUNDROBIN": _round_robin, "POWERSAVE": _greedy}


def place(rooms: Sequence[Room], need: Size, most: int, policy: str, cursor: int = -1) -> Decision:
    """Choose hosts for up to `most` instances of size `need`, one after another.

    Fewer entries than `most` mean that no more fit; whether that is enough is the caller's decision.
    """
    order = POLICIES[policy]
    left = {room.host: room for room in rooms if not room.closed}
    chosen: list[Chosen] = []
    clusters = _fullest_last(left.values(), need)
    while len(chosen) < most:
        pick = _first_fit(left, clusters, need, order, cursor)
        if pick is None:
            break
        cursor = pick.ordinal
        left[pick.host] = replace(pick, free=pick.free - need, asleep=False)
        why = f"{policy}: {pick.host} had {_words(pick.free)} free and {_words(need)} was asked"
        chosen.append(Chosen(host=pick.host, cluster=pick.cluster, reasons=(why,)))
    return Decision(chosen=tuple(chosen), refusals=_refusals(rooms, left, need), cursor=cursor)


def _fullest_last(rooms: Iterable[Room], need: Size) -> list[str]:
    slots: dict[str, int] = {}
    for room in rooms:
        slots[room.cluster] = slots.get(room.cluster, 0) + room.free.times(need)
    return sorted(slots, key=lambda cluster: (-slots[cluster], cluster))


def _first_fit(left: dict[str, Room], clusters: Sequence[str], need: Size, order: Order, cursor: int) -> Room | None:
    for cluster in clusters:
        in_order = order([room for room in left.values() if room.cluster == cluster], cursor)
        for room in in_order:
            if room.free.covers(need):
                return room
    return None


def _refusals(rooms: Sequence[Room], left: dict[str, Room], need: Size) -> tuple[str, ...]:
    said = []
    for room in rooms:
        free = left[room.host].free if room.host in left else room.free
        if room.closed:
            said.append(f"{room.host}: {room.closed}")
        elif not free.covers(need):
            said.append(f"{room.host}: {_words(free)} free, {_words(need)} asked")
    return tuple(said)


def _words(size: Size) -> str:
    return f"{size.cores} cores, {size.memory_mib} MiB, {size.disk_gb} GB"
