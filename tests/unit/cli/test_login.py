"""`euca ssh` trusts no word that others wrote; a console's end is joined to what was shown of it before."""

from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from app.api.resources import InstanceView
from app.cli.login import added, check_login, console_log, harmless, ssh_options, ssh_words

FACTS: dict[str, Any] = {
    name: {str: "", int: 0, dict[str, str]: {}}[field.type]
    for name, field in ((field.name, field) for field in msgspec.structs.fields(InstanceView))
    if field.required
}
VIEW = InstanceView(**(FACTS | {"id": "i-0a11beef", "state": "running", "private_ip": "10.9.0.5"}))


def test_the_command_goes_to_the_address_with_the_options_given() -> None:
    options = ssh_options(Path("/a folder/known_hosts"), Path("/a key"))
    words = ssh_words(VIEW.id, "root@10.9.0.5", options, ("uname", "-a"))
    assert words[0] == "ssh"
    assert words[-4:] == ["--", "root@10.9.0.5", "uname", "-a"]
    assert words[words.index('IdentityFile="/a key"') - 1] == "-o"
    assert "HostKeyAlias=i-0a11beef" in words
    assert "ConnectTimeout=20" in words


@pytest.mark.parametrize(
    ("changed", "login", "why"),
    [
        ({"state": "stopped"}, "root", "is stopped, not running"),
        ({}, "-oProxyCommand=x", "is no name of a user"),
        ({}, "a@b", "is no name of a user"),
    ],
)
def test_who_can_not_log_in_is_told(changed: dict[str, Any], login: str, why: str) -> None:
    with pytest.raises(click.ClickException, match=why):
        check_login(msgspec.structs.replace(VIEW, **changed), login)


@given(st.text(st.characters(codec="utf-8"), max_size=2000), st.text(st.characters(codec="utf-8"), max_size=300))
def test_what_was_added_to_a_text_that_only_grew_is_exactly_that(seen: str, more: str) -> None:
    assert added(seen, seen + more) == more


def test_what_was_added_is_found_when_the_window_has_moved_on() -> None:
    lines = [f"line {number}\n" for number in range(200)]
    assert added("".join(lines[:150]), "".join(lines[90:160])) == "".join(lines[150:160])
    assert added("something else", "anew") == "anew"


@given(st.text(st.characters(codec="utf-8")))
def test_no_control_character_of_a_guest_reaches_the_terminal(text: str) -> None:
    assert all(char.isprintable() or char in "\n\t" for char in harmless(text))


def test_a_console_that_is_followed_is_no_json() -> None:
    said = CliRunner().invoke(console_log, ["--json", "-f", "--url", "http://127.0.0.1:1", "i-0a11beef"])
    assert (said.exit_code, "--follow prints text" in said.output) == (2, True)
