"""The encrypted way between the gateway and hosts that are other machines: a card of WireGuard at both ends.

A host makes its key itself, and only its kernel has it; that of the gateway is in a file of the state directory, and
no process is ever told it by its arguments. Both ends have link-local addresses: what is sent to those is taken by the
kernel only from the card that they are on, so nobody on the wire can bring frames into a tunnel. The trap: a host that
was booted anew has another key, so it is asked for it each time, and one that it had before is not believed any more.
"""

import errno
import hashlib
import re
from base64 import b64encode
from dataclasses import dataclass
from ipaddress import IPv6Address
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from pyroute2 import IPRoute, WireGuard
from pyroute2.netlink.exceptions import NetlinkError

from app.domain.errors import Broken, Unavailable
from app.network.far_links import Ends, seal_of
from app.network.netlink import allowed
from app.network.private_file import keep
from app.network.sight import UP

PORT: Final = 51880
MTU: Final = 1420
KIND: Final = "wireguard"
_LINK_LOCAL: Final = 0xFE80 << 112
_KEY: Final = re.compile(r"[A-Za-z0-9+/]{43}=")
_NO_KIND: Final = 'this kernel has no WireGuard; VNET_TUNNELS="trusted" does without'
_PREPARE: Final = """\
command -v wg >/dev/null || { echo "there is no wg; apt-get install wireguard-tools" >&2; exit 1; }
ip link show dev CARD >/dev/null 2>&1 || ip link add name CARD type wireguard || exit 1
[ "$(wg show CARD public-key)" != "(none)" ] || wg genkey | wg set CARD private-key /proc/self/fd/0 || exit 1
for peer in $(wg show CARD peers); do [ "$peer" = KEY ] || wg set CARD peer "$peer" remove; done
wg set CARD listen-port PORT peer KEY endpoint GATEWAY:PORT allowed-ips THEIRS/128 || exit 1
ip link set dev CARD mtu MTU up && ip address replace OURS/64 dev CARD || exit 1
exec wg show CARD public-key
"""


@dataclass(frozen=True, slots=True)
class Key:
    """The gateway's own; `private` is shown to nobody but the kernel."""

    private: str
    public: str

    def __repr__(self) -> str:
        return f"Key({self.public})"


def sealed(owner: str, ends: Ends) -> Ends:
    """Return the ends inside of the way whose outer ends these are."""
    return Ends(gateway=_address(f"gateway of {owner}"), host=_address(ends.host), card=seal_of(owner))


def own_key(file: Path) -> Key:
    """Read the gateway's key, which is made if there is none; Broken if the file can not be used."""
    try:
        if not file.exists():
            keep(file, X25519PrivateKey.generate().private_bytes_raw())
        private = X25519PrivateKey.from_private_bytes(file.read_bytes())
    except (OSError, ValueError) as error:
        raise Broken("network", f"the key in {file} can not be used: {error}") from None
    return Key(_text(private.private_bytes_raw()), _text(private.public_key().public_bytes_raw()))


def preparation(key: Key, ends: Ends, inner: Ends) -> str:
    """Form what a host's shell reads: it makes the host's end and tells the host's public key; repeatable."""
    words = {
        "CARD": inner.card,
        "KEY": key.public,
        "PORT": str(PORT),
        "GATEWAY": ends.gateway,
        "THEIRS": inner.gateway,
        "OURS": inner.host,
        "MTU": str(MTU),
    }
    return re.sub("|".join(words), lambda found: words[found[0]], _PREPARE)


def told_key(text: str) -> str:
    """Read a host's answer; Unavailable if it is no key."""
    if not _KEY.fullmatch(text.strip()):
        raise Unavailable("network", "its key of WireGuard is not understood")
    return text.strip()


def make(route: IPRoute, key: Key, inner: Ends) -> str:
    """Make the gateway's end, unless it is there, and tell what was wrong if it was."""
    new = not route.link_lookup(ifname=inner.card)
    if new:
        new_card(route, inner.card, _NO_KIND)
    index = route.link_lookup(ifname=inner.card)[0]
    there = route.link("get", index=index)[0]
    if there.get(("linkinfo", "kind")) != KIND:
        raise Broken("network", f"{inner.card} is there already and is not ours")
    with WireGuard() as guard:
        guard.set(inner.card, private_key=key.private, listen_port=PORT)
    with allowed(errno.EEXIST):
        route.addr("add", index=index, address=inner.gateway, prefixlen=64)
    route.link("set", index=index, mtu=MTU, state="up")
    return "" if new or there["flags"] & UP else f"encrypted way {inner.card} was down"


def new_card(route: IPRoute, card: str, without: str) -> None:
    """Make a card of WireGuard; Broken says `without` if the kernel has none."""
    try:
        route.link("add", ifname=card, kind=KIND)
    except NetlinkError as error:
        raise Broken("network", without) if error.code == errno.EOPNOTSUPP else error from None


def believe(card: str, key: str, ends: Ends, inner: Ends) -> None:
    """Take what comes from a host's address for the holder of this key, and send to no other what is for it."""
    peer = {
        "public_key": key,
        "endpoint_addr": ends.host,
        "endpoint_port": PORT,
        "replace_allowed_ips": True,
        "allowed_ips": [f"{inner.host}/128"],
    }
    with WireGuard() as guard:
        guard.set(card, peer=peer)


def forget(card: str, key: str) -> None:
    with WireGuard() as guard:
        guard.set(card, peer={"public_key": key, "remove": True})


def _address(what: str) -> str:
    return str(IPv6Address(_LINK_LOCAL | int.from_bytes(hashlib.sha256(what.encode()).digest()[:8])))


def _text(key: bytes) -> str:
    return b64encode(key).decode()
