"""The tables of volumes and snapshots as step 0012 makes them, frozen like the first schema.

Two volumes under one device name of an instance are refused by the file itself.
"""

from typing import Final

STATEMENTS: Final = (
    """CREATE TABLE "volumes" (
        "id" TEXT NOT NULL,
        "account_id" TEXT NOT NULL,
        "cluster" TEXT NOT NULL,
        "size_gib" INTEGER NOT NULL,
        "kind" TEXT NOT NULL DEFAULT 'gp2',
        "snapshot_id" TEXT NOT NULL DEFAULT '',
        "rehearsed" INTEGER NOT NULL DEFAULT 0,
        "wanted" TEXT NOT NULL DEFAULT 'kept',
        "instance_id" TEXT NOT NULL DEFAULT '',
        "device" TEXT NOT NULL DEFAULT '',
        "delete_on_termination" INTEGER NOT NULL DEFAULT 0,
        "detach" INTEGER NOT NULL DEFAULT 0,
        "force" INTEGER NOT NULL DEFAULT 0,
        "attaches" INTEGER NOT NULL DEFAULT 0,
        "attached_at_ms" INTEGER NOT NULL DEFAULT 0,
        "auto_enable_io" INTEGER NOT NULL DEFAULT 0,
        "original_gib" INTEGER NOT NULL DEFAULT 0,
        "original_kind" TEXT NOT NULL DEFAULT '',
        "modified_at_ms" INTEGER NOT NULL DEFAULT 0,
        "modify_error" TEXT NOT NULL DEFAULT '',
        "created_at_ms" INTEGER NOT NULL,
        "deleted_at_ms" INTEGER NOT NULL DEFAULT 0,
        "seen_gib" INTEGER NOT NULL DEFAULT 0,
        "attached" INTEGER NOT NULL DEFAULT 0,
        "busy" INTEGER NOT NULL DEFAULT 0,
        "grown_at_ms" INTEGER NOT NULL DEFAULT 0,
        "failed" TEXT NOT NULL DEFAULT '',
        "removed" INTEGER NOT NULL DEFAULT 0,
        "attempts" INTEGER NOT NULL DEFAULT 0,
        "last_error" TEXT NOT NULL DEFAULT '',
        PRIMARY KEY ("id")
    ) STRICT""",
    """CREATE TABLE "snapshots" (
        "id" TEXT NOT NULL,
        "account_id" TEXT NOT NULL,
        "volume_id" TEXT NOT NULL,
        "source_id" TEXT NOT NULL,
        "size_gib" INTEGER NOT NULL,
        "description" TEXT NOT NULL DEFAULT '',
        "rehearsed" INTEGER NOT NULL DEFAULT 0,
        "users" TEXT NOT NULL DEFAULT '[]',
        "public" INTEGER NOT NULL DEFAULT 0,
        "wanted" TEXT NOT NULL DEFAULT 'kept',
        "created_at_ms" INTEGER NOT NULL,
        "deleted_at_ms" INTEGER NOT NULL DEFAULT 0,
        "percent" INTEGER NOT NULL DEFAULT 0,
        "completed_at_ms" INTEGER NOT NULL DEFAULT 0,
        "failed" TEXT NOT NULL DEFAULT '',
        "removed" INTEGER NOT NULL DEFAULT 0,
        "attempts" INTEGER NOT NULL DEFAULT 0,
        "last_error" TEXT NOT NULL DEFAULT '',
        PRIMARY KEY ("id")
    ) STRICT""",
    'CREATE INDEX "volumes_account" ON "volumes" ("account_id")',
    'CREATE UNIQUE INDEX "volumes_device" ON "volumes" ("instance_id", "device") WHERE "instance_id" <> \'\'',
    'CREATE INDEX "volumes_instance" ON "volumes" ("instance_id")',
    'CREATE INDEX "snapshots_account" ON "snapshots" ("account_id")',
    'CREATE INDEX "snapshots_source" ON "snapshots" ("source_id")',
)
