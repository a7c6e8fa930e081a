"""Who has an access key gets a token for half a day, of the role that they have; strangers nothing, and seldom."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from app.client.signing import SignedByKey
from app.services.logins import MOST_AT_ONCE
from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.rest_routes import client

pytestmark = pytest.mark.server
PATH = "/api/v1/tokens/signed"
HALF_A_DAY_S = 12 * 3600


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCloud]:
    with ServedCloud(tmp_path_factory.mktemp("keys") / "state", rehearse="1x1") as served:
        yield served


@pytest.fixture
def http(own: ServedCloud) -> Iterator[httpx.Client]:
    with client(own.url, own.credentials()["EUCA_TOKEN"]) as admin:
        yield admin


def key_of(http: httpx.Client, name: str, role: str = "", account: str = "eucalyptus") -> dict[str, Any]:
    """Make a user with an access key, and with a token if a role is given."""
    made: dict[str, Any] = http.post("/api/v1/users", json={"account": account, "name": name, "role": role}).json()
    return made


def ask(own: ServedCloud, key: str, secret: str, method: str = "POST", path: str = PATH, **more: Any) -> httpx.Response:
    """Ask until it was not too often."""
    with client(own.url) as http:
        answers: list[httpx.Response] = []

        def asked() -> bool:
            answers.append(http.request(method, path, auth=SignedByKey(key, secret), **more))
            return answers[-1].status_code != 429

        eventually(asked)
    return answers[-1]


def role_of(own: ServedCloud, token: str) -> str:
    with client(own.url, token) as http:
        return str(http.get("/api/v1/me").json().get("role"))


def test_an_administrator_logs_in_by_key_for_half_a_day_and_it_is_audited(own: ServedCloud, http: httpx.Client) -> None:
    named = own.credentials()
    made = ask(own, named["EC2_ACCESS_KEY"], named["EC2_SECRET_KEY"]).json()
    assert role_of(own, made["token"]) == "admin"
    assert abs(made["about"]["expires_at_ms"] / 1000 - time.time() - HALF_A_DAY_S) < 60
    newest = http.get("/api/v1/audit?limit=5000").json()["items"][-1]
    assert (newest["action"], newest["target"], newest["outcome"]) == ("LogIn", named["EC2_ACCESS_KEY"], "ok")
    assert newest["who"].endswith("/admin")
    assert made["token"] not in http.get("/api/v1/audit?limit=5000").text


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_others_have_the_role_they_were_given_and_no_longer_than_that(
    own: ServedCloud, http: httpx.Client, role: str
) -> None:
    made = key_of(http, f"key-{role}")
    assert ask(own, made["access_key_id"], made["secret_access_key"]).status_code == 403
    ends_ms = int(time.time() * 1000) + 3_600_000
    given = http.post("/api/v1/tokens", json={"role": role, "user": f"key-{role}", "expires_at_ms": ends_ms}).json()
    login = ask(own, made["access_key_id"], made["secret_access_key"]).json()
    assert role_of(own, login["token"]) == role
    assert login["about"]["expires_at_ms"] == ends_ms
    for token_id in (given["about"]["id"], login["about"]["id"]):
        http.delete(f"/api/v1/tokens/{token_id}")
    assert ask(own, made["access_key_id"], made["secret_access_key"]).status_code == 403


def test_who_only_uses_the_cloud_does_not_get_to_see_all_of_it(own: ServedCloud, http: httpx.Client) -> None:
    http.post("/api/v1/accounts", json={"name": "physics"})
    made = key_of(http, "paula", account="physics")
    refused = ask(own, made["access_key_id"], made["secret_access_key"])
    assert (refused.status_code, "euca token create" in refused.json()["detail"]) == (403, True)
    newest = http.get("/api/v1/audit?limit=5000").json()["items"][-1]
    assert (newest["action"], newest["outcome"], newest["who"].endswith("/paula")) == ("LogIn", "refused", True)


def test_a_stranger_a_wrong_secret_and_a_disabled_user_are_told_the_same(own: ServedCloud, http: httpx.Client) -> None:
    made = key_of(http, "gone", "admin")
    user_id = next(row["id"] for row in http.get("/api/v1/users").json()["items"] if row["name"] == "gone")
    assert ask(own, made["access_key_id"], made["secret_access_key"]).status_code == 201
    http.post(f"/api/v1/users/{user_id}/disable")
    told = []
    for key, secret in (
        (made["access_key_id"], made["secret_access_key"]),
        (own.credentials()["EC2_ACCESS_KEY"], "wrong"),
        ("AKIANOBODYHASTHISKEY", "any"),
    ):
        answer = ask(own, key, secret)
        told.append({name: text for name, text in answer.json().items() if name != "request_id"})
        assert answer.status_code == 401
    assert told[0] == told[1] == told[2]


def test_a_signature_counts_for_what_it_was_made_for_only(own: ServedCloud, http: httpx.Client) -> None:
    named = own.credentials()
    key, secret = named["EC2_ACCESS_KEY"], named["EC2_SECRET_KEY"]
    for path in ("/api/v1/tokens", "/api/v1/hosts"):
        assert ask(own, key, secret, "GET", path).status_code == 401  # everything else needs a token
    elsewhere = httpx.Request("POST", f"{own.url}/api/v1/backup", headers={"Host": own.url.partition("//")[2]})
    signed = next(SignedByKey(key, secret).auth_flow(elsewhere))
    with client(own.url) as plain:
        moved = {name: signed.headers[name] for name in ("Authorization", "X-Amz-Date")}
        eventually(lambda: plain.post(PATH, headers=moved).status_code == 401)
        eventually(lambda: plain.post(PATH).status_code == 401)
        query = "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0"
        eventually(lambda: plain.post(PATH + query).status_code == 401)


def test_an_old_signature_is_refused(own: ServedCloud) -> None:
    named = own.credentials()
    old = datetime.now(UTC) - timedelta(minutes=16)
    auth = SignedByKey(named["EC2_ACCESS_KEY"], named["EC2_SECRET_KEY"], now=lambda: old)
    with client(own.url) as http:
        eventually(lambda: "has expired" in http.post(PATH, auth=auth).json()["detail"])


def test_the_signature_is_that_of_botocore(own: ServedCloud) -> None:
    request = httpx.Request("POST", f"{own.url}{PATH}", content=b"body")
    signed = next(SignedByKey("AKIAX", "secret").auth_flow(request))
    theirs = AWSRequest("POST", str(request.url), data=b"body", headers={"Host": request.headers["Host"]})
    theirs.context["timestamp"] = signed.headers["X-Amz-Date"]
    theirs.headers["X-Amz-Date"] = signed.headers["X-Amz-Date"]
    signer = SigV4Auth(Credentials("AKIAX", "secret"), "euca", "eucalyptus")
    signature = signer.signature(signer.string_to_sign(theirs, signer.canonical_request(theirs)), theirs)
    assert signed.headers["Authorization"].endswith(f"Signature={signature}")


def test_logging_in_again_and_again_keeps_a_bounded_number_of_tokens(own: ServedCloud, http: httpx.Client) -> None:
    made = key_of(http, "often", "operator")
    key, secret = made["access_key_id"], made["secret_access_key"]
    tokens = [ask(own, key, secret).json()["token"] for _ in range(MOST_AT_ONCE + 2)]
    names = [row["name"] for row in http.get("/api/v1/tokens").json()["items"]]
    assert names.count(f"login-{key}") == MOST_AT_ONCE
    assert role_of(own, tokens[-1]) == "operator"
    assert role_of(own, tokens[0]) == "None"


def test_who_tries_too_often_is_told_to_wait(own: ServedCloud) -> None:
    with client(own.url) as http:
        answers = [http.post(PATH, auth=SignedByKey("AKIANOBODYHASTHISKEY", str(n))) for n in range(30)]
    late = [answer for answer in answers if answer.status_code == 429]
    assert len(late) > 10
    assert late[0].headers["retry-after"]


def test_the_command_gets_a_token(own: ServedCloud) -> None:
    def got() -> bool:
        done = own.euca("token", "get", check=False)
        return done.returncode == 0 and role_of(own, done.stdout.strip()) == "admin"

    eventually(got)
