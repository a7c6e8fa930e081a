"""The gateway of a cluster over REST and by `euca`: invited, joined, seen, forgotten, by processes that really run."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.deadline import eventually
from tests.served import ServedCloud

pytestmark = pytest.mark.server
CONF = 'REHEARSE="1x1"\nVNET_CLUSTERS="far=far.conf"\nGATEWAY_LISTEN="127.0.0.1:0"\n'
FAR = 'VNET_MODE="MANAGED"\nVNET_SUBNET="10.1.0.0"\nVNET_NETMASK="255.255.0.0"\nVNET_GATEWAY="elsewhere"\n'


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCloud]:
    folder = tmp_path_factory.mktemp("gateways")
    (folder / "far.conf").write_text(FAR)
    (folder / "eucalyptus.conf").write_text(CONF)
    with ServedCloud(folder / "state", config=folder / "eucalyptus.conf") as served:
        served.euca("cluster", "add", "far")
        yield served


def state_of(served: ServedCloud, what: str = "gateway") -> str:
    rows = json.loads(served.euca("cluster", "list", "--json").stdout)
    return next(str(row[what]) for row in rows if row["name"] == "far")


def invite(served: ServedCloud) -> tuple[str, str]:
    """Ask for a token, and return it with where the server answers gateways."""
    given = json.loads(served.euca("cluster", "gateway", "far", "--json").stdout)
    return given["token"], f"https://{given['listen']}"


def command(folder: Path, server: str) -> list[str]:
    return [sys.executable, "-m", "app", "gateway", "--server", server, "--state", str(folder)]


@contextmanager
def joined(folder: Path, server: str, token: str) -> Iterator["subprocess.Popen[str]"]:
    asked = [*command(folder, server), "--token-file", "-"]
    with subprocess.Popen(asked, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(token + "\n")
        running.stdin.close()
        try:
            assert running.stdout.readline() == "gateway of cluster far\n"
            yield running
        finally:
            running.terminate()
        assert running.wait(10) == 0


def refused(folder: Path, server: str, token: str = "") -> str:
    asked = [*command(folder, server), *(["--token-file", "-"] if token else [])]
    done = subprocess.run(asked, input=token, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    return done.stderr


def test_a_gateway_is_invited_joins_and_is_forgotten(served: ServedCloud, tmp_path: Path) -> None:
    assert state_of(served) == "awaited"
    token, server = invite(served)
    with joined(tmp_path / "head", server, token):
        eventually(lambda: state_of(served) == "up")
        assert "was used already" in refused(tmp_path / "thief", server, token)
    eventually(lambda: state_of(served) == "lost")
    served.euca("cluster", "gateway", "far", "--forget")
    assert state_of(served) == "awaited"
    assert "lets nobody join cluster far" in refused(tmp_path / "thief", server, token)


def test_a_gateway_that_is_stopped_is_lost_until_it_goes_on_while_requests_are_answered(
    served: ServedCloud, tmp_path: Path
) -> None:
    token, server = invite(served)
    with joined(tmp_path / "head", server, token) as running:
        eventually(lambda: state_of(served) == "up", 60)
        running.send_signal(signal.SIGSTOP)
        try:
            eventually(lambda: state_of(served) == "lost", 60)
            eventually(lambda: "it was there and said nothing for 20 s" in state_of(served, "gateway_error"), 60)
        finally:
            running.send_signal(signal.SIGCONT)
        eventually(lambda: state_of(served) == "up", 60)


def test_what_is_said_to_a_machine_that_was_not_invited_names_what_to_do(served: ServedCloud, tmp_path: Path) -> None:
    token, server = invite(served)
    assert "--token-file" in refused(tmp_path / "new", server)
    assert "euca cluster gateway CLUSTER gives one" in refused(tmp_path / "new", server, "nonsense")
    assert "is not the server that the token is of" in refused(
        tmp_path / "new", server, token.replace(token.split(".")[1], "0" * 64)
    )
    assert "https://cloud.example.org:8774" in refused(tmp_path / "new", "ftp://somewhere", token)
    nobody = f"https://127.0.0.1:{urlsplit(served.url).port}"
    assert "is not where the server of this cloud answers gateways" in refused(tmp_path / "new", nobody, token)


def test_a_cluster_whose_gateway_is_the_server_invites_nobody(served: ServedCloud) -> None:
    done = served.euca("cluster", "gateway", "cluster1", check=False)
    assert done.returncode == 1
    assert 'VNET_GATEWAY="elsewhere"' in done.stderr
