"""Signatures of real signers (botocore, boto 2) are believed; anything else is refused, in words."""

import sys
import time
import warnings
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from botocore.auth import SigV2Auth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.domain.errors import Unauthenticated
from app.wire import signatures
from app.wire.signatures import SignedRequest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # boto 2 is of another Python
    import boto.auth
    import boto.connection
    import boto.provider
# It leaves an importer behind that warns at every import of other tests in this process.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__name__ != "_SixMetaPathImporter"]

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
CREDENTIALS = Credentials(KEY, SECRET)
FORM = "application/x-www-form-urlencoded; charset=utf-8"
URLS = [
    "http://cloud.example:8773/services/Eucalyptus",
    "http://cloud.example:8773/services/Eucalyptus/",
    "http://127.0.0.1:8773/",
    "http://Cloud.Example/",
    "http://cloud.example:8773//services/x%20y/./z",
]
text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20)
names = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=12).map("P".__add__)
parameters = st.dictionaries(names, text, max_size=6)


def now_ms() -> int:
    return int(time.time() * 1000)


def on_the_wire(method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> SignedRequest:
    parts = urlsplit(url)
    sent = [(name.lower(), value) for name, value in headers.items()]
    host = next((value for name, value in sent if name == "host"), parts.netloc)
    pairs = parse_qsl(parts.query, keep_blank_values=True) + parse_qsl(body.decode(), keep_blank_values=True)
    if not any(name == "host" for name, _ in sent):
        sent.append(("host", host))
    return SignedRequest(
        method=method,
        scheme=parts.scheme,
        host=host,
        path=parts.path,
        query=parts.query,
        headers=sent,
        body=body,
        params=pairs,
    )


def botocore_v4(url: str, params: Mapping[str, str], region: str = "eucalyptus", service: str = "ec2") -> SignedRequest:
    body = urlencode(params).encode()
    request = AWSRequest("POST", url, {"Content-Type": FORM}, body)
    SigV4Auth(CREDENTIALS, service, region).add_auth(request)
    # botocore lower-cases the host it signs and leaves a default port out; urllib3 sends the same.
    return on_the_wire("POST", url, dict(request.headers.items()) | {"Host": urlsplit(url).netloc.lower()}, body)


def botocore_presigned(url: str, params: Mapping[str, str], expires: int = 60) -> SignedRequest:
    request = AWSRequest("GET", f"{url}?{urlencode(params, quote_via=quote)}", {})
    SigV4QueryAuth(CREDENTIALS, "ec2", "eucalyptus", expires).add_auth(request)
    return on_the_wire("GET", request.url, {"Host": urlsplit(url).netloc.lower()})


def botocore_v2(url: str, params: Mapping[str, str]) -> SignedRequest:
    request = AWSRequest("POST", url, {}, dict(params) or {"Action": "X"})
    SigV2Auth(CREDENTIALS).add_auth(request)
    return on_the_wire("POST", url, {}, urlencode(request.data).encode())


def boto2(capability: str, method: str, path: str, params: Mapping[str, str], port: int = 8773) -> SignedRequest:
    provider: Any = boto.provider.Provider("aws", KEY, SECRET)  # type: ignore[no-untyped-call]
    handler = {
        "v2": boto.auth.QuerySignatureV2AuthHandler,
        "v4": boto.auth.HmacAuthV4Handler,
    }[capability]("127.0.0.1", SimpleNamespace(get=lambda *_: None), provider)
    request = boto.connection.HTTPRequest(method, "http", "127.0.0.1", port, path, path, dict(params), {}, "")
    connection: Any = SimpleNamespace(_auth_handler=handler)
    request.authorize(connection)  # type: ignore[no-untyped-call]
    sent_path = request.path
    body = request.body if isinstance(request.body, bytes) else request.body.encode()
    headers = {name: str(value) for name, value in request.headers.items()} | {"Host": f"127.0.0.1:{port}"}
    return on_the_wire(method, f"http://127.0.0.1:{port}{sent_path}", headers, body)


def check(request: SignedRequest, secret: str = SECRET, at_ms: int | None = None) -> str:
    claim = signatures.read(request)
    claim.check(secret, now_ms() if at_ms is None else at_ms)
    return claim.access_key_id


@pytest.mark.parametrize("url", URLS)
@given(params=parameters)
def test_version_4_of_botocore_is_believed(url: str, params: dict[str, str]) -> None:
    assert check(botocore_v4(url, params)) == KEY


def test_a_query_is_believed_as_it_was_spelled() -> None:
    assert check(botocore_v4(URLS[0] + "?Name=a%2fb&Value=a+b&Empty", {"Action": "X"})) == KEY


@pytest.mark.parametrize("url", URLS)
@given(params=parameters)
def test_presigned_requests_of_botocore_are_believed(url: str, params: dict[str, str]) -> None:
    assert check(botocore_presigned(url, params)) == KEY


@pytest.mark.parametrize("url", URLS[:3])
@given(params=parameters)
def test_version_2_of_botocore_is_believed(url: str, params: dict[str, str]) -> None:
    assert check(botocore_v2(url, params)) == KEY


@pytest.mark.parametrize("version", ["v2", "v4"])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/services/Eucalyptus", "/services/Eucalyptus/", "/"])
@given(params=parameters)
def test_both_versions_of_boto_2_are_believed(version: str, method: str, path: str, params: dict[str, str]) -> None:
    assert check(boto2(version, method, path, {"Action": "DescribeInstances", **params})) == KEY


@pytest.mark.parametrize("make", [botocore_v2, botocore_v4, botocore_presigned])
@given(params=st.dictionaries(text.filter(bool).map("X".__add__), text, max_size=4))
def test_odd_names_of_parameters_change_nothing(make: Any, params: dict[str, str]) -> None:
    assert check(make(URLS[0], {"Action": "X", "Aé": "1", "Az": "2", **params})) == KEY


@given(st.lists(st.tuples(text, text), max_size=3), text, text)
def test_garbage_is_refused_and_nothing_else(headers: list[tuple[str, str]], path: str, query: str) -> None:
    given_headers = [*headers, ("authorization", f"AWS4-HMAC-SHA256 Credential={path},SignedHeaders={query}")]
    for sent in (headers, given_headers):
        with pytest.raises(Unauthenticated):
            check(changed(plain(Action="X"), headers=sent, path=path, query=query))


@given(st.sampled_from(["X-Amz-Date", "X-Amz-Expires", "X-Amz-Credential", "X-Amz-SignedHeaders"]), st.text())
def test_a_mutilated_presigned_request_is_refused_and_nothing_else(name: str, value: str) -> None:
    request = botocore_presigned(URLS[0], {"Action": "X"})
    pairs = [(given, value if given == name else kept) for given, kept in request.params]
    if pairs != list(request.params):
        query = urlencode(pairs, errors="surrogatepass")
        with pytest.raises(Unauthenticated):
            check(changed(request, query=query, params=pairs))


@pytest.mark.parametrize(("region", "service"), [("0", "127"), ("undefined-123", "ec2"), ("US", "s3")])
def test_any_words_in_the_scope_will_do(region: str, service: str) -> None:
    assert check(botocore_v4(URLS[0], {"Action": "X"}, region, service)) == KEY


@pytest.mark.parametrize("make", [botocore_v4, botocore_presigned, botocore_v2])
def test_another_secret_is_refused_without_telling_any_secret(make: Any) -> None:
    with pytest.raises(Unauthenticated) as refused:
        check(make(URLS[0], {"Action": "X"}), "another secret")
    assert "another secret" not in str(refused.value)


@pytest.mark.parametrize("words", [{"region": "r" * 65}, {"service": "s" * 65}])
def test_a_word_of_the_scope_is_short_since_keys_made_from_it_are_kept(words: dict[str, str]) -> None:
    with pytest.raises(Unauthenticated, match="at most 64"):
        check(botocore_v4("http://127.0.0.1:8773/", {"Action": "DescribeRegions"}, **words))


def changed(request: SignedRequest, **parts: Any) -> SignedRequest:
    return replace(request, **parts)


@pytest.mark.parametrize("part", ["method", "path", "query", "body", "host", "signed header"])
def test_version_4_covers_every_part(part: str) -> None:
    request = botocore_v4(URLS[0] + "?A=1", {"Action": "X"})
    tampered: dict[str, Any] = {
        "method": {"method": "GET"},
        "path": {"path": "/services/Walrus"},
        "query": {"query": "A=2"},
        "body": {"body": b"Action=Y"},
        "host": {"host": "other.example:8773"},
        "signed header": {"headers": [(n, "text/plain" if n == "content-type" else v) for n, v in request.headers]},
    }
    check(request)
    with pytest.raises(Unauthenticated):
        check(changed(request, **tampered[part]))


@pytest.mark.parametrize("make", [botocore_v2, botocore_presigned])
@given(data=st.data(), params=parameters)
def test_no_parameter_can_be_changed(make: Any, data: st.DataObject, params: dict[str, str]) -> None:
    request = make(URLS[0], {"Action": "X", **params})
    index = data.draw(st.integers(0, len(request.params) - 1))
    name, value = request.params[index]
    other = data.draw(st.sampled_from([value + "x", value[:-1], value + " ", value.swapcase(), value[::-1]]))
    if other == value or (name, other.strip().replace(" ", "+")) == (name, value):
        return
    pairs = [*request.params[:index], (name, other), *request.params[index + 1 :]]
    with pytest.raises(Unauthenticated):
        check(changed(request, params=pairs, query=urlencode(pairs) if request.method == "GET" else ""))


def test_a_plus_sign_does_not_stand_for_its_own_encoding() -> None:
    request = botocore_presigned(URLS[0], {"Value": "a+b"})
    assert "Value=a%2Bb" in request.query
    with pytest.raises(Unauthenticated):
        check(changed(request, query=request.query.replace("a%2Bb", "a+b")))


@pytest.mark.parametrize("minutes", [-16, 16])
@pytest.mark.parametrize("make", [botocore_v4, botocore_v2])
def test_a_request_is_good_for_fifteen_minutes(make: Any, minutes: int) -> None:
    request = make(URLS[0], {"Action": "X"})
    check(request, at_ms=now_ms() + (abs(minutes) - 2) * 60_000 * (1 if minutes > 0 else -1))
    with pytest.raises(Unauthenticated, match="clock"):
        check(request, at_ms=now_ms() + minutes * 60_000)


def test_a_presigned_request_lasts_as_long_as_it_says() -> None:
    request = botocore_presigned(URLS[0], {"Action": "X"}, expires=3600)
    check(request, at_ms=now_ms() + 3_590_000)
    with pytest.raises(Unauthenticated, match="expired"):
        check(request, at_ms=now_ms() + 3_610_000)


def signed_by_2(
    params: dict[str, str], method: str = "HmacSHA256", host: str = "cloud.example", space: str = "%20"
) -> SignedRequest:
    """Sign as 1.6.1's clients of other languages did: GET, any SignatureMethod, Timestamp or Expires."""
    import base64
    import hashlib
    import hmac

    pairs = {"AWSAccessKeyId": KEY, "SignatureVersion": "2", "SignatureMethod": method, **params}
    words = "&".join(f"{quote(n, safe='')}={quote(v, safe='-_.~')}" for n, v in sorted(pairs.items())).replace(
        "%20", space
    )
    digest = {"HmacSHA1": hashlib.sha1}.get(method, hashlib.sha256)
    made = hmac.new(SECRET.encode(), f"GET\n{host}\n/services/Eucalyptus\n{words}".encode(), digest).digest()
    pairs["Signature"] = base64.b64encode(made).decode()
    return on_the_wire("GET", f"http://cloud.example:8773/services/Eucalyptus?{urlencode(pairs)}", {})


AT = 1_767_323_045_000


@pytest.mark.parametrize("method", ["HmacSHA1", "HmacSHA256"])
@pytest.mark.parametrize("host", ["cloud.example", "cloud.example:8773"])
@pytest.mark.parametrize(
    "timestamp",
    ["2026-01-02T03:04:05", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z", "2026-01-02T04:04:05+01:00"],
)
def test_version_2_takes_every_form_of_its_day(method: str, host: str, timestamp: str) -> None:
    assert check(signed_by_2({"Timestamp": timestamp}, method, host), at_ms=AT) == KEY


@pytest.mark.parametrize("space", ["%20", "+"])
def test_version_2_may_write_a_space_either_way(space: str) -> None:
    request = signed_by_2({"Timestamp": "2026-01-02T03:04:05Z", "Value": "a b+c"}, space=space)
    assert check(request, at_ms=AT) == KEY


def test_expires_may_lie_far_ahead_and_ends_exactly() -> None:
    request = signed_by_2({"Expires": "2026-01-02T03:04:05Z"})
    check(request, at_ms=AT - 86_400_000)
    with pytest.raises(Unauthenticated, match="expired"):
        check(request, at_ms=AT + 1000)


def test_a_stray_header_of_boto_1_9_is_ignored() -> None:
    request = signed_by_2({"Timestamp": "2026-01-02T03:04:05Z"})
    stray = changed(request, headers=[*request.headers, ("authorization", "AWS AKIDOTHER:c2lnbmF0dXJl")])
    assert check(stray, at_ms=AT) == KEY


def plain(headers: dict[str, str] | None = None, **params: str) -> SignedRequest:
    return on_the_wire("GET", f"http://cloud.example/?{urlencode(params)}", headers or {})


V4 = "AWS4-HMAC-SHA256 Credential=AK/20260102/r/s/aws4_request"


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (plain(Action="X"), "not signed"),
        (plain({"Authorization": "AWS AK:c2ln"}, Action="X"), "not signed"),
        (plain(SignatureVersion="1", AWSAccessKeyId="AK", Signature="s"), "versions 4 and 2"),
        (plain(AWSAccessKeyId="AK", Signature="s"), "versions 4 and 2"),
        (plain(SignatureVersion="2", Signature="s"), "AWSAccessKeyId"),
        (plain(SignatureVersion="2", AWSAccessKeyId="AK", Signature="s"), "SignatureMethod"),
        (plain(SignatureVersion="2", AWSAccessKeyId="AK", Signature="s", SignatureMethod="HmacSHA1"), "Timestamp"),
        (
            plain(
                SignatureVersion="2",
                AWSAccessKeyId="AK",
                Signature="s",
                SignatureMethod="HmacSHA1",
                Timestamp="2026-01-02T03:04:05Z",
                Expires="2026-01-02T03:04:05Z",
            ),
            "either",
        ),
        (plain({"Authorization": "AWS4-ECDSA-P256-SHA256 Credential=a"}), "algorithm"),
        (plain({"Authorization": "AWS4-HMAC-SHA256 nonsense"}), "needs Credential"),
        (plain({"Authorization": f"{V4}, SignedHeaders=host, Signature=0"}), "X-Amz-Date"),
        (
            plain({"Authorization": f"{V4}, SignedHeaders=x-amz-date, Signature=0", "X-Amz-Date": "20260102T030405Z"}),
            "host must be signed",
        ),
        (
            plain({"Authorization": f"{V4}, SignedHeaders=host;etag, Signature=0", "X-Amz-Date": "20260102T030405Z"}),
            "lacks a header",
        ),
        (
            plain({"Authorization": f"{V4}, SignedHeaders=host, Signature=0", "X-Amz-Date": "20260103T030405Z"}),
            "not the day",
        ),
        (
            plain(
                {
                    "Authorization": f"{V4}, SignedHeaders=host, Signature=0",
                    "X-Amz-Date": "20260102T030405Z",
                    "X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD",
                }
            ),
            "body does not fit",
        ),
        (on_the_wire("GET", "http://cloud.example/?X-Amz-Algorithm=AWS4-HMAC-SHA256", {}), "X-Amz-Credential"),
    ],
)
def test_what_can_not_be_checked_is_refused_in_words(request_: SignedRequest, why: str) -> None:
    with pytest.raises(Unauthenticated, match=why):
        check(request_, at_ms=AT)


def test_neither_secret_nor_signature_is_shown() -> None:
    request = botocore_v4(URLS[0], {"Action": "X"})
    header = request.values_of("authorization")[0]
    assert header.rpartition("=")[2] not in repr(signatures.read(request))
