"""Named clouds are kept safely and chosen predictably."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.client.contexts import LOCAL_URL, Context, ContextError, Contexts, chosen, load, save

TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
CONTEXT = st.builds(Context, name=TEXT, url=TEXT, token=TEXT, read_only=st.booleans())
LAB = Context(name="lab", url="http://lab:8773", token="t1")
PROD = Context(name="prod", url="http://prod:8773", token="t2", read_only=True)
BOTH = Contexts().having(LAB).having(PROD)


@given(st.lists(CONTEXT, max_size=3))
def test_what_is_saved_is_loaded_again(tmp_path_factory: pytest.TempPathFactory, clouds: list[Context]) -> None:
    path = tmp_path_factory.mktemp("contexts") / "deep" / "contexts.toml"
    contexts = Contexts()
    for cloud in clouds:
        contexts = contexts.having(cloud)
    save(path, contexts)
    assert load(path) == contexts
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_missing_file_is_no_clouds(tmp_path: Path) -> None:
    assert load(tmp_path / "contexts.toml") == Contexts()


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "contexts.toml"
    save(path, BOTH)
    path.chmod(0o644)
    with pytest.raises(ContextError, match="chmod 600"):
        load(path)


def test_a_misspelled_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "contexts.toml"
    path.write_text('[clouds.lab]\nurl = "x"\ntokn = "y"\n')
    path.chmod(0o600)
    with pytest.raises(ContextError, match="tokn"):
        load(path)


@pytest.mark.parametrize(
    ("environ", "name", "url", "expected"),
    [
        ({}, "", "", LAB),
        ({"EUCA_TOKEN": "t9"}, "", "", Context(name="lab", url="http://lab:8773", token="t9")),
        ({"EUCA_URL": "http://else:1", "EUCA_TOKEN": "t9"}, "", "", Context(name="", url="http://else:1", token="t9")),
        (
            {"EUCA_URL": "http://prod:8773/"},
            "",
            "",
            Context(name="prod", url="http://prod:8773/", token="t2", read_only=True),
        ),
        ({"EUCA_URL": "http://else:1"}, "prod", "", PROD),
        ({"EUCA_URL": "http://else:1"}, "", "http://flag:1", Context(name="", url="http://flag:1", token="")),
        ({"EUCA_TOKEN": "t9"}, "", "http://flag:1", Context(name="", url="http://flag:1", token="t9")),
    ],
)
def test_flags_win_over_the_environment_and_that_over_the_file(
    environ: dict[str, str], name: str, url: str, expected: Context
) -> None:
    assert chosen(BOTH, environ, name=name, url=url) == expected


@pytest.mark.parametrize(("url", "token"), [("http://flag:1", ""), ("http://lab:8773", "t1"), ("http://else:1/", "t9")])
def test_the_token_of_the_environment_is_for_the_cloud_of_the_environment_only(url: str, token: str) -> None:
    assert chosen(BOTH, {"EUCA_URL": "http://else:1", "EUCA_TOKEN": "t9"}, url=url).token == token


def test_without_anything_the_local_cloud_is_meant() -> None:
    assert chosen(Contexts(), {}).url == LOCAL_URL


def test_an_unknown_name_is_answered_with_those_known() -> None:
    with pytest.raises(ContextError, match="lab, prod"):
        chosen(BOTH, {}, name="lob")


def test_a_token_is_never_part_of_a_representation() -> None:
    assert "t1" not in repr(BOTH)
