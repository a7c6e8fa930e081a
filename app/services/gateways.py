"""Gateways of clusters that have theirs elsewhere: invited by a token, joined once with it, forgotten.

The trap: a token is used once, but whoever used it may have been killed before it had the answer; so the same key is
answered again as long as the token holds, and no other key is.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256

from app.domain.errors import Conflict, Missing, Unauthenticated
from app.domain.gateway import TUNNEL_KEY, Gateway
from app.domain.ports import Entropy, Unit
from app.services import clusters

TOKEN_MS = 15 * 60 * 1000
_ELSEWHERE, _SERVER, _LISTEN = "network.gateways", "network.gateway_server", "network.gateway_listen"


def configure(
    unit: Unit, elsewhere: Iterable[str], fingerprint: str = "", listen: str = "", tunnel_key: str = ""
) -> None:
    """Set which clusters have their gateway elsewhere, by what gateways know the server, and where it answers them.

    `tunnel_key`: by what those know it that are joined with its own networks.
    """
    told = {_ELSEWHERE: " ".join(elsewhere), _SERVER: fingerprint, _LISTEN: listen, TUNNEL_KEY: tunnel_key}
    for name, value in told.items():
        if unit.setting(name) != value:
            unit.set_setting(name, value)


def know_key(unit: Unit, cluster: str, key: str) -> None:
    """Remember the public key of a gateway; one that has been forgotten meanwhile has none.

    Conflict if it is another one's, which would take away the way to that one.
    """
    row = unit.gateways.get(cluster)
    others = [other.tunnel_key for other in unit.gateways.where() if other.cluster != cluster]
    if key in {*others, unit.setting(TUNNEL_KEY)}:
        raise Conflict("gateway", cluster, "tells the public key of another one as its own")
    if row is not None and row.tunnel_key != key:
        unit.gateways.put(replace(row, tunnel_key=key), text=f"The gateway of cluster {cluster} told its public key")


def is_elsewhere(unit: Unit, cluster: str) -> bool:
    """Tell whether the gateway of a cluster is another machine."""
    return cluster in unit.setting(_ELSEWHERE).split()


def listened_at(unit: Unit) -> str:
    """Tell where the server answers gateways, as `HOST:PORT`."""
    return unit.setting(_LISTEN)


def states(unit: Unit) -> dict[str, tuple[str, str]]:
    """Tell how the gateways are that are elsewhere, by cluster: `awaited`, `up` or `lost`, with what is wrong."""
    rows = {row.cluster: row for row in unit.gateways.where()}
    return {cluster: _state(rows.get(cluster)) for cluster in unit.setting(_ELSEWHERE).split()}


def times(unit: Unit) -> dict[str, tuple[int, int]]:
    """Tell when gateways joined that have, by cluster, and since when they are as `states` says."""
    return {row.cluster: (row.joined_at_ms, row.since_ms) for row in unit.gateways.where() if row.fingerprint}


def _state(row: Gateway | None) -> tuple[str, str]:
    if row is None or not row.fingerprint:
        return "awaited", ""
    return ("up", "") if row.up else ("lost", row.error)


def invite(unit: Unit, cluster: str, entropy: Entropy) -> tuple[Gateway, str]:
    """Make a token that lets a gateway join within 15 minutes, and return it, this once; an older one ends.

    Missing if there is no such cluster, Conflict if its gateway is this machine. A gateway that has joined stays it
    until another one does.
    """
    clusters.get(unit, cluster)
    if not is_elsewhere(unit, cluster):
        why = 'has its gateway on the server; VNET_GATEWAY="elsewhere" in its file of VNET_CLUSTERS changes that'
        raise Conflict("cluster", cluster, why)
    secret = urlsafe_b64encode(entropy(32)).decode().rstrip("=")
    row = _row(unit, cluster)
    ends_ms = unit.now_ms + TOKEN_MS
    row = replace(row, token_sha256=_digest(secret), token_expires_at_ms=ends_ms, token_used_by="")
    unit.gateways.put(row, text=f"A gateway may join cluster {cluster} within 15 minutes")
    return row, f"eucagw.{unit.setting(_SERVER)}.{secret}.{cluster}"


def join(unit: Unit, cluster: str, token: str, fingerprint: str) -> None:
    """Make the holder of a key the gateway of a cluster; Unauthenticated says why not."""
    row = unit.gateways.get(cluster)
    if row is None or not row.token_sha256 or not hmac.compare_digest(row.token_sha256, _digest(token)):
        raise Unauthenticated(f"The token lets nobody join cluster {cluster}; {_advice(cluster)}")
    if row.token_expires_at_ms <= unit.now_ms:
        raise Unauthenticated(f"The token for cluster {cluster} has expired; {_advice(cluster)}")
    if row.token_used_by not in {"", fingerprint}:
        raise Unauthenticated(f"The token for cluster {cluster} was used already; {_advice(cluster)}")
    if not row.token_used_by:
        row = replace(row, fingerprint=fingerprint, token_used_by=fingerprint, joined_at_ms=unit.now_ms, tunnel_key="")
        unit.gateways.put(row, text=f"A gateway joined cluster {cluster}")


def cluster_of(unit: Unit, fingerprint: str) -> str:
    """Tell whose gateway the holder of a key is; empty: nobody's."""
    found = unit.gateways.where(fingerprint=fingerprint) if fingerprint else ()
    return next((row.cluster for row in found if is_elsewhere(unit, row.cluster)), "")


def forget(unit: Unit, cluster: str) -> None:
    """Let nobody be the gateway of a cluster any more, with certificate or token; Missing if nobody was asked to."""
    row = unit.gateways.get(clusters.get(unit, cluster).name)
    if row is None:
        raise Missing("gateway", cluster)
    unit.gateways.remove(row, text=f"The gateway of cluster {cluster} was forgotten")


def _row(unit: Unit, cluster: str) -> Gateway:
    row = unit.gateways.get(cluster)
    if row is None:
        row = Gateway(cluster=cluster)
        unit.gateways.add(row)
    return row


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", "replace")).hexdigest()


def _advice(cluster: str) -> str:
    return f"euca cluster gateway {cluster} gives another one"
