"""A soak from its beginning to its end: eight clients act at random while judges look on."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from random import Random

from app.api.accounts import CreateAccount, CreateUser
from app.client import calls
from tests.server.conftest import ec2_client
from tests.soak.gauges import Reading
from tests.soak.judge import Judge
from tests.soak.stage import REAL, SCRIPTED, Stage
from tests.soak.user import User

CLIENTS = 8
LOOKS_EVERY_S = 5.0
MOST_SCRIPTED, MOST_REAL = 40, 3
Say = Callable[[str], None]


def soak(stage: Stage, *, long_s: float, seed: int, pause_s: float, says_every_s: float, say: Say) -> list[Reading]:
    """Run for `long_s` seconds; return what the gauges said. Violated or AssertionError at the first broken promise."""
    users = [_user(stage, number, Random(f"{seed}/{number}"), pause_s) for number in range(CLIENTS)]
    over, judge, readings = threading.Event(), Judge(stage), list[Reading]()
    began_s = said_s = time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as pool:
        running = [pool.submit(user.live, over) for user in users]
        try:
            while (now := time.monotonic()) - began_s < long_s and not _failed(running):
                states = judge.look()
                if not readings or now - said_s >= says_every_s:
                    said_s = now
                    readings.append(Reading.take(stage.cloud.pid, stage.cloud.state / "cloud.sqlite3"))
                    say(f"{(now - began_s) / 60:5.1f} min  {_told(users, states)}  {readings[-1]}")
        finally:
            over.set()
    for future in running:
        future.result()
    for user in users:
        user.end()
    judge.nothing_left()
    for user in users:
        user.look()
    say(f"  the end  {_told(users, judge.look())}")
    return readings


def _failed(running: "list[Future[None]]") -> bool:
    done, _ = wait(running, timeout=LOOKS_EVERY_S, return_when=FIRST_EXCEPTION)
    return bool(done)


def _user(stage: Stage, number: int, rng: Random, pause_s: float) -> User:
    """Make a client with an account of its own; the last one has real guests."""
    account = f"soak{number}"
    stage.rest.send(calls.create_account(CreateAccount(name=account)))
    keys = stage.rest.send(calls.create_user(CreateUser(account=account, name="ana")))
    environment = stage.cloud.credentials() | {
        "AWS_ACCESS_KEY_ID": keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
    }
    zone = REAL if number == CLIENTS - 1 else SCRIPTED
    return User(
        ec2=ec2_client(environment),
        rng=rng,
        image_id=stage.images[zone],
        zone=zone,
        most=MOST_REAL if zone == REAL else MOST_SCRIPTED,
        pause_s=pause_s * (5 if zone == REAL else 1),
    )


def _told(users: list[User], states: "dict[str, int]") -> str:
    calls_made, refused = sum(user.calls for user in users), sum(user.refused for user in users)
    known = "  ".join(f"{name} {states.get(name, 0):4}" for name in ("pending", "running", "stopped", "terminated"))
    return f"calls {calls_made:6} ({refused} refused)  {known}"
