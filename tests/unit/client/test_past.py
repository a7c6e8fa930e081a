"""A cloud as it was: what is read is of the moment that is shown when it is read, and nothing is ever changed."""

import httpx
import msgspec
import pytest

from app.api.resources import Me
from app.client import calls
from app.client.errors import Refused
from app.client.http import Cloud
from app.client.past import PastCloud, span


def me(path: str) -> httpx.Response:
    """Answer with what was asked for."""
    return httpx.Response(200, content=msgspec.json.encode(Me(user=path, account_id="1", role="viewer")))


async def test_an_answer_about_a_moment_that_was_left_is_asked_for_again() -> None:
    moments = [5000, 7000]

    def answer(request: httpx.Request) -> httpx.Response:
        moments[:] = moments[-1:]  # while it is on its way the next moment is chosen
        return me(request.url.path)

    async with Cloud("http://c", "t", transport=httpx.MockTransport(answer)) as cloud:
        past = PastCloud(cloud, lambda: moments[0])
        assert (await past.send(calls.me())).user == "/api/v1/past/7000/me"


async def test_what_would_change_something_is_refused_and_not_sent() -> None:
    sent: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.url.path)
        return me(request.url.path)

    async with Cloud("http://c", "t", transport=httpx.MockTransport(answer)) as cloud:
        past = PastCloud(cloud, lambda: 1)
        with pytest.raises(Refused, match="The past can not be changed"):
            await past.send(calls.drain_host("node01"))
        await past.close()
        assert sent == []
        assert (await cloud.send(calls.me())).user == "/api/v1/me"


async def test_the_span_is_asked_of_the_present() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/v1/past"
        return httpx.Response(200, content=b'{"oldest_ms": 1, "newest_ms": 2}')

    async with Cloud("http://c", "t", transport=httpx.MockTransport(answer)) as cloud:
        found = await cloud.send(span())
        assert (found.oldest_ms, found.newest_ms) == (1, 2)
