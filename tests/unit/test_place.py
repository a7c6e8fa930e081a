"""Placement by example: what a user of GREEDY and ROUNDROBIN sees."""

from app.domain.vmtype import Size
from app.rules.place import Room, place

SMALL = Size(cores=1, memory_mib=128, disk_gb=10)


def a_room(ordinal: int, cores: int = 2, cluster: str = "north", closed: str = "") -> Room:
    free = Size(cores=cores, memory_mib=1024, disk_gb=100)
    return Room(host=f"n{ordinal}", cluster=cluster, ordinal=ordinal, free=free, closed=closed)


def hosts(rooms: list[Room], most: int, policy: str, cursor: int = -1) -> list[str]:
    return [chosen.host for chosen in place(rooms, SMALL, most, policy, cursor).chosen]


def test_greedy_packs_and_round_robin_spreads() -> None:
    rooms = [a_room(0), a_room(1), a_room(2)]
    assert hosts(rooms, 4, "GREEDY") == ["n0", "n0", "n1", "n1"]
    assert hosts(rooms, 4, "ROUNDROBIN") == ["n0", "n1", "n2", "n0"]
    assert hosts(rooms, 4, "ROUNDROBIN", cursor=1) == ["n2", "n0", "n1", "n2"]


def test_the_cluster_with_most_room_is_used_first_and_filled() -> None:
    rooms = [a_room(0, cores=1, cluster="small"), a_room(1, cluster="big"), a_room(2, cluster="big")]
    assert hosts(rooms, 5, "GREEDY") == ["n1", "n1", "n2", "n2", "n0"]


def test_reasons_and_refusals_are_sentences_for_the_operator() -> None:
    decision = place([a_room(0), a_room(1, closed="it is draining"), a_room(2, cores=0)], SMALL, 1, "GREEDY")
    assert decision.chosen[0].reasons == (
        "GREEDY: n0 had 2 cores, 1024 MiB, 100 GB free and 1 cores, 128 MiB, 10 GB was asked",
    )
    assert decision.refusals == (
        "n1: it is draining",
        "n2: 0 cores, 1024 MiB, 100 GB free, 1 cores, 128 MiB, 10 GB asked",
    )


def test_without_hosts_nothing_is_chosen_and_the_cursor_stays() -> None:
    decision = place([], SMALL, 3, "ROUNDROBIN", 7)
    assert (decision.chosen, decision.refusals, decision.cursor) == ((), (), 7)
