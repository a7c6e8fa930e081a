"""Fences of VLANs on hosts that are other machines, as scripts for a host's `sh` that tell how they stood.

Of a whole VLAN a host hears the gateway only, and none of its guests speaks with the gateway's MAC address. The trap: a
filter of somebody else's may let others in before ours are asked, and goes only with all of them; so a VLAN whose fence
is torn down is off its bridge meanwhile.
"""

import re
from collections.abc import Mapping, Sequence
from shlex import quote

from app.domain.network import Network
from app.network.far_links import mac_of

Stood = Mapping[str, str]
"""How fences stood, as the host tells it, by their cards."""
_SEEN = 'see() { for card in CARDS; do echo "card $card"; for way in ingress egress; do '
_SEEN += 'tc filter show dev "$card" $way 2>/dev/null; done; done; }\n'
_NOW = "now"
_COUNTED = re.compile(r"index \d+ ref \d+ bind \d+")
_CARD = re.compile(r"^card (\S+)$", re.MULTILINE)


def script(owner: str, networks: Sequence[Network], *, anew: bool = False) -> str:
    """Write what puts fences and shows them before and after; repeatable. `anew`: whatever else there is goes."""
    lines = [_SEEN.replace("CARDS", " ".join(quote(network.tagged) for network in networks)) + "see", f"echo {_NOW}"]
    for network in networks if anew else ():
        card = quote(network.tagged)
        lines += [f"ip link set dev {card} nomaster || exit 1", f"tc qdisc del dev {card} clsact 2>/dev/null"]
    lines += ["tc -batch - <<END || exit 1", *(line for network in networks for line in _lines(owner, network)), "END"]
    for network in networks if anew else ():
        lines.append(f"ip link set dev {quote(network.tagged)} master {quote(network.bridge)} || exit 1")
    return "\n".join([*lines, "see"]) + "\n"


def told(text: str) -> tuple[Stood, Stood]:
    """Read how fences stood before and how they stand now."""
    before, _, after = text.partition(f"\n{_NOW}\n")
    return _stood(before), _stood(after)


def _stood(text: str) -> Stood:
    _, *parts = _CARD.split(_COUNTED.sub("", text))
    return {card: " ".join(said.split()) for card, said in zip(parts[::2], parts[1::2], strict=True)}


def _lines(owner: str, network: Network) -> list[str]:
    dev, gateway = f"dev {network.tagged}", mac_of(owner, network.bridge)
    return [
        f"qdisc replace {dev} clsact",
        f"filter replace {dev} ingress pref 1 handle 1 protocol all flower src_mac {gateway} action pass",
        f"filter replace {dev} ingress pref 2 handle 1 protocol all flower action drop",
        f"filter replace {dev} egress pref 1 handle 1 protocol all flower src_mac {gateway} action drop",
    ]
