"""Laws of placement, whatever the hosts: capacity, closed hosts, order of the policies, reasons."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from app.domain.vmtype import Size
from app.rules.place import POLICIES, Decision, Room, place

policies = st.sampled_from(sorted(POLICIES))
needs = st.builds(Size, cores=st.integers(1, 4), memory_mib=st.integers(0, 2048), disk_gb=st.integers(0, 20))
mosts = st.integers(0, 12)
cursors = st.integers(-1, 8)
frees = st.builds(Size, cores=st.integers(-2, 9), memory_mib=st.integers(-64, 8192), disk_gb=st.integers(-5, 100))


@st.composite
def clouds(draw: st.DrawFn, clusters: int = 3, closed: bool = True) -> list[Room]:
    """Draw up to 7 hosts in up to `clusters` clusters, in any order."""
    count = draw(st.integers(0, 7))
    rooms = [
        Room(
            host=f"n{ordinal}",
            cluster=f"c{draw(st.integers(1, clusters))}",
            ordinal=ordinal,
            free=draw(frees),
            closed=draw(st.sampled_from(["", "", "draining", "lost"])) if closed else "",
        )
        for ordinal in range(count)
    ]
    return draw(st.permutations(rooms))


def left(rooms: list[Room], decision: Decision, need: Size) -> dict[str, Size]:
    """What remains free on each host after the decision."""
    free = {room.host: room.free for room in rooms}
    for chosen in decision.chosen:
        free[chosen.host] -= need
    return free


@given(clouds(), needs, mosts, policies, cursors)
def test_no_host_gets_more_than_fits(rooms: list[Room], need: Size, most: int, policy: str, cursor: int) -> None:
    decision = place(rooms, need, most, policy, cursor)
    fits = {room.host: room.free.times(need) for room in rooms}
    assert all(count <= fits[host] for host, count in Counter(chosen.host for chosen in decision.chosen).items())


@given(clouds(), needs, mosts, policies, cursors)
def test_a_closed_host_gets_nothing_and_says_why(
    rooms: list[Room], need: Size, most: int, policy: str, cursor: int
) -> None:
    decision = place(rooms, need, most, policy, cursor)
    closed = {room.host: room.closed for room in rooms if room.closed}
    assert not closed.keys() & {chosen.host for chosen in decision.chosen}
    assert {f"{host}: {why}" for host, why in closed.items()} <= set(decision.refusals)


@given(clouds(), needs, mosts, policies, cursors)
def test_as_many_are_placed_as_were_asked_or_as_fit(
    rooms: list[Room], need: Size, most: int, policy: str, cursor: int
) -> None:
    decision = place(rooms, need, most, policy, cursor)
    assert len(decision.chosen) == min(most, sum(room.free.times(need) for room in rooms if not room.closed))


@given(clouds(), needs, mosts, policies, cursors)
def test_every_choice_and_every_refusal_has_its_reason(
    rooms: list[Room], need: Size, most: int, policy: str, cursor: int
) -> None:
    decision = place(rooms, need, most, policy, cursor)
    clusters = {room.host: room.cluster for room in rooms}
    for chosen in decision.chosen:
        assert chosen.cluster == clusters[chosen.host]
        assert any(policy in why and chosen.host in why for why in chosen.reasons)
    free = left(rooms, decision, need)
    full = {room.host for room in rooms if room.closed or not free[room.host].covers(need)}
    assert {refusal.partition(":")[0] for refusal in decision.refusals} == full


@given(st.data(), clouds(), needs, mosts, policies, cursors)
def test_the_order_in_which_hosts_are_listed_decides_nothing(
    data: st.DataObject, rooms: list[Room], need: Size, most: int, policy: str, cursor: int
) -> None:
    shuffled = data.draw(st.permutations(rooms))
    one, other = place(rooms, need, most, policy, cursor), place(shuffled, need, most, policy, cursor)
    assert (one.chosen, one.cursor, set(one.refusals)) == (other.chosen, other.cursor, set(other.refusals))


@given(clouds(clusters=1), needs, mosts, cursors)
def test_greedy_fills_hosts_in_the_order_of_joining(rooms: list[Room], need: Size, most: int, cursor: int) -> None:
    order = sorted((room for room in rooms if not room.closed), key=lambda room: room.ordinal)
    filled = [room.host for room in order for _ in range(room.free.times(need))]
    assert [chosen.host for chosen in place(rooms, need, most, "GREEDY", cursor).chosen] == filled[:most]


@given(st.integers(1, 6), st.integers(0, 20), st.integers(-1, 5))
def test_round_robin_goes_on_after_the_host_used_last(hosts: int, most: int, cursor: int) -> None:
    need = Size(cores=1, memory_mib=128, disk_gb=10)
    plenty = Size(cores=99, memory_mib=99999, disk_gb=999)
    rooms = [Room(host=f"n{i}", cluster="c", ordinal=i, free=plenty) for i in range(hosts)]
    start = cursor + 1 if cursor + 1 < hosts else 0
    decision = place(rooms, need, most, "ROUNDROBIN", cursor)
    assert [chosen.host for chosen in decision.chosen] == [f"n{(start + i) % hosts}" for i in range(most)]


@given(clouds(clusters=1), needs, st.integers(0, 6), st.integers(0, 6), policies)
def test_two_requests_are_placed_as_one_of_both_would_be(
    rooms: list[Room], need: Size, first: int, second: int, policy: str
) -> None:
    whole = place(rooms, need, first + second, policy)
    part = place(rooms, need, first, policy)
    free = left(rooms, part, need)
    after = [Room(host=r.host, cluster=r.cluster, ordinal=r.ordinal, free=free[r.host], closed=r.closed) for r in rooms]
    rest = place(after, need, second, policy, part.cursor)
    hosts = [chosen.host for chosen in (*part.chosen, *rest.chosen)]
    assert hosts == [chosen.host for chosen in whole.chosen]


@given(clouds(closed=False), needs, mosts, policies)
def test_one_cluster_is_full_before_the_next_is_used(rooms: list[Room], need: Size, most: int, policy: str) -> None:
    decision = place(rooms, need, most, policy)
    used = list(dict.fromkeys(chosen.cluster for chosen in decision.chosen))
    free = left(rooms, decision, need)
    assert not any(free[room.host].covers(need) for room in rooms if room.cluster in used[:-1])
    slots = Counter({cluster: 0 for cluster in used})
    for room in rooms:
        slots[room.cluster] += room.free.times(need)
    assert not used or slots[used[0]] == max(slots.values())
