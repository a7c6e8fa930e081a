"""A cloud as it was: reading calls go to the same paths below /past/MOMENT, and get the same types.

The trap: while an answer is on its way the moment may move on. Such an answer is about another moment than the one that
is shown, so it is thrown away and asked for again.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from app.api.past import PastView
from app.api.problems import Problem
from app.client.calls import Call
from app.client.errors import Refused
from app.client.http import Cloud

Answer = TypeVar("Answer")
MADE_S = 30.0  # whoever asks for a moment first waits until it is made
READ_ONLY = Problem(type="about:blank", title="Method Not Allowed", status=405, detail="The past can not be changed")


def span() -> Call[PastView]:
    """Ask how far back the cloud can be seen."""
    return Call(path="/past", answer=PastView)


class PastCloud(Cloud):
    """Reads over the connections of `cloud` and leaves them open; `at_ms` says the moment, in UTC."""

    def __init__(self, cloud: Cloud, at_ms: Callable[[], int]) -> None:
        self.url, self.token, self._http = cloud.url, cloud.token, cloud._http
        self._at_ms = at_ms

    async def change(self, call: Call[Answer]) -> tuple[Answer, int]:
        """Read what the answer was at the moment; what would change something is Refused and never sent."""
        if call.method != "GET":
            raise Refused(READ_ONLY)
        while True:
            at_ms = self._at_ms()
            wait_s = max(MADE_S, call.timeout_s)
            answer = await super().change(replace(call, path=f"/past/{at_ms}{call.path}", timeout_s=wait_s))
            if at_ms == self._at_ms():
                return answer

    async def close(self) -> None:
        """Do nothing: whoever opened the cloud closes it."""
