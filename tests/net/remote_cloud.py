"""A cloud whose two clusters have their gateways elsewhere: a namespace each, joined to the server's by one wire.

The gateways are the real program in a process of its own, so that a kill is a kill; the server is in this process.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Self

from pyroute2 import IPRoute

from app.network.certificates import Authority
from app.network.elsewhere import Door
from app.server.gateways import StoredBook
from app.services import gateways
from app.store.database import Database
from tests.deadline import PATIENCE_S
from tests.net.far import GATEWAY as SERVER
from tests.net.far import WIRE, FarHost, Keys, lay_wire
from tests.net.namespaces import Namespace
from tests.net.small_cloud import HOST, OTHER_HOST, SmallCloud

_CLUSTER = """VNET_MODE="{mode}"
VNET_SUBNET="{subnet}"
VNET_NETMASK="255.255.0.0"
VNET_GATEWAY="elsewhere"
VNET_TUNNELS="trusted"
VNET_JOINED="{joined}"
"""
UNJOINED = {"one": ("10.9.0.0", ""), "two": ("10.9.0.0", "")}
"""Where they are, which may be the same, and with whom they are joined."""


_HOME = {"vnet_mode": "MANAGED-NOVLAN", "vnet_subnet": "10.8.0.0", "vnet_netmask": "255.255.0.0"}
HOME_HOST = replace(HOST, name="real3", cluster="home", ordinal=3)


class RemoteCloud(SmallCloud):
    """Clusters `one` and `two`, of which those have gateways that `elsewhere` names; they are started by `join`.

    The network of cluster `home` is the server's own; `more` are lines for the files of all others.
    """

    def __init__(
        self,
        machine: Namespace,
        store: Database,
        folder: Path,
        mode: str = "MANAGED-NOVLAN",
        elsewhere: Mapping[str, tuple[str, str]] = UNJOINED,
        more: str = "",
        /,
        **settings: str,
    ) -> None:
        for cluster, (subnet, joined) in elsewhere.items():
            text = _CLUSTER.format(mode=mode, subnet=subnet, joined=joined or "not_configured")
            (folder / f"{cluster}.conf").write_text(text + more)
        files = " ".join(f"{cluster}={folder}/{cluster}.conf" for cluster in elsewhere)
        names = {"disable_dns": "N", "dns_domain": "cloud.example"}
        super().__init__(machine, store, folder, **_HOME | {"vnet_clusters": files} | names | settings)
        self.hosts["home"], self.places["home"] = HOME_HOST, machine
        self.authority, self.elsewhere = Authority.of(folder / "keys"), tuple(elsewhere)
        self.door = Door(self.authority, StoredBook(store), self.elsewhere)
        self.networks.connect(self.fabric, self.settings.network, elsewhere=self.door.fabrics)
        self.port, self.heads = 0, dict[str, Namespace]()
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._open = AsyncExitStack()
        self._stirred = asyncio.Event()
        for fabric in self.door.fabrics.values():
            fabric.changed = self._stir

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        lay_wire()
        for number, cluster in enumerate(self.elsewhere, 2):
            place = self.places[cluster] = self.heads[cluster] = Namespace()
            self.machine.call(partial(_wired, place, number))
            place.run("ip", "address", "add", f"192.0.2.{number}/24", "dev", "wire")
            place.run("ip", "link", "set", "wire", "up")
        await self.store.write(lambda unit: gateways.configure(unit, self.elsewhere, self.authority.server_fingerprint))
        await self.open_door()
        return self

    async def __aexit__(self, *failure: object) -> None:
        for cluster in list(self._running):
            self.kill(cluster)
        await self._open.aclose()
        await super().__aexit__(*failure)
        for place in self.heads.values():
            place.close()

    def _stir(self) -> None:
        self._stirred.set()
        self.networks.poke()

    async def open_door(self) -> None:
        """Let the server be there, where it was before."""
        self.port = await self._open.enter_async_context(self.door.open(SERVER, self.port))

    async def shut_door(self) -> None:
        """Take the server away."""
        await self._open.aclose()

    async def token(self, cluster: str) -> str:
        return (await self.store.write(lambda unit: gateways.invite(unit, cluster, self.entropy)))[1]

    def start(self, cluster: str, token: str = "", state: str = "") -> "subprocess.Popen[str]":
        """Start `euca gateway` where a cluster is; its state is kept under the name of the cluster."""
        command = [sys.executable, "-m", "app", "gateway", "--server", f"https://{SERVER}:{self.port}"]
        command += ["--state", str(self.folder / (state or f"gateway-{cluster}"))]
        if token:
            (self.folder / f"token-{cluster}").write_text(token)
            command += ["--token-file", str(self.folder / f"token-{cluster}")]
        environment = {**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}"}
        running = self.heads[cluster].call(
            lambda: subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        )
        self._running[f"{cluster} {running.pid}"] = running
        return running

    def purge(self, cluster: str) -> "subprocess.CompletedProcess[str]":
        """Take away what a gateway has made."""
        command = (
            sys.executable,
            "-m",
            "app",
            "gateway",
            "--purge",
            "--state",
            str(self.folder / f"gateway-{cluster}"),
        )
        return self.heads[cluster].run(*command)

    async def join(self, cluster: str, during: Callable[[], object] = lambda: None) -> "subprocess.Popen[str]":
        """Start a gateway with a new token, and wait until it is on the line."""
        running = self.start(cluster, await self.token(cluster))
        await self.connected(cluster)
        return running

    async def connected(self, cluster: str, within_s: float = PATIENCE_S) -> None:
        """Wait until a gateway is on the line and has made what is wanted."""
        async with asyncio.timeout(within_s):
            while not self.door.fabrics[cluster].connected:
                self._stirred.clear()
                await self._stirred.wait()
        await self.networks.ready(HOST if cluster == HOST.cluster else OTHER_HOST)

    async def move_host(self, far: FarHost, keys: Keys) -> None:
        """Let the host of cluster `one` be another machine than its gateway, which knows it by these keys."""
        (self.folder / "bin").mkdir()
        wrapper = self.folder / "bin" / "ssh"
        wrapper.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {keys.config} "$@"\n')
        wrapper.chmod(0o755)
        host = self.hosts["one"] = replace(HOST, uri=f"qemu+ssh://root@{far.address}/system")
        self.places["one"] = far.inside
        self.door.fabrics["one"].trusted = True
        await self.store.write(lambda unit: unit.hosts.put(host))

    def running(self) -> list[str]:
        """Name the gateways that run."""
        return list(self._running)

    async def repaired(self) -> list[str]:
        """List what the journal says to have been repaired."""
        told = await self.store.read(lambda unit: unit.entries(0, 1000))
        return [entry.text for entry in told if entry.event == "network.repaired"]

    def kill(self, name: str) -> None:
        """Kill a gateway by its name, at once."""
        running = self._running.pop(name)
        running.kill()
        running.communicate(timeout=PATIENCE_S)


def _wired(place: Namespace, number: int) -> None:
    with IPRoute() as route:
        peer = {"ifname": "wire", "net_ns_fd": place.file}
        route.link("add", ifname=f"wire{number}", kind="veth", peer=peer)
        index = route.link_lookup(ifname=f"wire{number}")[0]
        route.link("set", index=index, master=route.link_lookup(ifname=WIRE)[0], state="up")
