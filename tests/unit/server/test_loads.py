"""The board of loads and the steps of charts: who has news, who fell silent, what is unknown."""

from collections.abc import Mapping, Sequence

import msgspec

from app.api.loads import STEP_MS, InstanceLoads, Loads, Trend
from app.domain.load import Point, Reading, Sampled
from app.server.charts import in_steps
from app.server.loads import STALE_S, Board
from app.server.sensors import Sensors
from tests.builders import FrozenClock, a_host


class Kept:
    """The port Samples, in a list."""

    def __init__(self) -> None:
        self.samples: list[Sampled] = []

    def sensed(self, sample: Sampled) -> None:
        self.samples.append(sample)

    async def history(self, subject: str, sensor: str, from_ms: int, to_ms: int) -> list[Point]:
        return []

    async def histories(
        self, subject: str, sensors: Sequence[str], from_ms: int, to_ms: int
    ) -> Mapping[str, list[Point]]:
        return {}

    async def sensed_last(self, at_ms: int) -> list[Sampled]:
        return []


class Stage:
    """Two hosts of 8 cores in one cluster, on a clock that is moved."""

    def __init__(self) -> None:
        self.clock, self.kept = FrozenClock(), Kept()
        self.sensors = Sensors(self.kept, self.clock)
        self.board = Board(self.sensors, self.clock, lambda: [a_host("h1"), a_host("h2")])
        self.sensors.tell(self.board)

    def sense(self, host: str, cpu: float, instance: str = "", watts: float | None = None) -> None:
        raw = {"host.cpu.load": cpu} | ({} if watts is None else {"host.power_watts": watts})
        of_instances = {instance: Reading(raw={"vm.cpu.used": cpu}, smooth={"vm.cpu.used": cpu})} if instance else {}
        self.sensors.sensed(
            Sampled(
                host=host,
                at_s=self.clock.monotonic_s(),
                at_ms=self.clock.now_ms(),
                of_host=Reading(raw=raw, smooth=raw),
                of_instances=of_instances,
            )
        )

    def wait(self, seconds: float) -> None:
        self.clock.at_ms += int(seconds * 1000)

    def hosts(self, *, whole: bool = False) -> Loads:
        return msgspec.json.decode(self.board.host_frame(whole).partition(b"data: ")[2], type=Loads)

    def instances(self, *, whole: bool = False) -> InstanceLoads | None:
        made = self.board.instance_frame(whole)
        return msgspec.json.decode(made.partition(b"data: ")[2], type=InstanceLoads) if made else None


def test_news_are_told_once_and_a_whole_frame_tells_all() -> None:
    stage = Stage()
    stage.sense("h1", 2.0, "i-1")
    stage.sense("h2", 1.0)
    assert stage.hosts().hosts.keys() == {"h1", "h2"}
    assert stage.hosts().hosts == {}
    stage.sense("h2", 3.0)
    assert stage.hosts().hosts["h2"].cpu_used == 3.0
    whole = stage.hosts(whole=True)
    assert (whole.whole, set(whole.hosts), whole.trends["h2"]) == (True, {"h1", "h2"}, [3.0])
    told = stage.instances()
    assert told is not None
    assert told.instances["i-1"].cpu_used == 2.0
    assert stage.instances() is None


def test_who_falls_silent_is_told_as_stale_and_counts_no_more() -> None:
    stage = Stage()
    stage.sense("h1", 2.0, watts=120.0)
    stage.wait(20)
    stage.sense("h2", 1.0)
    assert stage.hosts().clusters["one"].cpu_used == 3.0
    stage.wait(STALE_S - 15)
    told = stage.hosts()
    assert (set(told.hosts), told.hosts["h1"].stale) == ({"h1"}, True)
    cluster = told.clusters["one"]
    assert (cluster.hosts, cluster.cores, cluster.cpu_used, cluster.watts) == (1, 8, 1.0, None)


def test_the_sum_of_a_cluster_is_kept_as_if_it_were_a_host() -> None:
    stage = Stage()
    stage.sense("h1", 2.0, watts=120.0)
    stage.sense("h2", 1.5, watts=100.0)
    stage.board.keep()
    kept = stage.kept.samples[-1]
    assert (kept.host, dict(kept.of_host.raw)) == (
        "cluster/one",
        {"host.cpu.load": 3.5, "host.power_watts": 220.0},
    )
    assert stage.hosts(whole=True).trends["cluster/one"] == [3.5]


def test_a_trend_holds_the_newest_value_of_each_step_and_gaps_stay_unknown() -> None:
    trend = Trend(4)
    trend.put(0, 1.0)
    trend.put(STEP_MS - 1, 2.0)
    trend.put(2 * STEP_MS, None)
    trend.put(3 * STEP_MS, 4.0)
    assert trend.upto(3 * STEP_MS) == [2.0, None, None, 4.0]
    assert trend.upto(5 * STEP_MS) == [None, 4.0, None, None]
    again = Trend(4, trend.upto(5 * STEP_MS), 5 * STEP_MS)
    again.put(6 * STEP_MS, 7.0)
    assert again.upto(6 * STEP_MS) == [4.0, None, None, 7.0]


def test_a_step_without_a_reading_takes_the_one_before_for_as_long_as_that_is_good() -> None:
    points = [Point(at_ms=at_ms, mean=mean, most=mean) for at_ms, mean in ((10_000, 1.0), (12_000, 3.0), (30_000, 8.0))]
    steps = in_steps(points, 0, 10_000, 8)
    assert steps == [None, 2.0, 2.0, 8.0, 8.0, 8.0, 8.0, None]
    assert in_steps([], 0, 10_000, 2) == [None, None]
    assert in_steps(points, 0, 60_000, 1, unit=2.0) == [2.0]
