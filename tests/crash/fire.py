"""Clients that insist and a server that is killed at random moments, for every hypervisor that survives it."""

import random
import time
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.conftest import ec2_client

LAUNCHES = 20
KILLS = 6
NO_ANSWER = (BotoCoreError, ResponseParserError)  # an answer cut off before its body is an empty one to boto3


def states_of(environment: dict[str, str]) -> dict[str, str]:
    reservations = ec2_client(environment).describe_instances()["Reservations"]
    return {i["InstanceId"]: i["State"]["Name"] for r in reservations for i in r["Instances"]}


def settled(environment: dict[str, str]) -> dict[str, str]:
    """Return the state of each instance once none is on its way."""
    states = states_of(environment)
    return {} if {"pending", "stopping", "shutting-down"} & set(states.values()) else states


def launch(environment: dict[str, str], image_id: str, number: int) -> str:
    """Launch one instance as a stubborn client does: the same token until an answer comes."""
    for _ in range(400):
        try:
            run = ec2_client(environment).run_instances(
                ImageId=image_id, MinCount=1, MaxCount=1, ClientToken=f"launch-{number}"
            )
            return str(run["Instances"][0]["InstanceId"])
        except (*NO_ANSWER, ClientError):
            time.sleep(0.05)
    raise AssertionError("the server never answered")


def launch_under_fire(cloud: ServedCloud, environment: dict[str, str]) -> set[str]:
    """Launch from twenty clients at once while the server is killed and started again at random moments."""
    chance = random.Random(7)
    image_id = ec2_client(environment).describe_images()["Images"][0]["ImageId"]
    with ThreadPoolExecutor(LAUNCHES) as pool:
        answers = [pool.submit(launch, environment, image_id, number) for number in range(LAUNCHES)]
        kill_at_random(cloud, chance)
        return {answer.result() for answer in answers}


def kill_at_random(cloud: ServedCloud, chance: random.Random) -> None:
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.05, 0.4))
        cloud.kill()
        cloud.start()


def ask(environment: dict[str, str], instance_id: str, actions: tuple[str, ...]) -> None:
    """Ask for one action after the other, each until it is answered and, where it changes the state, has come true."""
    for action in actions:
        eventually(lambda action=action: accepted(environment, instance_id, action))  # type: ignore[misc]


def accepted(environment: dict[str, str], instance_id: str, action: str) -> bool:
    try:
        getattr(ec2_client(environment), f"{action}_instances")(InstanceIds=[instance_id])
    except (*NO_ANSWER, ClientError):
        return False
    return True
