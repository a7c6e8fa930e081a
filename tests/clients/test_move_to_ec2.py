"""The scripts of docs/move-to-ec2.md run here and against another implementation of EC2, unchanged."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from bench.environments import NotHere
from bench.peers import MOTO
from bench.processes import Started, free_port
from tests.house.tree import ROOT

SCRIPTS = ROOT / "docs" / "move-to-ec2"
pytestmark = pytest.mark.clients


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    try:
        server = MOTO.installed() / "bin" / MOTO.command[0]
    except NotHere as error:
        pytest.skip(str(error))
    port = free_port()
    with Started([str(server), "-H", "127.0.0.1", "-p", str(port)], port, tmp_path_factory.mktemp("moto") / "log"):
        yield {
            "AWS_ENDPOINT_URL_EC2": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_DEFAULT_REGION": "us-east-1",
        }


@pytest.mark.parametrize("script", ["web_tier.py", "web_tier.sh"])
@pytest.mark.parametrize("where", ["credentials", "moto"])
def test_a_web_tier_is_built_and_taken_down(
    where: str, script: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    there: dict[str, str] = request.getfixturevalue(where)
    tier = f"shop-{script.rpartition('.')[2]}"
    build = ["build", tier, "--image", "*"] if script.endswith(".py") else ["build", tier, "*"]
    said = run(script, build, there, tmp_path)
    assert said.startswith(f"{tier} is at ")
    assert (tmp_path / f"{tier}.pem").stat().st_mode & 0o077 == 0

    ec2 = client(there)
    ours = [{"Name": "tag:tier", "Values": [tier]}]
    found = ec2.describe_instances(Filters=[*ours, {"Name": "instance-state-name", "Values": ["running"]}])
    ids = {one["InstanceId"] for reservation in found["Reservations"] for one in reservation["Instances"]}
    assert len(ids) == 3
    (address,) = ec2.describe_addresses(Filters=ours)["Addresses"]
    assert address["InstanceId"] in ids
    (group,) = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": [tier]}])["SecurityGroups"]
    assert {rule["FromPort"] for rule in group["IpPermissions"]} == {22, 80, 8080}

    assert run(script, ["tear-down", tier], there, tmp_path) == f"{tier} is gone\n"
    assert ec2.describe_addresses(Filters=ours)["Addresses"] == []
    assert tier not in {group["GroupName"] for group in ec2.describe_security_groups()["SecurityGroups"]}
    assert list(tmp_path.iterdir()) == []


def client(there: dict[str, str]) -> Any:
    return boto3.client(
        "ec2",
        endpoint_url=there["AWS_ENDPOINT_URL_EC2"],
        region_name=there["AWS_DEFAULT_REGION"],
        aws_access_key_id=there["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=there["AWS_SECRET_ACCESS_KEY"],
    )


def run(script: str, arguments: list[str], there: dict[str, str], folder: Path) -> str:
    """Run a script with the environment of one cloud, the aws command and boto3 in reach."""
    environment = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder)}
    before = [sys.executable] if script.endswith(".py") else []
    done = subprocess.run(
        [*before, str(SCRIPTS / script), *arguments],
        env={**environment, **there},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
