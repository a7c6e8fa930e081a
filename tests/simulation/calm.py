"""What must hold once faults have ended and users rest: everything settles, and nothing is left over."""

from app.domain.files import PARTIAL
from app.domain.states import HostState, InstanceState, Seen
from app.reconcile.disks import CACHED
from tests.simulation.book import Row
from tests.simulation.machine import ON, STRANGER, Machine
from tests.simulation.users import Memory
from tests.simulation.world import World

SETTLED = frozenset({InstanceState.RUNNING, InstanceState.STOPPED, InstanceState.TERMINATED})


def unsettled(world: World) -> str:
    """Say what is not settled yet; empty: everything is."""
    if world.server is None or not world.server.ready:
        return "the server is not up"
    joined = world.book.hosts
    for name, host in joined.items():
        if host["state"] != HostState.UP:
            return f"{name} is {host['state']}"
    for name, row in world.book.rows.items():
        wrong = _on_its_way(row, name)
        if wrong or (row.host in joined and (wrong := _against(row, name, world.machines[row.host]))):
            return wrong
    left = (_left_over(world, machine) for machine in world.machines.values())
    return world.registrar.unsettled() or next(filter(None, left), "")


def _on_its_way(row: Row, name: str) -> str:
    if row.state not in SETTLED:
        return f"{name} on {row.host} is still {row.state} (attempts: {row.columns['attempts']})"
    if row.columns["moving_from"]:
        return f"{name} still moves from {row.columns['moving_from']} to {row.host}"
    if row.columns["rebooted"] != row.columns["reboots"] and row.state is InstanceState.RUNNING:
        return f"{name} waits for its reboot"
    return ""


def forgotten(world: World, memory: Memory) -> str:
    """Say which answered request is not remembered by the store itself; empty: all are."""
    rows = dict(world.disk.execute("SELECT id, reservation_id FROM instances").fetchall())
    for reservation_id, ids in memory.reservations.items():
        for each in ids:
            if rows.get(each) != reservation_id:
                return f"{each} of {reservation_id} was answered and is not in the store"
    for name, row in world.book.rows.items():
        if name not in rows:
            return f"{name} ({row.state}) is in the journal and not in the store"
    return ""


def differs(world: World) -> str:
    """Say where the journal, entry by entry, does not lead to what the tables hold; empty: it does."""
    counted = ("launches", "launched", "reboots", "rebooted", "attempts")
    columns = ("wanted", "seen", "removed", "host", "moving_from", *counted)
    for name, *values in world.disk.execute(f"SELECT id, {', '.join(columns)} FROM instances").fetchall():
        told = world.book.rows[name].columns
        for column, value in zip(columns, values, strict=True):
            if told[column] != value:
                return f"{name}: the journal says {column} = {told[column]}, the table {value}"
    return ""


def _against(row: Row, name: str, machine: Machine) -> str:
    """Compare one row with its machine."""
    domain = machine.domains.get(name)
    state = Seen.NOTHING if domain is None else domain.state
    if row.state is InstanceState.RUNNING and state not in ON:
        return f"{name} is called running and its domain is {state}"
    if row.state is InstanceState.STOPPED and state in ON:
        return f"{name} is called stopped and its domain is {state}"
    if row.state is InstanceState.TERMINATED and domain is not None:
        return f"{name} is called terminated and its domain is {state}"
    return ""


def _left_over(world: World, machine: Machine) -> str:
    """Find domains and disks that belong to nobody, on a host that is part of the cloud."""
    if machine.name not in world.book.hosts:
        return ""
    for name, domain in machine.domains.items():
        if name != STRANGER and name not in world.book.rows:
            return f"the domain {name} on {machine.name} belongs to nobody"
        row = world.book.rows.get(name)
        if row is not None and row.host != machine.name and (domain.on or row.columns["removed"]):
            return f"the domain {name} on {machine.name} belongs on {row.host}"
    for volume in machine.volumes:
        owner = volume.removesuffix(PARTIAL).partition(".")[0]
        if volume.startswith(CACHED):
            continue
        row = world.book.rows.get(owner)
        if row is None or row.columns["removed"]:
            return f"the disk {volume} on {machine.name} belongs to nobody"
    return ""
