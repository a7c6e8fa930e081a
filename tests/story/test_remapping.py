"""Rules at work on a rehearsal cloud whose load is scripted: packing, spreading, draining, a kill in the middle.

The shipped files are used with their times shortened, so that what takes an operator's evening takes seconds.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.conftest import ec2_client

pytestmark = pytest.mark.server
SHIPPED = Path(__file__).parents[2] / "data" / "rules"
CONF = 'REHEARSE="1x{hosts}"\nSCHEDPOLICY="GREEDY"\nSAMPLE_INTERVAL="1"\nREMAP_INTERVAL="1"\n'
WITHIN_S = 90.0


def quick(name: str, *shorter: tuple[str, str]) -> str:
    """Read a shipped file of rules with some of its times replaced."""
    text = (SHIPPED / f"{name}.rules").read_text()
    for old, new in shorter:
        assert old in text, f"{name}.rules says something else than {old}"
        text = text.replace(old, new)
    return text


def energy() -> str:
    return quick("energy", ("host.settled > 75min", "host.settled > 1s"))


def performance() -> str:
    return quick(
        "performance", ("for 2min", "for 1s"), ("cooldown 10min", "cooldown 1s"), ("20 per hour", "99 per hour")
    )


class Site:
    """A cloud, its REST interface as an operator, EC2 as a user."""

    def __init__(self, cloud: ServedCloud) -> None:
        self.cloud = cloud
        named = cloud.credentials()
        self.rest = httpx.Client(
            base_url=f"{named['EUCA_URL']}/api/v1/", headers={"Authorization": f"Bearer {named['EUCA_TOKEN']}"}
        )
        self.ec2 = ec2_client(named)
        self.image = self.ec2.describe_images(Filters=[{"Name": "image-type", "Values": ["machine"]}])["Images"][0]

    def launch(self, count: int, vmtype: str = "m1.small") -> list[str]:
        ids = []
        for _ in range(count):
            made = self.ec2.run_instances(ImageId=self.image["ImageId"], MinCount=1, MaxCount=1, InstanceType=vmtype)
            ids.append(made["Instances"][0]["InstanceId"])
        eventually(lambda: all(row["seen"] == "running" for row in self.items("instances")))
        return ids

    def apply(self, text: str) -> None:
        made = self.rest.post("rulesets", json={"text": text, "name": "story"})
        assert made.status_code == 201, made.text
        applied = self.rest.post(f"rulesets/{made.json()['id']}/apply")
        assert applied.status_code == 200, applied.text

    def load(self, cores: float) -> None:
        """Let every instance use that many cores."""
        loads = {row["id"]: {"cpu_used": cores} for row in self.items("instances")}
        (self.cloud.state / "rehearsal-load.json").write_text(json.dumps(loads))

    def items(self, what: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.rest.get(what).raise_for_status().json()["items"]
        return found

    def on_hosts(self) -> dict[str, int]:
        return Counter(row["host"] for row in self.items("instances"))

    def powers(self) -> dict[str, str]:
        return {row["name"]: row["power"] for row in self.items("hosts")}

    def told(self, event: str) -> list[str]:
        return [row["text"] for row in self.items("events?limit=1000") if row["event"] == event]


@pytest.fixture
def site_of(tmp_path: Path) -> Iterator[Callable[[int], Site]]:
    sites: list[Site] = []

    def make(hosts: int) -> Site:
        config = tmp_path / "eucalyptus.conf"
        config.write_text(CONF.format(hosts=hosts))
        sites.append(Site(ServedCloud(tmp_path / "state", config=config).start()))
        return sites[-1]

    yield make
    for site in sites:
        site.rest.close()
        site.ec2.close()
        site.cloud.stop()


class Watching(threading.Thread):
    """Asks EC2 again and again, as a user's script does, and collects the states that it was told."""

    def __init__(self, site: Site) -> None:
        super().__init__(daemon=True)
        self.ec2, self.seen, self.over = site.ec2, set[str](), threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.05):
            answer = self.ec2.describe_instances()
            self.seen |= {each["State"]["Name"] for row in answer["Reservations"] for each in row["Instances"]}


def test_energy_packs_and_lets_hosts_sleep_and_performance_wakes_and_spreads(site_of: Callable[[int], Site]) -> None:
    site = site_of(3)
    site.apply(performance())
    site.launch(6)
    assert sorted(site.on_hosts().values()) == [2, 2, 2]
    watching = Watching(site)
    watching.start()
    site.load(0.3)
    site.apply(energy())
    eventually(lambda: sorted(site.on_hosts().values()) == [6], WITHIN_S)
    eventually(lambda: "asleep" in site.powers().values(), WITHIN_S)
    site.load(1.0)
    site.apply(performance())
    eventually(lambda: set(site.powers().values()) == {"on"}, WITHIN_S)
    eventually(lambda: len(site.on_hosts()) == 3, WITHIN_S)
    watching.over.set()
    watching.join()
    assert watching.seen == {"running"}
    moved = next(row for row in site.items("instances") if row["host"])
    last = site.items(f"instances/{moved['id']}/decisions")[-1]
    assert {each["host"] for each in last["hosts"]} == set(site.powers())


def test_a_drained_host_is_emptied_or_says_which_instance_can_not_move_and_why(
    site_of: Callable[[int], Site],
) -> None:
    site = site_of(2)
    site.apply(performance())
    site.load(0.1)
    (one,) = site.launch(1)
    start = next(iter(site.on_hosts()))
    site.rest.post(f"hosts/{start}/drain").raise_for_status()
    eventually(lambda: start not in site.on_hosts(), WITHIN_S)
    (other,) = site.on_hosts()
    site.rest.post(f"hosts/{start}/undrain").raise_for_status()
    site.launch(2, "c1.xlarge")
    assert site.on_hosts() == {start: 1, other: 2}
    big = next(row["id"] for row in site.items("instances") if row["host"] == start)
    site.rest.post(f"hosts/{start}/drain").raise_for_status()
    told = eventually(lambda: site.told("remapping.refused"), WITHIN_S)
    assert any(start in text and big in text and "no host takes it" in text for text in told), told
    assert next(row["host"] for row in site.items("instances") if row["id"] == one) == other


def test_a_kill_in_the_middle_of_a_remap_loses_nothing_and_the_rest_is_planned_anew(
    site_of: Callable[[int], Site],
) -> None:
    site = site_of(3)
    site.apply(performance())
    ids = site.launch(9)
    site.load(0.1)
    site.apply(energy())
    eventually(lambda: site.told("instance.move asked"), WITHIN_S, every_s=0.005)
    site.cloud.kill()
    site.cloud.start()
    eventually(lambda: not any(row["moving_from"] for row in site.items("instances")), WITHIN_S)
    eventually(lambda: len(site.on_hosts()) < 3, WITHIN_S)
    rows = site.items("instances")
    assert sorted(row["id"] for row in rows) == sorted(ids)
    assert {row["state"] for row in rows} == {"running"}
