"""Which other gateways one gateway is joined with, and who is behind them, as the settings and the store want it.

The trap: a gateway whose key is not known yet is told nonetheless, since it is by being told that it makes one.
"""

from collections.abc import Mapping
from dataclasses import replace

from app.domain.firewall import Firewall
from app.domain.gateway import TUNNEL_KEY
from app.domain.joined import Joined
from app.domain.joint import SERVER, Joint
from app.domain.network import Member, Network, NetworkPlan
from app.domain.ports import Unit
from app.reconcile.traffic import UNKNOWN, Traffic, formed, judged, wanted


def order(
    unit: Unit, plan: NetworkPlan, gateway: str, known: Traffic = UNKNOWN
) -> tuple[Traffic, list[Network], Firewall]:
    """Form all that one gateway is to be told; empty: that of the server's machine. `known`: the last one's."""
    behind = met(plan, gateway)

    def serves(cluster: str) -> bool:
        return plan.of(cluster).gateway == gateway

    if any(one.leases for one in plan.all):
        known = wanted(unit, known, serves, lambda cluster: plan.of(cluster).gateway in behind)
    keys = _keys(unit) if len(behind) > 1 else {}
    return known, formed(plan, known, serves), judged(plan, known, joined(plan, gateway, known, keys))


def met(plan: NetworkPlan, gateway: str) -> frozenset[str]:
    """Name the gateways whose members one gateway knows, itself too; empty: that of the server's machine."""
    return frozenset({gateway, *(joint.cluster for joint in plan.of_gateway(gateway).joints)})


def joined(plan: NetworkPlan, gateway: str, told: Traffic, known: Mapping[str, str]) -> tuple[Joined, ...]:
    """Form the ways from one gateway to others, where there is somebody at both ends."""
    joints = plan.of_gateway(gateway).joints
    if not joints or not _behind(plan, gateway, told):
        return ()
    ways = (_way(plan, gateway, joint, _behind(plan, joint.cluster, told), known) for joint in joints)
    return tuple(way for way in ways if way.members)


def _way(
    plan: NetworkPlan, gateway: str, joint: Joint, members: tuple[Member, ...], known: Mapping[str, str]
) -> Joined:
    here = gateway or SERVER
    back = next(each for each in plan.of_gateway(joint.cluster).joints if each.gateway == here)
    return Joined(
        here=here,
        gateway=joint.gateway,
        address=joint.address,
        ranges=plan.ranges(joint.cluster),
        members=members,
        sealed=joint.sealed,
        own_port=back.port,
        port=joint.port,
        key=known.get(joint.cluster, "") if joint.sealed else "",
    )


def _behind(plan: NetworkPlan, gateway: str, told: Traffic) -> tuple[Member, ...]:
    """List the members behind a gateway; what their public addresses and names are is no concern of another one."""
    found = ((plan.of(cluster), member) for cluster, member in told.placed)
    return tuple(replace(one, public="", hostname="") for by, one in found if by.ours and by.gateway == gateway)


def _keys(unit: Unit) -> dict[str, str]:
    """Tell the public keys of gateways; that of the server's machine stands under the empty name."""
    return {"": unit.setting(TUNNEL_KEY)} | {row.cluster: row.tunnel_key for row in unit.gateways.where()}
