"""What machines really do, from a host's mouth to the REST views, on a served cloud whose load is scripted."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.deadline import eventually
from tests.scripted_world import World
from tests.served import ServedCloud

pytestmark = pytest.mark.server
CONFIG = 'REHEARSE="1x2"\nSAMPLE_INTERVAL="1"\nPOWER_MODEL="100:200"\n'


class Operator:
    """An operator with one cloud."""

    def __init__(self, cloud: ServedCloud) -> None:
        token = cloud.credentials()["EUCA_TOKEN"]
        headers = {"Authorization": f"Bearer {token}"}
        self.cloud = cloud
        self.http = httpx.Client(base_url=f"{cloud.url}/api/v1", headers=headers, timeout=30, trust_env=False)

    def get(self, path: str, **query: Any) -> Any:
        return self.http.get(path, params=query).raise_for_status().json()

    def launch(self, cluster: str = "") -> str:
        image = next(row["id"] for row in self.get("/images")["items"] if row["kind"] == "machine")
        launched = self.http.post("/instances", json={"image_id": image, "cluster": cluster}).raise_for_status()
        started: str = launched.json()["items"][0]["id"]
        eventually(lambda: self.get(f"/instances/{started}")["state"] == "running")
        return started

    def script(self, **load: Any) -> None:
        (self.cloud.state / "rehearsal-load.json").write_text(json.dumps(load))


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    config = tmp_path / "eucalyptus.conf"
    config.write_text(CONFIG)
    with ServedCloud(tmp_path / "state", config=config) as cloud:
        someone = Operator(cloud)
        yield someone
        someone.http.close()


def load_of(operator: Operator, path: str, **wanted: float) -> Any:
    """Return what is told of a host or instance once it is as wanted."""
    load: dict[str, Any] = operator.get(path)["load"] or {}
    as_wanted = all(load.get(name) == pytest.approx(value, rel=0.1) for name, value in wanted.items())
    return load if load and as_wanted else None


def test_scripted_load_shows_on_instance_and_host_and_in_what_is_kept(operator: Operator) -> None:
    instance_id = operator.launch()
    host = operator.get(f"/instances/{instance_id}")["host"]
    idle = eventually(lambda: load_of(operator, f"/instances/{instance_id}", cpu_used=0.0))
    assert (idle["mem_used_mib"], idle["stale"]) == (None, False)
    operator.script(**{instance_id: {"cpu_used": 4.0, "net_bps": 1e6}, "hosts": {host: {"temp": 41}}})
    busy = eventually(lambda: load_of(operator, f"/instances/{instance_id}", cpu_used=4.0, net_bps=1e6))
    assert 0 < busy["cpu_smooth"] < 4.0
    shown = eventually(lambda: load_of(operator, f"/hosts/{host}", cpu_used=4.0, watts=150.0, temp_c=41))
    assert shown["age_s"] < 10
    assert not shown["stale"]

    points = operator.get(f"/hosts/{host}/samples", sensor="host.cpu.load")["points"]
    assert (points[0]["mean"], points[-1]["mean"]) == (0.0, 4.0)
    kept = operator.get(f"/instances/{instance_id}/samples")["points"]
    assert kept[-1]["mean"] == 4.0
    later = operator.get(f"/instances/{instance_id}/samples", **{"from": kept[-1]["at_ms"]})["points"]
    assert later[0] == kept[-1]
    assert operator.http.get(f"/hosts/{host}/samples", params={"sensor": "host.moon"}).status_code == 400
    assert operator.http.get("/hosts/nowhere/samples").status_code == 404
    assert any(host in line and " 4.0 " in line for line in operator.cloud.euca("host", "list").stdout.splitlines())
    metrics = httpx.get(f"{operator.cloud.url}/metrics", trust_env=False).text
    assert "eucalyptus_busy_cores 4.0" in metrics
    assert "eucalyptus_watts 250.0" in metrics


def test_counters_of_a_host_become_rates(operator: Operator) -> None:
    with World() as world:
        operator.cloud.euca("cluster", "add", "far")
        operator.cloud.euca("host", "add", world.uri("w1"), "--name", "w1", "--cluster", "far")
        instance_id = operator.launch("far")
        world.direct(
            "load", "w1", instance_id=instance_id, cpu_used=1.5, net_rx_bps=1000, net_tx_bps=500, memory_mib=77
        )
        world.direct("load", "w1", cpu_used=0.5)
        wanted = {"cpu_used": 1.5, "net_bps": 1500, "mem_used_mib": 77}
        eventually(lambda: load_of(operator, f"/instances/{instance_id}", **wanted))
        eventually(lambda: load_of(operator, "/hosts/w1", cpu_used=2.0, net_rx_bps=1000))


def test_readings_outlive_a_kill_and_a_file_that_is_damaged(operator: Operator) -> None:
    cloud, file = operator.cloud, operator.cloud.state / "samples.sqlite3"
    [host, *_] = operator.get("/hosts")["items"]

    def points() -> list[Any]:
        found: list[Any] = operator.get(f"/hosts/{host['name']}/samples")["points"]
        return found

    eventually(lambda: len(points()) > 1)
    before = points()
    cloud.kill()
    cloud.start()
    assert points()[: len(before)] == before
    cloud.stop()
    file.write_bytes(b"no database" * 1000)
    cloud.start()
    eventually(points)
    assert cloud.log().count("samples begin anew") == 1
    assert file.with_name("samples.sqlite3.unusable").read_bytes().startswith(b"no database")
    with sqlite3.connect(file) as fresh:
        assert fresh.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    fresh.close()
