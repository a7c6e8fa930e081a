"""The fast clients of the matrix, each through its whole life; `make test-clients` takes the slow ones, too."""

from pathlib import Path

import pytest

from bench.environments import NotHere, virtual
from tests.clients.__main__ import fails
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


def unable(error: OSError) -> Row:
    def refuse() -> tuple[list[str], dict[str, str]]:
        raise error

    return live(Client(name="none", script="none.py", prepare=refuse), {})


def test_a_client_that_can_not_be_installed_fails_with_the_reason() -> None:
    row = unable(OSError("no such package"))
    assert set(row.cells.values()) == {Cell("failed", "no such package")}
    assert fails(row, strictly=True)
    assert not fails(row, strictly=False)


def test_a_client_whose_interpreter_is_not_on_the_machine_is_no_failure() -> None:
    row = unable(NotHere("Python 2.7 is not on this machine"))
    assert set(row.cells.values()) == {Cell("absent", "Python 2.7 is not on this machine")}
    assert not fails(row, strictly=True)


def test_a_client_that_ends_early_fails_in_what_it_did_not_tell() -> None:
    row = live(Client(name="none", script="none.py"), {})
    assert {cell.status for cell in row.cells.values()} == {"failed"}
    assert fails(row, strictly=False)


def test_an_environment_is_not_made_without_its_interpreter(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("nothing==1\n")
    with pytest.raises(NotHere, match=r"Python 3\.99"):
        virtual(tmp_path / "environment", tmp_path / "lock", "3.99")
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]
