"""Which disks on a host are nobody's any more."""

from collections.abc import Sequence
from typing import Any, cast

from app.domain.instance import Instance
from app.domain.ports import Unit
from app.domain.states import Wanted
from app.reconcile.leftovers import left_over
from tests.unit.reconcile.rows import an_instance


class _Rows:
    """The one question that is asked of the table of instances."""

    def __init__(self, *rows: Instance) -> None:
        self.instances, self._rows = self, rows

    def where(self, *, id: Sequence[str], **equal: object) -> list[Instance]:
        return [row for row in self._rows if row.id in id and all(getattr(row, k) == v for k, v in equal.items())]


def found(*volumes: str, **given: Any) -> list[str]:
    row = an_instance(**{"wanted": Wanted.TERMINATED, "removed": True, **given})
    return left_over(cast("Unit", _Rows(row)), volumes)


def test_disks_of_an_instance_that_is_gone_are_left_over() -> None:
    assert found("i-00000001.root", "i-00000001.swap.partial") == ["i-00000001.root", "i-00000001.swap.partial"]


def test_disks_of_an_instance_that_is_still_being_removed_are_its_own_affair() -> None:
    assert found("i-00000001.root", removed=False) == []


def test_disks_that_the_store_knows_nothing_of_are_never_touched() -> None:
    assert found("i-0000beef.root", "image-abc", "backup.tar", "i-00000001") == []


def test_what_one_that_is_gone_left_on_a_host_it_had_moved_away_from_is_left_over() -> None:
    assert found("i-00000001.root", host="host02") == ["i-00000001.root"]


def test_disks_of_an_instance_that_lives_on_another_host_are_left_alone() -> None:
    assert found("i-00000001.root", host="host02", removed=False) == []
