"""The fast clients of the matrix, each through its whole life; `make test-clients` takes the slow ones, too."""

import pytest

from tests.clients.clients import CLIENTS, Client, steps
from tests.clients.matrix import Cell, Row, live, table


@pytest.mark.clients
@pytest.mark.parametrize("client", [one for one in CLIENTS if one.fast], ids=lambda one: str(one.name))
def test_a_client_lives_its_life(client: Client, credentials: dict[str, str]) -> None:
    row = live(client, credentials)
    if any(cell.status == "absent" for cell in row.cells.values()):
        pytest.skip(row.cells["regions"].why)
    failed = {step: cell.why for step, cell in row.cells.items() if cell.status == "failed"}
    assert failed == {}


def test_the_life_has_at_least_25_steps_each_needing_only_earlier_ones() -> None:
    names = [name for name, _ in steps()]
    assert len(names) >= 25
    assert all(set(needs) <= set(names[:place]) for place, (_, needs) in enumerate(steps()))


def test_the_table_names_each_reason_once() -> None:
    cells = {name: Cell("ok") for name, _ in steps()}
    cells |= {"tag": Cell("cannot", "no tags"), "tagged": Cell("cannot", "needs tag"), "run": Cell("failed", "no room")}
    drawn = table([Row(client="old", cells=cells), Row(client="new", cells={name: Cell("ok") for name, _ in steps()})])
    lines = drawn.splitlines()
    assert lines[2].split() == ["old", *("F" if n == "run" else "-" if n in ("tag", "tagged") else "+" for n in cells)]
    assert lines[-2:] == ["old, run: failed: no room", "old, tag: cannot: no tags"]


def test_a_client_that_can_not_be_installed_fails_with_the_reason() -> None:
    def refuse() -> tuple[list[str], dict[str, str]]:
        raise OSError("no such package")

    row = live(Client(name="none", script="none.py", prepare=refuse), {})
    assert row.missing
    assert set(row.cells.values()) == {Cell("failed", "no such package")}
