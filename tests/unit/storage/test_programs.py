"""Programs of the machine are called with a deadline, and what goes wrong is said so that a user can act."""

from pathlib import Path

import pytest

from app.domain.errors import Broken, TimedOut
from app.storage.debs import look_up
from app.storage.programs import run


def test_a_program_that_is_not_installed_names_its_package() -> None:
    with pytest.raises(Broken, match="sudo apt-get install no-such-program"):
        run(["no-such-program"], deadline_s=1)


def test_a_program_that_hangs_is_ended_at_its_deadline() -> None:
    with pytest.raises(TimedOut, match="sleep did not answer"):
        run(["sleep", "60"], deadline_s=0.1)


def test_a_program_that_fails_is_quoted() -> None:
    with pytest.raises(Broken, match=r"cat failed: .*nowhere"):
        run(["cat", "/nowhere"], deadline_s=10)


def test_output_may_go_to_a_file(tmp_path: Path) -> None:
    assert run(["echo", "word"], deadline_s=10, output=tmp_path / "out").answer == ""
    assert (tmp_path / "out").read_text() == "word\n"


def test_a_package_that_apt_does_not_know_leads_to_apt_get_update() -> None:
    with pytest.raises(Broken, match="apt-get update"):
        look_up(["no-such-package-at-all"])
