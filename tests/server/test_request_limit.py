"""An account that asks more often than the operator allows: EC2's own error, upon which clients wait and try again."""

from pathlib import Path

import pytest

from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.raw_ec2 import RawEc2

pytestmark = pytest.mark.server


def test_who_asks_too_often_is_told_and_may_ask_again_later(tmp_path: Path) -> None:
    config = tmp_path / "eucalyptus.conf"
    config.write_text('REHEARSE="1x1"\nREQUEST_LIMIT="2"\n')
    with ServedCloud(tmp_path / "state", config=config) as cloud:
        raw = RawEc2(cloud.credentials())
        replies = [raw.ask("DescribeRegions") for _ in range(60)]
        refused = [reply for reply in replies if reply.status != 200]
        assert 20 <= replies.index(refused[0]) < 60
        assert {(reply.status, reply.code) for reply in refused} == {(503, "RequestLimitExceeded")}
        eventually(lambda: raw.ask("DescribeRegions").status == 200)
        raw.close()
