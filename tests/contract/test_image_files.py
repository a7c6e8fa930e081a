"""The ImageFiles port: whatever is stored comes back under its digest, and nothing else ever does."""

import hashlib
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Broken, Missing
from app.domain.files import ImageFiles
from app.storage.library import Library

ABSENT = "0" * 64


@pytest.fixture
def files(tmp_path: Path) -> Library:
    return Library(tmp_path / "images")


def test_a_file_is_lent_empty_and_is_gone_afterwards(files: Library, tmp_path: Path) -> None:
    with files.spool() as lent:
        assert lent.read_bytes() == b""
        lent.write_bytes(b"on its way")
        Library(tmp_path / "images")  # another process that opens it takes nothing away
        assert lent.exists()
        digest, _ = files.add([lent.read_bytes()])
    assert listing(tmp_path) == {digest}


def listing(tmp_path: Path) -> set[str]:
    return {entry.name for entry in (tmp_path / "images").iterdir()}


@given(chunks=st.lists(st.binary(max_size=200)))
def test_content_comes_back_under_its_sha256(tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes]) -> None:
    files: ImageFiles = Library(tmp_path_factory.mktemp("library"))
    whole = b"".join(chunks)
    digest, size = files.add(chunks)
    assert (digest, size) == (hashlib.sha256(whole).hexdigest(), len(whole))
    assert files.path(digest).read_bytes() == whole
    assert files.digests() == {digest}


def test_adding_the_same_content_again_is_no_error(files: Library) -> None:
    assert files.add([b"a", b"b"]) == files.add([b"ab"])
    assert len(files.digests()) == 1


def test_adding_repairs_a_file_that_was_damaged_on_disk(files: Library) -> None:
    digest, _ = files.add([b"whole"])
    files.path(digest).write_bytes(b"who")
    files.add([b"whole"])
    assert files.path(digest).read_bytes() == b"whole"


def test_removing_twice_is_no_error(files: Library) -> None:
    digest, _ = files.add([b"x"])
    files.remove(digest)
    files.remove(digest)
    assert files.digests() == set()
    with pytest.raises(Missing):
        files.path(digest)


@pytest.mark.parametrize("given_digest", ["", "../../etc/passwd", "a" * 63, "A" * 64, ABSENT + "\n", ABSENT])
def test_only_digests_of_stored_files_lead_to_a_path(files: Library, given_digest: str) -> None:
    files.add([b"x"])
    with pytest.raises(Missing):
        files.path(given_digest)


def test_removing_by_a_path_is_refused_and_touches_nothing(files: Library, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("stays")
    with pytest.raises(Missing):
        files.remove("../outside")
    assert outside.exists()


def test_only_the_owner_may_read(files: Library, tmp_path: Path) -> None:
    digest, _ = files.add([b"x"])
    assert stat.S_IMODE(files.path(digest).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "images").stat().st_mode) == 0o700


def test_a_stream_that_breaks_leaves_nothing(files: Library, tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"first"
        raise ConnectionError("the client went away")

    with pytest.raises(ConnectionError):
        files.add(broken())
    assert listing(tmp_path) == set()


@pytest.fixture
def smallest_disk() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("smallest_disk")
def test_a_full_disk_is_said_clearly_and_leaves_nothing(files: Library, tmp_path: Path) -> None:
    with pytest.raises(Broken, match="no space is left"):
        files.add(bytes(1 << 18) for _ in range(8))
    assert listing(tmp_path) == set()


WRITER = """
import sys
from pathlib import Path
from app.storage.library import Library

def chunks():
    yield b"half of it"
    print("half", flush=True)
    sys.stdin.read()

Library(Path(sys.argv[1])).add(chunks())
"""


def test_leftovers_of_a_killed_writer_go_but_those_of_a_living_one_stay(tmp_path: Path) -> None:
    directory = tmp_path / "images"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "half\n"
        reopened: Iterable[str] = Library(directory).digests()
        assert not reopened
        assert len(listing(tmp_path)) == 1
        writer.send_signal(signal.SIGKILL)
        writer.wait(10)
    Library(directory)
    assert listing(tmp_path) == set()
