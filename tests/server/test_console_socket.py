"""The console of an instance over its WebSocket: one types, others watch, and each end says why.

Hosts are scripted and outlive the server; their guests echo what is typed and answer every line.
"""

import asyncio
import json
import os
import select
import subprocess
import sys
import termios
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from app.api.console import PROTOCOL, Ended, FromServer, Refusal, Release, Resize, Standing, Write
from app.client.console import Console, open_console
from app.client.errors import Refused, Unauthorized, Unreachable
from tests.deadline import eventually
from tests.faults.conftest import Zone
from tests.scripted_world import World
from tests.served import ServedCloud

pytestmark = pytest.mark.server
WITHIN_S = 60.0
Item = bytes | FromServer
STRANGER = Standing(you="", may_write=False, writing=False)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World() as world:
        yield world


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCloud]:
    with ServedCloud(tmp_path_factory.mktemp("consoles") / "state", rehearse="1x1") as cloud:
        yield cloud


@pytest.fixture(scope="module")
def zone(cloud: ServedCloud, world: World, tmp_path_factory: pytest.TempPathFactory) -> Zone:
    root = tmp_path_factory.mktemp("image") / "root.img"
    root.write_bytes(b"root" * 1024)
    image_id = cloud.euca("image", "install", str(root), "--name", "root").stdout.strip()
    zone = Zone("zone", world.uri("one"), cloud.credentials(), image_id)
    cloud.euca("host", "add", world.uri("two"), "--name", "two", "--cluster", "zone")
    return zone


@pytest.fixture(scope="module")
def tokens(cloud: ServedCloud) -> dict[str, str]:
    """Tokens by role."""
    made = {
        role: json.loads(cloud.euca("user", "create", role, "--role", role, "--json").stdout)["token"]
        for role in ("viewer", "operator")
    }
    return {**made, "admin": cloud.credentials()["EUCA_TOKEN"]}


class Sitting:
    """A console with all that it has shown."""

    def __init__(self, console: Console) -> None:
        self.console, self.items = console, list[Item]()
        self._heard = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        with suppress(Unreachable):
            async for item in self.console:
                self.items.append(item)
                self._heard.set()

    @property
    def text(self) -> str:
        return b"".join(item for item in self.items if isinstance(item, bytes)).decode()

    def newest(self, kind: type[Any]) -> Any:
        return next((item for item in reversed(self.items) if isinstance(item, kind)), None)

    async def until(self, holds: Callable[["Sitting"], Any]) -> None:
        try:
            async with asyncio.timeout(WITHIN_S):
                while not holds(self):
                    self._heard.clear()
                    await self._heard.wait()
        except TimeoutError:
            raise AssertionError(self.items) from None

    async def is_refused(self, words: str) -> None:
        await self.until(lambda _: any(isinstance(item, Refusal) and words in item.why for item in self.items))

    async def writes(self, *, steal: bool = False) -> None:
        await self.console.ask(Write(steal=steal))
        await self.until(lambda sitting: (sitting.newest(Standing) or STRANGER).writing)

    async def ends(self) -> Ended:
        async with asyncio.timeout(WITHIN_S):
            await self._reading
        end: Ended = self.items[-1]  # type: ignore[assignment]
        return end


def ask(cloud: ServedCloud, token: str, path: str) -> httpx.Response:
    return httpx.get(f"{cloud.url}/api/v1/{path}", headers={"Authorization": f"Bearer {token}"})


def shown(cloud: ServedCloud, token: str, instance_id: str) -> dict[str, Any]:
    found: dict[str, Any] = ask(cloud, token, f"instances/{instance_id}").json()
    return found


@asynccontextmanager
async def sit(cloud: ServedCloud, token: str, instance_id: str) -> AsyncIterator[Sitting]:
    async with open_console(cloud.url, token, instance_id) as console:
        yield Sitting(console)


async def test_one_types_and_a_viewer_watches(cloud: ServedCloud, zone: Zone, tokens: dict[str, str]) -> None:
    instance_id = await asyncio.to_thread(zone.running)
    async with AsyncExitStack() as stack:
        typist, watcher = [
            await stack.enter_async_context(sit(cloud, tokens[role], instance_id)) for role in ("operator", "viewer")
        ]
        await typist.writes()
        await typist.console.ask(Resize(columns=100, rows=30))
        await typist.console.type(b"uname\r")
        for sitting in (typist, watcher):
            await sitting.until(lambda sitting: "uname\r\nuname: not found" in sitting.text)
        await watcher.until(lambda sitting: sitting.newest(Standing).columns == 100)
        assert watcher.newest(Standing).writer.startswith("operator of ")
        assert not watcher.newest(Standing).may_write
        await watcher.console.ask(Write(steal=True))
        await watcher.is_refused("needs the role operator")
        await watcher.console.type(b"rm -rf /\r")
        await watcher.is_refused("only watch")
        assert "rm" not in typist.text
    audit = ask(cloud, tokens["admin"], "audit").json()
    told = [(one["outcome"], one["who"]) for one in audit["items"] if one["action"] == "TypeIntoConsole"]
    assert sorted((outcome, who.partition("/")[2]) for outcome, who in told) == [
        ("ok", "operator"),
        ("refused", "viewer"),
    ]


async def test_who_comes_later_sees_what_was_written_and_may_take_over(
    cloud: ServedCloud, zone: Zone, tokens: dict[str, str]
) -> None:
    instance_id = await asyncio.to_thread(zone.running)
    async with sit(cloud, tokens["operator"], instance_id) as first:
        await first.writes()
        await first.console.type(b"hello\r")
        await first.until(lambda sitting: "hello: not found" in sitting.text)
        async with sit(cloud, tokens["admin"], instance_id) as second:
            await second.until(lambda sitting: "hello: not found" in sitting.text)
            await second.console.ask(Write())
            await second.is_refused("operator of")
            await second.writes(steal=True)
            await first.until(lambda sitting: not (sitting.newest(Standing) or STRANGER).writing)
            await first.console.type(b"mine")
            await first.is_refused("only watch")
            await second.console.ask(Release())
            await second.until(lambda sitting: not sitting.newest(Standing).writer)
        await first.until(lambda sitting: sitting.newest(Standing).watchers == 1)


async def test_the_last_one_who_leaves_frees_the_console(
    cloud: ServedCloud, zone: Zone, tokens: dict[str, str]
) -> None:
    instance_id = await asyncio.to_thread(zone.running)
    for _ in range(5):
        async with sit(cloud, tokens["operator"], instance_id) as sitting:
            await sitting.writes()


@pytest.mark.parametrize(("act", "reason"), [("stop_instances", "stopped"), ("terminate_instances", "terminated")])
async def test_the_end_of_an_instance_is_told(
    cloud: ServedCloud, zone: Zone, tokens: dict[str, str], act: str, reason: str
) -> None:
    instance_id = await asyncio.to_thread(zone.running)
    async with sit(cloud, tokens["viewer"], instance_id) as sitting:
        await sitting.until(lambda sitting: sitting.newest(Standing))
        await asyncio.to_thread(getattr(zone.ec2, act), InstanceIds=[instance_id])
        assert (await sitting.ends()).reason == reason
    if reason == "stopped":
        await asyncio.to_thread(zone.becomes, "stopped", instance_id)
        with pytest.raises(Refused, match="only a running one"):
            async with sit(cloud, tokens["viewer"], instance_id):
                pass


async def test_who_types_is_out_soon_after_the_token_was_revoked(
    cloud: ServedCloud, zone: Zone, tokens: dict[str, str]
) -> None:
    instance_id = await asyncio.to_thread(zone.running)
    made = json.loads(cloud.euca("token", "create", "--role", "operator", "--json").stdout)
    async with sit(cloud, made["token"], instance_id) as sitting:
        await sitting.writes()
        await asyncio.to_thread(cloud.euca, "token", "revoke", made["about"]["id"])
        assert (await sitting.ends()).reason == "token"
    async with sit(cloud, tokens["operator"], instance_id) as sitting:
        await sitting.writes()


async def test_a_console_moves_with_its_instance(cloud: ServedCloud, zone: Zone, tokens: dict[str, str]) -> None:
    instance_id = await asyncio.to_thread(zone.running)
    here = shown(cloud, tokens["admin"], instance_id)["host"]
    other = "zone" if here == "two" else "two"
    async with sit(cloud, tokens["operator"], instance_id) as sitting:
        await sitting.writes()
        await asyncio.to_thread(cloud.euca, "instance", "move", instance_id, other)
        assert (await sitting.ends()).reason == "moved"
    eventually(lambda: not shown(cloud, tokens["admin"], instance_id).get("moving_from"))
    async with sit(cloud, tokens["operator"], instance_id) as sitting:
        await sitting.writes()
        await sitting.console.type(b"here again\r")
        await sitting.until(lambda sitting: "here again: not found" in sitting.text)


async def test_what_can_not_be_opened_is_refused_in_words(
    cloud: ServedCloud, zone: Zone, tokens: dict[str, str]
) -> None:
    with pytest.raises(Refused, match="does not exist"):
        async with sit(cloud, tokens["viewer"], "i-00000000000000000"):
            pass
    instance_id = await asyncio.to_thread(zone.running)
    with pytest.raises(Unauthorized):
        async with sit(cloud, "euca_wrong", instance_id):
            pass
    answer = ask(cloud, tokens["viewer"], f"instances/{instance_id}/console")
    assert (answer.status_code, answer.headers["upgrade"]) == (426, "websocket")
    rehearsed = zone.ec2.run_instances(
        ImageId=zone.ec2.describe_images(Filters=[{"Name": "image-type", "Values": ["machine"]}])["Images"][0][
            "ImageId"
        ],
        MinCount=1,
        MaxCount=1,
        Placement={"AvailabilityZone": "cluster1"},
    )["Instances"][0]["InstanceId"]
    await asyncio.to_thread(zone.becomes, "running", rehearsed)
    with pytest.raises(Refused, match="has none"):
        async with sit(cloud, tokens["viewer"], rehearsed):
            pass
    assert "ERROR" not in cloud.log()


async def test_a_browser_gives_its_token_as_a_subprotocol_and_never_in_the_address(
    cloud: ServedCloud, zone: Zone, tokens: dict[str, str]
) -> None:
    instance_id = await asyncio.to_thread(zone.running)
    address = f"{cloud.url.replace('http', 'ws')}/api/v1/instances/{instance_id}/console"
    async with connect(address, subprotocols=[PROTOCOL, f"bearer.{tokens['viewer']}"], proxy=None) as socket:  # type: ignore[list-item]
        assert socket.subprotocol == PROTOCOL
        async with asyncio.timeout(WITHIN_S):
            while '"standing"' not in str(await socket.recv()):
                pass
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{address}?token={tokens['viewer']}", proxy=None)
    assert refused.value.response.status_code == 401


async def test_too_large_a_frame_and_what_is_no_frame_are_refused(
    cloud: ServedCloud, zone: Zone, tokens: dict[str, str]
) -> None:
    instance_id = await asyncio.to_thread(zone.running)
    address = f"{cloud.url.replace('http', 'ws')}/api/v1/instances/{instance_id}/console"
    headers = {"Authorization": f"Bearer {tokens['operator']}"}
    async with connect(address, additional_headers=headers, proxy=None) as socket:
        for nonsense in ("{", '{"kind": "nonsense"}', '{"kind": "resize", "columns": 0, "rows": 5}', "\ud7ff"):
            await socket.send(nonsense)
            async with asyncio.timeout(WITHIN_S):
                while '"refused"' not in str(await socket.recv()):
                    pass
        with pytest.raises(ConnectionClosed):
            await socket.send(b"x" * 100_000)
            async with asyncio.timeout(WITHIN_S):
                while True:
                    await socket.recv()
        assert socket.close_code == 1009


async def test_a_server_that_stops_ends_consoles_and_one_that_was_killed_left_none_open(
    cloud: ServedCloud, zone: Zone, tokens: dict[str, str]
) -> None:
    instance_id = await asyncio.to_thread(zone.running)
    async with sit(cloud, tokens["operator"], instance_id) as sitting:
        await sitting.writes()
        assert await asyncio.to_thread(cloud.stop) == 0
        assert (await sitting.ends()).reason == "server"
    await asyncio.to_thread(cloud.start)
    eventually(lambda: zone.host()["state"] == "up")
    async with sit(cloud, tokens["operator"], instance_id) as sitting:
        await sitting.writes()
        await asyncio.to_thread(cloud.kill)
    await asyncio.to_thread(cloud.start)
    eventually(lambda: zone.host()["state"] == "up")
    async with sit(cloud, tokens["operator"], instance_id) as sitting:
        await sitting.writes()


def test_a_terminal_becomes_the_console_until_it_is_left(cloud: ServedCloud, zone: Zone) -> None:
    instance_id = zone.running()
    ours, theirs = os.openpty()
    before = termios.tcgetattr(theirs)
    command = [sys.executable, "-m", "app", "attach", instance_id]
    environment = {**os.environ, **cloud.credentials()}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as attached:
        seen = bytearray()

        def shows(words: bytes) -> bool:
            if select.select([ours], [], [], 0.05)[0]:
                seen.extend(os.read(ours, 4096))
            return words in seen

        eventually(lambda: shows(b"ctrl+] leaves"))
        eventually(lambda: shows(b"running (booted)"))
        os.write(ours, b"uptime\r\x03")
        eventually(lambda: shows(b"uptime: not found"))
        os.write(ours, b"\x1d")
        assert attached.wait(WITHIN_S) == 0
    assert termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)


def test_who_only_watches_needs_no_terminal_and_is_told_of_the_end(cloud: ServedCloud, zone: Zone) -> None:
    instance_id = zone.running()
    command = [sys.executable, "-m", "app", "attach", "--read-only", instance_id]
    environment = {**os.environ, **cloud.credentials()}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as attached:
        assert attached.stdout is not None
        assert b"scripted host" in attached.stdout.readline()
        zone.ec2.terminate_instances(InstanceIds=[instance_id])
        _, told = attached.communicate(timeout=WITHIN_S)
        assert attached.returncode == 0
    assert b"the instance has ended" in told
    refused = cloud.euca("attach", instance_id, check=False)
    assert (refused.returncode, refused.stderr) == (
        1,
        "euca: typing needs a terminal; --read-only prints what the guest writes\n",
    )
