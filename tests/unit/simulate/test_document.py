"""The policy that docs/experiments.md shows as an example can be typed in as it stands."""

import re

from app.simulate.baselines import Contender
from app.simulate.experiment import run
from app.simulate.workload import generated
from tests.house.tree import ROOT


def test_the_example_policy_of_the_document_runs() -> None:
    document = (ROOT / "docs" / "experiments.md").read_text()
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", document, re.DOTALL):
        exec(block, names)
    stay = run(generated(10, seed=1), Contender(name="stay", policy=names["Stay"]()), hosts=10)  # type: ignore[operator]
    assert stay.migrations == 0
    assert stay.energy_kwh > 0
