"""Debian's own cloud-init, its EC2 data source unchanged, finds key, user data and names where a guest would."""

import asyncio
import base64
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.domain.errors import Broken
from app.domain.network import Member, Network
from app.network.kernel import KernelFabric
from app.reconcile.seeds import told
from app.server.metadata import Metadata
from app.storage import debs
from app.store.database import Database
from tests.builders import OURS, FrozenClock
from tests.net.conftest import Join
from tests.net.namespaces import Guest, Namespace
from tests.unit.server.metadata_cloud import EVERY_BYTE, KEY, an_instance, furnish_guests

pytestmark = pytest.mark.net
PACKAGES = (
    "cloud-init", "python3-attr", "python3-certifi", "python3-chardet", "python3-configobj", "python3-idna",
    "python3-jinja2", "python3-json-pointer", "python3-jsonpatch", "python3-jsonschema", "python3-markupsafe",
    "python3-netifaces", "python3-oauthlib", "python3-pyrsistent", "python3-requests", "python3-six",
    "python3-urllib3", "python3-yaml",
)  # fmt: skip
SCRIPT = """
import base64, json, sys
from cloudinit import helpers
from cloudinit.sources import DataSourceEc2 as ec2

platform, folder = sys.argv[1:]
ec2.identify_platform = lambda: platform  # what the machine's SMBIOS would say
cards = {"d0:0d:00:00:00:01": "eth0"}
paths = helpers.Paths({"cloud_dir": folder, "run_dir": folder})
config = {"datasource": {"Ec2": {"strict_id": False, "max_wait": 20, "timeout": 5}}}
source = ec2.DataSourceEc2(config, None, paths)
assert source._get_data()
print(json.dumps({
    "id": source.get_instance_id(),
    "hostname": source.get_hostname(fqdn=True).hostname,
    "keys": source.get_public_ssh_keys(),
    "user_data": base64.b64encode(source.userdata_raw).decode(),
    "zone": source.availability_zone,
    "region": source.region,
    "index": source.launch_index,
    "token": source._api_token is not None,
    "document": source.identity,
    "network": ec2.convert_ec2_metadata_network_config(source.metadata["network"], cards, "eth0"),
}))
"""

NO_CLOUD = """
import base64, json, sys
from cloudinit import helpers
from cloudinit.sources import DataSourceNoCloud as nocloud

folder = sys.argv[1]
paths = helpers.Paths({"cloud_dir": folder, "run_dir": folder})
source = nocloud.DataSourceNoCloud({"datasource": {"NoCloud": {"fs_label": None}}}, None, paths)
source.seed_dirs = [folder]
assert source._get_data()
print(json.dumps({
    "id": source.get_instance_id(),
    "hostname": source.get_hostname().hostname,
    "keys": source.get_public_ssh_keys(),
    "user_data": base64.b64encode(source.userdata_raw).decode(),
}))
"""


@pytest.fixture(scope="session")
def cloud_init(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Debian's cloud-init and what it imports, fetched once and unpacked, not installed."""
    if sys.version_info[:2] != (3, 11):
        pytest.skip("needs Python 3.11, for which Debian 12 built cloud-init's parts in C")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "eucalyptus" / "cloud-init"
    root = tmp_path_factory.mktemp("cloud-init")
    try:
        found = debs.look_up(PACKAGES)
        debs.fetch(found, home, print)
    except Broken as absent:
        pytest.skip(f"needs Debian's package cloud-init: {absent}")
    for deb in found:
        subprocess.run(["dpkg-deb", "-x", str(home / deb.file), str(root)], check=True, timeout=60)
    return root / "usr/lib/python3/dist-packages"


@pytest.fixture
async def guest(inside: Namespace, join: Join, tmp_path: Path) -> AsyncIterator[Guest]:
    clock = FrozenClock()
    async with Database.open(tmp_path / "cloud.sqlite3", clock=clock) as store:
        row = (await store.write(furnish_guests))[0]
        member = Member(instance_id=row.id, mac=row.mac, address=row.private_ip, hostname="ip-10-9-0-5")
        fabric = KernelFabric("test", Metadata(store, clock, os.urandom).answer)
        await fabric.apply([Network(name="n", bridge="eucabr0", gateway="10.9.0.1/24", members=(member,))])
        made = join(row.mac)
        assert await asyncio.to_thread(made.lease, tmp_path) is not None
        yield made
        await fabric.close()


@pytest.mark.parametrize(("platform", "by_token"), [("aws", True), ("unknown", False)])
async def test_the_ec2_data_source_is_satisfied(
    guest: Guest, cloud_init: Path, tmp_path: Path, platform: str, by_token: bool
) -> None:
    script = tmp_path / "ask.py"
    script.write_text(SCRIPT)
    no_names = "RES_OPTIONS=timeout:1 attempts:1"  # there is no name server, and cloud-init asks for names first
    command = [
        "env",
        no_names,
        f"PYTHONPATH={cloud_init}",
        sys.executable,
        "-W",
        "ignore",
        str(script),
        platform,
        str(tmp_path),
    ]
    ran = await asyncio.to_thread(guest.inside.run, *command)
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    assert (found["id"], found["hostname"]) == ("i-00000001", "ip-10-9-0-5.eucalyptus.internal")
    assert found["keys"] == [f"{KEY} ana"]
    assert base64.b64decode(found["user_data"]) == EVERY_BYTE
    assert (found["zone"], found["index"], found["token"]) == ("one", "0", by_token)
    assert found["document"].get("instanceId") == ("i-00000001" if by_token else None)
    assert found["network"]["ethernets"]["eth0"]["dhcp4"] is True


@pytest.mark.parametrize(("key", "user_data"), [(f"{KEY} ana", EVERY_BYTE), ("", b"")])
def test_the_no_cloud_data_source_is_satisfied(cloud_init: Path, tmp_path: Path, key: str, user_data: bytes) -> None:
    row = replace(an_instance(1, OURS, "ana", user_data), public_key=key)
    for name, content in told(row).items():
        (tmp_path / name).write_bytes(content)
    command = ["env", f"PYTHONPATH={cloud_init}", sys.executable, "-W", "ignore", "-c", NO_CLOUD, str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout.splitlines()[-1]) == {
        "id": row.id,
        "hostname": row.id,
        "keys": [key] if key else [],
        "user_data": base64.b64encode(user_data).decode(),
    }
