"""One life of clients with a server that dies at a named point, and with the one that comes after it."""

import subprocess
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Protocol, TypeVar

from app.client.errors import Unreachable
from tests.crash.fire import NO_ANSWER

STEP_S = 30.0
CUT_OFF = (*NO_ANSWER, Unreachable)


class Life(Protocol):
    @property
    def left(self) -> Sequence[object]:
        """The steps that were not reached yet."""

    def go_on(self) -> None:
        """Do what is left; one of CUT_OFF when the server dies meanwhile."""

    def close(self) -> None: ...


class Doomable(Protocol):
    """A cloud whose servers may be told where to die."""

    def start(self) -> object: ...

    def stop(self) -> int: ...

    def command(self, point: str = "") -> list[str]: ...


Cloud = TypeVar("Cloud", bound=Doomable)


def verdict(point: str, cloud: Cloud, begin: Callable[[Cloud], Life]) -> str:
    """Live through a death at one point; say what came of it."""
    with closing(begin(cloud)) as life:
        cloud.stop()
        died = _dies_at(point, cloud, life)
        cloud.start()
        life.go_on()
    return "survived" if died else "not passed"


def _dies_at(point: str, cloud: Doomable, life: Life) -> bool:
    """Live with a server that is to die at `point`; tell whether it did."""
    with subprocess.Popen(cloud.command(point), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        try:
            if server.stdout.readline().startswith("ready"):
                life.go_on()
        except CUT_OFF:
            return server.wait(STEP_S) == -9
        finally:
            server.kill()
        return server.wait() == -9 and bool(life.left)
