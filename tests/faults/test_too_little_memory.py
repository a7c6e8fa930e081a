"""A type with less memory than an image needs is refused before anything starts, in words that name both figures."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.served import ServedCloud
from tests.server.conftest import ec2_client

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCloud]:
    with ServedCloud(tmp_path_factory.mktemp("cloud") / "state", rehearse="1x1") as served:
        served.euca("type", "set", "x.tiny", "--cores", "1", "--memory-mib", "64", "--disk-gb", "5")
        yield served


@pytest.fixture
def guest(tmp_path: Path) -> Path:
    """What `euca image build` writes, in small."""
    for name in ("vmlinuz", "initrd.img", "root.img"):
        (tmp_path / name).write_bytes(name.encode() * 512)
    return tmp_path


def launch(cloud: ServedCloud, image_id: str, vmtype: str) -> Any:
    return ec2_client(cloud.credentials()).run_instances(ImageId=image_id, MinCount=1, MaxCount=1, InstanceType=vmtype)


def test_an_image_that_needs_more_than_the_type_has_is_refused_with_both_figures(
    cloud: ServedCloud, guest: Path
) -> None:
    (guest / "memory-mib").write_text("96\n")
    image_id = cloud.euca("image", "install", str(guest), "--name", "tiny").stdout.strip()
    with pytest.raises(ClientError) as refused:
        launch(cloud, image_id, "x.tiny")
    error = refused.value.response["Error"]
    assert error["Code"] == "InvalidParameterCombination"
    assert image_id in error["Message"]
    assert "needs 96 MiB of memory and the type x.tiny has 64 MiB" in error["Message"]
    assert ec2_client(cloud.credentials()).describe_instances()["Reservations"] == []
    assert launch(cloud, image_id, "m1.small")["Instances"]


def test_the_figure_may_be_given_by_hand_and_nothing_said_means_anything_goes(cloud: ServedCloud, guest: Path) -> None:
    root = str(guest / "root.img")
    modest = cloud.euca("image", "install", root, "--name", "modest").stdout.strip()
    assert launch(cloud, modest, "x.tiny")["Instances"]
    greedy = cloud.euca("image", "install", root, "--name", "greedy", "--min-memory-mib", "200").stdout.strip()
    with pytest.raises(ClientError, match=r"needs 200 MiB of memory and the type m1\.small has 128 MiB"):
        launch(cloud, greedy, "m1.small")


def test_a_figure_that_is_none_is_refused(cloud: ServedCloud, guest: Path) -> None:
    (guest / "memory-mib").write_text("plenty")
    refused = cloud.euca("image", "install", str(guest), "--name", "vague", check=False)
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
    assert "memory-mib: there stands no number of MiB" in refused.stderr
