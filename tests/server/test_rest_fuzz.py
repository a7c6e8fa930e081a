"""schemathesis holds the server to its own document: no failure, no status, type or field that is not described.

The gate asks some thousand requests; `make fuzz-rest` asks many more. Seeds are fixed here and taken anew there.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.served import ServedCloud

pytestmark = pytest.mark.server
EXAMPLES = int(os.environ.get("FUZZ_REST_EXAMPLES", "6"))
SEED = () if "FUZZ_REST_EXAMPLES" in os.environ else ("--seed", "20261123")
CONFIG = Path(__file__).with_name("schemathesis.toml")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCloud]:
    with ServedCloud(tmp_path_factory.mktemp("fuzzed") / "state", rehearse="1x2") as served:
        yield served


def test_nothing_is_answered_that_the_document_does_not_describe(own: ServedCloud, tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(CONFIG), "run"]
    command += [f"{own.url}/api/schema/openapi.json", "--max-examples", str(EXAMPLES), "--no-color", *SEED]
    environment = {**os.environ, "EUCA_TOKEN": own.credentials()["EUCA_TOKEN"], "NO_PROXY": "*"}
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60 + 20 * EXAMPLES
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]
    assert "request failed" not in own.log(), own.log()[-5000:]
