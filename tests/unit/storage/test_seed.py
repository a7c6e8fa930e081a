"""A seed disk holds what an instance is told, byte by byte and under the names that NoCloud asks for."""

import hashlib
import io
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycdlib import PyCdlib

from app.domain.errors import Unavailable
from app.storage.seed import Seeds, seed_image


def read_back(image: bytes) -> dict[str, bytes]:
    """Read the files as a guest's kernel does, by their Rock Ridge names."""
    found, opened = {}, PyCdlib()
    opened.open_fp(io.BytesIO(image))
    for child in opened.list_children(rr_path="/"):
        if child.is_file():
            content = io.BytesIO()
            name = child.rock_ridge.name().decode()
            opened.get_file_from_iso_fp(content, rr_path=f"/{name}")
            found[name] = content.getvalue()
    opened.close()
    return found


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let this process write no longer file: what stops amid its bytes looks like a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@given(st.binary(max_size=20_000), st.binary(max_size=20_000))
def test_every_byte_arrives(meta: bytes, user: bytes) -> None:
    assert read_back(seed_image({"meta-data": meta, "user-data": user})) == {"meta-data": meta, "user-data": user}


def test_the_image_has_the_label_that_is_looked_for() -> None:
    assert seed_image({"meta-data": b""})[32808 : 32808 + 32].rstrip() == b"cidata"


def test_only_the_owner_can_read_it_and_its_digest_is_told(tmp_path: Path) -> None:
    path, sha256 = Seeds(tmp_path / "seeds").write({"user-data": b"secret"})
    assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_what_a_killed_server_left_is_gone_at_the_next_start(tmp_path: Path) -> None:
    path, _ = Seeds(tmp_path / "seeds").write({"user-data": b"secret"})
    Seeds(tmp_path / "seeds")
    assert not path.exists()


def test_what_is_not_ours_stays_in_the_directory(tmp_path: Path) -> None:
    (tmp_path / "seeds" / "somebody's").mkdir(parents=True)
    (tmp_path / "seeds" / "diary").touch()
    Seeds(tmp_path / "seeds")
    assert sorted(path.name for path in (tmp_path / "seeds").iterdir()) == ["diary", "somebody's"]


def test_a_disk_that_fails_is_told_and_no_half_of_a_secret_stays(tmp_path: Path) -> None:
    seeds = Seeds(tmp_path / "seeds")
    with files_of_at_most(4096), pytest.raises(Unavailable, match="seed disk"):
        seeds.write({"user-data": b"secret"})
    assert list((tmp_path / "seeds").iterdir()) == []


@pytest.mark.parametrize("size", [0, 1, 2047, 2048, 2049, 16384])
def test_sizes_around_a_sector_are_kept(size: int) -> None:
    assert len(read_back(seed_image({"user-data": b"\0" * size}))["user-data"]) == size
