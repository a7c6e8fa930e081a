"""The client turns whatever comes back into typed answers or one of its own errors."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from app.api import resources as api
from app.api.problems import FieldError, Problem
from app.client import calls
from app.client.errors import Garbled, Refused, Unauthorized, Unreachable
from app.client.http import Cloud, SyncCloud

ME = api.Me(user="ana", account_id="1", role="viewer")


def sync_cloud(answer: httpx.Response | Exception, seen: list[httpx.Request] | None = None) -> SyncCloud:
    def respond(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return SyncCloud("http://127.0.0.1:1/", "s3cret", transport=httpx.MockTransport(respond))


def test_an_answer_is_decoded_and_the_token_is_sent() -> None:
    seen: list[httpx.Request] = []
    with sync_cloud(httpx.Response(200, content=msgspec.json.encode(ME)), seen) as cloud:
        assert cloud.send(calls.me()) == ME
    assert seen[0].url == "http://127.0.0.1:1/api/v1/me"
    assert seen[0].headers["Authorization"] == "Bearer s3cret"


def test_a_problem_becomes_refused_with_its_fields() -> None:
    problem = Problem(
        type="invalid",
        title="Invalid",
        status=400,
        detail="Not fit.",
        errors=[FieldError(field="count", why="too many")],
    )
    with (
        sync_cloud(httpx.Response(400, content=msgspec.json.encode(problem))) as cloud,
        pytest.raises(Refused, match=r"Not fit\.; count: too many") as caught,
    ):
        cloud.send(calls.me())
    assert caught.value.problem == problem


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(401, text="no"), Unauthorized),
        (httpx.Response(200, text="<html>"), Garbled),
        (httpx.Response(200, content=b'{"user": 7}'), Garbled),
        (httpx.Response(404, text="<html>"), Garbled),
        (httpx.Response(302, headers={"Location": "/login"}), Garbled),
        (httpx.Response(503, text="busy"), Unreachable),
        (httpx.ConnectError("refused"), Unreachable),
        (httpx.ReadTimeout(""), Unreachable),
    ],
)
def test_everything_else_becomes_an_error_of_the_client(
    answer: httpx.Response | Exception, error: type[Exception]
) -> None:
    with sync_cloud(answer) as cloud, pytest.raises(error) as caught:
        cloud.send(calls.me())
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)", "may begin with http://"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed", "certificate is not trusted"),
    ],
)
def test_what_is_wrong_with_tls_is_said_in_words(why: str, words: str) -> None:
    with sync_cloud(httpx.ConnectError(why)) as cloud, pytest.raises(Unreachable, match=words):
        cloud.send(calls.me())


async def test_an_exchange_that_hangs_ends_at_its_deadline() -> None:
    async def hang(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async with Cloud("http://127.0.0.1:1", "t", transport=httpx.MockTransport(hang)) as cloud:
        with pytest.raises(Unreachable, match="no answer within"):
            await cloud.send(calls.Call(path="/me", answer=api.Me, timeout_s=0.01))


def test_a_name_can_not_leave_its_place_in_the_path() -> None:
    assert calls.drain_host("../users?x=1#").path == "/hosts/..%2Fusers%3Fx%3D1%23/drain"


def test_a_call_sent_again_carries_the_same_key_and_a_new_one_another() -> None:
    seen: list[httpx.Request] = []
    call = calls.launch(api.LaunchInstances(image_id="emi-1"))
    empty = httpx.Response(200, content=msgspec.json.encode(api.Collection[api.InstanceView](items=[], cursor="1")))
    with sync_cloud(empty, seen) as cloud:
        for sent in (call, call, calls.launch(api.LaunchInstances(image_id="emi-1"))):
            cloud.send(sent)
    keys = [request.headers["Idempotency-Key"] for request in seen]
    assert keys[0] == keys[1] != keys[2]


def test_an_upload_is_streamed_as_it_is() -> None:
    seen: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        request.read()
        seen.append(request)
        return httpx.Response(200, content=msgspec.json.encode(api.UploadedFile(sha256="00", size_bytes=6)))

    def chunks() -> Iterator[bytes]:
        yield b"abc"
        yield b"def"

    with SyncCloud("http://127.0.0.1:1", "t", transport=httpx.MockTransport(respond)) as cloud:
        assert cloud.send(calls.upload_file(chunks())).size_bytes == 6
    assert seen[0].content == b"abcdef"


def test_a_backup_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "cloud.backup"
    with sync_cloud(httpx.Response(200, content=b"bytes")) as cloud:
        assert cloud.save(calls.backup(), target) == 5
    assert target.read_bytes() == b"bytes"

    def torn() -> Iterator[bytes]:
        yield b"half"
        raise httpx.ReadError("cut")

    with sync_cloud(httpx.Response(200, content=torn())) as cloud, pytest.raises(Unreachable):
        cloud.save(calls.backup(), target)
    assert target.read_bytes() == b"bytes"
    assert list(tmp_path.iterdir()) == [target]


def test_a_refusal_says_nothing_twice() -> None:
    fields = [FieldError(field="text", why="It is too long.")]
    problem = Problem(type="", title="", status=400, detail="Value (x) for parameter text is invalid. It is too long.")
    assert str(Refused(msgspec.structs.replace(problem, errors=fields))) == problem.detail
