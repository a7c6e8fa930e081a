"""Which gateways say that their networks are one, taken together: both must, and no address may be there twice.

The trap: whoever is joined with two gateways has routes to both, so those two may not overlap either, though they never
meet themselves.
"""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from itertools import combinations

from app.domain.joint import SERVER, Joint
from app.domain.network import NetworkPlan

_KEY = "VNET_JOINED"
Plans = Mapping[str, NetworkPlan]
"""Plans by the cluster or file that says them; the gateways in them name clusters."""


def clashes(plans: Plans) -> Iterator[str]:
    """Say what keeps networks of different gateways from being one."""
    said = {one.gateway or SERVER: {j.gateway: j for j in one.joints} for name, one in plans.items() if one.joints}
    if not said:
        return
    wrong = [
        *_misplaced(plans),
        *(why for gateway, joints in said.items() for why in _one_sided(gateway, joints, said)),
    ]
    yield from wrong
    if not wrong:
        for gateway, joints in said.items():
            yield from _overlapping(plans, gateway, joints)


def _misplaced(plans: Plans) -> Iterator[str]:
    if any(one.gateway == SERVER for one in plans.values()):
        yield f"in {_KEY} {SERVER} is this machine; give the cluster {SERVER}, whose gateway is elsewhere, another name"
    for number, (name, one) in enumerate(plans.items()):
        if one.joints and not one.gateway and number:
            yield f'{name} has {_KEY} without VNET_GATEWAY="elsewhere"; eucalyptus.conf says it for this machine'


def _one_sided(gateway: str, joints: Mapping[str, Joint], said: Mapping[str, Mapping[str, Joint]]) -> Iterator[str]:
    for other, joint in joints.items():
        back = said.get(other, {}).get(gateway)
        if other == gateway:
            yield f"{gateway} is joined with itself; name another gateway in its {_KEY}"
        elif back is None:
            yield f"{gateway} is joined with {other}, which does not say so; {other} needs {gateway}=… in its {_KEY}"
        elif back.sealed != joint.sealed and gateway < other:
            yield f"{gateway} and {other} say different ways to each other; {_KEY} needs the same word on both sides"
    ports = {heard.port for each in said.values() if (heard := each.get(gateway)) and heard.sealed}
    if len(ports) > 1:
        yield f"{gateway} is heard at one port, but {_KEY} says {' and '.join(map(str, sorted(ports)))}; say one"


def _overlapping(plans: Plans, gateway: str, joints: Mapping[str, Joint]) -> Iterator[str]:
    ranges = [
        (name, one.subnet)
        for name, one in plans.items()
        if one.leases and (one.gateway or SERVER) in {gateway, *joints}
    ]
    for (name, one), (other, another) in combinations(ranges, 2):
        if IPv4Network(one).overlaps(IPv4Network(another)):
            yield f"{one} of {name} and {another} of {other} overlap, and {gateway} is joined with both or one of them"
