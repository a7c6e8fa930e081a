"""Bridges in the kernel: one for each network, with its addresses, made, repaired and removed over netlink.

Blocking; to be called in a thread, since uvloop takes no netlink sockets. A bridge that we make is known by its MAC
address, which is set in the very call that makes it, so that no kill leaves one that nobody owns; it goes with its
network. One that an operator made is only lent, as its alias says, and any other is never touched.
"""

import errno
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from app.domain.errors import Broken, Unavailable
from app.domain.network import METADATA_ADDRESS, Network

_PORT = "network"
_METADATA = f"{METADATA_ADDRESS}/32"
_UP = 1
_BRIDGED_THROUGH_FILTER = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")
_FORBIDDEN = frozenset({errno.EPERM, errno.EACCES})


class Links:
    """The bridges of one cloud; `owner` tells clouds of one machine apart."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._lent = f"eucalyptus:{owner}:"

    def apply(self, networks: Sequence[Network]) -> dict[str, int]:
        """Make the bridges be as wanted; return the kernel's number of each, by network name."""
        with _netlink() as route:
            self._drop_all_but(route, {network.bridge for network in networks})
            return {network.name: self._weave(route, network) for network in networks}

    def bridges(self) -> list[str]:
        """Name the bridges that we made or use."""
        with _netlink() as route:
            return sorted(str(link.get("ifname")) for link in self._ours(route))

    def _mac(self, name: str) -> str:
        return "02:" + hashlib.sha256(f"{self._owner}:{name}".encode()).digest()[:5].hex(":")

    def _made(self, link: Any) -> bool:
        return bool(link.get("address") == self._mac(link.get("ifname")))

    def _ours(self, route: IPRoute) -> list[Any]:
        bridges = [link for link in route.get_links() if link.get(("linkinfo", "kind")) == "bridge"]
        return [link for link in bridges if self._made(link) or (link.get("ifalias") or "").startswith(self._lent)]

    def _weave(self, route: IPRoute, network: Network) -> int:
        if _find(route, network.bridge) is None:
            mac = self._mac(network.bridge)
            with _allowed(errno.EEXIST):
                route.link("add", ifname=network.bridge, kind="bridge", address=mac, br_stp_state=0, br_forward_delay=0)
        link = _find(route, network.bridge)
        if link is None or link.get(("linkinfo", "kind")) != "bridge":
            raise Broken(_PORT, f"{network.bridge} is there already and is no bridge; set VNET_BRIDGE")
        index: int = link["index"]
        there = _addresses(route, index)
        if not self._made(link) and not link.get("ifalias"):
            added = "" if network.gateway in there else network.gateway
            route.link("set", index=index, ifalias=self._lent + added)
        for text in {network.gateway, _METADATA} - there:
            _add_address(route, index, text)
        for text in there - {network.gateway, _METADATA} if self._made(link) else ():
            _remove_address(route, index, text)
        if not link["flags"] & _UP:
            route.link("set", index=index, state="up")
        _plug(route, index, network)
        _let_bridged_traffic_be()
        return index

    def _drop_all_but(self, route: IPRoute, wanted: set[str]) -> None:
        for link in self._ours(route):
            if link.get("ifname") in wanted:
                continue
            with _allowed(errno.ENODEV):
                if self._made(link):
                    route.link("del", index=link["index"])
                else:
                    self._give_back(route, link)

    def _give_back(self, route: IPRoute, link: Any) -> None:
        """Take off a lent bridge what we put there."""
        added = str(link.get("ifalias")).removeprefix(self._lent)
        for text in {_METADATA, added} & _addresses(route, link["index"]):
            _remove_address(route, link["index"], text)
        route.link("set", index=link["index"], ifalias="")


@contextmanager
def _netlink() -> Iterator[IPRoute]:
    try:
        with IPRoute() as route:
            yield route
    except NetlinkError as error:
        if error.code in _FORBIDDEN:
            raise Broken(_PORT, "bridges need root or CAP_NET_ADMIN, or VNET_MODE SYSTEM") from error
        raise Unavailable(_PORT, str(error.args[-1])) from error
    except OSError as error:
        raise Unavailable(_PORT, f"netlink can not be used: {error.strerror}") from error


@contextmanager
def _allowed(code: int) -> Iterator[None]:
    """Let pass that somebody else was quicker."""
    try:
        yield
    except NetlinkError as error:
        if error.code != code:
            raise


def _find(route: IPRoute, name: str) -> Any:
    found = route.link_lookup(ifname=name)
    return route.link("get", index=found[0])[0] if found else None


def _addresses(route: IPRoute, index: int) -> set[str]:
    return {f"{one.get('address')}/{one['prefixlen']}" for one in route.get_addr(family=2, index=index)}


def _add_address(route: IPRoute, index: int, text: str) -> None:
    interface = IPv4Interface(text)
    spread = {} if text == _METADATA else {"broadcast": str(interface.network.broadcast_address)}
    with _allowed(errno.EEXIST):
        route.addr("add", index=index, address=str(interface.ip), prefixlen=interface.network.prefixlen, **spread)


def _remove_address(route: IPRoute, index: int, text: str) -> None:
    address, _, length = text.partition("/")
    with _allowed(errno.EADDRNOTAVAIL):
        route.addr("del", index=index, address=address, prefixlen=int(length))


def _plug(route: IPRoute, index: int, network: Network) -> None:
    """Put guests' cards back that lost their bridge; libvirt gives a card's other end the guest's MAC but for `fe`."""
    ends = {"fe" + member.mac[2:].lower() for member in network.members}
    for link in route.get_links() if ends else ():
        if link.get("address") in ends and link.get("master") is None:
            route.link("set", index=link["index"], master=index, state="up")


def _let_bridged_traffic_be() -> None:
    """Keep the machine's own IP filter off frames between guests, where the kernel would apply it."""
    with suppress(OSError):
        if _BRIDGED_THROUGH_FILTER.read_text().strip() != "0":
            _BRIDGED_THROUGH_FILTER.write_text("0")
