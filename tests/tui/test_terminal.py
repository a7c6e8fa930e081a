"""The console of an instance on the screen: typing, watching, leaving, losing it and having it back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.app import App, ComposeResult

from app.api.problems import Problem
from app.tui.session import WAYS, Ways
from app.tui.widgets.terminal import MOST_WAITING_BYTES, PIECE_BYTES, Terminal
from tests.tui.consoles import Console, a_console
from tests.tui.fake_cloud import FakeCloud
from tests.tui.fake_guest import FakeGuest, a_guest
from tests.tui.test_screens import compare

pytestmark = pytest.mark.tui


@asynccontextmanager
async def sitting(
    guest: FakeGuest, role: str = "operator", ways: Ways = WAYS, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[Console]:
    """Open the console page of the first instance."""
    async with a_guest(guest), a_console(FakeCloud(role), ways, size=size, url=guest.url) as console:
        await console.press("3")
        await console.shows("5 instances")
        await console.press("c")
        await console.shows("console")
        yield console


async def test_what_is_typed_reaches_the_guest_and_only_ctrl_bracket_leaves() -> None:
    guest = FakeGuest()
    async with sitting(guest) as console:
        await console.shows("typing as ana of 1", "web01 login:")
        await console.press("q", "1", "colon", "slash", "escape", "up", "ctrl+c", "tab", "é", "enter")
        await console.until(lambda: guest.typed == "q1:/\x1b\x1b[A\x03\té\r".encode())
        await console.press("ctrl+right_square_bracket")
        await console.shows("nobody is writing", "enter type")
        await console.press("enter")
        await console.shows("typing as ana of 1")
        await console.press("ctrl+right_square_bracket")
        await console.shows("nobody is writing")
        await console.press("escape")
        await console.until(lambda: not guest.connected)


async def test_who_comes_second_watches_and_may_take_over_after_a_question() -> None:
    guest = FakeGuest()
    guest.writer = "otto of 1"
    async with sitting(guest) as console:
        await console.shows("otto of 1 is writing, you watch")
        await console.press("T")
        await console.shows("only watches from then on", "euca attach --steal")
        await console.press("tab", "enter")
        await console.shows("typing as ana of 1")
        await guest.stand(writing=False)
        await console.shows("otto of 1 is writing, you watch")
        await console.press("x")
        assert guest.typed == b""


@pytest.mark.parametrize(("role", "ways"), [("viewer", WAYS), ("operator", Ways(read_only=True))])
async def test_who_may_not_change_anything_watches_and_sees_that(role: str, ways: Ways) -> None:
    guest = FakeGuest(may_write=role != "viewer")
    async with sitting(guest, role, ways) as console:
        await console.shows("read-only: nobody is writing, you watch", "web01 login:")
        await console.press("enter")
        await console.pilot.pause()
        assert not any(frame["kind"] == "write" for frame in guest.heard)


async def test_a_lost_console_keeps_its_picture_says_so_and_comes_back() -> None:
    guest = FakeGuest()
    async with sitting(guest) as console:
        await console.shows("typing as")
        guest.refusal = Problem(type="x", title="x", status=503, detail="consoles: the server stops")
        guest.cut()
        await console.shows("the server stops, again in", "web01 login:")
        guest.refusal = None
        await console.press("R")
        await console.shows("typing as ana of 1")
        assert guest.visits == 2


async def test_the_end_of_an_instance_is_final_and_a_move_is_not() -> None:
    guest = FakeGuest()
    async with sitting(guest) as console:
        await console.shows("typing as")
        await guest.end("moved", "the instance has moved to another host")
        await console.until(lambda: guest.visits == 2)
        await console.shows("typing as")
        await guest.end("terminated", "the instance has ended")
        await console.shows("✕ the instance has ended")
        assert guest.visits == 2


async def test_what_can_not_be_opened_is_said_in_the_clouds_words() -> None:
    guest = FakeGuest()
    guest.refusal = Problem(type="x", title="x", status=501, detail="the hypervisor of host node03 has none")
    async with sitting(guest) as console:
        await console.shows("✕ the hypervisor of host node03 has none")
        guest.refusal = None
        await console.press("R")
        await console.shows("typing as")


async def test_a_guests_bytes_never_reach_the_terminal_as_escapes() -> None:
    guest = FakeGuest()
    guest.greeting = b"\x1b]0;title\x07\x1b]52;c;ZXZpbA==\x07\x1b[31mred\x1b[0m \xe2\x80\xae \x9b5n \x1b[6n|end"
    async with sitting(guest) as console:
        await console.shows("red", "|end")
        assert "52;c" not in console.text()
        assert "\u202e" not in console.text()


async def test_the_guest_is_answered_where_the_cursor_is_while_one_types_only() -> None:
    guest = FakeGuest()
    async with sitting(guest) as console:
        await console.shows("typing as")
        await guest.say(b"\x1b[2;5H\x1b[6n")
        await console.until(lambda: guest.typed == b"\x1b[2;5R")
        await console.press("ctrl+right_square_bracket")
        await console.shows("nobody is writing")
        await guest.say(b"\x1b[6n|seen")
        await console.shows("|seen")
        assert guest.typed == b"\x1b[2;5R"


async def test_the_window_is_told_to_the_cloud() -> None:
    guest = FakeGuest()
    async with sitting(guest) as console:
        await console.until(lambda: any(frame["kind"] == "resize" for frame in guest.heard))
        await console.pilot.resize_terminal(100, 40)
        await console.until(lambda: guest.heard[-1].get("columns") == 100)


BOOT = "[    4.112] EXT4-fs (vda): mounted\r\n\x1b[32m[ OK ]\x1b[0m 漢字\r\n\r\nweb01 login: ".encode()


@pytest.mark.parametrize(("name", "size"), [("80x24", (80, 24)), ("200x60", (200, 60))])
async def test_the_console_looks_as_it_did(name: str, size: tuple[int, int]) -> None:
    guest = FakeGuest()
    guest.greeting = BOOT
    async with sitting(guest, size=size) as console:
        await console.shows("typing as", "login:", "live 0.0s")
        compare(console, f"console-{name}")


async def test_a_read_only_console_looks_as_it_did() -> None:
    guest = FakeGuest(may_write=False)
    guest.greeting, guest.writer = BOOT, "otto of 1"
    async with sitting(guest, "viewer") as console:
        await console.shows("otto of 1 is writing", "login:", "live 0.0s")
        compare(console, "console-read-only-80x24")


async def test_a_console_that_has_ended_looks_as_it_did() -> None:
    guest = FakeGuest()
    guest.greeting = BOOT
    async with sitting(guest) as console:
        await console.shows("typing as", "login:")
        await guest.end("stopped", "the instance was stopped")
        await console.shows("was stopped", "live 0.0s", "enter type")
        compare(console, "console-ended-80x24")


async def test_in_ascii_mode_the_console_is_ascii_too() -> None:
    guest = FakeGuest()
    guest.greeting = BOOT
    async with sitting(guest, ways=Ways(ascii_only=True)) as console:
        await console.shows("typing as", "login:")
        assert console.text().isascii(), console.text()


class Alone(App[None]):
    def compose(self) -> ComposeResult:
        yield Terminal(ascii_only=False)


def shown(terminal: Terminal) -> list[str]:
    return [terminal.render_line(y).text.rstrip() for y in range(terminal.size.height)]


async def test_a_flood_is_cut_and_the_newest_is_shown() -> None:
    app = Alone()
    async with app.run_test(size=(80, 24)) as pilot:
        terminal = app.query_one(Terminal)
        for number in range(20_000):
            terminal.feed(b"line %d\r\n" % number)
        terminal.feed(b"the last")
        for _ in range(MOST_WAITING_BYTES // PIECE_BYTES):
            terminal.work()
        await pilot.pause()
        assert {"the last", "line 19999"} <= set(shown(terminal))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.binary(max_size=60) | st.sampled_from([b"\x1b[", b"\x1b[?", b"\x1b]", b"\x1b#8", b"\x1b[9999999;0r"]))
)
async def test_no_bytes_of_a_guest_break_the_terminal(pieces: list[bytes]) -> None:
    app = Alone()
    async with app.run_test(size=(40, 10)):
        terminal = app.query_one(Terminal)
        for piece in pieces:
            terminal.feed(piece)
            terminal.work()
        assert all(line.isprintable() for line in shown(terminal))


@pytest.mark.parametrize(("height", "first"), [(6, "line 5"), (20, "line 0")])
async def test_a_smaller_window_loses_no_more_than_it_must(height: int, first: str) -> None:
    app = Alone()
    async with app.run_test(size=(80, 24)) as pilot:
        terminal = app.query_one(Terminal)
        terminal.feed(b"".join(b"line %d\r\n" % number for number in range(10)) + b"$ ")
        terminal.work()
        await pilot.resize_terminal(80, height)
        assert shown(terminal)[0] == first
        assert "$" in shown(terminal)[: height + 1]
