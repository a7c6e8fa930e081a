"""What the VNET_ keys say of the network of real hosts, taken together.

One key alone is checked where it is read; here is what only several of them tell: which network there will be, and what
a mode lacks. The trap: a mask that no network has is no error of either of its two keys.
"""

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Final

from app.domain.joint import joints_of
from app.domain.network import BRIDGES, LAST_VLAN, SEALED, TRUSTED, NetworkPlan, Range, Subnet, pairs_of
from app.settings_values import Read, choice, interface, ipv4, joined, mac_map, power_of_two

UNSET: Final = frozenset({"", "not_configured"})
MODES: Final = choice("SYSTEM", "STATIC", "MANAGED", "MANAGED-NOVLAN")
VNET: Mapping[str, Read] = {
    "VNET_PUBINTERFACE": interface,
    "VNET_PRIVINTERFACE": interface,
    "VNET_BRIDGE": interface,
    "VNET_SUBNET": ipv4,
    "VNET_NETMASK": ipv4,
    "VNET_ADDRSPERNET": power_of_two(4),
    "VNET_DNS": ipv4,
    "VNET_LOCALIP": ipv4,
    "VNET_CLOUDIP": ipv4,
    "VNET_BROADCAST": ipv4,
    "VNET_ROUTER": ipv4,
    "VNET_MACMAP": mac_map,
    "VNET_TUNNELS": choice(TRUSTED, SEALED),
    "VNET_ISOLATION": choice("vlan", "vxlan"),
    "VNET_JOINED": joined,
}
LONGEST_NAME: Final = 15
"""What the kernel takes as a name of a card."""
DEFAULT_BRIDGE: Final = "eucabr0"
DEFAULT_EACH: Final = "32"
_NEEDED: Final = {
    "STATIC": ("VNET_SUBNET", "VNET_NETMASK", "VNET_ROUTER", "VNET_BRIDGE", "VNET_MACMAP"),
    "MANAGED": ("VNET_SUBNET", "VNET_NETMASK"),
    "MANAGED-NOVLAN": ("VNET_SUBNET", "VNET_NETMASK"),
}
_OURS: Final = frozenset(
    {"VNET_SUBNET", "VNET_NETMASK", "VNET_DNS", "VNET_PUBINTERFACE", "VNET_TUNNELS", "VNET_LOCALIP", "VNET_JOINED"}
)
OF_MODE: Final = {
    "STATIC": frozenset({*_NEEDED["STATIC"], "VNET_BROADCAST", "VNET_DNS"}),
    "MANAGED": _OURS | {"VNET_ADDRSPERNET", "VNET_ISOLATION", "VNET_PRIVINTERFACE"},
    "MANAGED-NOVLAN": _OURS,
}
"""The keys that a mode acts upon, besides VNET_BRIDGE; a mode that is not here leaves the network to the site."""
_INSTEAD: Final = {
    "VNET_PRIVINTERFACE": 'hosts are reached by routes, unless MANAGED has VNET_ISOLATION="vlan"',
    "VNET_CLOUDIP": "the gateway itself answers 169.254.169.254",
}


def unused(key: str, mode: str) -> str:
    """Say why nothing acts upon a key in a mode."""
    if key in _INSTEAD:
        return f"understood, but not used: {_INSTEAD[key]}"
    users = " and ".join(name for name, keys in OF_MODE.items() if key in keys)
    return f"understood, but not used by VNET_MODE {mode}, only by {users}" if users else "nothing acts upon it yet"


def acted_upon(mode: str, vnet: Mapping[str, str]) -> frozenset[str]:
    """Return the keys that mean something in a mode beside the other keys."""
    keys = OF_MODE.get(mode, frozenset())
    return keys if _by_vlan(vnet) else keys - {"VNET_PRIVINTERFACE"}


def plan(mode: str, vnet: Mapping[str, str]) -> NetworkPlan:
    """Form the plan; the keys have passed `lacks`."""
    bridge = vnet.get("VNET_BRIDGE", "")
    if mode not in OF_MODE:
        return NetworkPlan(bridge=bridge)
    managed, dns = mode == "MANAGED", vnet.get("VNET_DNS", "")
    if mode == "STATIC":
        return NetworkPlan(
            bridge=bridge,
            subnet=str(Subnet.parse(_subnet(vnet)).network),
            dns=(dns,) if dns else (),
            pairs=pairs_of(vnet["VNET_MACMAP"]),
            router=vnet["VNET_ROUTER"],
        )
    return NetworkPlan(
        bridge=BRIDGES if managed else bridge or DEFAULT_BRIDGE,
        each=_each(vnet) if managed else 0,
        subnet=str(Subnet.parse(_subnet(vnet)).network),
        dns=(dns,) if dns else (),
        public_card=vnet.get("VNET_PUBINTERFACE", ""),
        tunnels=vnet.get("VNET_TUNNELS", ""),
        joints=joints_of(vnet.get("VNET_JOINED", "")),
        trunk=vnet.get("VNET_PRIVINTERFACE", "") if managed and _by_vlan(vnet) else "",
    )


def lacks(mode: str, vnet: Mapping[str, str]) -> tuple[str, str] | None:
    """Name the key that does not do for a mode, and why."""
    if mode not in OF_MODE:
        return None
    missing = [key for key in _NEEDED[mode] if key not in vnet]
    if missing:
        return "VNET_MODE", f"{mode} needs {' and '.join(missing)}, too"
    if _has_room(mode, vnet):
        return _unfit(vnet) if mode == "STATIC" else _untagged(vnet) if mode == "MANAGED" else None
    what = f"groups of {_each(vnet)} addresses (VNET_ADDRSPERNET)" if mode == "MANAGED" else "instances"
    example = "10.1.0.0 with 255.255.0.0 could stand there"
    return "VNET_SUBNET", f"{_subnet(vnet)} is no network with room for {what}; {example}"


def _unfit(vnet: Mapping[str, str]) -> tuple[str, str] | None:
    """Name the key of STATIC that says something else than the subnet does."""
    network = Subnet.parse(_subnet(vnet)).network
    spread = vnet.get("VNET_BROADCAST", str(network.broadcast_address))
    if spread != str(network.broadcast_address):
        return "VNET_BROADCAST", f"{spread} is not what means all of {network}; {network.broadcast_address} is"
    router, addresses = vnet["VNET_ROUTER"], [pair.address for pair in pairs_of(vnet["VNET_MACMAP"])]
    for key, address in (("VNET_ROUTER", router), *(("VNET_MACMAP", address) for address in addresses)):
        if IPv4Address(address) not in network or address in {str(network[0]), str(network[-1])}:
            return key, f"{address} is no address of {network}; {network[1]} could stand there"
    if router in addresses:
        return "VNET_MACMAP", f"{router} is VNET_ROUTER's; leave this pair out"
    return None


def _by_vlan(vnet: Mapping[str, str]) -> bool:
    return vnet.get("VNET_ISOLATION") == "vlan"


def _untagged(vnet: Mapping[str, str]) -> tuple[str, str] | None:
    """Name the key by which there can be no VLANs, if there are to be some."""
    card = vnet.get("VNET_PRIVINTERFACE", "")
    if not _by_vlan(vnet):
        return None
    if not card:
        return "VNET_ISOLATION", "vlan needs VNET_PRIVINTERFACE, too: the card that carries the VLANs"
    if len(f"{card}.{LAST_VLAN}") > LONGEST_NAME:
        return (
            "VNET_PRIVINTERFACE",
            f"{card} is too long for names of VLANs such as {card}.{LAST_VLAN}; rename the card",
        )
    return None


def _has_room(mode: str, vnet: Mapping[str, str]) -> bool:
    try:
        whole = Subnet.parse(_subnet(vnet))
    except ValueError:
        return False
    return bool(Range(whole.network, _each(vnet)).vlans if mode == "MANAGED" else whole.size)


def _each(vnet: Mapping[str, str]) -> int:
    return int(vnet.get("VNET_ADDRSPERNET", DEFAULT_EACH))


def _subnet(vnet: Mapping[str, str]) -> str:
    return f"{vnet['VNET_SUBNET']}/{vnet['VNET_NETMASK']}"
