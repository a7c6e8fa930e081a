"""The port `Reach`: bridges on hosts that are other machines, by their own `ip`, and the gateway's ends of the tunnels.

A host is asked what it has, and told only what it lacks. The gateway has one tunnel for each bridge, which leads to all
hosts that have the network; it is an isolated port, so that what comes out of it reaches the gateway and nobody else on
the bridge. The trap: frames for everybody go to the hosts that are written down for the all-zero address, and only the
kernel remembers those, so a host that gave a network back is taken out when it is looked at.
"""

import asyncio
import errno
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pyroute2 import IPRoute
from pyroute2.netlink.rtnl.ndmsg import NTF_SELF, NUD_REACHABLE

from app.domain.errors import TimedOut
from app.domain.far import Shell
from app.domain.network import Network
from app.network import fences, seal
from app.network.far_links import (
    PORT,
    Ends,
    Link,
    Order,
    can_lock,
    cards_of,
    far_mac_of,
    joins,
    locks,
    mac_of,
    orders,
    read,
    seal_of,
    tunnel_of,
)
from app.network.netlink import allowed, netlink
from app.network.shells import Shells
from app.network.sight import UP, at_start

Answer = TypeVar("Answer")
Led = Mapping[int, Mapping[str, int | None]]
Learned = Mapping[int, Mapping[str, str]]
log = logging.getLogger(__name__)
LOOK = (
    'echo "$SSH_CONNECTION" && ip -json -details link && '
    "{ bridge -json fdb show 2>/dev/null || echo null; } && "
    "{ xenstore-ls -f /local/domain/0/backend/vif 2>/dev/null || true; }"
)
DO = "exec ip -batch -"
LOCK = "exec bridge -batch -"
SHELL = "exec sh"
NETLINK_S = 10.0
EVERYBODY = "00:00:00:00:00:00"
_LOCAL = ("linkinfo", "data", "vxlan_local6")


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """How a host was left: its networks, the two ends of the way, and guests' cards by their numbers."""

    networks: Sequence[Network]
    ends: Ends
    cards: frozenset[int]


class Outreach:
    """`owner` tells clouds of one machine apart; the key of encrypted ways is in `key_file`, made at the first.

    `gateway`: this machine's address for hosts; empty: that of ssh.
    """

    def __init__(self, owner: str, shells: Shells, key_file: Path, gateway: str = "") -> None:
        self._owner, self._shells, self._key_file, self._gateway = owner, shells, key_file, gateway
        self._left: dict[Shell, Left] = {}
        self._believed: dict[Shell, str] = {}
        self._fences: dict[Shell, fences.Stood] = {}
        self._one_at_a_time = ThreadPoolExecutor(1, thread_name_prefix="tunnels")

    async def reach(self, shell: Shell, networks: Sequence[Network]) -> Sequence[str]:
        outer, links = read(await self._shells.run(shell, LOOK))
        outer = replace(outer, gateway=self._gateway or outer.gateway)
        was = self._left.get(shell)
        sealed = any(network.sealed and not network.trunk for network in networks)
        ends, off = await self._seal(shell, outer) if sealed else (outer, "")
        missing = orders(self._owner, networks, ends, links, was.cards if was else ())
        await self._do(shell, missing)
        joining = await self._fence(shell, [network for network in networks if network.trunk], links)
        cards = frozenset(link.ifindex for _, link in cards_of(networks, links))
        locking = await self._lock(shell, networks, links, was.cards if was else ())
        now = Left(networks=networks, ends=ends, cards=cards)
        known_as = {outer.host, seal.sealed(self._owner, outer).host, (was or now).ends.host}
        here = await self._in_thread(lambda: self._join(was or now, now, known_as))
        self._left[shell] = now
        if not sealed and (key := self._believed.pop(shell, "")):
            await self._in_thread(lambda: self._forget(key))
        wrong = self._wrong([*missing, *joining, *locking], was, now, links)
        fell = [off] if off and was and was.ends == ends else []
        return [f"{shell}: {clause}" for clause in wrong] + fell + (here if was else [])

    def _wrong(self, missing: Sequence[Order], was: Left | None, now: Left, links: Sequence[Link]) -> list[str]:
        """Say what of a host was broken; at the first look, what was missing, if an earlier server had been there."""
        if was is None:
            there = any(link.address == far_mac_of(self._owner, link.ifname) for link in links)
            return at_start([order.text for order in missing]) if there else []
        bridges = {network.bridge for network in now.networks}
        still = [network for network in was.networks if network.bridge in bridges]
        fenced = (_fencing(network.tagged) for network in still)
        due = *orders(self._owner, still, was.ends, links), *joins(still, links), *locks(still, links), *fenced
        right = {order.text for order in due}
        lost = was.ends == now.ends and now.ends.card not in {"", *(link.ifname for link in links)}
        found = [f"encrypted way {now.ends.card} was gone"] if lost else []
        return found + [order.wrong for order in missing if order.wrong and order.text in right]

    async def close(self) -> None:
        await self._shells.close()

    async def _do(self, shell: Shell, what: Sequence[Order]) -> None:
        if what:
            await self._shells.run(shell, DO, "\n".join(order.text for order in what) + "\n")

    async def _fence(self, shell: Shell, tagged: Sequence[Network], links: Sequence[Link]) -> Sequence[Order]:
        """Let VLANs in once they are fenced; return what that took, with what was otherwise of fences."""
        known, there = self._fences.pop(shell, {}), {link.ifname for link in links}
        if not tagged:
            return ()
        before, now = fences.told(await self._shells.run(shell, SHELL, fences.script(self._owner, tagged)))
        torn = [network for network in tagged if now[network.tagged] != known.get(network.tagged, now[network.tagged])]
        if torn:
            script = fences.script(self._owner, torn, anew=True)
            now = {**now, **fences.told(await self._shells.run(shell, SHELL, script))[1]}
        self._fences[shell] = now
        otherwise = [card for card, stood in before.items() if card in there and stood != known.get(card, now[card])]
        missing = list(joins(tagged, links))
        await self._do(shell, missing)
        return [*missing, *map(_fencing, otherwise)]

    async def _lock(
        self, shell: Shell, networks: Sequence[Network], links: Sequence[Link], known: Collection[int]
    ) -> Sequence[Order]:
        """Lock guests' cards, and look again for that if some were on no bridge before; return what that took."""
        guests = [link for _, link in cards_of(networks, links)]
        if not all(link.master for link in guests):
            _, links = read(await self._shells.run(shell, LOOK))
        missing = locks(networks, links, known)
        if missing:
            await self._shells.run(shell, LOCK, "\n".join(order.text for order in missing) + "\n")
        if not (can_lock(links) or {link.ifindex for link in guests} <= set(known)):
            log.warning("guests of a host can take each other's MAC addresses", extra={"fields": {"host": str(shell)}})
        return missing

    async def _seal(self, shell: Shell, outer: Ends) -> tuple[Ends, str]:
        """Make the encrypted way to a host; return its ends, and what was wrong with the gateway's."""
        ends = seal.sealed(self._owner, outer)
        own, off = await self._in_thread(lambda: self._own_end(ends))
        key = seal.told_key(await self._shells.run(shell, SHELL, seal.preparation(own, outer, ends)))
        await self._in_thread(lambda: self._believe(shell, key, outer, ends))
        return ends, off

    def _own_end(self, ends: Ends) -> tuple[seal.Key, str]:
        key = seal.own_key(self._key_file)
        with netlink() as route:
            return key, seal.make(route, key, ends)

    def _believe(self, shell: Shell, key: str, outer: Ends, ends: Ends) -> None:
        with netlink():
            seal.believe(ends.card, key, outer, ends)
        before, self._believed[shell] = self._believed.get(shell, key), key
        if before != key:
            self._forget(before)

    def _forget(self, key: str) -> None:
        with netlink() as route:
            if route.link_lookup(ifname=seal_of(self._owner)):
                seal.forget(seal_of(self._owner), key)

    async def _in_thread(self, work: Callable[[], Answer]) -> Answer:
        try:
            async with asyncio.timeout(NETLINK_S):
                return await asyncio.get_running_loop().run_in_executor(self._one_at_a_time, work)
        except TimeoutError:
            raise TimedOut("network", "the kernel", NETLINK_S) from None

    def _join(self, was: Left, now: Left, known_as: set[str]) -> list[str]:
        """Lead the tunnels of a host's bridges to it, and no others of ours; return what was right and is not now."""
        wrong: dict[str, str] = {}
        bridges, host = {network.bridge for network in now.networks if not network.trunk}, now.ends.host
        with netlink() as route:
            for bridge in bridges:
                wrong |= self._make(route, bridge, now.ends)
            led, learned = _led(route, known_as)
            here = {tunnel_of(self._owner, one.bridge)[0]: _staying(one) for one in now.networks if not one.trunk}
            for link in route.get_links():
                name = str(link.get("ifname"))
                if link.get(("linkinfo", "kind")) != "vxlan" or link.get("address") != mac_of(self._owner, name):
                    continue
                if link.get("master") is None:
                    with allowed(errno.ENODEV):
                        route.link("del", index=link["index"])
                    continue
                wanted = {host} if name in here else set()
                if _lead(route, link["index"], wanted, now.ends, led[link["index"]]):
                    wrong.setdefault(name, f"tunnel {name} led no more to {host}")
                _lead_guests(route, link["index"], here.get(name, set()), now.ends, learned[link["index"]])
        known = {tunnel_of(self._owner, network.bridge)[0] for network in was.networks}
        return [why for name, why in wrong.items() if name in known and was.ends == now.ends]

    def _make(self, route: IPRoute, bridge: str, ends: Ends) -> dict[str, str]:
        """Make the gateway's end on a bridge, unless it is there; without the bridge there is nothing to join.

        Return what was wrong with it, by its name.
        """
        name, number = tunnel_of(self._owner, bridge)
        masters = route.link_lookup(ifname=bridge)
        if not masters:
            return {}
        wrong = {}
        for found in route.link_lookup(ifname=name):
            there = route.link("get", index=found)[0]
            ours = there.get("address") == mac_of(self._owner, name)
            if ours and there.get(_LOCAL) != (ends.gateway if ends.card else None):
                route.link("del", index=found)
        if not route.link_lookup(ifname=name):
            wrong[name] = f"tunnel {name} was gone"
            way = {"vxlan_id": number, "vxlan_port": PORT} | _by(route, ends)
            with allowed(errno.EEXIST):
                route.link("add", ifname=name, kind="vxlan", address=mac_of(self._owner, name), **way)
        index = route.link_lookup(ifname=name)[0]
        link = route.link("get", index=index)[0]
        if link.get("master") != masters[0] or not link["flags"] & UP:
            wrong.setdefault(name, f"tunnel {name} was down or not on bridge {bridge}")
            route.link("set", index=index, master=masters[0], state="up")
        if not link.get(("linkinfo", "slave_data", "isolated")):
            wrong.setdefault(name, f"tunnel {name} was let reach its neighbours")
            route.brport("set", index=index, isolated=1)
        return wrong


def _fencing(card: str) -> Order:
    return Order(text=f"fence VLAN {card}", wrong=f"the fence of VLAN {card} was changed")


def _by(route: IPRoute, ends: Ends) -> dict[str, Any]:
    """Tell a tunnel to go by the card of its ends, if that is ours, and by no other."""
    return {"vxlan_local6": ends.gateway, "vxlan_link": _number(route, ends.card)} if ends.card else {}


def _number(route: IPRoute, card: str) -> int:
    return int(route.link_lookup(ifname=card)[0])


def _staying(network: Network) -> set[str]:
    """Tell the cards of those who are on a host and nowhere else."""
    return {member.mac.lower() for member in network.members if not member.moving}


def _led(route: IPRoute, known_as: set[str]) -> tuple[Led, Learned]:
    """Tell for all tunnels which of a host's addresses they send frames for everybody to, and by which card.

    And to which address they send frames for each card that they know. All are asked for at once: asked for those of
    one, pyroute2 leaves out what goes by another card.
    """
    found: dict[int, dict[str, int | None]] = defaultdict(dict)
    learned: dict[int, dict[str, str]] = defaultdict(dict)
    for entry in route.fdb("dump"):
        mac, address = entry.get("lladdr"), entry.get("dst")
        if mac == EVERYBODY and address in known_as:
            found[entry["ifindex"]][address] = entry.get_attr("NDA_IFINDEX")
        elif mac != EVERYBODY and address:
            learned[entry["ifindex"]][mac] = address
    return found, learned


def _lead_guests(route: IPRoute, index: int, cards: set[str], ends: Ends, learned: Mapping[str, str]) -> None:
    """Send what is for a host's guests there, if the last that was heard of them came from another one.

    Who moved and was not heard since would be looked for in vain until that is forgotten, for 5 minutes.
    """
    for mac in cards:
        if learned.get(mac, ends.host) != ends.host:
            way = {"dst": ends.host, "state": NUD_REACHABLE, "flags": NTF_SELF} | _over(route, ends)
            route.fdb("replace", ifindex=index, lladdr=mac, **way)


def _over(route: IPRoute, ends: Ends) -> dict[str, Any]:
    return {"nda_ifindex": _number(route, ends.card)} if ends.card else {}


def _lead(route: IPRoute, index: int, wanted: set[str], ends: Ends, told: Mapping[str, int | None]) -> bool:
    """Send frames for everybody to the wanted ones of a host's addresses; tell whether one was missing."""
    for address in wanted - told.keys():
        route.fdb("append", ifindex=index, lladdr=EVERYBODY, dst=address, **_over(route, ends))
    for address in told.keys() - wanted:
        card = {"nda_ifindex": told[address]} if told[address] else {}
        with allowed(errno.ENOENT):
            route.fdb("del", ifindex=index, lladdr=EVERYBODY, dst=address, **card)
    return bool(wanted - told.keys())
