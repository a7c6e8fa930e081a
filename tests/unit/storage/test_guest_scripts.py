"""The guest's scripts travel with the package and are sound before a guest is booted with them."""

import subprocess
from importlib import resources

import pytest

SCRIPTS = [entry for entry in resources.files("app.storage").joinpath("guest").iterdir() if entry.name.endswith(".sh")]


@pytest.mark.parametrize("name", [script.name for script in SCRIPTS])
def test_a_script_parses(name: str) -> None:
    text = resources.files("app.storage").joinpath("guest", name).read_bytes()
    done = subprocess.run(["sh", "-n"], input=text, capture_output=True, timeout=10, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_all_scripts_of_the_root_image_are_there() -> None:
    assert {"boot.sh", "metadata.sh", "ramdisk-init.sh", "stop.sh"} <= {script.name for script in SCRIPTS}
