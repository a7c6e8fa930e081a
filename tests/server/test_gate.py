"""What somebody without credentials meets: the same words whatever is wrong, bounds, and no leave for other sites."""

from contextlib import closing

import httpx
import pytest

from tests.server.raw_ec2 import RawEc2

pytestmark = pytest.mark.server


def test_an_unknown_key_is_told_the_same_as_a_wrong_secret(admin: dict[str, str]) -> None:
    wrong = {"AWS_SECRET_ACCESS_KEY": "x" * 40}
    unknown = wrong | {"AWS_ACCESS_KEY_ID": "AKIA" + "A" * 16}
    with closing(RawEc2(admin | wrong)) as known, closing(RawEc2(admin | unknown)) as nobody:
        told, other = known.ask("DescribeInstances"), nobody.ask("DescribeInstances")
    assert (told.status, told.code) == (401, "AuthFailure")
    assert told.same_as(other)


def test_a_request_of_too_many_parameters_is_refused_before_its_signature_is_looked_at(raw: RawEc2) -> None:
    reply = raw.form(b"Action=DescribeInstances&Version=2016-11-15" + b"&x=1" * 10_000)
    assert (reply.status, reply.code) == (413, "RequestEntityTooLarge")


@pytest.mark.parametrize("path", ["/", "/api/v1/overview", "/healthz"])
def test_no_page_of_another_site_may_read_an_answer(admin: dict[str, str], path: str) -> None:
    asked = {"Origin": "http://elsewhere.example", "Access-Control-Request-Method": "GET"}
    for method in ("GET", "OPTIONS"):
        answer = httpx.request(method, admin["EUCA_URL"] + path, headers=asked)
        assert not [name for name in answer.headers if name.startswith("access-control-")]
