"""Watts and degrees by commands, by a model, and by the script of a rehearsal."""

import json
import logging
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from app.clock import SystemClock
from app.domain.load import Sampled
from app.server.measuring import Measuring, Supplements
from app.server.rehearsed_load import Rates, RehearsedLoad
from tests.builders import a_host

REAL = replace(a_host("node1", cores=8), uri="xen+ssh://root@node1/system")
TEST = replace(a_host("cluster1-host1", cores=8), uri="test:///rehearsal")


async def measured(*command: str, rounds: int = 1) -> list[Sampled]:
    """Run a command for one real host and one that rehearses, that many times; return what was told."""
    told: list[Sampled] = []
    measuring = Measuring({"host.power_watts": command}, SystemClock(), lambda: [REAL, TEST], told.append)
    for _ in range(rounds):
        await measuring.once()
    return told


def python(program: str) -> tuple[str, ...]:
    return sys.executable, "-c", program


async def test_a_command_is_told_its_host_and_nothing_else_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EUCA_SECRET", "s3cret")
    told = await measured(*python("import os; print(len(os.environ['EUCA_URI']), 'EUCA_SECRET' in os.environ)"))
    assert [(sample.host, dict(sample.of_host.raw)) for sample in told] == [
        ("node1", {"host.power_watts": float(len(REAL.uri))})
    ]
    [secret] = await measured(*python("import os; print(int('EUCA_SECRET' in os.environ))"))
    assert secret.of_host.raw == {"host.power_watts": 0.0}


@pytest.mark.parametrize(
    "command", [python("print('hot')"), python("print(1e9)"), python("print(5); exit(1)"), ("/no/such/program",)]
)
async def test_a_command_that_fails_leaves_watts_unknown_and_is_told_once(
    command: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert await measured(*command, rounds=2) == []
    assert [record.message for record in caplog.records] == ["a sensor's command fails"]


def completed(supplements: Supplements, host: object = TEST, **of_machines: Rates) -> tuple[Rates, dict[str, Rates]]:
    of_host: Rates = {} if host is TEST else {"host.cpu.load": 4.0}
    supplements.complete(host, of_host, of_machines)  # type: ignore[arg-type]
    return of_host, of_machines


def test_watts_lie_between_idle_and_fully_busy_unless_a_command_measures(tmp_path: Path) -> None:
    rehearsed = RehearsedLoad(tmp_path / "none.json")
    assert completed(Supplements(rehearsed, (100, 200), measured=False), REAL)[0]["host.power_watts"] == 150.0
    assert "host.power_watts" not in completed(Supplements(rehearsed, (100, 200), measured=True), REAL)[0]
    assert completed(Supplements(rehearsed, (100, 200), measured=True))[0]["host.power_watts"] == 100.0


def test_a_script_counts_as_soon_as_its_file_changes_and_a_broken_one_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "rehearsal-load.json"
    supplements = Supplements(RehearsedLoad(file), (100, 200), measured=False)
    assert not supplements.changed()
    assert completed(supplements, a={})[0]["host.cpu.load"] == 0.0
    file.write_text(json.dumps({"a": {"cpu_used": 3}, "*": {"cpu_used": 0.5}, "hosts": {"other": {"watts": 7}}}))
    assert supplements.changed()
    assert not supplements.changed()
    of_host, of_machines = completed(supplements, a={}, b={})
    assert (of_machines["a"]["vm.cpu.used"], of_machines["b"]["vm.cpu.used"]) == (3.0, 0.5)
    assert of_host["host.cpu.load"] == 3.5
    for broken in ('{"a": {"cpu_usd": 1}}', '{"a": ', '{"a": {"cpu_used": -1}}'):
        file.write_text(broken)
        assert not supplements.changed()
        assert completed(supplements, a={})[1]["a"]["vm.cpu.used"] == 3.0
    file.unlink()
    assert supplements.changed()
    assert completed(supplements, a={})[1]["a"]["vm.cpu.used"] == 0.0
