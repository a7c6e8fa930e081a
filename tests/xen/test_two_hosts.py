"""The lab's second host: beside the first one, on a network of theirs, as what goes from host to host needs it."""

import pytest

from tests.xen.xen_host import XenHost

pytestmark = pytest.mark.xen
ON_THE_WIRE = {1: "10.77.0.1", 2: "10.77.0.2"}


def test_two_hosts_reach_each_other_s_libvirt(xen_host: XenHost, other_xen_host: XenHost) -> None:
    for host, peer in ((xen_host, other_xen_host), (other_xen_host, xen_host)):
        said = host.run(f"virsh -q -k 0 -c xen+tcp://{ON_THE_WIRE[peer.number]}/system hostname", 120)
        assert said.split() == [f"xen{peer.number}"]
