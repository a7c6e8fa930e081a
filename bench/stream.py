"""When the journal said something: one listener on the live stream, as every console has one."""

import threading
import time
from typing import Self

import httpx
import msgspec

from tests.deadline import eventually


class Heard:
    """Note when each resource had an event of this name, by `time.perf_counter`."""

    def __init__(self, url: str, token: str, event: str) -> None:
        self._event = event
        self._at: dict[str, float] = {}
        self._listening = threading.Event()
        self._client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=None)
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._listening.wait(10), "the live stream does not answer"
        return self

    def __exit__(self, *failure: object) -> None:
        self._client.close()

    def at(self, resource_id: str, within_s: float = 60.0) -> float:
        """Wait for the event of a resource; return when it came."""
        return eventually(lambda: self._at.get(resource_id, 0.0), within_s, every_s=0.005)

    def _listen(self) -> None:
        try:
            with self._client.stream("GET", "/api/v1/stream") as answer:
                for line in answer.iter_lines():
                    self._listening.set()
                    if line.startswith("data: "):
                        self._note(msgspec.json.decode(line.removeprefix("data: ")))
        except (httpx.HTTPError, httpx.StreamError, OSError):
            return

    def _note(self, data: dict[str, object]) -> None:
        if data.get("event") == self._event:
            self._at.setdefault(str(data["resource_id"]), time.perf_counter())
