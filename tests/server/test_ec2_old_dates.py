"""Every operation asked with nothing, at dates from 2008 on: an answer or a refusal of that date, never an accident."""

from xml.etree import ElementTree

import pytest

from app.server.query import OPERATIONS
from app.wire.dates import Dates
from tests.server.raw_ec2 import RawEc2

pytestmark = pytest.mark.server
DATES = Dates.load().dates
OFFERED = sorted(operation.name for operation in OPERATIONS if operation.service == "ec2")


@pytest.mark.parametrize("date", ["2008-02-01", "2008-12-01", "2009-11-30", "2010-08-31", "2011-01-01", "2012-12-01"])
def test_every_operation_is_answered_or_refused_in_the_words_of_its_date(raw: RawEc2, date: str) -> None:
    later = {name for known in DATES if known.date > date for name in known.operations}
    for action in OFFERED:
        status, body = raw.exchange(f"Action={action}&Version={date}".encode())
        root = ElementTree.fromstring(body)
        if status == 200:
            assert root.tag == f"{{http://ec2.amazonaws.com/doc/{date}/}}{action}Response"
            assert action not in later
        else:
            assert status < 500, body
            assert root.findtext("Errors/Error/Code")
            assert action not in later or root.findtext("Errors/Error/Code") == "UnsupportedOperation"
