"""A gateway elsewhere for the bench: `euca gateway` in a process of its own, told by a door of this one."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from app.domain.gateway import RemoteGateway
from app.network.certificates import Authority
from app.network.elsewhere import Door
from app.server.gateways import StoredBook
from app.services import gateways
from app.store.database import Database


@asynccontextmanager
async def joined_gateway(store: Database, folder: Path, cluster: str) -> AsyncIterator[Mapping[str, RemoteGateway]]:
    """Start a gateway in this network namespace and wait until it is on the line."""
    authority, connected = Authority.of(folder / "keys"), asyncio.Event()
    door = Door(authority, StoredBook(store), [cluster])
    door.fabrics[cluster].changed = connected.set
    await store.write(lambda unit: gateways.configure(unit, [cluster], authority.server_fingerprint))
    _, token = await store.write(lambda unit: gateways.invite(unit, cluster, os.urandom))
    async with door.open("127.0.0.1", 0) as port:
        with _running(f"https://127.0.0.1:{port}", token, folder / "head"):
            await asyncio.wait_for(connected.wait(), 60)
            yield door.fabrics


@contextmanager
def _running(server: str, token: str, state: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "app", "gateway", "--server", server, "--token-file", "-", "--state", str(state)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True
    ) as running:
        try:
            if running.stdin is not None:
                print(token, file=running.stdin)
                running.stdin.close()
            yield
        finally:
            running.terminate()
