"""How fast a served cloud answers EC2 calls over 1,000 instances: raw signed HTTP, one connection.

.venv/bin/python bench/ec2_calls.py
"""

import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.served import ServedCloud
from tests.server.raw_ec2 import RawEc2

COUNT, AT_ONCE, ROUNDS = 1000, 20, 15


def timed(raw: RawEc2, name: str, rounds: int = ROUNDS, **params: str) -> None:
    """Time an action until its last byte is there, not its reading; `name` begins with the action."""
    action = name.split(maxsplit=1)[0].rstrip(",")
    pairs = {"Action": action, "Version": "2016-11-15", **{k.replace("_", "."): v for k, v in params.items()}}
    taken, size = [], 0
    for _ in range(rounds):
        start = time.perf_counter()
        status, body = raw.exchange(urlencode(pairs).encode())
        taken.append((time.perf_counter() - start) * 1000)
        assert status == 200, body
        size = len(body)
    print(f"{name:46} median {median(taken):8.1f} ms   best {min(taken):8.1f} ms   {size / 1024:8.1f} KiB", flush=True)


def launched(raw: RawEc2) -> list[str]:
    image = raw.ask("DescribeImages", Filter_1_Name="image-type", Filter_1_Value_1="machine").text("imageId")
    ids: list[str] = []
    for each, requests in ((1, 100), (AT_ONCE, (COUNT - 100) // AT_ONCE)):
        start = time.perf_counter()
        for _ in range(requests):
            run = raw.ask("RunInstances", ImageId=image, MinCount=str(each), MaxCount=str(each))
            assert run.status == 200, run.body
            ids += run.texts("instanceId")
        taken_s = time.perf_counter() - start
        rate = requests / taken_s
        print(f"RunInstances of {each:2}: {rate:6.1f} requests/s, {each * rate:6.1f} instances/s")
    return ids


def settled(raw: RawEc2) -> None:
    start = time.perf_counter()
    pending = {"Filter_1_Name": "instance-state-name", "Filter_1_Value_1": "pending"}
    while raw.ask("DescribeInstances", **pending).texts("instanceId"):
        time.sleep(2)
    print(f"all run {time.perf_counter() - start:.0f} s after the last request\n", flush=True)


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as directory,
        ServedCloud(Path(directory) / "state", rehearse="5x26") as served,
    ):
        raw = RawEc2(served.credentials())
        timed(raw, "DescribeRegions (the floor)", 200)
        ids = launched(raw)
        settled(raw)
        timed(raw, f"DescribeInstances of {COUNT}")
        timed(raw, "DescribeInstances, one id", 100, InstanceId_1=ids[500])
        timed(raw, "DescribeInstances, first page of 100", MaxResults="100")
        timed(raw, "DescribeInstances filtered to one", Filter_1_Name="instance-id", Filter_1_Value_1=ids[500])
        timed(raw, f"DescribeInstanceStatus of {COUNT}")
        timed(raw, "DescribeImages", 100)
        raw.close()


if __name__ == "__main__":
    main()
