"""The rehearsal image is small, honest and the same everywhere."""

import hashlib
from pathlib import Path

from app.storage.library import Library
from app.storage.rehearsal import rehearsal_image


def test_its_three_files_have_their_own_content_and_whole_sectors() -> None:
    files = rehearsal_image()
    assert [file.role for file in files] == ["kernel", "ramdisk", "root"]
    assert len({file.content for file in files}) == 3
    assert all(len(file.content) % 512 == 0 for file in files)
    assert sum(len(file.content) for file in files) < 8192


def test_it_says_that_nothing_boots() -> None:
    for file in rehearsal_image():
        assert "nothing boots" in file.description
        assert b"nothing boots" in file.content


def test_registering_it_at_every_start_stores_it_once(tmp_path: Path) -> None:
    library = Library(tmp_path)
    stored = {library.add([file.content])[0] for _ in range(2) for file in rehearsal_image()}
    assert library.digests() == stored == {hashlib.sha256(file.content).hexdigest() for file in rehearsal_image()}
