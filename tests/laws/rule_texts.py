"""Random expressions of the rule language as text, and random hosts and machines to ask them of."""

from dataclasses import dataclass
from math import nan
from random import Random

import numpy as np
from hypothesis import strategies as st
from lark import Tree

from app.rules.catalogue import SENSORS
from app.rules.expressions import condition
from app.rules.moment import Now, Value, Vm
from app.rules.power import PowerModel
from app.rules.quantities import Kind
from app.rules.syntax import Piece, parse
from app.rules.table import HostTable
from app.rules.terms import Expr

NOW = Now(at_s=1000.0, hour=13, weekday="tue")
WORDS = ("a", "b", "on", "off", "gold", "")
PLAIN = ("host.vms", "host.index", "host.cpu.cores", "host.cpu.load", "vm.vcpus", "vm.cpu.used", "rack.vms", "now.hour")
BYTES = ("host.mem.free", "host.mem.total", "vm.mem")
FLAGS = ("host.maintenance", 'host.power == "on"', "true", "false", 'vm.user == "a"')
TEXTS = ("host.rack", "host.name", "host.cluster", "vm.user", "vm.group", '"a"', '"gold"')
OURS_PLAIN = (
    "host.cpu.util",
    "host.cpu.util_with_vm",
    "count(host, vm.group)",
    "count(rack, vm.user)",
    "share(rack, vm.group)",
    "share(host, vm.image)",
    "avg(host.cpu.load, 5min)",
    "avg(vm.cpu.used, 1min)",
)
OURS_FLAGS = (
    "same(rack, vm.group)",
    "same(host, vm.user)",
    "cached(host, vm.image)",
    "known(host.cpu.load)",
    "known(host.cpu.util_with_vm)",
    "known(vm.cpu.used)",
    "watts_with(host, vm) > 150W",
    "age(host.cpu.load) < 20s",
    "age(vm.cpu.used) < 20s",
    "host.uptime > 10min",
    "vm.age > 1h",
)


@dataclass(frozen=True)
class Words:
    """What the leaves of expressions may be; `divisors` are numbers that are never 0."""

    plain: tuple[str, ...]
    flags: tuple[str, ...]
    divisors: tuple[str, ...]
    functions: bool


CELS = Words(plain=PLAIN, flags=FLAGS, divisors=("host.cpu.cores", "2.0", "0.5"), functions=False)
OURS = Words(plain=PLAIN + OURS_PLAIN, flags=FLAGS + OURS_FLAGS, divisors=(*PLAIN, "0.0"), functions=True)


def conditions(words: Words, deep: int = 3) -> st.SearchStrategy[str]:
    """Draw a condition as text."""
    some = st.sampled_from(words.flags)
    sign = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    alike = st.sampled_from(["==", "!="])
    texts = st.sampled_from(TEXTS)
    leaves = [
        some,
        st.builds("{} {} {}".format, numbers(words, deep - 1), sign, numbers(words, deep - 1)),
        st.builds("{} {} {}".format, sizes(deep - 1), sign, sizes(deep - 1)),
        st.builds("{} {} {}".format, texts, alike, texts),
        st.builds("{} in {}.tags".format, texts, st.sampled_from(["host", "vm"])),
        st.builds('{} in ["a", "gold"]'.format, texts),
        st.builds("{} in [1.0, 2.0]".format, numbers(words, deep - 1)),
    ]
    if deep <= 0:
        return st.one_of(*leaves)
    below = conditions(words, deep - 1)
    return st.one_of(
        *leaves,
        st.builds("!({})".format, below),
        st.builds("({} && {})".format, below, below),
        st.builds("({} || {})".format, below, below),
        st.builds("({} ? {} : {})".format, below, below, below),
    )


def numbers(words: Words, deep: int) -> st.SearchStrategy[str]:
    """Draw a plain number as text."""
    leaf = st.sampled_from((*words.plain, "0.0", "1.0", "2.5"))
    if deep <= 0:
        return leaf
    below = numbers(words, deep - 1)
    many = [
        leaf,
        st.builds("({} {} {})".format, below, st.sampled_from("+-*"), below),
        st.builds("({} / {})".format, below, st.sampled_from(words.divisors)),
        st.builds("-({})".format, below),
        st.builds("({} ? {} : {})".format, st.sampled_from(words.flags), below, below),
    ]
    if words.functions:
        many += [
            st.builds("{}({}, {})".format, st.sampled_from(["min", "max", "cyclic"]), below, below),
            st.builds("clamp({}, {}, {})".format, below, below, below),
        ]
    return st.one_of(*many)


def sizes(deep: int) -> st.SearchStrategy[str]:
    """Draw a number of bytes as text."""
    leaf = st.sampled_from(BYTES)
    if deep <= 0:
        return leaf
    below = sizes(deep - 1)
    return st.one_of(leaf, st.builds("({} {} {})".format, below, st.sampled_from("+-"), below))


def typed(text: str) -> Expr:
    """Read one condition."""
    piece = Piece(file="law", line=1, text=f"rule law {{ require {text} }}")
    tree = parse(piece)
    assert isinstance(tree, Tree), tree
    return condition(piece, next(tree.find_data("require")).children[0])


def value(chance: Random, name: str) -> Value | None:
    """Choose what a sensor may show; None is unknown."""
    sensor = SENSORS[name]
    if chance.random() < 0.2:
        return None
    match sensor.type.kind:
        case Kind.FLAG:
            return chance.random() < 0.5
        case Kind.TEXT:
            return chance.choice(sensor.values or WORDS)
        case Kind.TEXTS:
            return frozenset(chance.sample(WORDS, chance.randrange(3)))
        case Kind.NUMBER:
            return chance.choice([1.0, 4.0] if name == "host.cpu.cores" else [0.0, 1.0, 2.0, 3.5, 1000.0])


HOST_NAMES = tuple(name for name, sensor in SENSORS.items() if sensor.scope in {"host", "rack"} and not sensor.formula)
VM_NAMES = tuple(name for name, sensor in SENSORS.items() if sensor.scope == "vm")


def machine(chance: Random, hosts: int) -> Vm:
    """Make a machine, on one of `hosts` hosts or on none."""
    shown = {name: value(chance, name) for name in VM_NAMES}
    return Vm(
        values={name: found for name, found in shown.items() if found is not None},
        read_at_s={"vm.cpu.used": chance.choice([990.0, 900.0])},
        averages=chance.choice([{}, {("vm.cpu.used", 60.0): 1.5}]),
        row=chance.randrange(-1, hosts),
    )


def table(chance: Random) -> HostTable:
    """Make some hosts, with machines of several groups on them and some cells unknown or stale."""
    size = chance.randint(1, 4)
    made = HostTable([f"n{row}" for row in range(size)])
    for name in chance.sample(HOST_NAMES, len(HOST_NAMES) - 3):
        for row in range(size):
            made.put(row, name, value(chance, name), read_at_s=chance.choice([1000.0, 985.0, 10.0]))
    for _ in range(chance.randrange(4)):
        made.crowds.change(machine(chance, 0), chance.randrange(size), 1)
    for image in chance.sample(WORDS, 2):
        made.hold(chance.randrange(size), image)
    if chance.random() < 0.5:
        made.power = PowerModel(np.linspace(100.0, 200.0, size * 3).reshape(size, 3))
        made.averages["host.cpu.load", 300.0] = np.array([nan, 2.0, 0.0, 1.0])[:size]
    return made


def _scene(seed: int) -> tuple[HostTable, Vm]:
    chance = Random(seed)
    hosts = table(chance)
    vm = machine(chance, len(hosts))
    if vm.row >= 0:
        hosts.crowds.change(vm, vm.row, 1)
    return hosts, vm


def scenes() -> st.SearchStrategy[tuple[HostTable, Vm]]:
    """Draw hosts and a machine that may be one of those on them, by seed: cell by cell would take minutes."""
    return st.integers(0, 2**32).map(_scene)
