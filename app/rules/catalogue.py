"""Every name that a rule may read, every function it may call, every budget: one table each.

A sensor that is read by measurement has a greatest age, past which its value counts as unknown; a fact of the
cloud's own books has none. The declared range is what `gain` is measured on (never what hosts happen to show).
The trap: a formula must not name a sensor that has a formula itself.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import inf

from app.rules.quantities import (
    BYTES,
    DEGREES,
    FLAG,
    NUMBER,
    RATE,
    SECONDS,
    SPEED,
    TEXT,
    TEXTS,
    WATTS,
    Dimension,
    Kind,
    Type,
)


@dataclass(frozen=True, slots=True)
class Sensor:
    """One name; `values` are all that a text can be (empty: anything).

    `formula` derives it from others. An `elapsed` one is kept as the moment when it began.
    """

    name: str
    type: Type
    meaning: str
    low: float = 0.0
    high: float = inf
    max_age_s: float = inf
    values: tuple[str, ...] = ()
    formula: str = ""
    elapsed: bool = False

    @property
    def scope(self) -> str:
        """Whose sensor it is: host, vm, rack, cluster or now."""
        return self.name.partition(".")[0]


def _number(name: str, dimension: Dimension, high: float, meaning: str, max_age_s: float = inf) -> Sensor:
    return Sensor(name, Type(Kind.NUMBER, dimension), meaning, high=high, max_age_s=max_age_s)


def _count(name: str, high: float, meaning: str, max_age_s: float = inf) -> Sensor:
    return Sensor(name, NUMBER, meaning, high=high, max_age_s=max_age_s)


def _text(name: str, meaning: str, *values: str) -> Sensor:
    return Sensor(name, TEXT, meaning, values=values)


def _elapsed(name: str, meaning: str) -> Sensor:
    return Sensor(name, Type(Kind.NUMBER, SECONDS), meaning, high=86400.0 * 3650, elapsed=True)


_SAMPLED_S = 30.0
_SLOW_S = 120.0
_DISK = 2.0**50
_MEMORY = 2.0**44

SENSORS: dict[str, Sensor] = {
    sensor.name: sensor
    for sensor in (
        _count("host.index", 1e6, "place in the order of joining, from 0"),
        _text("host.name", "the host's name"),
        _text("host.state", "whether it can be reached", "up", "down", "lost", "unknown"),
        _text("host.power", "whether it is switched on", "on", "off", "waking", "asleep"),
        Sensor("host.maintenance", FLAG, "the operator drains it"),
        _text("host.cluster", "its cluster, EC2's availability zone"),
        _text("host.rack", "its rack"),
        Sensor("host.tags", TEXTS, "the operator's words on it"),
        _count("host.vms", 1e4, "machines on it"),
        _elapsed("host.uptime", "time since it was switched on"),
        _elapsed("host.settled", "time since a machine last came or went"),
        _number("host.mem.total", BYTES, _MEMORY, "memory for machines"),
        _number("host.mem.free", BYTES, _MEMORY, "memory promised to none"),
        _number("host.disk.total", BYTES, _DISK, "disk for machines"),
        _number("host.disk.free", BYTES, _DISK, "disk promised to none"),
        _count("host.cpu.cores", 1024, "cores for machines"),
        _count("host.cpu.ratio", 64, "how many virtual processors a core may carry"),
        _count("host.cpu.promised", 65536, "virtual processors of its machines"),
        _number("host.cpu.mips", SPEED, 1e7, "speed of all its cores"),
        _count("host.cpu.load", 1024, "busy cores", _SAMPLED_S),
        Sensor("host.cpu.util", NUMBER, "busy share of its cores", high=1.0, formula="host.cpu.load / host.cpu.cores"),
        Sensor(
            "host.cpu.util_with_vm",
            NUMBER,
            "the same, with the machine in question on it",
            high=1.0,
            formula="(host.cpu.load + vm.cpu.used) / host.cpu.cores",
        ),
        _number("host.net.rx", RATE, 1e11, "bytes received", _SAMPLED_S),
        _number("host.net.tx", RATE, 1e11, "bytes sent", _SAMPLED_S),
        _number("host.power_watts", WATTS, 1e4, "what it draws", _SLOW_S),
        Sensor("host.temp", Type(Kind.NUMBER, DEGREES), "its hottest sensor", -50.0, 150.0, _SLOW_S),
        _text("vm.id", "the instance's id"),
        _text("vm.user", "who started it"),
        _text("vm.account", "the account it belongs to"),
        _text("vm.group", "its placement group, as ACCOUNT/NAME; empty: none"),
        _text("vm.type", "its instance type"),
        _text("vm.image", "its image"),
        Sensor("vm.tags", TEXTS, "words on it"),
        _count("vm.vcpus", 1024, "its virtual processors"),
        _number("vm.mem", BYTES, _MEMORY, "its memory"),
        _number("vm.disk", BYTES, _DISK, "its disk"),
        _elapsed("vm.age", "time since it was started"),
        _count("vm.cpu.used", 1024, "busy cores; its virtual processors before it runs", _SAMPLED_S),
        _number("vm.mem.dirty_rate", RATE, 1e11, "memory written", _SAMPLED_S),
        _number("vm.net.used", RATE, 1e11, "bytes sent and received", _SAMPLED_S),
        _count("vm.group_spread", 1e4, "hosts that its group is spread over"),
        _count("vm.migrations_1h", 1e3, "how often it moved within the last hour"),
        _text("rack.name", "the rack's name"),
        _count("rack.hosts", 1e5, "hosts in it"),
        _count("rack.vms", 1e6, "machines in it"),
        _number("rack.power_watts", WATTS, 1e6, "what its hosts draw", _SLOW_S),
        _text("cluster.name", "the cluster's name"),
        _count("cluster.hosts", 1e5, "hosts in it"),
        _count("cluster.pending", 1e6, "machines that found no host"),
        _count("cluster.next_index", 1e6, "the `host.index` from which ROUNDROBIN goes on"),
        _count("cluster.cpu.free", 1e6, "cores promised to none, on hosts that are on"),
        _count("cluster.vm_max_vcpus", 1024, "virtual processors of the largest instance type"),
        _count("now.hour", 24, "hour of the day, 0 to 23, local time"),
        _text("now.weekday", "day of the week", "mon", "tue", "wed", "thu", "fri", "sat", "sun"),
    )
}


class Parameter(StrEnum):
    """What may stand between the brackets of a call; the words are those of messages."""

    PLACE = "host, rack or cluster"
    TRAIT = "vm.group, vm.user, vm.account, vm.type or vm.image"
    HOST = "host"
    VM = "vm"
    IMAGE = "vm.image"
    NUMBER = "a number"
    SENSOR = "a name such as host.temp"
    PERIOD = "a time such as 5min"


PLACES = ("host", "rack", "cluster")
TRAITS = ("vm.group", "vm.user", "vm.account", "vm.type", "vm.image")


@dataclass(frozen=True, slots=True)
class Function:
    """One function; the last parameter may be repeated where `more` is set."""

    name: str
    parameters: tuple[Parameter, ...]
    example: str
    meaning: str
    more: bool = False


_N = Parameter.NUMBER

FUNCTIONS: dict[str, Function] = {
    function.name: function
    for function in (
        Function(
            "count", (Parameter.PLACE, Parameter.TRAIT), "count(host, vm.group)", "others of its group in the place"
        ),
        Function(
            "share", (Parameter.PLACE, Parameter.TRAIT), "share(rack, vm.group)", "share of all others of its group"
        ),
        Function(
            "same",
            (Parameter.PLACE, Parameter.TRAIT),
            "same(rack, vm.group)",
            "its group lives in the place already, or nowhere yet",
        ),
        Function("cached", (Parameter.HOST, Parameter.IMAGE), "cached(host, vm.image)", "the host holds the image"),
        Function("watts_with", (Parameter.HOST, Parameter.VM), "watts_with(host, vm)", "what it draws with the VM"),
        Function("cyclic", (_N, _N), "cyclic(host.index - 1, cluster.hosts)", "remainder, never negative"),
        Function("min", (_N, _N), "min(host.vms, 10)", "the least", more=True),
        Function("max", (_N, _N), "max(host.vms, 10)", "the greatest", more=True),
        Function("clamp", (_N, _N, _N), "clamp(host.cpu.util, 20pct, 80pct)", "the first, kept between the others"),
        Function("avg", (Parameter.SENSOR, Parameter.PERIOD), "avg(host.cpu.load, 5min)", "mean over the last time"),
        Function("age", (Parameter.SENSOR,), "age(host.temp)", "time since it was measured"),
        Function("known", (Parameter.SENSOR,), "known(host.temp)", "it was measured and is not too old"),
    )
}


@dataclass(frozen=True, slots=True)
class Budget:
    """What a policy may limit, in which dimension and per what."""

    name: str
    dimension: Dimension
    per: tuple[str, ...]
    example: str


PERIODS = ("hour", "vm", "host", "round", "link")
BUDGETS: dict[str, Budget] = {
    budget.name: budget
    for budget in (
        Budget("migrations", Dimension(), PERIODS, "migrations <= 20 per hour"),
        Budget("downtime", SECONDS, ("hour", "vm", "round"), "downtime <= 30s per vm"),
    )
}
