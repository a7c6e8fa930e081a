"""The migrated schema beside the domain's fields: a new field without a migration fails here."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database as Schema

from app.domain.errors import Broken, Unavailable
from app.domain.ids import parse
from app.domain.instance import Instance
from app.domain.states import Seen, Wanted
from app.store.catalogue import KINDS
from app.store.codec import Codec, codec_of
from app.store.database import Database
from app.store.migrations import APPLICATION_ID, migrations
from tests.builders import FrozenClock
from tests.unit.store.builders import an_account, an_instance, mode_of, names_in


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    file = tmp_path / "state" / "cloud.sqlite3"
    await Database.open(file, clock=FrozenClock()).close()
    return file


@pytest.mark.parametrize("entity", KINDS, ids=lambda entity: entity.__name__)
def test_the_migrated_schema_has_the_columns_of_the_domain(file: Path, entity: type) -> None:
    table, _ = KINDS[entity]
    codec: Codec[object] = codec_of(entity)
    with closing(sqlite3.connect(file)) as connection:
        found = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
    assert {name: (kind, bool(required), default, key) for _, name, kind, required, default, key in found} == {
        column.name: (
            column.sql_type,
            True,
            column.default,
            codec.key.index(column.name) + 1 if column.name in codec.key else 0,
        )
        for column in codec.columns
    }


def widen(file: Path) -> None:
    file.chmod(0o644)


def test_every_table_is_strict_and_of_the_domain(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        tables = {row[1]: row[5] for row in connection.execute("PRAGMA table_list") if not row[1].startswith("_")}
    del tables["sqlite_schema"], tables["sqlite_temp_schema"], tables["sqlite_sequence"]
    assert tables == dict.fromkeys(
        [*(table for table, _ in KINDS.values()), "answers", "decisions", "held", "journal", "audit", "settings"], 1
    )


def test_migrating_again_changes_nothing(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        schema = Schema(connection)
        before = schema.schema
        migrations().apply(schema)
        assert schema.schema == before
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_files_are_for_the_owner_only(file: Path) -> None:
    assert (mode_of(file), mode_of(file.parent)) == (0o600, 0o700)


async def test_the_log_is_for_the_owner_only_and_a_wide_file_is_narrowed(file: Path) -> None:
    widen(file)
    async with Database.open(file, clock=FrozenClock()) as database:
        await database.write(lambda unit: unit.accounts.add(an_account()))
        modes = {name: mode_of(file.parent / name) for name in names_in(file.parent)}
    assert modes == dict.fromkeys(["cloud.sqlite3", "cloud.sqlite3-wal", "cloud.sqlite3-shm"], 0o600)


def test_a_database_of_a_newer_version_is_refused(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('cloud', '9999_later', '')"
        )
    with pytest.raises(Broken, match="written by a newer version of this program"):
        Database.open(file, clock=FrozenClock())


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "cloud.sqlite3"
    file.write_text("a diary, much longer than the head of a database")
    with pytest.raises(Broken, match="is no database"):
        Database.open(file, clock=FrozenClock())
    assert file.read_text().startswith("a diary")


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "cloud.sqlite3"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE songs (name TEXT)")
    with pytest.raises(Broken, match="another program"):
        Database.open(file, clock=FrozenClock())
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("songs",)]


@pytest.mark.parametrize("killed_after", ["the mark", "the book of steps"])
async def test_a_first_start_that_was_killed_is_finished_by_the_next(tmp_path: Path, killed_after: str) -> None:
    file = tmp_path / "cloud.sqlite3"
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        if killed_after == "the book of steps":
            migrations().ensure_migrations_table(Schema(connection))
    async with Database.open(file, clock=FrozenClock()) as database:
        await database.write(lambda unit: unit.accounts.add(an_account()))


def test_a_directory_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "cloud.sqlite3").mkdir()
    with pytest.raises(Unavailable, match="can not be opened"):
        Database.open(tmp_path / "cloud.sqlite3", clock=FrozenClock())


def test_a_field_that_no_column_can_hold_is_refused() -> None:
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Odd:
        part: complex

    with pytest.raises(TypeError, match="no column can be made of part"):
        codec_of(Odd)


async def test_a_value_of_a_later_version_is_told_clearly(file: Path) -> None:
    async with Database.open(file, clock=FrozenClock()) as database:
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute(
                "INSERT INTO hosts (name, cluster, uri, ordinal, created_at_ms, state)"
                " VALUES ('h', 'c', 'u', 1, 1, 'odd')"
            )
        with pytest.raises(Broken, match="does not know: 'odd'"):
            await database.read(lambda unit: unit.hosts.get("h"))


def test_what_instances_of_an_older_file_hold_is_summed_up_once(tmp_path: Path) -> None:
    facts: list[dict[str, Any]] = [
        {"seen": Seen.RUNNING},
        {"wanted": Wanted.STOPPED, "seen": Seen.OFF},
        {"wanted": Wanted.STOPPED, "seen": Seen.RUNNING},
        {"wanted": Wanted.TERMINATED, "seen": Seen.OFF, "launched": 1},
        {"wanted": Wanted.TERMINATED, "seen": Seen.NOTHING, "removed": True},
    ]
    rows = [an_instance(i, host="h1", cores=2, memory_mib=128, disk_gb=10, **given) for i, given in enumerate(facts)]
    with closing(sqlite3.connect(tmp_path / "old.sqlite3")) as connection:
        schema = Schema(connection)
        migrations().apply(schema, stop_before="0004_held")
        codec = codec_of(Instance)
        names = [row[1] for row in connection.execute("PRAGMA table_info(instances)")]
        marks = ", ".join("?" * len(names))
        for row in rows:
            stored = dict(zip(codec.names, codec.encode(row), strict=True))
            values = [stored[name] for name in names]
            connection.execute(f"INSERT INTO instances ({', '.join(names)}) VALUES ({marks})", values)
        migrations().apply(schema)
        found = connection.execute("SELECT * FROM held").fetchall()
    held = [row.held for row in rows]
    assert [size.disk_gb for size in held] == [10, 10, 10, 10, 0]
    assert found == [
        ("h1", 4, sum(s.cores for s in held), sum(s.memory_mib for s in held), sum(s.disk_gb for s in held))
    ]


def test_images_of_an_older_file_need_no_memory(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "old.sqlite3")) as connection:
        schema = Schema(connection)
        migrations().apply(schema, stop_before="0003_memory_of_images")
        given = [f"{row[1]}" for row in connection.execute("PRAGMA table_info(images)") if row[3] and row[4] is None]
        values = {name: 0 if name.endswith(("_ms", "_bytes")) else "x" for name in given}
        marks = ", ".join("?" * len(values))
        connection.execute(f"INSERT INTO images ({', '.join(values)}) VALUES ({marks})", [*values.values()])
        migrations().apply(schema)
        assert connection.execute("SELECT id, min_memory_mib FROM images").fetchall() == [("x", 0)]


def test_placement_groups_that_instances_only_named_are_made_and_promise_nothing(tmp_path: Path) -> None:
    rows = [an_instance(1, placement_group="web"), an_instance(2, placement_group="web"), an_instance(3)]
    with closing(sqlite3.connect(tmp_path / "old.sqlite3")) as connection:
        schema = Schema(connection)
        migrations().apply(schema, stop_before="0015_promises")
        codec = codec_of(Instance)
        names = [row[1] for row in connection.execute("PRAGMA table_info(instances)")]
        for row in rows:
            stored = dict(zip(codec.names, codec.encode(row), strict=True))
            marks = ", ".join("?" * len(names))
            values = [stored[name] for name in names]
            connection.execute(f"INSERT INTO instances ({', '.join(names)}) VALUES ({marks})", values)
        migrations().apply(schema)
        (found,) = connection.execute("SELECT id, name, strategy, partitions FROM placement_groups").fetchall()
        numbers = connection.execute("SELECT id, partition_number FROM instances ORDER BY id").fetchall()
    assert parse(found[0], "placement group") == found[0]
    assert found[1:] == ("web", "partition", 1)
    assert numbers == [(rows[0].id, 1), (rows[1].id, 1), (rows[2].id, 0)]


def test_groups_of_an_older_file_get_the_rules_that_new_ones_begin_with(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "old.sqlite3")) as connection:
        schema = Schema(connection)
        migrations().apply(schema, stop_before="0010_group_rules")
        for group_id, name in (("sg-1", "default"), ("sg-2", "web")):
            connection.execute("INSERT INTO groups VALUES (?, '1', ?, '', 1)", (group_id, name))
        migrations().apply(schema)
        rules = connection.execute("SELECT group_id, egress, protocol, peer FROM group_rules ORDER BY 1, 2").fetchall()
        ids = [row[0] for row in connection.execute("SELECT id FROM group_rules")]
    assert rules == [("sg-1", 0, "-1", "sg-1"), ("sg-1", 1, "-1", "0.0.0.0/0"), ("sg-2", 1, "-1", "0.0.0.0/0")]
    assert len(set(ids)) == 3
    assert all(parse(rule_id, "security group rule") == rule_id for rule_id in ids)
