"""The network of a site that lends a bridge: the machine is its router, and a DHCP server of its own may be there."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.net.namespaces import Guest, Namespace, make_bridge

_DHCPD = """start 10.1.0.100
end 10.1.0.110
interface eth0
lease_file {folder}/site.leases
pidfile {folder}/site.pid
option subnet 255.255.255.0
option router 10.1.0.1
"""


@contextmanager
def lend_out(machine: Namespace, bridge: str, folder: Path, *, leases: bool) -> Iterator[None]:
    """Make the bridge with the machine at `10.1.0.1`; `leases`: the site gives addresses there."""
    make_bridge(bridge, "10.1.0.1/24")
    machine.call(lambda: Path("/proc/sys/net/ipv4/ip_forward").write_text("1"))
    if not leases:
        yield
        return
    server = Guest(machine, bridge, "02:00:00:00:99:02")
    server.inside.run("ip", "address", "add", "10.1.0.99/24", "dev", "eth0")
    conf = folder / "udhcpd.conf"
    conf.write_text(_DHCPD.format(folder=folder))
    (folder / "site.leases").touch()
    command = ["busybox", "udhcpd", "-f", str(conf)]
    daemon = server.inside.call(lambda: subprocess.Popen(command, stderr=subprocess.DEVNULL))
    try:
        yield
    finally:
        daemon.terminate()
        daemon.wait(10)
        server.close()
