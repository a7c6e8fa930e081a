"""The machine is what the other tests of this tier take it for."""

import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.fullkernel


def test_tests_of_this_tier_run_under_debians_kernel() -> None:
    assert "Debian" in Path("/proc/version").read_text()


@pytest.mark.parametrize("kind", ["type wireguard", "type vxlan id 12 dstport 4789", "link dummy0 type vlan id 12"])
def test_its_kernel_makes_every_kind_of_card(kind: str) -> None:
    subprocess.run(["ip", "link", "add", "made0", *kind.split()], check=True)
    subprocess.run(["ip", "link", "delete", "made0"], check=True)
