"""A cloud whose servers may be told where to die; its hosts are not real, and it does not know."""

import sys
from pathlib import Path

from tests.crash.doomed_server import REAL
from tests.served import ServedCloud

NOWHERE = "nowhere"


class DoomedCloud(ServedCloud):
    """`uri` is the host's as the cloud knows it; `fabric` is `kernel`, or the file of one on paper."""

    def __init__(self, state: Path, uri: str, fabric: str) -> None:
        super().__init__(state, rehearse="none")
        self._scheme, self._fabric = uri.partition("+")[0], fabric
        self.uri = self.disguised(uri)

    def disguised(self, uri: str) -> str:
        """Return the URI of a host as the cloud knows it."""
        return REAL + uri.removeprefix(self._scheme)

    def command(self, point: str = NOWHERE) -> list[str]:
        module = [sys.executable, "-m", "tests.crash.doomed_server"]
        return [*module, point, str(self.state), self.listen, self._scheme, self._fabric]
