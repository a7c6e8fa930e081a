"""Takes the pictures of the console that the README shows: a served rehearsal cloud with some life in it.

    .venv/bin/python -m tests.tui.pictures docs/console [WIDTHxHEIGHT]

What is seen is a real server's; only ids and clocks differ from one run to the next.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from textual.app import App
from textual.pilot import Pilot

from app.api.jobs import JobTargetAsked, StartJob
from app.api.resources import ActOnInstances
from app.client import calls, job_calls
from app.client.http import Cloud, SyncCloud
from app.client.stream import Patience
from app.tui.app import ConsoleApp, build, system_clock
from tests.deadline import eventually
from tests.served import ServedCloud
from tests.tui.screen_text import png_of, text_of

SIZE = (120, 30)
LAUNCHED = [
    ("web", "m1.small", 5),
    ("db", "c1.medium", 2),
    ("build", "m1.large", 3),
    ("cache", "m1.small", 2),
    ("batch", "c1.xlarge", 1),
]
WITHIN_S = 60.0  # a load is known after two looks
STEPS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("hosts", ("2",), "draining"),
    ("host", ("enter",), "memory"),
    ("chart", ("h",), "15m"),
    ("instances", ("3",), "% "),
    ("instance", ("enter",), "here because"),
    ("why", ("w",), "asked"),
    ("volumes", ("escape", "v"), "No volume"),
    ("output", ("o", "slash", *"runs", "enter"), "with runs"),
    ("launch", ("escape", "escape", "escape", "escape", "l"), "Launch instances"),
    ("terminate", ("escape", "down", "space", "space", "space", "t"), "Terminate 3"),
    ("rulesets", ("escape", "6"), "decides"),
    ("rules", ("enter",), "prefer"),
    ("rehearsal", ("ctrl+r",), "would"),
    ("jobs", ("escape", "7"), "jobs"),
    ("audit", ("8",), "RunInstances"),
    ("replay", ("end", "at", "3"), "◀ replay"),
    ("clouds", ("0", "9"), "clouds"),
    ("overview", ("1",), "capacity by type"),  # late, when loads are known
    ("help", ("question_mark",), "keys of"),
)
"""Each picture: its name, the keys that lead there from the one before, and what shows that it is there."""


def enliven(cloud: ServedCloud) -> None:
    """Launch, name, stop and drain, so that there is something to see."""
    named = cloud.credentials()
    ec2 = boto3.client(
        "ec2",
        endpoint_url=named["EC2_URL"],
        region_name="eucalyptus",
        aws_access_key_id=named["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=named["AWS_SECRET_ACCESS_KEY"],
    )
    image = ec2.describe_images(Filters=[{"Name": "image-type", "Values": ["machine"]}])["Images"][0]["ImageId"]
    for name, vmtype, count in LAUNCHED:
        answer = ec2.run_instances(ImageId=image, InstanceType=vmtype, MinCount=count, MaxCount=count)
        for number, one in enumerate(answer["Instances"], 1):
            ec2.create_tags(Resources=[one["InstanceId"]], Tags=[{"Key": "Name", "Value": f"{name}-{number}"}])
    eventually(lambda: _states(ec2) == {"running"})
    with SyncCloud(cloud.url, named["EUCA_TOKEN"]) as rest:
        ids = [view.id for view in rest.send(calls.instances()).items if view.name == "db-2"]
        rest.send(calls.act(ActOnInstances(action="stop", ids=ids)))
        rest.send(job_calls.start(StartJob(kind="drain", targets=[JobTargetAsked(id="cluster2-host2")])))


def _states(ec2: Any) -> set[str]:
    answer = ec2.describe_instances()
    return {one["State"]["Name"] for found in answer["Reservations"] for one in found["Instances"]}


async def until(app: App[int], pilot: Pilot[int], condition: Callable[[], bool]) -> None:
    end = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < end, text_of(app)
        await pilot.pause(0.05)


async def take(cloud: ServedCloud, folder: Path, size: tuple[int, int]) -> None:
    """Walk through the places and write a PNG of each."""
    async with Cloud(cloud.url, cloud.credentials()["EUCA_TOKEN"]) as client:
        app = build(client, system_clock(), Patience())
        async with app.run_test(size=size, notifications=True) as pilot:
            await until(app, pilot, lambda: app.session.live and "m1.small" in text_of(app))
            await walk(app, pilot, folder)


async def walk(app: ConsoleApp, pilot: Pilot[int], folder: Path) -> None:
    for name, keys, sign in STEPS:
        await pilot.press(*keys)
        await until(app, pilot, lambda sign=sign: sign in text_of(app))  # type: ignore[misc]
        await pilot.pause()
        png_of(app, folder / f"{name}.png")


def main(folder: Path, size: tuple[int, int] = SIZE) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, ServedCloud(Path(scratch) / "state", rehearse="2x6") as cloud:
        enliven(cloud)
        asyncio.run(take(cloud, folder, size))


if __name__ == "__main__":
    width, height = (int(part) for part in sys.argv[2].split("x")) if len(sys.argv) > 2 else SIZE
    main(Path(sys.argv[1]), (width, height))
