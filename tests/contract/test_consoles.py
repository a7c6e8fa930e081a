"""The contract of an open console, on every implementation of the Hypervisor port; QEMU's guests here run no software.

A guest that answers what is typed is met in `tests/guest/test_guest_console.py`.
"""

import asyncio

import pytest

from app.domain.errors import Broken, Lost
from app.domain.ports import NOT_SUPPORTED, NotSupported
from app.domain.terminal import Terminal
from tests.contract.arenas import Arena, Ears, a_domain

pytestmark = pytest.mark.contract
ID = "i-0000abcd"
WITHIN_S = 60.0


async def opened(arena: Arena) -> Terminal | None:
    """Open the console of a running domain; None where the driver has none, which it must say."""
    await arena.host.define(a_domain(ID))
    await arena.host.start(ID)
    terminal = await arena.host.open_console(ID)
    if not arena.consoles:
        assert terminal is NOT_SUPPORTED
        return None
    assert not isinstance(terminal, NotSupported)
    return terminal


async def rest_of(terminal: Terminal) -> bytes:
    """Read until the console has ended."""
    said = b""
    async with asyncio.timeout(WITHIN_S):
        while data := await terminal.read():
            said += data
    return said


async def test_what_does_not_run_has_no_console(arena: Arena) -> None:
    for _ in range(2):
        if arena.consoles:
            with pytest.raises(Broken):
                await arena.host.open_console(ID)
        else:
            assert await arena.host.open_console(ID) is NOT_SUPPORTED
        await arena.host.define(a_domain(ID))


async def test_an_open_console_takes_bytes_and_ends_with_its_domain(arena: Arena) -> None:
    terminal = await opened(arena)
    if terminal is None:
        return
    await terminal.write(b"root\r")
    await terminal.write(bytes(range(256)))
    await arena.host.destroy(ID)
    await rest_of(terminal)
    await terminal.close()


async def test_what_is_typed_is_echoed_where_a_guest_does(arena: Arena) -> None:
    terminal = await opened(arena)
    if terminal is None or not arena.echoes:
        return
    await terminal.write(b"root\r")
    said = b""
    async with asyncio.timeout(WITHIN_S):
        while b"login:" not in said:
            said += await terminal.read()
    assert said.startswith(b"root\r\n")
    await terminal.close()


async def test_one_has_the_console_at_a_time(arena: Arena) -> None:
    terminal = await opened(arena)
    if terminal is None:
        return
    with pytest.raises(Broken):
        await arena.host.open_console(ID)
    await terminal.write(b"still mine")
    await terminal.close()
    again = await arena.host.open_console(ID)
    assert not isinstance(again, NotSupported)
    await again.close()


async def test_closing_ends_a_read_that_waits_and_may_be_repeated(arena: Arena) -> None:
    terminal = await opened(arena)
    if terminal is None:
        return
    reading = asyncio.create_task(rest_of(terminal))
    await asyncio.sleep(0)
    await terminal.close()
    await terminal.close()
    await reading
    with pytest.raises(Lost):
        await terminal.write(b"too late")


async def test_a_console_does_not_outlive_the_stay_of_its_host(arena: Arena) -> None:
    if arena.echoes:
        arena.hosts.join("h2", arena.other_uri, Ears(), [])
        host = arena.hosts.host("h2")
        await host.define(a_domain(ID))
        await host.start(ID)
        terminal = await host.open_console(ID)
        assert not isinstance(terminal, NotSupported)
        await arena.hosts.leave("h2")
        with pytest.raises(Lost):
            await rest_of(terminal)
