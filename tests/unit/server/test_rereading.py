"""When files that change are taken: looked at by hand, so that nothing waits for the clock."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.server.rereading import LiveSettings
from app.server.rule_files import said
from app.services import rulesets
from app.settings import Settings, load
from app.store.database import Database
from tests.builders import FrozenClock

FILL = "rule fill { prefer -host.index }\npolicy fill { use fill }\n"
SPREAD = "rule spread { prefer host.index }\npolicy spread { use spread }\n"


class Site:
    """A directory of rules, the eucalyptus.conf that names it, and who looks at both."""

    def __init__(self, folder: Path, store: Database) -> None:
        self.rules, self.config, self.store = folder / "site", folder / "eucalyptus.conf", store
        self.rules.mkdir()
        self.write("a.rules", FILL)
        self.config.write_text('SCHEDPOLICY="RULES"\nMAPPING_RULES="site"\n')
        self.live = LiveSettings(self.settings(), self.settings)

    def settings(self) -> Settings:
        return load({}, {}, self.config)

    def write(self, name: str, text: str) -> None:
        (self.rules / name).write_text(text)

    async def look(self) -> str:
        await self.live.look(self.store)
        return await self.store.read(lambda unit: rulesets.active(unit).policy)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with Database.open(tmp_path / "cloud.sqlite3", clock=FrozenClock()) as store:
        site = Site(tmp_path, store)
        await store.write(lambda unit: rulesets.take_over(unit, said(site.settings())))
        yield site


async def test_a_change_is_taken_once_it_looked_the_same_twice(site: Site) -> None:
    assert await site.look() == "fill"
    site.write("a.rules", SPREAD[:30])
    assert await site.look() == "fill"
    site.write("a.rules", SPREAD)
    assert await site.look() == "fill"
    assert await site.look() == "spread"
    refused = [entry for entry in await site.store.read(lambda unit: unit.entries(0, 100)) if "refused" in entry.event]
    assert refused == []


async def test_a_file_that_comes_or_goes_is_a_change(site: Site) -> None:
    (site.rules / "a.rules").rename(site.rules / "b.rules")
    site.write("c.rules", SPREAD.replace("policy spread", 'policy spread "default"'))
    await site.look()
    assert await site.look() == "spread"
    (site.rules / "c.rules").unlink()
    await site.look()
    assert await site.look() == "fill"


async def test_what_an_editor_leaves_beside_the_file_is_none_of_the_rules(site: Site) -> None:
    site.write(".#a.rules", "nonsense")
    (site.rules / ".b.rules").symlink_to("nowhere")
    site.write("a.rules~", "nonsense")
    (site.rules / "folder.rules").mkdir()
    site.write("a.rules", SPREAD)
    await site.look()
    assert await site.look() == "spread"


@pytest.mark.parametrize("gone", ["a.rules", "."])
async def test_rules_that_are_gone_change_nothing_and_come_back(site: Site, gone: str) -> None:
    (site.rules / "a.rules").unlink()
    if gone == ".":
        site.rules.rmdir()
    await site.look()
    assert await site.look() == "fill"
    site.rules.mkdir(exist_ok=True)
    site.write("a.rules", SPREAD)
    await site.look()
    assert await site.look() == "spread"


async def test_rules_that_are_named_anew_are_followed_from_then_on(site: Site) -> None:
    (site.config.parent / "other.rules").write_text(SPREAD)
    site.config.write_text('SCHEDPOLICY="RULES"\nMAPPING_RULES="other.rules"\n')
    await site.look()
    assert await site.look() == "spread"
    await site.look()
    await site.look()
    (site.config.parent / "other.rules").write_text(FILL)
    await site.look()
    assert await site.look() == "fill"
