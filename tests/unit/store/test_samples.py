"""The file of samples behind its thread: what it answers, and that nothing about it stops a cloud."""

import logging
import sqlite3
from pathlib import Path

import pytest

from app.domain.errors import Unavailable
from app.domain.load import Point, Reading, Sampled
from app.store.samples import SampleFile
from tests.builders import FrozenClock

NOW_MS = 1_800_000_000_000


def a_sample(at_ms: int, value: float, host: str = "h1") -> Sampled:
    reading = Reading(raw={"vm.cpu.used": value})
    of_host = Reading(raw={"host.cpu.load": value})
    return Sampled(host=host, at_s=0.0, at_ms=at_ms, of_host=of_host, of_instances={"i-00000001": reading})


async def read(samples: SampleFile, subject: str = "i-00000001", sensor: str = "vm.cpu.used") -> list[Point]:
    return await samples.history(subject, sensor, NOW_MS - 1_000_000, NOW_MS + 1)


async def test_what_was_sensed_is_answered_at_once_and_after_a_restart(tmp_path: Path) -> None:
    clock = FrozenClock(NOW_MS)
    samples = SampleFile(tmp_path / "s.sqlite3", clock)
    times = [NOW_MS - 130_000, NOW_MS - 65_000, NOW_MS - 5_000, NOW_MS]
    for number, at_ms in enumerate(times):
        samples.sensed(a_sample(at_ms, float(number)))
    wanted = [Point(at_ms=at_ms, mean=float(number), most=float(number)) for number, at_ms in enumerate(times)]
    assert await read(samples) == await read(samples, "h1", "host.cpu.load") == wanted
    assert await read(samples, "h2", "host.cpu.load") == await read(samples, "i-00000002") == []
    await samples.aclose()
    with pytest.raises(Unavailable):
        await read(samples)
    again = SampleFile(tmp_path / "s.sqlite3", clock)
    assert await read(again) == wanted
    await again.aclose()


async def test_a_file_that_is_damaged_while_it_is_used_is_set_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock, file = FrozenClock(NOW_MS), tmp_path / "s.sqlite3"
    samples = SampleFile(file, clock)
    samples.sensed(a_sample(NOW_MS, 1.0))
    assert len(await read(samples)) == 1
    with sqlite3.connect(file) as other:
        other.execute("UPDATE kept SET data = x'00'")
    other.close()
    with caplog.at_level(logging.WARNING), pytest.raises(Unavailable):
        await read(samples)
    samples.sensed(a_sample(NOW_MS, 2.0))
    assert [point.mean for point in await read(samples)] == [2.0]
    assert file.with_name("s.sqlite3.unusable").exists()
    assert len(caplog.records) == 1
    await samples.aclose()


async def test_a_place_where_nothing_can_be_written_is_told_and_endured(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FrozenClock(NOW_MS)
    (tmp_path / "s.sqlite3").mkdir()
    (tmp_path / "s.sqlite3.unusable").mkdir()
    (tmp_path / "s.sqlite3.unusable" / "full").touch()
    with caplog.at_level(logging.WARNING):
        samples = SampleFile(tmp_path / "s.sqlite3", clock)
        samples.sensed(a_sample(NOW_MS, 1.0))
        assert len(await read(samples)) == 1
    assert [record.message for record in caplog.records] == ["samples begin anew", "samples are not kept"]
    await samples.aclose()


async def test_what_was_known_of_hosts_at_a_moment_is_told_as_finely_as_it_is_kept(tmp_path: Path) -> None:
    clock = FrozenClock(NOW_MS)
    samples = SampleFile(tmp_path / "s.sqlite3", clock)
    for at_ms, value in ((NOW_MS - 70_000, 1.0), (NOW_MS - 50_000, 2.0), (NOW_MS - 10_000, 3.0)):
        samples.sensed(a_sample(at_ms, value))
    samples.sensed(a_sample(NOW_MS - 20_000, 7.0, "h2"))

    async def known(at_ms: int) -> list[tuple[str, int, float, float]]:
        return [
            (each.host, each.at_ms - NOW_MS, each.of_host.raw["host.cpu.load"], found.raw["vm.cpu.used"])
            for each in await samples.sensed_last(at_ms)
            for found in each.of_instances.values()
        ]

    minute_ms = NOW_MS - NOW_MS % 60_000
    assert await known(NOW_MS - 1_000_000) == []
    assert (await known(NOW_MS - 50_000))[-1] == ("h1", -50_000, 2.0, 2.0)
    assert (await known(NOW_MS - 1))[-2:] == [("h2", -20_000, 7.0, 7.0), ("h1", -10_000, 3.0, 3.0)]
    clock.at_ms += 2 * 3_600_000
    assert ("h2", minute_ms - NOW_MS, 7.0, 7.0) in await known(minute_ms)
    await samples.aclose()
