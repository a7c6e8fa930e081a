"""A host dies for good: a rule starts its instances elsewhere, but only once somebody said that it is switched off."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.deadline import eventually
from tests.scripted_world import World
from tests.served import ServedCloud
from tests.server.conftest import ec2_client

pytestmark = pytest.mark.server
RULES = """
rule room { require host.cpu.promised + vm.vcpus <= host.cpu.cores && host.mem.free >= vm.mem }
rule first { prefer -host.index }
rule again { at remap  when host.state == "lost" for 1s  restart vm }
policy steady { use room  use first  use again  remap every 1s }
"""


def test_instances_of_a_dead_host_start_elsewhere_once_it_is_fenced(tmp_path: Path, world: World, image: Path) -> None:
    config = tmp_path / "eucalyptus.conf"
    config.write_text('REHEARSE="none"\n')
    with ServedCloud(tmp_path / "state", config=config) as cloud:
        named = cloud.credentials()
        headers = {"Authorization": f"Bearer {named['EUCA_TOKEN']}"}
        with httpx.Client(base_url=f"{named['EUCA_URL']}/api/v1/", headers=headers) as rest:
            goes, stays = _furnished(rest, world)
            image_id = cloud.euca("image", "install", str(image), "--name", "root").stdout.strip()
            made = ec2_client(named).run_instances(ImageId=image_id, MinCount=1, MaxCount=1)
            one = made["Instances"][0]["InstanceId"]
            eventually(lambda: _instance(rest, one)["seen"] == "running")
            assert _instance(rest, one)["host"] == goes
            world.direct("lose", goes, told=True)
            refused = eventually(lambda: [text for text in _told(rest) if "euca host fence" in text])
            assert one in refused[0]
            assert _instance(rest, one)["host"] == goes
            cloud.euca("host", "fence", goes, "--yes")
            eventually(lambda: (_instance(rest, one)["host"], _instance(rest, one)["state"]) == (stays, "running"))
            last = rest.get(f"instances/{one}/decisions").json()["items"][-1]
            assert (last["kind"], last["origin"], last["host"]) == ("restarted", goes, stays)
            world.direct("back", goes)
            eventually(lambda: not rest.get(f"hosts/{goes}").json()["fenced"])
            assert not world.do(goes, "domains")
            assert [domain["state"] for domain in world.do(stays, "domains")] == ["running"]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    file = tmp_path / "root.img"
    file.write_bytes(b"root" * 1024)
    return file


def _furnished(rest: httpx.Client, world: World) -> tuple[str, str]:
    """Add a cluster of two scripted hosts and let the rules decide; return the first host and the second."""
    names = ("mortal", "steadfast")
    rest.post("clusters", json={"name": "zone"}).raise_for_status()
    for name in names:
        rest.post("hosts", json={"name": name, "cluster": "zone", "uri": world.uri(name)}).raise_for_status()
    eventually(lambda: all(rest.get(f"hosts/{name}").json()["state"] == "up" for name in names))
    version = rest.post("rulesets", json={"text": RULES, "name": "steady"}).json()["id"]
    rest.post(f"rulesets/{version}/apply").raise_for_status()
    return names


def _instance(rest: httpx.Client, instance_id: str) -> dict[str, Any]:
    found: dict[str, Any] = rest.get(f"instances/{instance_id}").json()
    return found


def _told(rest: httpx.Client) -> list[str]:
    return [row["text"] for row in rest.get("events?limit=5000").json()["items"]]
