"""Two ways to ask for instances over one kept-alive connection: as boto3, which users have, and as ready bytes.

What users see of a server is its time and boto3's; bytes signed beforehand show the server alone.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import boto3
from botocore.config import Config

from bench.requests import REGION, Connection, Endpoint

Launch = Callable[[int], object]
"""Launch so many instances by one request, and wait for its answer."""

_ONCE = Config(retries={"total_max_attempts": 1}, max_pool_connections=1)


@contextmanager
def by_boto3(endpoint: Endpoint, image_id: str) -> Iterator[Launch]:
    client = boto3.client(
        "ec2",
        endpoint_url=endpoint.url,
        region_name=REGION,
        aws_access_key_id=endpoint.access_key,
        aws_secret_access_key=endpoint.secret_key,
        config=_ONCE,
    )
    with closing(client) as ec2:
        ec2.describe_regions()  # opens the connection
        yield lambda count: ec2.run_instances(ImageId=image_id, MinCount=count, MaxCount=count)


@contextmanager
def by_bytes(endpoint: Endpoint, image_id: str) -> Iterator[Launch]:
    def signed(count: int) -> bytes:
        return endpoint.signed("RunInstances", ImageId=image_id, MinCount=str(count), MaxCount=str(count))

    ready = {count: signed(count) for count in (1, 50)}
    with Connection(endpoint) as connection:
        yield lambda count: connection.ask(ready[count])
