"""Files of rules that eucalyptus.conf names: a change counts without a restart, a faulty one changes nothing."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.deadline import eventually
from tests.served import ServedCloud

pytestmark = pytest.mark.server
CONF = 'REHEARSE="1x2"\nSCHEDPOLICY="RULES"\nMAPPING_RULES="site"\n{more}'
FILL = "rule fill { prefer -host.index }\npolicy fill { use fill }\n"
SPREAD = "rule fill { prefer host.index }\npolicy spread { use fill }\n"
FAULTY = "rule fill {\n  prefer host.indx\n}\npolicy fill { use fill }\n"


def active(cloud: ServedCloud) -> str:
    policy: str = json.loads(cloud.euca("rules", "history", "--json").stdout)[0]["policy"]
    return policy


def refusals(cloud: ServedCloud) -> list[str]:
    headers = {"Authorization": f"Bearer {cloud.credentials()['EUCA_TOKEN']}"}
    shown = httpx.get(f"{cloud.url}/api/v1/events", headers=headers, trust_env=False).json()["items"]
    return [row["text"] for row in shown if row["event"] == "mapping.refused"]


def doctor(config: Path, state: Path) -> subprocess.CompletedProcess[str]:
    command = ["doctor", "--config", str(config), "--state", str(state), "--listen", "127.0.0.1:0"]
    return subprocess.run(
        [sys.executable, "-m", "app", *command], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "a.rules").write_text(FILL)
    file = tmp_path / "eucalyptus.conf"
    file.write_text(CONF.format(more=""))
    return file


def test_a_changed_file_counts_a_faulty_one_does_not_and_both_are_told(tmp_path: Path, config: Path) -> None:
    rules = tmp_path / "site" / "a.rules"
    with ServedCloud(tmp_path / "state", config=config) as cloud:
        assert active(cloud) == "fill"
        rules.write_text(SPREAD)
        eventually(lambda: active(cloud) == "spread")
        rules.write_text(FAULTY)
        (told,) = eventually(lambda: refusals(cloud))
        assert f"{rules}:2:10: error: " in told
        assert told.endswith("; spread goes on deciding")
        assert active(cloud) == "spread"
        found = doctor(config, tmp_path / "state")
        assert found.returncode == 1
        assert f"NOT  mapping rules: {rules}:2:10: error: " in found.stdout
        assert "\n             ^" in found.stdout
        assert f"type: euca rules check {tmp_path / 'site'}" in found.stdout
        config.write_text(CONF.format(more='CLUSTER_NAME="cluster1"\nNODES="qemu+unix://new/system?socket=/nowhere"\n'))
        eventually(lambda: " qemu+unix://new/system" in cloud.euca("host", "list").stdout)
        assert len(refusals(cloud)) == 1
        cloud.stop()
        cloud.start()
        assert active(cloud) == "spread"
        assert len(refusals(cloud)) == 1
        rules.write_text(FILL)
        eventually(lambda: active(cloud) == "fill")
    assert "ok   mapping rules: policy fill of" in doctor(config, tmp_path / "state").stdout


def test_what_was_applied_by_hand_survives_restarts_and_kills(tmp_path: Path, config: Path) -> None:
    with ServedCloud(tmp_path / "state", config=config) as cloud:
        cloud.euca("rules", "apply", "GREEDY")
        cloud.kill()
        cloud.start()
        assert active(cloud) == "GREEDY"
        cloud.euca("rules", "rollback")
        cloud.kill()
        cloud.start()
        past = json.loads(cloud.euca("rules", "history", "--json").stdout)
        assert [row["policy"] for row in past] == ["fill", "GREEDY", "fill"]
        assert [row["who"] for row in past] == ["asked by admin", "asked by admin", "eucalyptus.conf"]


@pytest.mark.parametrize(
    ("text", "more", "words"),
    [
        (FAULTY, "", "a.rules:2:10: error: "),
        (FILL + "policy spread { use fill }", "", "conf:3: MAPPING_POLICY: The rules have fill and spread."),
        (FILL, 'MAPPING_POLICY="fil"\n', "conf:4: MAPPING_POLICY: 'fil' is not possible. The rules have fill"),
    ],
)
def test_a_new_cloud_does_not_start_with_rules_that_can_not_be_used(
    tmp_path: Path, config: Path, text: str, more: str, words: str
) -> None:
    (tmp_path / "site" / "a.rules").write_text(text)
    config.write_text(CONF.format(more=more))
    command = ["serve", "--config", str(config), "--state", str(tmp_path / "state"), "--listen", "127.0.0.1:0"]
    done = subprocess.run(
        [sys.executable, "-m", "app", *command], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_the_shipped_rules_are_there_where_no_others_are_named(tmp_path: Path) -> None:
    config = tmp_path / "eucalyptus.conf"
    config.write_text('REHEARSE="1x1"\nSCHEDPOLICY="RULES"\nMAPPING_POLICY="energy"\n')
    with ServedCloud(tmp_path / "state", config=config) as cloud:
        assert active(cloud) == "energy"
        config.write_text('REHEARSE="1x1"\nSCHEDPOLICY="RULES"\n')
        eventually(lambda: active(cloud) == "balanced")
