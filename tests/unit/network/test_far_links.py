"""What a host that is another machine answers, and what it is told then."""

import msgspec
import pytest

from app.domain.errors import Unavailable
from app.domain.network import Member, Network
from app.network.far_links import XEN_MAC, Ends, locks, orders, read
from app.network.pins import end_of

ENDS = Ends(gateway="192.0.2.1", host="192.0.2.11")
CONNECTION = "192.0.2.1 51022 192.0.2.11 22"
ONE = Member(instance_id="i-1", mac="d0:0d:00:00:00:01", address="10.9.0.5", hostname="")
NETWORK = Network(name="a", bridge="eucabr0", gateway="10.9.0.1/24", members=(ONE,))
XEN = f"""/local/domain/0/backend/vif = ""
/local/domain/0/backend/vif/5/0/mac = "{ONE.mac}"
/local/domain/0/backend/vif/5/0/script = "/etc/xen/scripts/vif-bridge"
/local/domain/0/backend/vif/5/1/mac = "d0:0d:00:00:00:09"; ip link delete eth0"
"""


def answer(*links: dict[str, object], xen: str = "", fdb: str = "[]") -> str:
    return f"{CONNECTION}\n{msgspec.json.encode(links).decode()}\n{fdb}\n{xen}"


def test_whose_a_card_of_xen_s_is_is_told_by_xen() -> None:
    vifs: list[dict[str, object]] = [{"ifname": f"vif5.{number}", "address": XEN_MAC} for number in (0, 1)]
    ends, links = read(answer(*vifs, {"ifname": "eth0", "address": "02:00:00:00:00:01"}, xen=XEN))
    assert ends == ENDS
    assert [link.address for link in links] == [end_of(ONE.mac), XEN_MAC, "02:00:00:00:00:01"]
    told = [order.text for order in orders("o", [NETWORK], ends, links)]
    assert "link set dev vif5.0 master eucabr0 up" in told
    assert not any("vif5.1" in text for text in told)


def test_a_card_of_xen_s_on_a_bridge_of_the_site_s_is_left_alone() -> None:
    vif: dict[str, object] = {"ifname": "vif5.0", "address": XEN_MAC, "master": "xenbr0"}
    for xen in ("", XEN):
        assert not any("vif5.0" in order.text for order in orders("o", [NETWORK], *read(answer(vif, xen=xen))))


def port(**told: bool) -> dict[str, object]:
    return {"ifname": "tap1", "address": end_of(ONE.mac), "master": "eucabr0", "linkinfo": {"info_slave_data": told}}


def test_a_guest_s_port_is_locked_to_its_own_mac_address() -> None:
    pin, lock = f"fdb replace {ONE.mac} dev tap1 master static", "link set dev tap1 learning off flood off locked on"
    assert told_locks(port(locked=False, learning=True)) == [pin, lock]
    pinned = {"mac": ONE.mac, "ifname": "tap1", "master": "eucabr0", "state": "static"}
    other = pinned | {"mac": "d0:0d:00:00:00:09"}
    right = port(locked=True, learning=False, flood=False)
    assert told_locks(right, pinned, other) == ["fdb del d0:0d:00:00:00:09 dev tap1 master"]
    assert told_locks(right, pinned) == []
    assert told_locks(port(locked=True, learning=False, flood=True), pinned) == [lock]


def test_a_host_without_locks_or_without_bridge_is_told_nothing_of_them() -> None:
    assert told_locks(port(learning=True)) == []
    assert not locks([NETWORK], read(answer(port(locked=False), fdb="null"))[1])


def told_locks(card: dict[str, object], *entries: dict[str, str]) -> list[str]:
    _, links = read(answer(card, fdb=msgspec.json.encode(entries).decode()))
    return [order.text for order in locks([NETWORK], links)]


@pytest.mark.parametrize("text", ["", "motd\n[]", f"{CONNECTION}\nno cards", f"{CONNECTION.replace('192', 'x')}\n[]\n"])
def test_an_answer_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Unavailable, match="its answer is not understood"):
        read(text)
