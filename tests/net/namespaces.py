"""Network namespaces of a test's own: nothing here touches the machine's network, and nothing is left behind.

A namespace has no name; it lives as long as somebody is in it or holds its file. The trap: being in one is a property
of a thread, which threads and processes that it starts inherit, those started before do not.
"""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any, Self, TypeVar

from pyroute2 import IPRoute

from tests.deadline import PATIENCE_S

Answer = TypeVar("Answer")
_NEW_NET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)


def missing(*programs: str) -> str:
    """Say what tests of the network lack on this machine; empty: nothing."""
    if os.geteuid() != 0:
        return "needs root"
    absent = [program for program in programs if shutil.which(program) is None]
    return f"needs {', '.join(absent)}" if absent else ""


class Namespace:
    """One network namespace with its loopback up; an end of it is `close`."""

    def __init__(self) -> None:
        self.file = _in_thread(_made)
        self.call(lambda: _up("lo"))

    def call(self, work: Callable[[], Answer]) -> Answer:
        """Do something inside, in a thread of its own."""

        def inside() -> Answer:
            _enter(self.file)
            return work()

        return _in_thread(inside)

    def run(self, *command: str, timeout_s: float = PATIENCE_S) -> "subprocess.CompletedProcess[str]":
        """Run a program inside."""
        return self.call(
            lambda: subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
        )

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Be inside with this thread, and with all that it starts meanwhile."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        _enter(self.file)
        try:
            yield
        finally:
            _enter(home)
            os.close(home)

    def close(self) -> None:
        os.close(self.file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()


class Guest:
    """A namespace that stands for a guest: one card `eth0` with a MAC address, its other end on a bridge."""

    def __init__(self, host: Namespace, bridge: str, mac: str) -> None:
        self.inside, self.mac = Namespace(), mac
        self.port = "t" + mac.replace(":", "")[4:]
        host.call(lambda: self._plug(bridge))
        self.inside.call(lambda: _up("eth0"))

    def _plug(self, bridge: str) -> None:
        with IPRoute() as route:
            peer = {"ifname": "eth0", "net_ns_fd": self.inside.file, "address": self.mac}
            route.link("add", ifname=self.port, kind="veth", address="fe" + self.mac[2:], peer=peer)
            index = route.link_lookup(ifname=self.port)[0]
            route.link("set", index=index, master=route.link_lookup(ifname=bridge)[0], state="up")

    def lease(self, folder: Path, *options: str, tries: int = 60) -> dict[str, str] | None:
        """Ask for an address as a guest does, set it, and return what DHCP told; None: silence."""
        told, script = folder / f"{self.port}.lease", folder / f"{self.port}.script"
        told.unlink(missing_ok=True)
        script.write_text(
            f"#!/bin/sh\n[ $1 = bound ] || exit 0\nenv > {told}\n"
            "ip addr replace $ip/$mask dev $interface\nip route replace default via $router\n"
        )
        script.chmod(0o755)
        command = ["busybox", "udhcpc", "-i", "eth0", "-n", "-q", "-f", "-t", str(tries), "-T", "1", "-s", str(script)]
        self.inside.run(*command, *options)
        if not told.exists():
            return None
        return dict(line.split("=", 1) for line in told.read_text().splitlines() if "=" in line)

    def close(self) -> None:
        self.inside.close()


def addresses(card: str) -> list[str]:
    """List the IPv4 addresses of a card of this thread's namespace; empty if there is no such card."""

    def read(route: Any) -> list[str]:
        return sorted(
            f"{one.get('address')}/{one['prefixlen']}"
            for index in route.link_lookup(ifname=card)
            for one in route.get_addr(family=2, index=index)
        )

    return _netlink(read)


def links() -> set[str]:
    return _netlink(lambda route: {str(link.get("ifname")) for link in route.get_links()})


def delete(card: str) -> None:
    _netlink(lambda route: route.link("del", index=route.link_lookup(ifname=card)[0]))


def make_bridge(name: str, address: str) -> None:
    def make(route: Any) -> None:
        route.link("add", ifname=name, kind="bridge", br_forward_delay=0)
        host, _, length = address.partition("/")
        index = route.link_lookup(ifname=name)[0]
        route.addr("add", index=index, address=host, prefixlen=int(length))
        route.link("set", index=index, state="up")

    _netlink(make)


def _netlink(work: Callable[[Any], Answer]) -> Answer:
    """Speak netlink in a thread of its own, since pyroute2 does not inside a running event loop."""

    def body() -> Answer:
        with IPRoute() as route:
            return work(route)

    return _in_thread(body)


def _made() -> int:
    if _LIBC.unshare(_NEW_NET) != 0:
        raise OSError(ctypes.get_errno(), "no network namespace can be made")
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY)


def _enter(file: int) -> None:
    if _LIBC.setns(file, _NEW_NET) != 0:
        raise OSError(ctypes.get_errno(), "the network namespace can not be entered")


def _up(name: str) -> None:
    with IPRoute() as route:
        route.link("set", index=route.link_lookup(ifname=name)[0], state="up")


def _in_thread(work: Callable[[], Answer]) -> Answer:
    answers: list[Answer] = []
    failures: list[BaseException] = []

    def body() -> None:
        try:
            answers.append(work())
        except BaseException as failure:
            failures.append(failure)

    thread = Thread(target=body)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return answers[0]
