"""Policies by name: the published baselines, a file of rules, or a class of your own as `file.py:Class`.

The trap: "npa" is not a policy but a way to count. Its machines stand as with "dvfs"; every host draws full watts.
"""

import importlib.util
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.simulate.consolidate import Consolidation
from app.simulate.firstfit import FirstFit
from app.simulate.overload import MedianDeviation, Overload, QuartileRange, Regression, Threshold
from app.simulate.policy import Policy
from app.simulate.residence import PolicyError
from app.simulate.rulefile import rule_policy
from app.simulate.ruling import Ruling

PUBLISHED = ("npa", "dvfs", "thr-mmt-0.8", "mad-mmt-2.5", "iqr-mmt-1.5", "lr-mmt-1.2")
_TESTS: dict[str, Callable[[float], Overload]] = {
    "thr": Threshold,
    "mad": MedianDeviation,
    "iqr": QuartileRange,
    "lr": Regression,
    "lrr": Regression,  # the robust weights do not reach the published fit either
}
_NAME = re.compile(rf"({'|'.join(_TESTS)})-mmt-(\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A policy under the name it is reported by."""

    name: str
    policy: Policy
    full_power: bool = False


def contender(name: str) -> Contender:
    """Make the policy of that name; PolicyError when there is none."""
    if name in {"npa", "dvfs"}:
        return Contender(name=name, policy=FirstFit(), full_power=name == "npa")
    if found := _NAME.fullmatch(name):
        return Contender(name=name, policy=Consolidation(_TESTS[found[1]](float(found[2]))))
    if (rules := rule_policy(name)) is not None:
        return Contender(name=rules.name, policy=Ruling(rules))
    if (found_own := own(name)) is not None:
        policy: Policy = found_own[1]()
        return Contender(name=found_own[0], policy=policy)
    there = ", ".join(PUBLISHED)
    raise PolicyError(f"there is no policy {name}; there are {there}, a file of rules, or yours as file.py:Class")


def own(name: str) -> tuple[str, type] | None:
    """Load the class that `file.py:Class` names; None when the name is not of that form, PolicyError on faults."""
    place, colon, kind = name.rpartition(":")
    if not colon or not place.endswith(".py"):
        return None
    path = Path(place)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise PolicyError(f"there is no file {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not hasattr(module, kind):
        raise PolicyError(f"there is no class {kind} in {path}")
    return kind, getattr(module, kind)
