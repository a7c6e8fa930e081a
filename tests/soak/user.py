"""One client of a soak, with an account of its own: acts at random by boto3 and remembers every answer.

What was answered is what has to be: an instance that the cloud shows in any other state than the one asked for last,
one that it forgot, and one that nobody asked for are each a violation. The trap: an answer and a look at the states
must not overlap, so one thread does both.
"""

import time
from dataclasses import dataclass, field
from random import Random
from threading import Event
from typing import Any

from botocore.exceptions import ClientError

SETTLES = {
    "running": {"pending", "running"},
    "stopped": {"stopping", "stopped"},
    "ended": {"shutting-down", "terminated"},
}
MAY_BE_REFUSED = frozenset({"InsufficientInstanceCapacity", "IncorrectInstanceState", "InstanceLimitExceeded"})


class Violated(Exception):
    """The cloud broke a promise; the text says which."""


@dataclass(slots=True, kw_only=True)
class User:
    """`most` instances at a time in one cluster; about `pause_s` seconds between two actions."""

    ec2: Any
    rng: Random
    image_id: str
    zone: str
    most: int
    pause_s: float
    wanted: dict[str, str] = field(default_factory=dict)
    ended_s: dict[str, float] = field(default_factory=dict)
    calls: int = 0
    refused: int = 0

    def live(self, over: Event) -> None:
        """Act and look until it is over; Violated at the first broken promise."""
        while not over.wait(self.rng.expovariate(1 / self.pause_s)):
            self.act()
            if self.rng.random() < 0.2:
                self.look()

    def act(self) -> None:
        """Do one thing at random."""
        held = [name for name, wanted in self.wanted.items() if wanted != "ended"]
        choices = [self._launch] * (2 if len(held) < self.most else 0)
        choices += [self._terminate, self._terminate, self._stop, self._start, self._reboot] if held else []
        self.calls += 1
        try:
            self.rng.choice(choices)(held)
        except ClientError as error:
            if error.response["Error"]["Code"] not in MAY_BE_REFUSED:
                raise Violated(f"an action was answered with {error}") from error
            self.refused += 1

    def end(self) -> None:
        """Terminate all that is left."""
        held = [name for name, wanted in self.wanted.items() if wanted != "ended"]
        if held:
            self._end(held)

    def look(self) -> set[str]:
        """Compare all that the cloud shows with all that was answered; return the states there are."""
        asked_s = time.monotonic()
        pages = self.ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 200})
        shown = {
            row["InstanceId"]: (row["State"]["Name"], row.get("StateReason", {}).get("Message", ""))
            for page in pages
            for reservation in page["Reservations"]
            for row in reservation["Instances"]
        }
        self.calls += 1
        if strange := shown.keys() - self.wanted.keys():
            raise Violated(f"nobody asked for {sorted(strange)}")
        for name, wanted in list(self.wanted.items()):
            state, why = shown.get(name, ("forgotten", ""))
            if state == "forgotten" and wanted == "ended" and asked_s - self.ended_s[name] > 30:
                del self.wanted[name], self.ended_s[name]
            elif state not in SETTLES[wanted]:
                raise Violated(f"{name} was asked to be {wanted} and is {state} ({why})")
        return {state for state, _ in shown.values()}

    def _launch(self, held: list[str]) -> None:
        count = self.rng.randint(1, min(5, self.most - len(held)))
        answer = self.ec2.run_instances(
            ImageId=self.image_id,
            MinCount=1,
            MaxCount=count,
            InstanceType="m1.small",
            Placement={"AvailabilityZone": self.zone},
        )
        self.wanted.update((row["InstanceId"], "running") for row in answer["Instances"])

    def _terminate(self, held: list[str]) -> None:
        self._end(self.rng.sample(held, self.rng.randint(1, min(5, len(held)))))

    def _end(self, names: list[str]) -> None:
        self.ec2.terminate_instances(InstanceIds=names)
        for name in names:
            self.wanted[name], self.ended_s[name] = "ended", time.monotonic()

    def _stop(self, held: list[str]) -> None:
        name = self.rng.choice(held)
        self.ec2.stop_instances(InstanceIds=[name])
        self.wanted[name] = "stopped"

    def _start(self, held: list[str]) -> None:
        name = self.rng.choice(held)
        self.ec2.start_instances(InstanceIds=[name])
        self.wanted[name] = "running"

    def _reboot(self, held: list[str]) -> None:
        self.ec2.reboot_instances(InstanceIds=[self.rng.choice(held)])
