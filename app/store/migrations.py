"""Numbered steps from an empty file to today's schema; sqlite-utils keeps the book of what was applied.

To add a column: a new step `_0002_...` below that calls `schema.table("instances").add_column(name,
type, not_null_default=...)`. Never change a released step: files of operators have passed it already.
"""

import sqlite3

from sqlite_utils import Database as Schema
from sqlite_utils import Migrations

from app.domain.errors import Broken
from app.store import first_schema, job_schema, volume_schema

APPLICATION_ID = 0x45756361  # "Euca" in the file's header, so that `file` and we tell our databases from others
SET = "cloud"
_IMAGE_WORDS = (
    *("source_image_id", "source_region", "source_instance_id"),
    *("state_reason_code", "state_reason"),
)


def migrations() -> Migrations:
    """List every step, oldest first."""
    steps = Migrations(SET)
    steps(name="0001_first_schema")(_0001_first_schema)
    steps(name="0002_private_addresses")(_0002_private_addresses)
    steps(name="0003_memory_of_images")(_0003_memory_of_images)
    steps(name="0004_held")(_0004_held)
    steps(name="0005_moves")(_0005_moves)
    steps(name="0006_rulesets")(_0006_rulesets)
    steps(name="0007_hosts_for_rules")(_0007_hosts_for_rules)
    steps(name="0008_power")(_0008_power)
    steps(name="0009_fencing")(_0009_fencing)
    steps(name="0010_group_rules")(_0010_group_rules)
    steps(name="0011_addresses")(_0011_addresses)
    steps(name="0012_volumes")(_0012_volumes)
    steps(name="0013_images_complete")(_0013_images_complete)
    steps(name="0014_instance_attributes")(_0014_instance_attributes)
    steps(name="0015_promises")(_0015_promises)
    steps(name="0016_state_of_instances")(_0016_state_of_instances)
    steps(name="0017_jobs")(_0017_jobs)
    steps(name="0018_tokens_and_answers")(_0018_tokens_and_answers)
    steps(name="0019_deeds")(_0019_deeds)
    steps(name="0020_quotas")(_0020_quotas)
    steps(name="0021_group_networks")(_0021_group_networks)
    steps(name="0022_present_on_hosts")(_0022_present_on_hosts)
    steps(name="0023_gateways")(_0023_gateways)
    steps(name="0024_tunnel_keys")(_0024_tunnel_keys)
    steps(name="0025_gateways_since")(_0025_gateways_since)
    return steps


def migrate(schema: Schema) -> None:
    """Bring a file that `check_version` accepted to today's schema; every step is a transaction of its own.

    The mark goes first: a kill right after leaves an empty file that is known as ours.
    """
    if not is_ours(schema.conn):
        schema.conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    migrations().apply(schema)


def check_version(schema: Schema, file: str) -> None:
    """Raise Broken if the file belongs to another program or to a newer version of this one."""
    if not is_ours(schema.conn) and schema.table_names():
        raise Broken("store", f"{file} is a database of another program")
    steps = migrations()
    newer = {step.name for step in steps.applied(schema)} - {step.name for step in steps._migrations}
    if newer:
        raise Broken(
            "store", f"{file} was written by a newer version of this program (step {max(newer)}); update the program"
        )


def is_ours(connection: sqlite3.Connection) -> bool:
    """Tell whether this program made the file."""
    return bool(connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID)


def _0001_first_schema(schema: Schema) -> None:
    for statement in (*first_schema.TABLES, *first_schema.INDEXES):
        schema.execute(statement)


def _0002_private_addresses(schema: Schema) -> None:
    """Two instances that hold one address are refused by the file itself; an ended one holds none."""
    for column in ("private_ip", "public_key"):
        schema.execute(f'ALTER TABLE "instances" ADD COLUMN "{column}" TEXT NOT NULL DEFAULT \'\'')
    schema.execute('CREATE INDEX "instances_private_ip" ON "instances" ("private_ip")')
    schema.execute(
        'CREATE UNIQUE INDEX "instances_held_ip" ON "instances" ("private_ip")'
        ' WHERE "private_ip" <> \'\' AND NOT "removed"'
    )


def _0003_memory_of_images(schema: Schema) -> None:
    schema.execute('ALTER TABLE "images" ADD COLUMN "min_memory_mib" INTEGER NOT NULL DEFAULT 0')


def _0004_held(schema: Schema) -> None:
    """Sum up what instances hold of each host as they change, so that placing one more need not read them all.

    `Instance.held` in SQL; a law compares the two: if that changes, a new step makes triggers and sums anew. The trap:
    a table that is made anew loses its triggers.
    """
    schema.execute(
        'CREATE TABLE "held" ("host" TEXT NOT NULL PRIMARY KEY, "instances" INTEGER NOT NULL, "cores" INTEGER NOT NULL,'
        ' "memory_mib" INTEGER NOT NULL, "disk_gb" INTEGER NOT NULL) STRICT'
    )
    columns = ("host", "cores", "memory_mib", "disk_gb", "wanted", "seen", "launches", "launched", "removed")
    schema.execute(_held_changes("+", "instances", 'FROM "instances"'))
    schema.execute(f'CREATE TRIGGER "held_more" AFTER INSERT ON "instances" BEGIN {_held_changes("+", "NEW")}; END')
    schema.execute(f'CREATE TRIGGER "held_less" AFTER DELETE ON "instances" BEGIN {_held_changes("-", "OLD")}; END')
    schema.execute(
        f'CREATE TRIGGER "held_other" AFTER UPDATE OF {", ".join(columns)} ON "instances"'
        f" BEGIN {_held_changes('-', 'OLD')}; {_held_changes('+', 'NEW')}; END"
    )


def _0005_moves(schema: Schema) -> None:
    """An instance that moves holds its room on both hosts: the triggers are made anew; the sums need no change."""
    schema.execute('ALTER TABLE "instances" ADD COLUMN "moving_from" TEXT NOT NULL DEFAULT \'\'')
    schema.execute('CREATE INDEX "instances_moving_from" ON "instances" ("moving_from")')
    for name in ("held_more", "held_less", "held_other"):
        schema.execute(f'DROP TRIGGER "{name}"')
    less, more = _held_on_both("-", "OLD"), _held_on_both("+", "NEW")
    schema.execute(f'CREATE TRIGGER "held_more" AFTER INSERT ON "instances" BEGIN {more}; END')
    schema.execute(f'CREATE TRIGGER "held_less" AFTER DELETE ON "instances" BEGIN {less}; END')
    columns = ("host", "moving_from", "cores", "memory_mib", "disk_gb", "wanted", "seen", "launches", "launched")
    schema.execute(
        f'CREATE TRIGGER "held_other" AFTER UPDATE OF {", ".join((*columns, "removed"))} ON "instances"'
        f" BEGIN {less}; {more}; END"
    )


def _held_on_both(sign: str, row: str) -> str:
    return f"{_held_changes(sign, row)}; {_held_changes(sign, row, column='moving_from')}"


def _0006_rulesets(schema: Schema) -> None:
    """Versions and what was active are only ever added to: the file itself refuses anything else."""
    schema.execute(
        'CREATE TABLE "rulesets" ("id" TEXT NOT NULL PRIMARY KEY, "number" INTEGER NOT NULL UNIQUE,'
        ' "name" TEXT NOT NULL, "text" TEXT NOT NULL, "sha256" TEXT NOT NULL, "policy" TEXT NOT NULL,'
        ' "author" TEXT NOT NULL, "created_at_ms" INTEGER NOT NULL) STRICT'
    )
    schema.execute(
        'CREATE TABLE "activations" ("id" TEXT NOT NULL PRIMARY KEY, "active" TEXT NOT NULL, "policy" TEXT NOT NULL,'
        ' "who" TEXT NOT NULL, "at_ms" INTEGER NOT NULL) STRICT'
    )
    for table in ("rulesets", "activations"):
        for change in ("UPDATE", "DELETE"):
            schema.execute(
                f'CREATE TRIGGER "{table}_no_{change.lower()}" BEFORE {change} ON "{table}"'
                f" BEGIN SELECT RAISE(ABORT, '{table} never change'); END"
            )


def _0008_power(schema: Schema) -> None:
    for column, kind, default in (
        ("power_wanted", "TEXT", "'on'"),
        ("power", "TEXT", "'on'"),
        ("power_since_ms", "INTEGER", "0"),
        ("power_error", "TEXT", "''"),
    ):
        schema.execute(f'ALTER TABLE "hosts" ADD COLUMN "{column}" {kind} NOT NULL DEFAULT {default}')


def _0007_hosts_for_rules(schema: Schema) -> None:
    """What rules read of hosts and instances, and what became of each instance by which rule."""
    for column, definition in (
        ("rack", "TEXT NOT NULL DEFAULT ''"),
        ("tags", "TEXT NOT NULL DEFAULT '[]'"),
        ("cpu_ratio", "REAL NOT NULL DEFAULT 1.0"),
        ("mips", "REAL NOT NULL DEFAULT 0.0"),
    ):
        schema.execute(f'ALTER TABLE "hosts" ADD COLUMN "{column}" {definition}')
    schema.execute('ALTER TABLE "instances" ADD COLUMN "placement_group" TEXT NOT NULL DEFAULT \'\'')
    schema.execute(
        'CREATE TABLE "decisions" ("instance_id" TEXT NOT NULL, "number" INTEGER NOT NULL, "at_ms" INTEGER NOT NULL,'
        ' "kind" TEXT NOT NULL, "policy" TEXT NOT NULL, "ruleset_id" TEXT NOT NULL, "host" TEXT NOT NULL,'
        ' "origin" TEXT NOT NULL, "reasons" TEXT NOT NULL, "verdicts" BLOB NOT NULL,'
        ' PRIMARY KEY ("instance_id", "number")) STRICT'
    )
    schema.execute('CREATE INDEX "decisions_moved" ON "decisions" ("at_ms") WHERE "kind" = \'moved\'')


def _0009_fencing(schema: Schema) -> None:
    schema.execute('ALTER TABLE "hosts" ADD COLUMN "fenced" INTEGER NOT NULL DEFAULT 0')
    schema.execute('ALTER TABLE "instances" ADD COLUMN "disks_from" INTEGER NOT NULL DEFAULT 0')


def _0010_group_rules(schema: Schema) -> None:
    """No rule is there twice. Older groups get what new ones begin with: until now all traffic passed."""
    schema.execute(
        'CREATE TABLE "group_rules" ("id" TEXT NOT NULL PRIMARY KEY, "group_id" TEXT NOT NULL,'
        ' "account_id" TEXT NOT NULL, "egress" INTEGER NOT NULL, "protocol" TEXT NOT NULL,'
        ' "from_port" INTEGER NOT NULL, "to_port" INTEGER NOT NULL, "peer" TEXT NOT NULL,'
        " \"description\" TEXT NOT NULL DEFAULT '') STRICT"
    )
    schema.execute(
        'CREATE UNIQUE INDEX "group_rules_permission" ON "group_rules"'
        ' ("group_id", "egress", "protocol", "from_port", "to_port", "peer")'
    )
    schema.execute('CREATE INDEX "group_rules_account" ON "group_rules" ("account_id")')
    schema.execute('CREATE INDEX "group_rules_peer" ON "group_rules" ("peer")')
    insert = (
        'INSERT INTO "group_rules"'
        ' ("id", "group_id", "account_id", "egress", "protocol", "from_port", "to_port", "peer")'
        " SELECT 'sgr-' || substr(lower(hex(randomblob(9))), 1, 17), id, account_id,"
    )
    schema.execute(f"{insert} 1, '-1', -1, -1, '0.0.0.0/0' FROM \"groups\"")
    schema.execute(f"{insert} 0, '-1', -1, -1, id FROM \"groups\" WHERE name = 'default'")


def _0011_addresses(schema: Schema) -> None:
    """An instance has one public address at most, and an address is given once: the file itself sees to it."""
    schema.execute('ALTER TABLE "instances" ADD COLUMN "interface_description" TEXT NOT NULL DEFAULT \'\'')
    schema.execute(
        'CREATE TABLE "addresses" ("id" TEXT NOT NULL PRIMARY KEY, "ip" TEXT NOT NULL UNIQUE,'
        ' "account_id" TEXT NOT NULL, "automatic" INTEGER NOT NULL DEFAULT 0, "pool" TEXT NOT NULL,'
        " \"domain\" TEXT NOT NULL DEFAULT 'vpc', \"instance_id\" TEXT NOT NULL DEFAULT '',"
        ' "association_id" TEXT NOT NULL DEFAULT \'\', "created_at_ms" INTEGER NOT NULL) STRICT'
    )
    schema.execute('CREATE INDEX "addresses_account_id" ON "addresses" ("account_id")')
    # A look-up by instance does not use the partial index below: SQLite can not know that the id is not empty.
    schema.execute('CREATE INDEX "addresses_instance" ON "addresses" ("instance_id")')
    for column in ("instance_id", "association_id"):
        schema.execute(f'CREATE UNIQUE INDEX "addresses_{column}" ON "addresses" ("{column}") WHERE "{column}" <> \'\'')


def _0012_volumes(schema: Schema) -> None:
    for statement in volume_schema.STATEMENTS:
        schema.execute(statement)


def _0013_images_complete(schema: Schema) -> None:
    for column in ("granted_to", "product_codes", "devices"):
        schema.execute(f'ALTER TABLE "images" ADD COLUMN "{column}" TEXT NOT NULL DEFAULT \'[]\'')
    for column in _IMAGE_WORDS:
        schema.execute(f'ALTER TABLE "images" ADD COLUMN "{column}" TEXT NOT NULL DEFAULT \'\'')
    for column in ("deprecated_at_ms", "protected_until_ms"):
        schema.execute(f'ALTER TABLE "images" ADD COLUMN "{column}" INTEGER NOT NULL DEFAULT 0')
    schema.execute('ALTER TABLE "images" ADD COLUMN "protection" TEXT NOT NULL DEFAULT \'disabled\'')
    schema.execute('ALTER TABLE "instances" ADD COLUMN "resting" INTEGER NOT NULL DEFAULT 0')


def _0014_instance_attributes(schema: Schema) -> None:
    """What instances had before: no protection, the metadata service in both versions, stops that ask the guest."""
    off = ("disable_api_termination", "disable_api_stop", "metadata_tokens_required", "metadata_tags", "forced")
    on = ("source_dest_check", "metadata_enabled", "metadata_hops")
    for column, default in (*((name, 0) for name in off), *((name, 1) for name in on)):
        schema.execute(f'ALTER TABLE "instances" ADD COLUMN "{column}" INTEGER NOT NULL DEFAULT {default}')


def _0015_promises(schema: Schema) -> None:
    """What is promised of a request and of groups; a group that instances only named becomes one."""
    schema.execute(
        'CREATE TABLE "client_tokens" ("account_id" TEXT NOT NULL, "operation" TEXT NOT NULL, "token" TEXT NOT NULL,'
        ' "sha256" TEXT NOT NULL, "made" TEXT NOT NULL, "created_at_ms" INTEGER NOT NULL,'
        ' PRIMARY KEY ("account_id", "operation", "token")) STRICT'
    )
    schema.execute('CREATE INDEX "client_tokens_made" ON "client_tokens" ("made")')
    # Nor can it that a token is not empty, so the unique index finds none.
    schema.execute('DROP INDEX "reservations_account"')
    schema.execute('CREATE INDEX "reservations_account" ON "reservations" ("account_id", "client_token")')
    schema.execute(
        'CREATE TABLE "placement_groups" ("id" TEXT NOT NULL PRIMARY KEY, "account_id" TEXT NOT NULL,'
        ' "name" TEXT NOT NULL, "strategy" TEXT NOT NULL, "partitions" INTEGER NOT NULL DEFAULT 0,'
        ' "spread_level" TEXT NOT NULL DEFAULT \'\', "created_at_ms" INTEGER NOT NULL) STRICT'
    )
    schema.execute(
        'CREATE TABLE "launch_templates" ("id" TEXT NOT NULL PRIMARY KEY, "account_id" TEXT NOT NULL,'
        ' "name" TEXT NOT NULL, "default_version" INTEGER NOT NULL DEFAULT 1,'
        ' "latest_version" INTEGER NOT NULL DEFAULT 1,'
        ' "versions_made" INTEGER NOT NULL DEFAULT 1, "created_by" TEXT NOT NULL, "created_at_ms" INTEGER NOT NULL'
        ") STRICT"
    )
    schema.execute('CREATE UNIQUE INDEX "launch_templates_name" ON "launch_templates" ("account_id", "name")')
    schema.execute(
        'CREATE TABLE "launch_template_versions" ("id" TEXT NOT NULL PRIMARY KEY, "template_id" TEXT NOT NULL,'
        ' "number" INTEGER NOT NULL, "description" TEXT NOT NULL DEFAULT \'\', "data" TEXT NOT NULL,'
        ' "created_by" TEXT NOT NULL, "created_at_ms" INTEGER NOT NULL) STRICT'
    )
    schema.execute(
        'CREATE UNIQUE INDEX "launch_template_versions_number" ON "launch_template_versions" ("template_id", "number")'
    )
    schema.execute('CREATE UNIQUE INDEX "placement_groups_name" ON "placement_groups" ("account_id", "name")')
    schema.execute('ALTER TABLE "instances" ADD COLUMN "partition_number" INTEGER NOT NULL DEFAULT 0')
    schema.execute('CREATE INDEX "instances_placement_group" ON "instances" ("placement_group", "account_id")')
    schema.execute(
        'INSERT INTO "placement_groups" ("id", "account_id", "name", "strategy", "partitions", "created_at_ms")'
        " SELECT 'pg-' || substr(lower(hex(randomblob(9))), 1, 17),"
        ' "account_id", "placement_group", \'partition\', 1,'
        ' min("created_at_ms") FROM "instances" WHERE "placement_group" <> \'\' AND NOT "removed"'
        ' GROUP BY "account_id", "placement_group"'
    )
    schema.execute('UPDATE "instances" SET "partition_number" = 1 WHERE "placement_group" <> \'\'')


def _0016_state_of_instances(schema: Schema) -> None:
    """`Instance.state` in SQL, worked out where it is asked for; a law compares the two."""
    schema.execute(
        """ALTER TABLE "instances" ADD COLUMN "state" TEXT NOT NULL GENERATED ALWAYS AS (CASE "wanted"
            WHEN 'terminated' THEN iif("removed", 'terminated', 'shutting-down')
            WHEN 'stopped' THEN iif("seen" IN ('nothing', 'off', 'crashed'), 'stopped', 'stopping')
            ELSE iif("launched" >= "launches", 'running', 'pending') END) VIRTUAL"""
    )


def _0017_jobs(schema: Schema) -> None:
    for statement in job_schema.STATEMENTS:
        schema.execute(statement)


def _0018_tokens_and_answers(schema: Schema) -> None:
    for column in ("expires_at_ms", "seen_at_ms"):
        schema.execute(f'ALTER TABLE "tokens" ADD COLUMN "{column}" INTEGER NOT NULL DEFAULT 0')
    schema.execute('ALTER TABLE "audit" ADD COLUMN "command" TEXT NOT NULL DEFAULT \'\'')
    schema.execute(
        'CREATE TABLE "answers" ("user_id" TEXT NOT NULL, "operation" TEXT NOT NULL, "key" TEXT NOT NULL,'
        ' "sha256" TEXT NOT NULL, "body" BLOB NOT NULL, "made_at_ms" INTEGER NOT NULL,'
        ' PRIMARY KEY ("user_id", "operation", "key")) STRICT'
    )
    schema.execute('CREATE INDEX "answers_made" ON "answers" ("made_at_ms")')


def _0019_deeds(schema: Schema) -> None:
    """What an entry did to its row, so that rows of the past can be made of the journal; older ones do not say."""
    schema.execute('ALTER TABLE "journal" ADD COLUMN "deed" TEXT NOT NULL DEFAULT \'\'')


def _0020_quotas(schema: Schema) -> None:
    schema.execute(
        'CREATE TABLE "quotas" ("account_id" TEXT NOT NULL, "resource" TEXT NOT NULL, "most" INTEGER NOT NULL,'
        ' PRIMARY KEY ("account_id", "resource")) STRICT'
    )


def _0021_group_networks(schema: Schema) -> None:
    schema.execute(
        'CREATE TABLE "group_networks" ("id" TEXT PRIMARY KEY, "vlan" INTEGER NOT NULL, "account_id" TEXT NOT NULL,'
        ' "group_id" TEXT NOT NULL, "subnet" TEXT NOT NULL, "created_at_ms" INTEGER NOT NULL) STRICT'
    )
    schema.execute('CREATE INDEX "group_networks_group" ON "group_networks" ("group_id")')


def _0022_present_on_hosts(schema: Schema) -> None:
    """Who is on a host is asked all the time, and must not cost more with every instance that ever was there."""
    schema.execute('CREATE INDEX "instances_present" ON "instances" ("host", "removed", "id")')
    schema.execute('DROP INDEX "instances_host"')


def _0023_gateways(schema: Schema) -> None:
    """Behind different gateways an address may be held twice; one that is empty stands for the server's own."""
    schema.execute(
        'CREATE TABLE "gateways" ("cluster" TEXT NOT NULL PRIMARY KEY, "token_sha256" TEXT NOT NULL DEFAULT \'\','
        ' "token_expires_at_ms" INTEGER NOT NULL DEFAULT 0, "token_used_by" TEXT NOT NULL DEFAULT \'\','
        " \"fingerprint\" TEXT NOT NULL DEFAULT '',"
        ' "joined_at_ms" INTEGER NOT NULL DEFAULT 0, "up" INTEGER NOT NULL DEFAULT 0,'
        " \"error\" TEXT NOT NULL DEFAULT '') STRICT"
    )
    for table in ("instances", "group_networks"):
        schema.execute(f'ALTER TABLE "{table}" ADD COLUMN "gateway" TEXT NOT NULL DEFAULT \'\'')
    schema.execute('DROP INDEX "instances_held_ip"')
    schema.execute(
        'CREATE UNIQUE INDEX "instances_held_ip" ON "instances" ("gateway", "private_ip")'
        ' WHERE "private_ip" <> \'\' AND NOT "removed"'
    )


def _0024_tunnel_keys(schema: Schema) -> None:
    """Gateways that are joined know each other by these."""
    schema.execute('ALTER TABLE "gateways" ADD COLUMN "tunnel_key" TEXT NOT NULL DEFAULT \'\'')


def _0025_gateways_since(schema: Schema) -> None:
    schema.execute('ALTER TABLE "gateways" ADD COLUMN "since_ms" INTEGER NOT NULL DEFAULT 0')


def _held_changes(sign: str, row: str, source: str = "", column: str = "host") -> str:
    ended = f"({row}.wanted = 'terminated' AND {row}.launched >= {row}.launches)"
    moves = f" AND {row}.moving_from <> ''" if column == "moving_from" else ""
    at_rest = f"(({row}.wanted = 'stopped' OR {ended}) AND {row}.seen IN ('nothing', 'off', 'crashed'))"
    return f"""
        INSERT INTO "held" ("host", "instances", "cores", "memory_mib", "disk_gb")
            SELECT {row}.{column}, {sign}1, {sign}{row}.cores * NOT {at_rest}, {sign}{row}.memory_mib * NOT {at_rest},
                {sign}{row}.disk_gb
            {source} WHERE NOT ({row}.wanted = 'terminated' AND {row}.removed){moves}
        ON CONFLICT ("host") DO UPDATE SET
            "instances" = "instances" + excluded."instances", "cores" = "cores" + excluded."cores",
            "memory_mib" = "memory_mib" + excluded."memory_mib", "disk_gb" = "disk_gb" + excluded."disk_gb"
    """
