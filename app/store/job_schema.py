"""Tables of jobs and of what would undo a change, as step 0017 makes them; released, so never changed."""

from typing import Final

STATEMENTS: Final = (
    """CREATE TABLE "jobs" ("id" TEXT NOT NULL PRIMARY KEY, "kind" TEXT NOT NULL, "title" TEXT NOT NULL,
        "argument" TEXT NOT NULL DEFAULT '', "account_id" TEXT NOT NULL, "user_id" TEXT NOT NULL, "who" TEXT NOT NULL,
        "role" TEXT NOT NULL, "source" TEXT NOT NULL, "command" TEXT NOT NULL DEFAULT '', "at_once" INTEGER NOT NULL,
        "wish" TEXT NOT NULL DEFAULT 'run', "total" INTEGER NOT NULL DEFAULT 0,
        "under_way" INTEGER NOT NULL DEFAULT 0, "done" INTEGER NOT NULL DEFAULT 0,
        "failed" INTEGER NOT NULL DEFAULT 0, "cancelled" INTEGER NOT NULL DEFAULT 0,
        "told" TEXT NOT NULL DEFAULT '', "created_at_ms" INTEGER NOT NULL,
        "ended_at_ms" INTEGER NOT NULL DEFAULT 0) STRICT""",
    'CREATE INDEX "jobs_ended" ON "jobs" ("ended_at_ms")',
    """CREATE TABLE "job_targets" ("job_id" TEXT NOT NULL, "target" TEXT NOT NULL, "position" INTEGER NOT NULL,
        "resource" TEXT NOT NULL, "expected" TEXT NOT NULL, "state" TEXT NOT NULL DEFAULT 'waiting',
        "detail" TEXT NOT NULL DEFAULT '', "mark" TEXT NOT NULL DEFAULT '',
        "began_at_ms" INTEGER NOT NULL DEFAULT 0, "ended_at_ms" INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY ("job_id", "target")) STRICT""",
    'CREATE INDEX "job_targets_state" ON "job_targets" ("job_id", "state", "position")',
    """CREATE TABLE "undos" ("number" TEXT NOT NULL PRIMARY KEY, "action" TEXT NOT NULL, "about" TEXT NOT NULL,
        "before" TEXT NOT NULL, "after" TEXT NOT NULL, "at_ms" INTEGER NOT NULL,
        "undone_at_ms" INTEGER NOT NULL DEFAULT 0, "undone_by" TEXT NOT NULL DEFAULT '') STRICT""",
    'CREATE INDEX "undos_at" ON "undos" ("at_ms")',
)
