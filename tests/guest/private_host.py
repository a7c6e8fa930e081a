"""A private libvirtd as tests with real guests want it: an address, a pool directory, and the names of what it runs."""

import shutil
from pathlib import Path

import libvirt

from tests.contract.libvirtd import Libvirtd
from tests.contract.libvirtd import missing as missing_for_libvirtd


def missing() -> str:
    """Say what real guests lack on this machine; empty: nothing."""
    programs = {"qemu-system-x86_64": "qemu-system-x86", "qemu-img": "qemu-utils"}
    absent = [package for program, package in programs.items() if shutil.which(program) is None]
    return missing_for_libvirtd() or (f"needs packages {' '.join(absent)}" if absent else "")


class PrivateHost:
    """`uri` opens the QEMU driver of a running private libvirtd; `instance_path` is fit for a storage pool."""

    def __init__(self, daemon: Libvirtd) -> None:
        self.daemon = daemon
        self.uri = daemon.qemu_uri
        self.instance_path: Path = daemon.folder / "instances"
        self.instance_path.mkdir()

    def domains(self) -> list[str]:
        """List the names of all domains, running or not."""
        connection = libvirt.open(self.uri)
        try:
            return sorted(domain.name() for domain in connection.listAllDomains())
        finally:
            connection.close()

    def processes(self) -> list[int]:
        """List the process ids of the guests, by the files that they hold."""
        return [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/cmdline") if self._is_guest(path)]

    def _is_guest(self, command_line: Path) -> bool:
        try:
            words = command_line.read_bytes().split(b"\0")
        except OSError:
            return False
        return b"qemu" in words[0] and any(str(self.instance_path).encode() in word for word in words)
