"""boto 2.49's way to a cloud; for programs of their own, since it leaves importers that today's Python warns of."""

import os
from typing import Any

import boto


def connect(url: str) -> Any:
    host, port = url.removeprefix("http://").split(":")
    return boto.connect_euca(
        host=host,
        port=int(port),
        aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"],
        is_secure=False,
    )
