"""Debian packages as a source of files: looked up in the machine's apt lists, fetched once, read without installing.

Root is not needed. Which versions are taken is decided by apt's lists alone, and apt's own digest is checked on
every file of the cache, so the same lists give the same files. The trap: without lists apt knows no package.
"""

import hashlib
import re
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.domain.errors import Broken
from app.storage.programs import run

_LINE = re.compile(r"'[^']*' (?P<file>\S+\.deb) (?P<size>\d+) SHA256:(?P<sha256>[0-9a-f]{64})")
_DOWNLOAD_DEADLINE_S = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Deb:
    """One package file as apt would fetch it."""

    name: str
    file: str
    sha256: str


def real_package(meta: str) -> str:
    """Return the package that a meta package stands for today: its first dependency."""
    answer = _ask_apt(["apt-cache", "show", "--no-all-versions", meta], meta)
    found = re.search(r"^Depends: ([^\s,(]+)", answer, re.MULTILINE)
    if found is None:
        raise Broken("guest image", f"apt does not say which package {meta} stands for")
    return found[1]


def look_up(names: Sequence[str]) -> list[Deb]:
    """Return the package files that apt's lists name; nothing is fetched."""
    answer = _ask_apt(["apt-get", "download", "--print-uris", *names], ", ".join(names))
    debs = [
        Deb(name=line["file"].partition("_")[0], file=line["file"], sha256=line["sha256"])
        for line in _LINE.finditer(answer)
    ]
    absent = set(names) - {deb.name for deb in debs}
    if absent:
        raise Broken("guest image", f"apt offers no signed file of: {', '.join(sorted(absent))}")
    return sorted(debs, key=lambda deb: deb.name)


def fetch(debs: Sequence[Deb], cache: Path, progress: Callable[[str], None]) -> None:
    """Make every package file stand in the cache, whole; what is there already is not fetched again."""
    cache.mkdir(parents=True, exist_ok=True)
    wanted = [deb for deb in debs if not _is_whole(cache / deb.file, deb)]
    if not wanted:
        return
    progress(f"fetching {len(wanted)} packages from Debian")
    with tempfile.TemporaryDirectory(dir=cache, prefix="fetch-") as aside:
        names = [f"{deb.name}={_version(deb)}" for deb in wanted]
        run(["apt-get", "download", "-q", *names], deadline_s=_DOWNLOAD_DEADLINE_S, directory=Path(aside))
        for deb in wanted:
            if not _is_whole(Path(aside) / deb.file, deb):
                raise Broken("guest image", f"the package file {deb.file} did not arrive whole")
            (Path(aside) / deb.file).replace(cache / deb.file)


class Contents:
    """The files of an opened package, by path without leading `./`."""

    def __init__(self, archive: tarfile.TarFile, package: str) -> None:
        self._archive, self._package = archive, package
        self._members = {member.name.removeprefix("./"): member for member in archive}

    def paths(self) -> list[str]:
        """List the paths of regular files and links."""
        return [path for path, member in self._members.items() if not member.isdir()]

    def read(self, path: str) -> bytes:
        """Return a file's bytes, following links inside the package; Broken if it is not there."""
        member = self._members.get(path)
        if member is None:
            raise Broken("guest image", f"the package {self._package} has no file {path}")
        if member.issym():
            return self.read(f"{path.rpartition('/')[0]}/{member.linkname}")
        stream = self._archive.extractfile(member)
        assert stream is not None
        return stream.read()


@contextmanager
def opened(deb: Deb, cache: Path) -> Iterator[Contents]:
    """Unpack a package beside the cache for as long as it is read."""
    with tempfile.NamedTemporaryFile(dir=cache, prefix="unpacked-") as unpacked:
        archive = Path(unpacked.name)
        run(["dpkg-deb", "--fsys-tarfile", str(cache / deb.file)], deadline_s=120, output=archive)
        with tarfile.open(archive) as tar:
            yield Contents(tar, deb.name)


def _ask_apt(arguments: list[str], wanted: str) -> str:
    try:
        answer = run(arguments, deadline_s=60).answer
    except Broken as refused:
        if "not installed" in str(refused):
            raise
        answer = ""
    if not answer.strip():
        hint = "run `sudo apt-get update` (they are packages of Debian 12 on amd64)"
        raise Broken("guest image", f"apt's lists do not know {wanted}: {hint}")
    return answer


def _version(deb: Deb) -> str:
    return deb.file.split("_")[1].replace("%3a", ":")


def _is_whole(path: Path, deb: Deb) -> bool:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == deb.sha256
    except FileNotFoundError:
        return False
