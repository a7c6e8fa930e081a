"""Signed Query requests without a client that knows better: anything can be sent, and every answer is checked.

An answer must be well-formed XML with a request id, whatever was asked; else the caller's test fails here.
"""

import re
import time
from collections.abc import Iterable
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

FRESH_S = 5.0  # a server may hang up on a connection that idles
FORM = "application/x-www-form-urlencoded; charset=utf-8"


class Reply:
    """One answer: `code` is the error's, empty for a success."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status, self.body = status, body
        self.tree = ElementTree.fromstring(body)
        self.code, self.message = self.text("Code"), self.text("Message")
        assert (status == 200) == (self.code == ""), body
        of_2008 = b".com/doc/2008-" in body[:200]  # they had none at first
        assert of_2008 or self.text("RequestID") or self.text("requestId") or self.text("RequestId"), body

    def texts(self, name: str) -> list[str]:
        """Return the text of every element of this name, in any namespace."""
        return [element.text or "" for element in self.tree.iter() if element.tag.rpartition("}")[2] == name]

    def text(self, name: str) -> str:
        return next(iter(self.texts(name)), "")

    def same_as(self, other: "Reply") -> bool:
        """Compare two answers but for their request ids."""
        return _anonymous(self.body) == _anonymous(other.body)


class RawEc2:
    """One user's keep-alive connection."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._url = environment["EUCA_URL"]
        self._keys = Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
        self._connection = HTTPConnection(urlsplit(self._url).netloc, timeout=60)
        self._used_at_s = 0.0

    def close(self) -> None:
        self._connection.close()

    def ask(self, action: str, /, version: str = "2016-11-15", **params: str) -> Reply:
        """Send one action; `_` in names stands for a dot."""
        named = [(name.replace("_", "."), value) for name, value in params.items()]
        return self.pairs([("Action", action), ("Version", version), *named])

    def pairs(self, pairs: Iterable[tuple[str, str]], path: str = "/") -> Reply:
        return self.form(urlencode(list(pairs)).encode(), path)

    def form(self, body: bytes, path: str = "/") -> Reply:
        return Reply(*self.exchange(body, path))

    def exchange(self, body: bytes, path: str = "/") -> tuple[int, bytes]:
        """Send a form and return status and body, unread."""
        request = AWSRequest(method="POST", url=self._url + path, data=body, headers={"Content-Type": FORM})
        SigV4Auth(self._keys, "ec2", "eucalyptus").add_auth(request)
        prepared = request.prepare()
        if time.monotonic() - self._used_at_s > FRESH_S:
            self._connection.close()  # the next request opens it anew
        self._connection.request("POST", path, body=body, headers=dict(prepared.headers.items()))
        response = self._connection.getresponse()
        assert response.getheader("content-type") == "text/xml;charset=UTF-8"
        status, content = response.status, response.read()
        self._used_at_s = time.monotonic()
        return status, content


def _anonymous(body: bytes) -> bytes:
    return re.sub(rb"<(requestId|RequestID|RequestId)>[^<]*", b"", body)
