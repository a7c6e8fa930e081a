"""The console in a browser: a login first, then a real console; and nothing at all without the login."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from app.web.host import COOKIE, MOST_VISITORS
from app.web.sessions import LASTS_S, MOST, Sessions
from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.conftest import ec2_client
from tests.tui.browser import a_browser, missing

pytestmark = pytest.mark.tui


class WebConsole:
    """`euca console --web` in a process of its own."""

    def __init__(self, cloud: ServedCloud, *flags: str) -> None:
        command = [sys.executable, "-m", "app", "console", "--url", cloud.url, "--web", "127.0.0.1:0", *flags]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("console at http://127.0.0.1:"), line
        self.url = line.split()[2].rstrip(";")

    def client(self, *, origin: str | None = None) -> httpx.Client:
        headers = {"Origin": self.url if origin is None else origin}
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=60)

    def cookie(self, token: str) -> str:
        """Log in and return what the browser keeps."""
        with self.client() as http:
            answer = http.post("/login", data={"token": token})
            assert (answer.status_code, answer.headers["location"]) == (303, "/")
            return http.cookies[COOKIE]

    def consoles(self) -> list[int]:
        """List the processes of visitors."""
        told = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(word) for word in told.split()]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=60)
        return self.process.returncode


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCloud]:
    with ServedCloud(tmp_path_factory.mktemp("web") / "state", rehearse="1x2") as cloud:
        yield cloud


@pytest.fixture(scope="module")
def token(cloud: ServedCloud) -> str:
    return cloud.credentials()["EUCA_TOKEN"]


@pytest.fixture
def web(cloud: ServedCloud) -> Iterator[WebConsole]:
    console = WebConsole(cloud)
    yield console
    assert console.stop() == 0


def launched(cloud: ServedCloud) -> tuple[Any, str]:
    ec2 = ec2_client(cloud.credentials())
    image = ec2.describe_images(Filters=[{"Name": "image-type", "Values": ["machine"]}])["Images"][0]["ImageId"]
    instance_id = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    eventually(lambda: state(ec2, instance_id) == "running")
    return ec2, instance_id


def state(ec2: Any, instance_id: str) -> str:
    shown = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
    return str(shown["State"]["Name"])


async def test_a_browser_logs_in_sees_the_overview_and_terminates_an_instance(
    cloud: ServedCloud, web: WebConsole, token: str, tmp_path: Path
) -> None:
    if why := missing():
        pytest.skip(why)
    ec2, instance_id = await asyncio.to_thread(launched, cloud)
    async with a_browser() as page:
        await page.go(web.url)
        await page.reads("Token of an operator")
        await page.type("euca_wrong")
        await page.press("enter")
        await page.reads("does not accept this token")
        assert page.terminal.strip() == ""
        await page.type(token)
        await page.press("enter")
        await page.until(lambda: "capacity by type" in page.terminal and "live" in page.terminal)
        await page.picture(Path(os.environ.get("EUCALYPTUS_PICTURES", tmp_path)) / "web-overview.png")
        await page.type("3")
        await page.until(lambda: instance_id in page.terminal and "t terminate" in page.terminal)
        await page.type("t")
        await page.until(lambda: f"Terminate {instance_id}?" in page.terminal)
        await page.type(instance_id)
        await page.press("enter")
        await asyncio.to_thread(eventually, lambda: state(ec2, instance_id) in ("shutting-down", "terminated"))
        assert len(web.consoles()) == 1
        await page.type("q")
        await page.reads("The console has ended")
        assert web.consoles() == []


def test_nothing_but_the_login_page_is_answered_without_a_login(cloud: ServedCloud, web: WebConsole) -> None:
    with web.client() as http:
        page = http.get("/")
        assert "Token of an operator" in page.text
        assert cloud.url not in page.text
        for path in ("/static/js/textual.js", "/static/css/xterm.css", "/static/../login.html", "/ws", "/download/x"):
            assert http.get(path).status_code in (401, 404, 405), path
        for wrong in ("", "euca_wrong", "é", "a b"):
            answer = http.post("/login", data={"token": wrong})
            assert answer.status_code == 401
            assert not answer.cookies
        assert http.post("/login", data={"token": "x" * 10_000}).status_code == 413
    with pytest.raises(InvalidStatus) as refused:
        asyncio.run(_knock(web, ""))
    assert refused.value.response.status_code == 403
    assert web.consoles() == []


def test_who_has_an_access_key_logs_in_with_it(cloud: ServedCloud, web: WebConsole) -> None:
    named = cloud.credentials()
    key, secret = named["EC2_ACCESS_KEY"], named["EC2_SECRET_KEY"]
    with web.client() as http:
        for wrong in ({"access_key": key, "secret_key": "no"}, {"access_key": "<b>", "secret_key": secret}):
            answer = http.post("/login", data=wrong)
            assert (answer.status_code, "access key" in answer.text, secret in answer.text) == (401, True, False)
        answer = http.post("/login", data={"token": "", "access_key": key, "secret_key": secret})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert "terminal" in http.get("/").text


def test_another_sites_page_reaches_nothing(web: WebConsole, token: str) -> None:
    with web.client(origin="http://evil.example") as http:
        assert http.post("/login", data={"token": token}).status_code == 403
    with web.client() as http:
        assert http.get("/", headers={"Host": "evil.example"}).status_code == 421
    cookie = web.cookie(token)
    for origin in ("http://evil.example", None):
        with pytest.raises(InvalidStatus):
            asyncio.run(_knock(web, cookie, origin))
    assert web.consoles() == []


def test_the_cookie_is_kept_from_scripts_and_other_sites_and_ends_with_the_logout(web: WebConsole, token: str) -> None:
    with web.client() as http:
        answer = http.post("/login", data={"token": token})
        words = {word.strip().lower() for word in answer.headers["set-cookie"].split(";")}
        assert {"httponly", "samesite=strict", "path=/"} <= words
        assert token not in answer.headers["set-cookie"]
        page = http.get("/")
        assert "terminal" in page.text
        assert token not in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert http.get("/static/js/textual.js").status_code == 200
        assert http.get("/static/../../host.py").status_code == 404
        cookie = http.cookies[COOKIE]
        assert http.post("/logout").status_code == 303
        assert http.get("/static/js/textual.js", headers={"Cookie": f"{COOKIE}={cookie}"}).status_code == 401


async def test_each_visitor_has_a_process_that_ends_with_the_visit_and_they_are_bounded(
    web: WebConsole, token: str
) -> None:
    cookie = await asyncio.to_thread(web.cookie, token)
    socket = await _knock(web, cookie)
    assert b"\x1b[?1049h" in await asyncio.wait_for(socket.recv(), 60)
    [pid] = web.consoles()
    told = Path(f"/proc/{pid}")
    assert token not in (told / "cmdline").read_text()
    home = (told / "cwd").readlink()
    await socket.close()
    await asyncio.to_thread(eventually, lambda: web.consoles() == [] and not home.exists())
    many = [await _knock(web, cookie) for _ in range(MOST_VISITORS + 1)]
    await asyncio.wait_for(many[-1].wait_closed(), 60)
    assert many[-1].close_code == 1013
    for each in many:
        each.transport.abort()
    await asyncio.to_thread(eventually, lambda: web.consoles() == [])


async def test_consoles_do_not_outlive_a_host_that_was_killed(cloud: ServedCloud, token: str) -> None:
    web = WebConsole(cloud)
    socket = await _knock(web, await asyncio.to_thread(web.cookie, token))
    await asyncio.wait_for(socket.recv(), 60)
    [pid] = web.consoles()
    web.process.kill()
    web.process.communicate()
    await asyncio.to_thread(eventually, lambda: not Path(f"/proc/{pid}").exists())
    socket.transport.abort()


def test_sessions_end_by_themselves_and_are_bounded() -> None:
    now = [0.0]
    sessions = Sessions(lambda: now[0])
    first = sessions.begin("t", "ana")
    found = sessions.of(first)
    assert found is not None
    assert "'t'" not in repr(found)
    now[0] = LASTS_S
    assert sessions.of(first) is None
    names = [sessions.begin("t", "ana") for _ in range(MOST + 1)]
    assert (sessions.of(names[0]), sessions.of("")) == (None, None)
    assert all(sessions.of(name) for name in names[1:])


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        (["--web", "nonsense"], "HOST:PORT"),
        (["--web", "0.0.0.0:0"], "--web-url"),
        (["--web", "127.0.0.1:0", "--web-url", "console"], "https://console.lab"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused_in_words(cloud: ServedCloud, flags: list[str], why: str) -> None:
    done = cloud.euca("console", *flags, check=False)
    assert done.returncode in (1, 2)
    assert why in done.stderr


async def _knock(web: WebConsole, cookie: str, origin: str | None = "") -> Any:
    """Open the terminal's WebSocket as a page would; an empty origin is the console's own."""
    headers = {"Cookie": f"{COOKIE}={cookie}"}
    address = f"{web.url.replace('http', 'ws')}/ws?width=80&height=24"
    return await connect(address, additional_headers=headers, origin=web.url if origin == "" else origin, proxy=None)  # type: ignore[arg-type]
