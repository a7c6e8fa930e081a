"""How requests come: paths, methods, words of the scope, damaged and missing signatures, old ways of writing lists."""

import hmac
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from urllib.parse import urlencode

import httpx
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.server.raw_ec2 import RawEc2, Reply

pytestmark = pytest.mark.server
REGIONS = {"Action": "DescribeRegions", "Version": "2016-11-15"}


def keys_of(admin: dict[str, str]) -> Credentials:
    return Credentials(admin["AWS_ACCESS_KEY_ID"], admin["AWS_SECRET_ACCESS_KEY"])


def send(request: AWSRequest) -> Reply:
    made = request.prepare()
    headers = dict(made.headers.items())
    answer = httpx.request(made.method, made.url, content=made.body, headers=headers, trust_env=False, verify=False)
    return Reply(answer.status_code, answer.content)


@pytest.mark.parametrize("path", ["/", "/services/Eucalyptus", "/services/Eucalyptus/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("region", "service"), [("eucalyptus", "ec2"), ("0", "127"), ("us-east-1", "sts")])
def test_a_fitting_signature_is_enough(
    admin: dict[str, str], path: str, method: str, region: str, service: str
) -> None:
    form = urlencode(REGIONS)
    url = admin["EUCA_URL"] + path + (f"?{form}" if method == "GET" else "")
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if method == "POST" else {}
    request = AWSRequest(method=method, url=url, data=form.encode() if method == "POST" else b"", headers=headers)
    SigV4Auth(keys_of(admin), service, region).add_auth(request)
    assert send(request).text("regionName") == "eucalyptus"


def test_a_presigned_request_needs_no_header(admin: dict[str, str]) -> None:
    request = AWSRequest(method="GET", url=f"{admin['EUCA_URL']}/?{urlencode(REGIONS)}")
    SigV4QueryAuth(keys_of(admin), "ec2", "eucalyptus", expires=60).add_auth(request)
    assert send(request).status == 200
    changed = AWSRequest(method="GET", url=request.url.replace("DescribeRegions", "DescribeInstances"))
    assert (send(changed).status, send(changed).code) == (401, "AuthFailure")


@pytest.mark.parametrize("version", ["1", "0", "2", "3", ""])
def test_other_signatures_are_refused(admin: dict[str, str], version: str) -> None:
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    fields = {**REGIONS, "AWSAccessKeyId": admin["AWS_ACCESS_KEY_ID"], "Timestamp": now, "SignatureVersion": version}
    said = "".join(name + fields[name] for name in sorted(fields, key=str.lower)).encode()
    signature = b64encode(hmac.new(admin["AWS_SECRET_ACCESS_KEY"].encode(), said, sha1).digest()).decode()
    query = urlencode({**fields, "Signature": signature, "SignatureMethod": "HmacSHA1"})
    reply = send(AWSRequest(method="GET", url=f"{admin['EUCA_URL']}/?{query}"))
    assert (reply.status, reply.code) == (401, "AuthFailure")


@pytest.mark.parametrize("flaw", ["", "no proof", "other secret", "unknown key", "old", "early", "other body"])
def test_a_flaw_in_the_proof_is_refused_in_one_way(admin: dict[str, str], flaw: str) -> None:
    keys = keys_of(admin)
    if flaw == "other secret":
        keys.secret_key += "x"
    if flaw == "unknown key":
        keys.access_key = "AKIANOBODY"
    request = AWSRequest(method="POST", url=f"{admin['EUCA_URL']}/", data=urlencode(REGIONS).encode())
    request.headers["Content-Type"] = "application/x-www-form-urlencoded"
    if flaw != "no proof":
        minutes = {"old": -16, "early": 16}.get(flaw, 0)
        _sign_at(request, keys, datetime.now(UTC) + timedelta(minutes=minutes))
    if flaw == "other body":
        request.data += b"&DryRun=false"
    reply = send(request)
    assert (reply.status, reply.code) == ((401, "AuthFailure") if flaw else (200, ""))
    assert admin["AWS_SECRET_ACCESS_KEY"] not in reply.body.decode()


def test_an_unsigned_request_learns_nothing_of_actions(admin: dict[str, str]) -> None:
    asked = [f"{admin['EUCA_URL']}/?Action={action}&Version=2016-11-15" for action in ("DescribeRegions", "Nonsense")]
    replies = [send(AWSRequest(method="GET", url=url)) for url in asked]
    assert replies[0].same_as(replies[1])
    sts = send(AWSRequest(method="GET", url=f"{admin['EUCA_URL']}/?Action=GetCallerIdentity&Version=2011-06-15"))
    assert (sts.status, sts.code) == (403, "InvalidClientTokenId")


def test_lists_begin_anywhere_and_have_holes(raw: RawEc2) -> None:
    reply = raw.ask("DescribeInstances", InstanceId_0="i-00000001", InstanceId_7="i-00000002")
    assert reply.message == "The instance 'i-00000001, i-00000002' does not exist"


@pytest.mark.parametrize(
    ("action", "name"),
    [("DescribeInstances", "InstanceId"), ("TerminateInstances", "InstanceId"), ("DeleteTags", "ResourceId")],
)
def test_a_request_names_at_most_a_thousand_things(raw: RawEc2, action: str, name: str) -> None:
    many = [(f"{name}.{number}", f"i-{number:08x}") for number in range(1001)]
    reply = raw.pairs([("Action", action), ("Version", "2016-11-15"), *many])
    assert (reply.status, reply.code) == (400, "InvalidParameterValue")
    assert "at most 1000" in reply.message


@pytest.mark.parametrize(
    ("action", "code"),
    [("CreateVpc", "UnsupportedOperation"), ("Nonsense", "InvalidAction"), ("", "MissingAction")],
)
def test_what_is_not_offered_is_told_from_what_nobody_knows(raw: RawEc2, action: str, code: str) -> None:
    assert raw.ask(action).code == code


def test_the_table_of_1_6_1_has_its_widths(raw: RawEc2, raw_stranger: RawEc2) -> None:
    zones = raw.ask("DescribeAvailabilityZones", ZoneName_1="verbose", ZoneName_2="cluster2")
    lines = dict(zip(zones.texts("zoneName"), zones.texts("zoneState"), strict=True))
    assert lines == {
        "cluster2": "available",
        "|- vm types": "free / max   cpu   ram  disk",
        "|- m1.small": "0024 / 0024   1    128    10",
        "|- c1.medium": "0012 / 0012   2    128    10",
        "|- m1.large": "0012 / 0012   2    512    10",
        "|- m1.xlarge": "0012 / 0012   2   1024    10",
        "|- c1.xlarge": "0006 / 0006   4   2048    10",
    }
    assert raw_stranger.ask("DescribeAvailabilityZones", ZoneName_1="verbose").texts("zoneName") == [
        "cluster1",
        "cluster2",
    ]


def _sign_at(request: AWSRequest, keys: Credentials, at: datetime) -> None:
    """Sign as at another time: botocore takes it from the request's context."""
    request.context["timestamp"] = f"{at:%Y%m%dT%H%M%SZ}"
    signer = SigV4Auth(keys, "ec2", "eucalyptus")
    request.headers["X-Amz-Date"] = request.context["timestamp"]
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signed = ";".join(sorted(("content-type", "host", "x-amz-date")))
    request.headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, SignedHeaders={signed}, "
        f"Signature={signer.signature(text, request)}"
    )
