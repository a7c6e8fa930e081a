"""What the network mode of real hosts can not do is refused; recorded it would look as if it were done.

In SYSTEM and STATIC the network is the site's: nothing of ours stands between instances, or between them and the world.
The trap: hosts of a rehearsal have no network at all, and all of theirs are records, whatever the mode.
"""

from collections.abc import Collection

from app.domain.errors import Unsupported
from app.domain.ports import Unit
from app.services import addresses


def lacks(unit: Unit, hosts: Collection[str] = ()) -> str:
    """Say why nothing can be enforced on the network of one of these hosts, or of any host; empty if it can."""
    chosen = {"name": tuple(set(hosts))} if hosts else {}
    real = {host.cluster for host in unit.hosts.where(**chosen) if not host.rehearsal}
    sources = [addresses.source_of(unit, cluster) for cluster in sorted(real)]
    unwalled = [source for source in sources if not source.walled]
    if not unwalled or (not hosts and unwalled != sources):
        return ""
    mode = "STATIC" if unwalled[0].pairs else "SYSTEM"
    return f"with VNET_MODE {mode} the network is the site's; MANAGED and MANAGED-NOVLAN do it"


def check(unit: Unit, what: str, hosts: Collection[str] = ()) -> None:
    """Unsupported if the mode can not do what only a network of ours does."""
    if why := lacks(unit, hosts):
        raise Unsupported(what, why)
