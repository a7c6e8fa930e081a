"""The line that all who sit at one console share: opened once, slow readers hold up nobody, the end is told to all."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from app.api.console import Ended, Skipped, Standing
from app.domain.errors import Broken, CloudError, Lost, Unavailable, Unsupported
from app.domain.ports import NOT_SUPPORTED, NotSupported
from app.domain.states import Seen
from app.server.consoles import MOST_PAST_BYTES, MOST_SEATS, MOST_WAITING_BYTES, Consoles, Seat
from tests.builders import an_instance

INSTANCE = an_instance("i-0000abcd", seen=Seen.RUNNING, launched=1)


@dataclass
class Guest:
    """A terminal whose other end is the test."""

    said: asyncio.Queue[bytes | CloudError] = field(default_factory=asyncio.Queue)
    typed: bytes = b""
    closed: bool = False

    async def read(self) -> bytes:
        said = await self.said.get()
        if isinstance(said, CloudError):
            raise said
        return said

    async def write(self, data: bytes) -> None:
        self.typed += data

    async def close(self) -> None:
        self.closed = True


@dataclass
class OneHost:
    """Hypervisors with one host, whose consoles are `guests`; `answer` is given instead if there is one."""

    guests: list[Guest] = field(default_factory=list)
    answer: NotSupported | CloudError | None = None
    may_open: asyncio.Event = field(default_factory=asyncio.Event)

    def host(self, name: str) -> "OneHost":
        return self

    async def console(self, instance_id: str) -> bytes | NotSupported:
        return b"before\r\n"

    async def open_console(self, instance_id: str) -> Guest | NotSupported:
        await self.may_open.wait()
        if isinstance(self.answer, CloudError):
            raise self.answer
        if self.answer is not None:
            return self.answer
        assert all(guest.closed for guest in self.guests), "the console was opened twice"
        self.guests.append(Guest())
        return self.guests[-1]


class Rows:
    """A store that knows the instance as it is."""

    async def read(self, work: Any) -> Any:
        return INSTANCE


def a_seat(name: str = "ana") -> Seat:
    return Seat(name, may_write=True)


async def next_of(seat: Seat, kind: type[Any]) -> Any:
    """Return the next of a kind that a seat is given."""
    async with asyncio.timeout(60):
        while not isinstance(item := await seat.next(), kind):
            pass
    return item


@pytest.fixture
def host() -> OneHost:
    host = OneHost()
    host.may_open.set()
    return host


@pytest.fixture
def consoles(host: OneHost) -> Consoles:
    return Consoles(cast("Any", Rows()), cast("Any", host))


async def test_many_who_come_at_once_share_one_console_and_the_last_closes_it(
    consoles: Consoles, host: OneHost
) -> None:
    seats = [a_seat(str(number)) for number in range(MOST_SEATS)]
    lines = await asyncio.gather(*(consoles.join(INSTANCE, seat) for seat in seats))
    assert len(host.guests) == 1
    with pytest.raises(Unavailable):
        await consoles.join(INSTANCE, a_seat())
    for seat in seats[1:]:
        consoles.leave(lines[0], seat)
    assert (await next_of(seats[0], Standing)).watchers == 1
    assert not host.guests[0].closed
    consoles.leave(lines[0], seats[0])
    await consoles.join(INSTANCE, a_seat())
    assert [guest.closed for guest in host.guests] == [True, False]
    consoles.close()


async def test_who_leaves_while_it_is_opened_leaves_nothing_behind(consoles: Consoles, host: OneHost) -> None:
    host.may_open.clear()
    joining = asyncio.create_task(consoles.join(INSTANCE, a_seat()))
    await asyncio.sleep(0)
    joining.cancel()
    await asyncio.wait([joining])
    host.may_open.set()
    await consoles.join(INSTANCE, a_seat())
    assert len(host.guests) == 1


@pytest.mark.parametrize(
    ("answer", "kind"), [(NOT_SUPPORTED, Unsupported), (Broken("h", "busy"), Broken), (Lost("h", "gone"), Lost)]
)
async def test_what_can_not_be_opened_is_told_to_all_and_may_be_tried_again(
    consoles: Consoles, host: OneHost, answer: NotSupported | CloudError, kind: type[CloudError]
) -> None:
    host.answer = answer
    tries = await asyncio.gather(*(consoles.join(INSTANCE, a_seat()) for _ in range(3)), return_exceptions=True)
    assert [type(failure) for failure in tries] == [kind] * 3
    host.answer = None
    await consoles.join(INSTANCE, a_seat())


async def test_who_reads_slowly_is_told_what_was_left_out_and_holds_up_nobody(
    consoles: Consoles, host: OneHost
) -> None:
    slow, quick = a_seat(), a_seat()
    for seat in (slow, quick):
        await consoles.join(INSTANCE, seat)
    piece, seen, count = b"x" * 32 * 1024, 0, 20
    for _ in range(count):
        host.guests[0].said.put_nowait(piece)
        while seen < len(piece):
            seen += len(await next_of(quick, bytes))
        seen = 0
    left_out = (await next_of(slow, Skipped)).bytes
    assert count * len(piece) - MOST_WAITING_BYTES <= left_out < count * len(piece)
    late = a_seat()
    await consoles.join(INSTANCE, late)
    assert len(await next_of(late, bytes)) == MOST_PAST_BYTES


async def test_only_who_was_let_in_to_type_types(consoles: Consoles, host: OneHost) -> None:
    first, second = a_seat("ana"), a_seat("otto")
    line = await consoles.join(INSTANCE, first)
    await consoles.join(INSTANCE, second)
    assert await line.type(first, b"no") != ""
    assert line.take(first, steal=False) == ""
    assert "ana" in line.take(second, steal=False)
    assert await line.type(first, b"yes") == ""
    assert line.take(second, steal=True) == ""
    assert await line.type(first, b"no") != ""
    consoles.leave(line, second)
    assert line.writer is None
    assert host.guests[0].typed == b"yes"


async def test_who_lost_the_connection_takes_over_from_what_is_left_of_it(consoles: Consoles) -> None:
    before, again = a_seat("ana"), a_seat("ana")
    line = await consoles.join(INSTANCE, before)
    await consoles.join(INSTANCE, again)
    assert line.take(before, steal=False) == line.take(again, steal=False) == ""
    consoles.leave(line, before)
    assert line.writer is again


@pytest.mark.parametrize(("last", "reason"), [(b"", "closed"), (Lost("h", "gone"), "lost")])
async def test_the_end_is_told_to_all(consoles: Consoles, host: OneHost, last: bytes | CloudError, reason: str) -> None:
    seats = [a_seat(), a_seat()]
    for seat in seats:
        await consoles.join(INSTANCE, seat)
    host.guests[0].said.put_nowait(last)
    assert [(await next_of(seat, Ended)).reason for seat in seats] == [reason, reason]


async def test_a_server_that_stops_says_so_and_opens_no_more(consoles: Consoles) -> None:
    seat = a_seat()
    await consoles.join(INSTANCE, seat)
    consoles.close()
    assert (await next_of(seat, Ended)).reason == "server"
    with pytest.raises(Unavailable):
        await consoles.join(INSTANCE, a_seat())
