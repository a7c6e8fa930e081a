"""An operator's bad day in a real terminal: a host fails, is emptied, rules are mended, and the server itself dies.

Hosts are scripted ones in a process of their own: they can be lost, move instances and have consoles that answer. The
trap: a terminal takes escape and a letter that follows at once for one key, so escape is waited for.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.api.resources import AddCluster, AddHost, LaunchInstances
from app.client import calls
from app.client.http import SyncCloud
from tests.deadline import eventually
from tests.scripted_world import World
from tests.served import ServedCloud
from tests.tui.tmux import Terminal

pytestmark = pytest.mark.tui
HOSTS = ("alder", "birch", "cedar")
RULE = "rule last { prefer host.index weigth 2 }"


@pytest.fixture
def world() -> Iterator[World]:
    with World() as world:
        yield world


@pytest.fixture
def cloud(tmp_path: Path, world: World) -> Iterator[ServedCloud]:
    """Serve three scripted hosts with six instances, two on each."""
    with ServedCloud(tmp_path / "state", rehearse="none") as served:
        image = tmp_path / "root.img"
        image.write_bytes(b"root" * 1024)
        served.euca("image", "install", str(image), "--name", "root")
        with SyncCloud(served.url, served.credentials()["EUCA_TOKEN"]) as rest:
            rest.send(calls.add_cluster(AddCluster(name="forest")))
            for name in HOSTS:
                rest.send(calls.add_host(AddHost(name=name, uri=world.uri(name, "&cores=8"), cluster="forest")))
            eventually(lambda: all(host.state == "up" for host in rest.send(calls.hosts()).items))
            image_id = rest.send(calls.images()).items[0].id
            rest.send(calls.launch(LaunchInstances(image_id=image_id, count=6)))
            eventually(lambda: all(row.state == "running" for row in rest.send(calls.instances()).items))
        yield served


def see_what_failed(terminal: Terminal, world: World) -> None:
    world.direct("lose", "birch")
    terminal.shows("needs you", "Host birch", "does not answer")
    terminal.press("2", "z")
    terminal.shows("1 of 3 hosts", "○ lost")
    terminal.press("z")
    terminal.type(":instances host:birch")
    terminal.press("Enter")
    terminal.shows("2 of 6 instances", "host:birch")
    world.direct("back", "birch")
    terminal.press("1")
    terminal.shows("all is well")


def empty_it(terminal: Terminal) -> None:
    terminal.type(":hosts host:birch")
    terminal.press("Enter")
    terminal.shows("1 of 3 hosts", "● up")
    terminal.press("d")
    terminal.shows("◐ draining")
    terminal.press("7")
    terminal.shows("drain birch", "done")
    terminal.type(":instances host:birch")
    terminal.press("Enter")
    terminal.shows("0 of 6 instances")


def change_the_rules(terminal: Terminal) -> None:
    terminal.press("6", "n")
    terminal.shows("rules ▸ new", "0 errors")
    terminal.type(RULE)
    terminal.press("Enter")
    terminal.shows("`weigth`: do you mean `weight`?")
    terminal.press("F8", "F9")
    terminal.shows("2 rules", "0 errors")
    terminal.press("C-r")
    terminal.shows("would move", "counts for")
    terminal.press("Escape")
    terminal.hides("esc out of the text")
    terminal.press("A")
    terminal.shows("Policy mine decides from then on")
    terminal.press("Tab", "Enter")
    terminal.shows("decides from now on")
    terminal.press("6", "U")
    terminal.shows("decides again")


def launch_and_sit_down(terminal: Terminal) -> None:
    terminal.press("3")
    terminal.shows("filter: host:birch")
    terminal.press("Escape")
    terminal.hides("filter:")
    terminal.press("l")
    terminal.shows("Launch instances", "root")
    terminal.press("C-s")
    terminal.shows("7 instances")
    terminal.hides("◐ pending")
    terminal.press("c")
    terminal.shows("typing as admin")
    terminal.type("hello, guest")
    terminal.press("Enter")
    terminal.shows("hello, guest")
    terminal.press("C-]")
    terminal.shows("nobody is writing")
    terminal.press("Escape")


def tag_and_take_it_back(terminal: Terminal) -> None:
    terminal.shows("7 instances")
    terminal.press("k")
    terminal.shows("Tag i-", "Value")
    terminal.press("Tab")
    terminal.type("lonely")
    terminal.press("C-s")
    terminal.shows("lonely", "u undoes it")
    terminal.press("u")
    terminal.hides("lonely")


def end_three_by_a_filter(terminal: Terminal) -> None:
    terminal.type("/host:cedar")
    terminal.press("Enter")
    terminal.shows("3 of 7 instances", "filter: host:cedar")
    terminal.press("Space", "Space", "Space")
    terminal.shows("3 marked")
    terminal.press("t")
    terminal.shows("Terminate 3 instances?", "Type their number")
    terminal.type("3")
    terminal.press("Enter")
    terminal.shows("✕ terminated")


def test_a_bad_day_is_got_through_without_leaving_the_console(
    cloud: ServedCloud, world: World, terminal: Terminal
) -> None:
    token = cloud.credentials()["EUCA_TOKEN"]
    terminal.run(sys.executable, "-m", "app", "console", "--url", cloud.url, EUCA_TOKEN=token)
    terminal.shows("● live", "all is well")
    see_what_failed(terminal, world)
    empty_it(terminal)
    change_the_rules(terminal)
    launch_and_sit_down(terminal)
    tag_and_take_it_back(terminal)
    end_three_by_a_filter(terminal)
    cloud.kill()
    terminal.shows("○ lost", "retry in")
    cloud.start()
    terminal.shows("● live")
    terminal.press("2", "u")
    terminal.shows("birch may take instances again")
    terminal.press("q")
    terminal.shows("exit code 0")
