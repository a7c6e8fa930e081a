"""Seed disks: what an instance is told where no metadata address answers, in the form of cloud-init's NoCloud.

An ISO 9660 image with the label `cidata` and the files' real names, as cloud-init on Linux and cloudbase-init on
Windows look for it. The trap: it holds a user's secrets, so the server's copy is for the owner only and lives no longer
than its upload; what a kill left goes at the next start.
"""

import hashlib
import io
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pycdlib import PyCdlib

from app.domain.errors import Unavailable

LABEL = "cidata"
SUFFIX = ".iso"


class Seeds:
    """The port `SeedFiles` on a directory of its own, which is made or rid of old ones (mode 0700; files 0600)."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in directory.glob(f"*{SUFFIX}"):
            left.unlink()

    def write(self, files: Mapping[str, bytes]) -> tuple[Path, str]:
        """Write an image that holds these files; return where, for the caller to remove, and its SHA-256.

        Unavailable, and nothing left, where the disk does not take it.
        """
        content = seed_image(files)
        path = self._directory / (secrets.token_hex(8) + SUFFIX)
        try:
            path.touch(0o600)
            path.write_bytes(content)
        except OSError as refused:
            with suppress(OSError):
                path.unlink()
            raise Unavailable("seed disk", f"it can not be written: {refused.strerror}") from refused
        return path, hashlib.sha256(content).hexdigest()


def seed_image(files: Mapping[str, bytes]) -> bytes:
    """Form the image; a file's name has no slash."""
    image, out = PyCdlib(), io.BytesIO()
    image.new(interchange_level=3, vol_ident=LABEL, joliet=3, rock_ridge="1.09")
    for number, (name, content) in enumerate(files.items()):
        short = f"/FILE{number}.;1"
        image.add_fp(io.BytesIO(content), len(content), short, rr_name=name, joliet_path=f"/{name}")
    image.write_fp(out)
    image.close()
    return out.getvalue()
