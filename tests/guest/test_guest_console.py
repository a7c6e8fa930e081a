"""A person sits down at the console of a real guest: what is typed reaches its login, and the echo comes back.

The network is the site's; so the console is the only way in.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.api.console import Ended, Standing, Write
from app.client.console import Console, open_console
from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.conftest import ec2_client

pytestmark = pytest.mark.guest
BOOT_S = 180.0
ECHO_S = 60.0


def launched(ec2: Any) -> str:
    image = next(image for image in ec2.describe_images()["Images"] if image["ImageType"] == "machine")
    run = ec2.run_instances(ImageId=image["ImageId"], MinCount=1, MaxCount=1, InstanceType="m1.small")
    instance_id: str = run["Instances"][0]["InstanceId"]

    def state() -> str:
        shown = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
        return str(shown["State"]["Name"])

    eventually(lambda: state() == "running", every_s=0.5)
    return instance_id


async def said(items: AsyncIterator[Any], wanted: str, within_s: float) -> str:
    """Read until the guest has written what is wanted."""
    text = ""
    async with asyncio.timeout(within_s):
        async for item in items:
            text += item.decode(errors="replace") if isinstance(item, bytes) else ""
            if re.search(wanted, text):
                return text
    raise AssertionError(text[-2000:])


async def may_type(console: Console, items: AsyncIterator[Any]) -> None:
    await console.ask(Write())
    async with asyncio.timeout(ECHO_S):
        async for item in items:
            if isinstance(item, Standing) and item.writing:
                return


async def test_what_is_typed_reaches_the_login_of_a_real_guest(cloud: ServedCloud) -> None:
    credentials = cloud.credentials()
    ec2 = ec2_client(credentials)
    instance_id = await asyncio.to_thread(launched, ec2)
    async with open_console(cloud.url, credentials["EUCA_TOKEN"], instance_id) as console:
        items = aiter(console)
        await said(items, r"login ready[\s\S]* login: ", BOOT_S)
        await may_type(console, items)
        await console.type(b"nobody\r")
        assert "nobody" in await said(items, "Password: ", ECHO_S)
        await console.type(b"secret\r")
        assert "secret" not in await said(items, "Login incorrect[\\s\\S]*login: ", ECHO_S)
        async with open_console(cloud.url, credentials["EUCA_TOKEN"], instance_id) as second:
            assert "Login incorrect" in await said(aiter(second), "Login incorrect", ECHO_S)
        await asyncio.to_thread(ec2.terminate_instances, InstanceIds=[instance_id])
        async with asyncio.timeout(ECHO_S):
            last = [item async for item in items][-1]
        assert isinstance(last, Ended)
        assert last.reason == "terminated"
