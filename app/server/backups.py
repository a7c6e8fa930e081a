"""REST: a copy of the whole state while the cloud runs. It holds secrets, so administrators only."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from litestar import Controller, post
from litestar.response import Stream

from app.domain.account import Role
from app.server.desk import At, needs

PIECE_BYTES = 1 << 20
DRAFT = ".backup-"


class BackupController(Controller):
    path = "/backup"
    tags = ("state",)
    opt = needs(Role.ADMIN)

    @post(
        operation_id="Backup",
        summary="The state as one SQLite file; `euca restore` puts it back",
        status_code=200,
        media_type="application/vnd.sqlite3",
    )
    async def backup(self, desk: At) -> Stream:
        """A copy of the cloud's state as it is at one moment; it holds secrets."""
        draft = desk.cloud.state_dir / f"{DRAFT}{secrets.token_hex(8)}"
        await desk.act("Backup", "", asyncio.to_thread(desk.cloud.backup, draft))
        copy = await asyncio.to_thread(_taken, draft)
        return Stream(_sent(copy), media_type="application/vnd.sqlite3")


def clear_abandoned(state: Path) -> None:
    """Remove what a server that was killed left of copies; they hold secrets. Only before this one makes any."""
    for draft in state.glob(f".*{DRAFT.lstrip('.')}*"):
        draft.unlink(missing_ok=True)


def _taken(file: Path) -> BinaryIO:
    """Open a file and unlink it: nothing is left, whether the client takes all of it, goes away, or we are killed."""
    copy = file.open("rb")
    file.unlink()
    return copy


async def _sent(copy: BinaryIO) -> AsyncIterator[bytes]:
    with copy as source:
        while piece := await asyncio.to_thread(source.read, PIECE_BYTES):
            yield piece
