"""A fabric on paper: bridges and leases in a file, which outlives the server that writes it.

Every step of a pass is written by itself, so that a kill leaves a pass half done, as in the kernel.
"""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from app.domain.firewall import SHUT, Firewall
from app.domain.network import Network


class Paper(TypedDict):
    """`leases`: MAC and address of members by network; `given`: all there ever were; `doubled`: in two at once."""

    bridges: dict[str, str]
    leases: dict[str, list[list[str]]]
    given: list[list[str]]
    doubled: list[str]


class PaperFabric:
    """The port `Fabric` on such a file; `read` shows it to a test."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def read(self) -> Paper:
        if not self.file.exists():
            return Paper(bridges={}, leases={}, given=[], doubled=[])
        paper: Paper = json.loads(self.file.read_text())
        return paper

    async def apply(self, networks: Sequence[Network], firewall: Firewall = SHUT) -> Sequence[str]:
        names, wanted = {network.name for network in networks}, {network.bridge for network in networks}
        for name in self.read()["leases"].keys() - names:
            self._lease(name, None)
        for bridge in self.read()["bridges"].keys() - wanted:
            self._bridge(bridge, None)
        for network in networks:
            self._bridge(network.bridge, network.gateway)
        for network in networks:
            self._lease(network.name, [[member.mac, member.address] for member in network.members])
        return ()

    async def bridges(self) -> list[str]:
        return sorted(self.read()["bridges"])

    async def close(self) -> None:
        """The file stays as it is."""

    def _bridge(self, name: str, gateway: str | None) -> None:
        paper = self.read()
        paper["bridges"].pop(name, None)
        if gateway is not None:
            paper["bridges"][name] = gateway
        self._write(paper)

    def _lease(self, name: str, leases: list[list[str]] | None) -> None:
        paper = self.read()
        paper["leases"].pop(name, None)
        if leases is not None:
            paper["leases"][name] = leases
            paper["given"] += [lease for lease in leases if lease not in paper["given"]]
        every = Counter(part for each in paper["leases"].values() for lease in each for part in lease)
        paper["doubled"] += [part for part, times in every.items() if times > 1]
        self._write(paper)

    def _write(self, paper: Paper) -> None:
        aside = self.file.with_suffix(".new")
        aside.write_text(json.dumps(paper))
        aside.rename(self.file)
