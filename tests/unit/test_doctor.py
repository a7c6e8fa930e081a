"""What the doctor finds on machines of different kinds, and what it says to type."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from app.doctor import Check, Machine, examine, local_uris, this_machine
from app.settings import Settings, load

BARE = Machine(
    python=(3, 11, 2),
    library=lambda name: "libvirt.so.0",
    distribution=lambda name: "12.8.0",
    program=lambda name: None,
    exists=lambda path: False,
    free_port=lambda host, port: "",
)


def checks(machine: Machine, settings: Settings | None = None) -> dict[str, Check]:
    return {check.name: check for check in examine(settings or Settings(), machine)}


def test_a_machine_without_hypervisor_is_fit_to_serve() -> None:
    found = checks(BARE)
    assert all(check.ok for check in found.values())
    assert found["hypervisor"].advice == "euca host add xen+ssh://root@HOST/system"


def test_it_is_told_that_volumes_are_rehearsed_only() -> None:
    found = checks(BARE)["volume storage"]
    assert found.ok
    assert "nothing is stored" in found.found


@pytest.mark.parametrize(
    ("machine", "name"),
    [
        (replace(BARE, python=(3, 10, 1)), "python"),
        (replace(BARE, library=lambda name: None), "libvirt library"),
        (replace(BARE, distribution=lambda name: None), "libvirt-python"),
        (replace(BARE, free_port=lambda host, port: "Address already in use"), "listener"),
    ],
)
def test_what_is_wrong_is_told_with_something_to_type(machine: Machine, name: str) -> None:
    wrong = [check for check in checks(machine).values() if not check.ok]
    assert [check.name for check in wrong] == [name]
    assert wrong[0].advice


def test_a_setting_that_nothing_acts_upon_yet_is_named(tmp_path: Path) -> None:
    file = tmp_path / "eucalyptus.conf"
    file.write_text('VNET_LOCALIP="10.0.0.1"\n')
    told = [check.found for check in examine(load({}, {}, file), BARE) if check.name == "config"]
    assert told == [f"{file} was read", f"{file}:1: VNET_LOCALIP: understood, but nothing acts upon it yet"]


@pytest.mark.parametrize(
    ("there", "advice"),
    [
        ({"/run/libvirt/libvirt-sock"}, "euca host add qemu:///system"),
        ({"/run/libvirt/virtqemud-sock"}, "euca host add qemu:///system"),
        ({"/run/libvirt/libvirt-sock", "/proc/xen/capabilities"}, "euca host add xen:///system"),
    ],
)
def test_a_libvirt_that_runs_here_is_offered_to_join(there: set[str], advice: str) -> None:
    machine = replace(BARE, exists=there.__contains__)
    assert checks(machine)["hypervisor"].advice == advice
    assert local_uris(there.__contains__) == [advice.rpartition(" ")[2]]


@pytest.mark.parametrize(
    ("program", "word"), [("libvirtd", "systemctl start"), ("qemu-system-x86_64", "apt-get install")]
)
def test_a_hypervisor_that_lacks_something_says_what(program: str, word: str) -> None:
    machine = replace(BARE, program=lambda name: f"/usr/bin/{name}" if name == program else None)
    assert word in checks(machine)["hypervisor"].advice


def test_a_state_directory_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    fine = checks(BARE, Settings(state_dir=tmp_path / "new" / "deep"))["state directory"]
    wrong = checks(BARE, Settings(state_dir=tmp_path / "file" / "below"))["state directory"]
    assert (fine.ok, wrong.ok) == (True, False)
    assert not (tmp_path / "new").exists()


def test_a_port_in_use_is_seen() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        why = this_machine().free_port("127.0.0.1", taken.getsockname()[1])
    assert "in use" in why
    assert this_machine().free_port("127.0.0.1", 0) == ""


def test_this_machine_can_be_examined() -> None:
    assert {"python", "listener", "hypervisor"} <= checks(this_machine()).keys()
