"""Networks of security groups as an operator asks for them, by REST and by `euca network`."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.domain.group_network import GroupNetwork
from app.domain.ports import Unit
from app.store.database import Database
from tests.builders import FrozenClock
from tests.served import ServedCloud

pytestmark = pytest.mark.server


async def give_networks(state: Path) -> None:
    """Give two groups a network each, as launches on a real host do."""

    def work(unit: Unit) -> None:
        account = unit.accounts.where()[0]
        for vlan, group in ((10, "sg-web"), (11, "sg-db")):
            subnet = f"10.1.{vlan}.0/27"
            row = GroupNetwork(
                id=f"vlan{vlan}", vlan=vlan, account_id=account.id, group_id=group, subnet=subnet, created_at_ms=1
            )
            unit.group_networks.add(row)

    async with Database.open(state / "cloud.sqlite3", clock=FrozenClock()) as store:
        await store.write(work)


@pytest.fixture(scope="module")
def networked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCloud]:
    cloud = ServedCloud(tmp_path_factory.mktemp("networks") / "state", rehearse="none")
    cloud.start().stop()
    asyncio.run(give_networks(cloud.state))
    with cloud:
        yield cloud


def test_networks_are_listed_filtered_and_shown(networked: ServedCloud) -> None:
    admin = networked.credentials()
    headers = {"Authorization": f"Bearer {admin['EUCA_TOKEN']}"}
    with httpx.Client(base_url=f"{networked.url}/api/v1", headers=headers, timeout=60, trust_env=False) as http:
        items = http.get("/networks", params={"filter": "subnet=10.1.11.0/27 taken=0"}).json()["items"]
        assert [(row["id"], row["vlan"], row["group_id"], row["size"]) for row in items] == [
            ("vlan11", 11, "sg-db", 29)
        ]
        assert http.get("/networks/vlan11").json() == items[0]
        missing = http.get("/networks/vlan99")
        assert (missing.status_code, missing.json()["detail"]) == (404, "The network 'vlan99' does not exist")


def test_an_operator_lists_and_shows_them_at_the_terminal(networked: ServedCloud) -> None:
    listed = networked.euca("network", "list").stdout.splitlines()
    assert listed[0].split() == ["ID", "GROUP", "ACCOUNT", "SUBNET", "VLAN", "TAKEN", "SIZE", "BRIDGE"]
    assert listed[1].split() == ["vlan10", "-", "eucalyptus", "10.1.10.0/27", "10", "0", "29", "eucabr10"]
    shown = json.loads(networked.euca("network", "show", "vlan10", "--json").stdout)
    assert (shown["gateway"], shown["taken"]) == ("10.1.10.1", 0)
    refused = networked.euca("network", "show", "vlan99", check=False)
    assert (refused.returncode, refused.stderr) == (1, "euca: The network 'vlan99' does not exist\n")
