"""State in SQLite; nothing else imports sqlite-utils."""
