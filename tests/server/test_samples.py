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
        self.http = httpx.Client(base_url=f"{cloud.url}/api/v1", headers=headers, timeout=60, trust_env=False)

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


def test_hosts_clusters_and_instances_are_charted_in_steps(operator: Operator) -> None:
    instance_id = operator.launch()
    host = operator.get(f"/instances/{instance_id}")["host"]
    operator.script(**{instance_id: {"cpu_used": 4.0, "net_bps": 1e6}, "hosts": {host: {"net_rx_bps": 5000}}})
    eventually(lambda: load_of(operator, f"/hosts/{host}", cpu_used=4.0))

    def newest(path: str, line: str, **query: Any) -> Any:
        values = operator.get(f"{path}/chart", **query)[line]
        return next((value for value in reversed(values) if value is not None), None)

    cluster = operator.get("/clusters")["items"][0]["name"]
    eventually(lambda: newest(f"/clusters/{cluster}", "cpu") and newest(f"/clusters/{cluster}", "cpu") > 0)
    assert newest(f"/hosts/{host}", "net_in_bps") == 5000
    assert newest(f"/instances/{instance_id}", "net_bps") == pytest.approx(1e6)
    chart = operator.get(f"/hosts/{host}/chart", steps=7)
    assert len(chart["cpu"]) <= 7
    assert chart["cpu"][0] is None, "an hour ago nothing was known"
    assert chart["memory_mib"] == [None] * len(chart["cpu"]), "what is unknown is never 0"
    assert 3600_000 <= chart["step_ms"] * len(chart["cpu"]) < 3700_000

    kept = operator.get(f"/clusters/{cluster}/samples", sensor="host.power_watts", points=1)["points"]
    assert len(kept) == 1
    assert operator.http.get("/clusters/nowhere/chart").status_code == 404
    assert operator.http.get(f"/hosts/{host}/chart", params={"from": 10, "to": 5}).status_code == 400
    assert operator.http.get(f"/hosts/{host}/chart", params={"steps": 1}).status_code == 400


def test_the_stream_tells_loads_whole_and_then_what_is_new(operator: Operator) -> None:
    instance_id = operator.launch()
    eventually(lambda: load_of(operator, f"/instances/{instance_id}", cpu_used=0.0))
    refused = operator.http.get("/stream", params={"topics": "instance,lod"})
    assert refused.status_code == 400
    assert "Did you mean load?" in refused.text
    operator.script(**{instance_id: {"cpu_used": 2.0}})
    with operator.http.stream("GET", "/stream", params={"topics": "load,instance-load,overview"}) as answer:
        seen: dict[str, list[Any]] = {"load": [], "instance-load": [], "overview": []}
        kind = ""
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            kind = value if name == "event" else kind
            if name == "data" and kind in seen:
                seen[kind].append(json.loads(value))
            busy = [batch for batch in seen["instance-load"] if _cpu(batch, instance_id) == 2.0]
            if busy and all(seen.values()) and len(seen["load"]) > 2:
                break
    first, *later = seen["load"]
    assert (first["whole"], len(first["hosts"]), any(batch["whole"] for batch in later)) == (True, 2, False)
    assert first["trends"].keys() >= first["hosts"].keys()
    [cluster] = first["clusters"].values()
    assert (cluster["hosts"], cluster["cores"], cluster["watts"]) == (2, 16, pytest.approx(200.0))
    overview = seen["overview"][0]
    assert (overview["hosts_asleep"], overview["watts"]) == (0, pytest.approx(200.0))
    small = next(room for room in overview["rooms"] if room["vmtype"] == "m1.small")
    assert small["most"] > small["free"] > 0


def _cpu(batch: dict[str, Any], instance_id: str) -> float | None:
    found = batch["instances"].get(instance_id)
    return None if found is None else found["cpu_used"]
