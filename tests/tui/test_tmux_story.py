"""A working day at the console, in a real terminal (tmux) on a served rehearsal cloud.

What is typed goes through the terminal, what is seen is read from its screen. The trap: a screen is never complete
at the moment it is read, so everything is waited for.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deadline import eventually
from tests.served import ServedCloud
from tests.tui.tmux import Terminal

pytestmark = pytest.mark.tui


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[ServedCloud]:
    with ServedCloud(tmp_path / "state") as cloud:
        yield cloud


def launch_two_beside(terminal: Terminal, drained: str) -> list[str]:
    """Launch by the form and return the ids, none of which may be on the drained host."""
    terminal.press("3")
    terminal.shows("0 instances", "Nothing runs yet: l launches")
    terminal.press("l")
    terminal.shows("Launch instances", "rehearsal-root")
    terminal.press("Tab", "Tab")
    terminal.type("2")
    terminal.press("Enter")
    terminal.shows("launching 2 instances", "2 instances")
    terminal.hides("◐ pending")
    screen = terminal.shows("● running")
    rows = [line for line in screen.splitlines() if "● running" in line]
    assert not any(drained in row for row in rows), "a drained host takes nothing new"
    ids = [line.split()[0] for line in (row.lstrip("▶ ") for row in rows)]
    assert len(set(ids)) == 2
    return ids


def read_the_output_of(terminal: Terminal, given: str) -> None:
    terminal.type(f"/{given}")
    terminal.shows("1 of 2 instances", f"filter: {given}")
    terminal.press("Enter")
    terminal.shows("o output")
    terminal.press("o")
    terminal.shows("▸ output", "rehearsal host: nothing runs here", f"{given} login:")
    terminal.press("Escape")
    terminal.shows("1 of 2 instances")
    terminal.press("Escape")
    terminal.hides("1 of 2")


def lose_and_regain(terminal: Terminal, cloud: ServedCloud) -> None:
    cloud.kill()
    terminal.shows("○ lost", "retry in", "Connection lost", "Actions wait")
    terminal.press("2")
    terminal.shows("6 hosts", "◐ draining")
    cloud.start()
    terminal.shows("● live")
    terminal.hides("Connection lost")


def test_a_day_at_the_console(cloud: ServedCloud, terminal: Terminal) -> None:
    euca = (sys.executable, "-m", "app")
    terminal.run(*euca, "console", "--url", cloud.url, EUCA_TOKEN=cloud.credentials()["EUCA_TOKEN"])
    terminal.shows("REHEARSAL", "● live", "clusters", "cluster1 3/3", "all is well", "cluster2-host3 is up")

    terminal.press("2")
    terminal.shows("6 hosts", "▶ cluster1-host1")
    terminal.press("d")
    terminal.shows("◐ draining", "u undoes it")
    ids = launch_two_beside(terminal, "cluster1-host1")
    read_the_output_of(terminal, ids[0])

    terminal.press("*", "t")
    terminal.shows("Terminate 2 instances?", *ids, "There is no way back", "Type their number")
    terminal.type("2")
    terminal.press("Enter")
    terminal.shows("ending 2 instances", "✕ terminated")

    lose_and_regain(terminal, cloud)
    terminal.press("u")
    terminal.shows("cluster1-host1 may take instances again")
    terminal.hides("◐ draining")

    terminal.press("q")
    terminal.shows("exit code 0")


def test_keys_mouse_and_what_is_kept_hold_in_a_real_terminal(
    tmp_path: Path, cloud: ServedCloud, terminal: Terminal
) -> None:
    def start() -> None:
        euca = (sys.executable, "-m", "app")
        token = cloud.credentials()["EUCA_TOKEN"]
        terminal.run(*euca, "console", "--url", cloud.url, EUCA_TOKEN=token, XDG_CONFIG_HOME=str(tmp_path / "config"))
        terminal.shows("● live", "all is well")

    def mouse() -> str:
        return terminal.tmux("display-message", "-p", "#{mouse_all_flag}").strip()

    start()
    terminal.press("2")
    terminal.shows("6 hosts")
    terminal.press("Space", "Down", "Down", "C-Space")
    terminal.shows("4 marked")
    eventually(lambda: mouse() == "1")
    terminal.press("C-t")
    terminal.shows("the mouse is the terminal's")
    eventually(lambda: mouse() == "0")
    terminal.press("C-t")
    eventually(lambda: mouse() == "1")
    terminal.type("/host2")
    terminal.press("Enter")
    terminal.shows("2 of 6 hosts", "filter: host2")
    terminal.press("v", "s")
    terminal.shows("Save this view")
    terminal.type("seconds")
    terminal.press("Enter")
    terminal.shows("view: seconds")
    terminal.press("q")
    terminal.shows("exit code 0")
    terminal.tmux("kill-server")
    start()
    terminal.press("2")
    terminal.shows("2 of 6 hosts", "view: seconds", "filter: host2")
    terminal.press("q")
    terminal.shows("exit code 0")


def test_a_cloud_that_came_with_the_console_goes_with_it(tmp_path: Path, terminal: Terminal) -> None:
    state = tmp_path / "state"
    terminal.run(sys.executable, "-m", "app", "run", "--state", str(state), "--listen", "127.0.0.1:0")
    terminal.shows("REHEARSAL", "● live", "all is well")
    pid = int((state / "lock").read_text())
    terminal.press("q")
    terminal.shows("Quit eucalyptus?", "stops with it")
    terminal.press("Escape")
    terminal.hides("Quit eucalyptus?")
    terminal.press("q")
    terminal.shows("Quit eucalyptus?")
    terminal.press("q")
    terminal.shows("The cloud is stopped", f"euca run --state {state}"[:20], "exit code 0")
    assert not Path(f"/proc/{pid}").exists()


def test_a_port_that_is_taken_is_said_with_what_to_do(tmp_path: Path, cloud: ServedCloud, terminal: Terminal) -> None:
    address = cloud.url.removeprefix("http://")
    terminal.run(sys.executable, "-m", "app", "run", "--state", str(tmp_path / "other"), "--listen", address)
    terminal.shows(f"{address} can not be used: Address already in use", "euca console", "--listen 127.0.0.1:0")
    terminal.shows("exit code 1")
