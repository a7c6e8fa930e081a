"""A glance runs on its caller's thread while another closes the store: it ends first, later ones are refused."""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from app.domain.errors import Unavailable
from app.domain.ports import Unit
from app.store.connection import connect, prepare
from app.store.reading import Readers
from tests.builders import FrozenClock
from tests.deadline import eventually


def test_a_glance_that_has_begun_ends_before_its_connection(tmp_path: Path) -> None:
    file = tmp_path / "cloud.sqlite3"
    prepare(file, 1.0)
    open_one = partial(connect, file, 1.0, query_only=True)
    readers, begun, go_on = Readers(open_one, open_one, FrozenClock(), 1), threading.Event(), threading.Event()

    def work(unit: Unit) -> int:
        begun.set()
        go_on.wait(10.0)
        return unit.cursor()

    def refused() -> bool:
        try:
            readers.submit(lambda unit: unit.now_ms)
        except Unavailable:
            return True
        return False

    with ThreadPoolExecutor(2) as pool:
        glance = pool.submit(readers.at_once, work)
        assert begun.wait(10.0)
        closed = pool.submit(readers.close)
        eventually(refused)
        go_on.set()
        assert glance.result() == 0
        closed.result()
