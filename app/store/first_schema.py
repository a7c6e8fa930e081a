"""The schema of the first version, frozen: what every later migration starts from.

Never edit it once released. A new column is a new step in `migrations.py`; a test compares the migrated schema with
the domain's fields, so that a forgotten step fails there and not at an operator's.
"""

from typing import Final

TABLES: Final = (
    """CREATE TABLE "accounts" (
        "id" TEXT NOT NULL,
        "name" TEXT NOT NULL,
        "enabled" INTEGER NOT NULL DEFAULT 1,
        "created_at_ms" INTEGER NOT NULL,
        PRIMARY KEY ("id")
    ) STRICT""",
    """CREATE TABLE "users" (
        "id" TEXT NOT NULL,
        "account_id" TEXT NOT NULL,
        "name" TEXT NOT NULL,
        "admin" INTEGER NOT NULL DEFAULT 0,
        "enabled" INTEGER NOT NULL DEFAULT 1,
        "created_at_ms" INTEGER NOT NULL,
        PRIMARY KEY ("id")
    ) STRICT""",
    """CREATE TABLE "access_keys" (
        "id" TEXT NOT NULL,
        "user_id" TEXT NOT NULL,
        "secret_key" TEXT NOT NULL,
        "enabled" INTEGER NOT NULL DEFAULT 1,
        "created_at_ms" INTEGER NOT NULL,
        PRIMARY KEY ("id")
    ) STRICT""",
    """CREATE TABLE "tokens" (
        "id" TEXT NOT NULL,
        "user_id" TEXT NOT NULL,
        "name" TEXT NOT NULL,
        "role" TEXT NOT NULL,
        "sha256" TEXT NOT NULL,
        "enabled" INTEGER NOT NULL DEFAULT 1,
        "created_at_ms" INTEGER NOT NULL,
        PRIMARY KEY ("id")
    ) STRICT""",
    """CREATE TABLE "clusters" (
        "name" TEXT NOT NULL,
        "created_at_ms" INTEGER NOT NULL,
        PRIMARY KEY ("name")
    ) STRICT""",
    """CREATE TABLE "hosts" (
        "name" TEXT NOT NULL,
        "cluster" TEXT NOT NULL,
        "uri" TEXT NOT NULL,
        "ordinal" INTEGER NOT NULL,
        "wanted" TEXT NOT NULL DEFAULT 'enabled',
        "max_cores" INTEGER NOT NULL DEFAULT 0,
        "max_memory_mib" INTEGER NOT NULL DEFAULT 0,
        "max_disk_gb" INTEGER NOT NULL DEFAULT 0,
        "bridge" TEXT NOT NULL DEFAULT '',
        "created_at_ms" INTEGER NOT NULL,
        "state" TEXT NOT NULL DEFAULT 'unknown',
        "state_since_ms" INTEGER NOT NULL DEFAULT 0,
        "seen_at_ms" INTEGER NOT NULL DEFAULT 0,
        "cores" INTEGER NOT NULL DEFAULT 0,
        "memory_mib" INTEGER NOT NULL DEFAULT 0,
        "disk_gb" INTEGER NOT NULL DEFAULT 0,
        "foreign_cores" INTEGER NOT NULL DEFAULT 0,
        "foreign_memory_mib" INTEGER NOT NULL DEFAULT 0,
        "hypervisor" TEXT NOT NULL DEFAULT '',
        "architecture" TEXT NOT NULL DEFAULT '',
        "last_error" TEXT NOT NULL DEFAULT '',
        PRIMARY KEY ("name")
    ) STRICT""",
    """CREATE TABLE "images" (
        "id" TEXT NOT NULL,
        "kind" TEXT NOT NULL,
        "account_id" TEXT NOT NULL,
        "name" TEXT NOT NULL,
        "description" TEXT NOT NULL DEFAULT '',
        "location" TEXT NOT NULL DEFAULT '',
        "architecture" TEXT NOT NULL DEFAULT 'x86_64',
        "format" TEXT NOT NULL DEFAULT 'raw',
        "public" INTEGER NOT NULL DEFAULT 1,
        "state" TEXT NOT NULL DEFAULT 'available',
        "kernel_id" TEXT NOT NULL DEFAULT '',
        "ramdisk_id" TEXT NOT NULL DEFAULT '',
        "root_device" TEXT NOT NULL DEFAULT '/dev/sda1',
        "size_bytes" INTEGER NOT NULL DEFAULT 0,
        "sha256" TEXT NOT NULL DEFAULT '',
        "created_at_ms" INTEGER NOT NULL,
        PRIMARY KEY ("id")
    ) STRICT""",
    """CREATE TABLE "vmtypes" (
        "name" TEXT NOT NULL,
        "cores" INTEGER NOT NULL,
        "memory_mib" INTEGER NOT NULL,
        "disk_gb" INTEGER NOT NULL,
        "alias_of" TEXT NOT NULL DEFAULT '',
        "ordinal" INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY ("name")
    ) STRICT""",
    """CREATE TABLE "keypairs" (
        "id" TEXT NOT NULL,
        "account_id" TEXT NOT NULL,
        "name" TEXT NOT NULL,
        "kind" TEXT NOT NULL,
        "public_key" TEXT NOT NULL,
        "fingerprint" TEXT NOT NULL,
        "created_at_ms" INTEGER NOT NULL,
        PRIMARY KEY ("id")
    ) STRICT""",
    """CREATE TABLE "groups" (
        "id" TEXT NOT NULL,
        "account_id" TEXT NOT NULL,
        "name" TEXT NOT NULL,
        "description" TEXT NOT NULL,
        "created_at_ms" INTEGER NOT NULL,
        PRIMARY KEY ("id")
    ) STRICT""",
    """CREATE TABLE "reservations" (
        "id" TEXT NOT NULL,
        "account_id" TEXT NOT NULL,
        "user_id" TEXT NOT NULL,
        "client_token" TEXT NOT NULL DEFAULT '',
        "request_sha256" TEXT NOT NULL DEFAULT '',
        "created_at_ms" INTEGER NOT NULL,
        PRIMARY KEY ("id")
    ) STRICT""",
    """CREATE TABLE "instances" (
        "id" TEXT NOT NULL,
        "reservation_id" TEXT NOT NULL,
        "account_id" TEXT NOT NULL,
        "launch_index" INTEGER NOT NULL,
        "image_id" TEXT NOT NULL,
        "kernel_id" TEXT NOT NULL DEFAULT '',
        "ramdisk_id" TEXT NOT NULL DEFAULT '',
        "key_name" TEXT NOT NULL DEFAULT '',
        "group_ids" TEXT NOT NULL DEFAULT '[]',
        "vmtype" TEXT NOT NULL,
        "cores" INTEGER NOT NULL,
        "memory_mib" INTEGER NOT NULL,
        "disk_gb" INTEGER NOT NULL,
        "cluster" TEXT NOT NULL,
        "host" TEXT NOT NULL,
        "mac" TEXT NOT NULL,
        "user_data" BLOB NOT NULL DEFAULT X'',
        "architecture" TEXT NOT NULL DEFAULT 'x86_64',
        "shutdown_behavior" TEXT NOT NULL DEFAULT 'stop',
        "monitoring" INTEGER NOT NULL DEFAULT 0,
        "placement_reasons" TEXT NOT NULL DEFAULT '[]',
        "wanted" TEXT NOT NULL DEFAULT 'running',
        "launches" INTEGER NOT NULL DEFAULT 1,
        "reboots" INTEGER NOT NULL DEFAULT 0,
        "launched_at_ms" INTEGER NOT NULL,
        "created_at_ms" INTEGER NOT NULL,
        "ended_at_ms" INTEGER NOT NULL DEFAULT 0,
        "state_reason_code" TEXT NOT NULL DEFAULT '',
        "state_reason" TEXT NOT NULL DEFAULT '',
        "transition_reason" TEXT NOT NULL DEFAULT '',
        "seen" TEXT NOT NULL DEFAULT 'nothing',
        "seen_at_ms" INTEGER NOT NULL DEFAULT 0,
        "launched" INTEGER NOT NULL DEFAULT 0,
        "rebooted" INTEGER NOT NULL DEFAULT 0,
        "removed" INTEGER NOT NULL DEFAULT 0,
        "impaired_since_ms" INTEGER NOT NULL DEFAULT 0,
        "attempts" INTEGER NOT NULL DEFAULT 0,
        "last_error" TEXT NOT NULL DEFAULT '',
        PRIMARY KEY ("id")
    ) STRICT""",
    """CREATE TABLE "tags" (
        "resource_id" TEXT NOT NULL,
        "name" TEXT NOT NULL,
        "account_id" TEXT NOT NULL,
        "value" TEXT NOT NULL,
        PRIMARY KEY ("resource_id", "name")
    ) STRICT""",
    """CREATE TABLE "journal" (
        "cursor" INTEGER PRIMARY KEY AUTOINCREMENT,
        "at_ms" INTEGER NOT NULL,
        "event" TEXT NOT NULL,
        "kind" TEXT NOT NULL,
        "resource_id" TEXT NOT NULL,
        "text" TEXT NOT NULL,
        "data" TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE "audit" (
        "number" INTEGER PRIMARY KEY AUTOINCREMENT,
        "at_ms" INTEGER NOT NULL,
        "who" TEXT NOT NULL,
        "source" TEXT NOT NULL,
        "action" TEXT NOT NULL,
        "target" TEXT NOT NULL,
        "outcome" TEXT NOT NULL,
        "detail" TEXT NOT NULL,
        "previous_hash" TEXT NOT NULL,
        "hash" TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE "settings" (
        "name" TEXT NOT NULL,
        "value" TEXT NOT NULL,
        PRIMARY KEY ("name")
    ) STRICT""",
)
INDEXES: Final = (
    'CREATE INDEX "instances_host" ON "instances" ("host")',
    'CREATE INDEX "instances_account" ON "instances" ("account_id")',
    'CREATE INDEX "instances_reservation" ON "instances" ("reservation_id")',
    'CREATE INDEX "instances_mac" ON "instances" ("mac")',
    'CREATE INDEX "instances_wanted" ON "instances" ("wanted", "removed")',
    'CREATE INDEX "access_keys_user" ON "access_keys" ("user_id")',
    'CREATE INDEX "tokens_user" ON "tokens" ("user_id")',
    'CREATE INDEX "tokens_sha256" ON "tokens" ("sha256")',
    'CREATE INDEX "tags_account" ON "tags" ("account_id")',
    'CREATE INDEX "images_account" ON "images" ("account_id")',
    'CREATE INDEX "reservations_account" ON "reservations" ("account_id")',
    'CREATE UNIQUE INDEX "accounts_name" ON "accounts" ("name")',
    'CREATE UNIQUE INDEX "users_name" ON "users" ("account_id", "name")',
    'CREATE UNIQUE INDEX "keypairs_name" ON "keypairs" ("account_id", "name")',
    'CREATE UNIQUE INDEX "groups_name" ON "groups" ("account_id", "name")',
    'CREATE UNIQUE INDEX "reservations_token" ON "reservations" ("account_id", "client_token")'
    " WHERE \"client_token\" <> ''",
)
