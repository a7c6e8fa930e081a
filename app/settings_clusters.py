"""Networks of clusters that go by keys of their own: each has a file with them, as each cluster had in 1.6.1.

All of them are made on one machine, so no two may claim the same addresses or the same bridge. The trap: what belongs
to that machine, its card to the world and the public addresses, is one thing for all clusters and said in no such file.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Network
from itertools import combinations
from pathlib import Path

from app.conf import Origin, Problem, read
from app.domain.network import NetworkPlan
from app.settings_joined import clashes
from app.settings_network import MODES, UNSET, VNET, acted_upon, lacks, plan, unused
from app.settings_values import choice

_OF_ALL = {"VNET_PUBINTERFACE", "VNET_LOCALIP", "VNET_CLOUDIP"}
_MODE, _GATEWAY = "VNET_MODE", "VNET_GATEWAY"


def of_clusters(
    files: Sequence[tuple[str, Path]], shared: NetworkPlan, origin: Origin
) -> tuple[dict[str, NetworkPlan], list[Problem]]:
    """Read the plans; `shared` is that of all other clusters, `origin` where the files are named."""
    plans: dict[str, NetworkPlan] = {}
    problems: list[Problem] = []
    for cluster, file in files:
        found, elsewhere, wrong = _plan(file)
        problems += wrong
        plans[cluster] = replace(found, gateway=cluster) if elsewhere else found
    if not problems:
        problems += (
            Problem(origin=origin, key="VNET_CLUSTERS", why=why)
            for why in (*_clashes({"eucalyptus.conf": shared} | plans), *clashes({"eucalyptus.conf": shared} | plans))
        )
    return plans, problems


def _plan(file: Path) -> tuple[NetworkPlan, bool, list[Problem]]:
    """Read what a file says, and whether the gateway is another machine."""
    try:
        given, problems = read(file.read_text(encoding="utf-8"), file)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "is no UTF-8 text"
        return NetworkPlan(), False, [Problem(origin=Origin(file=str(file)), key="", why=f"can not be read: {why}")]
    values: dict[str, str] = {}
    readers = {_MODE: MODES, _GATEWAY: choice("elsewhere")} | {
        key: reader for key, reader in VNET.items() if key not in _OF_ALL
    }
    for one in given:
        if one.text in UNSET:
            continue
        try:
            values[one.key] = str(readers[one.key](one.text, one.origin.folder))
        except KeyError:
            why = "only VNET_ keys of one cluster stand here; what holds for all is said in eucalyptus.conf"
            problems.append(Problem(origin=one.origin, key=one.key, why=why))
        except ValueError as error:
            problems.append(Problem(origin=one.origin, key=one.key, why=str(error)))
    mode, elsewhere = values.pop(_MODE, "SYSTEM"), bool(values.pop(_GATEWAY, ""))
    idle = values.keys() - acted_upon(mode, values) - {"VNET_BRIDGE"}
    problems += (Problem(origin=one.origin, key=one.key, why=unused(one.key, mode)) for one in given if one.key in idle)
    if elsewhere and mode == "SYSTEM":
        why = "in SYSTEM a gateway has nothing to do; MANAGED could stand in VNET_MODE"
        problems.append(Problem(origin=Origin(file=str(file)), key=_GATEWAY, why=why))
    if not problems and (unfit := lacks(mode, values)):
        problems.append(Problem(origin=Origin(file=str(file)), key=unfit[0], why=unfit[1]))
    return (NetworkPlan() if problems else plan(mode, values)), elsewhere, problems


def _clashes(plans: Mapping[str, NetworkPlan]) -> Iterator[str]:
    """Say which two can not be on one machine; behind different gateways they are on two."""
    leasing = [(name, one) for name, one in plans.items() if one.leases]
    for (name, one), (other, another) in combinations(leasing, 2):
        if one.gateway != another.gateway:
            continue
        if IPv4Network(one.subnet).overlaps(IPv4Network(another.subnet)):
            yield f"{one.subnet} of {name} and {another.subnet} of {other} overlap; give each its own VNET_SUBNET"
        elif one.bridge == another.bridge and not (one.each and another.each):
            yield f"{one.bridge} is the bridge of {name} and of {other}; give each its own VNET_BRIDGE"
