package tracker

import (
	"cleat/internal/fail"
)

// version is that of the schema, 0 for a file without one. It fails for one that is newer.
func (c *conn) version() (int64, error) {
	var v int64
	if err := c.each("PRAGMA user_version", func(r row) error { v = r.int(0); return nil }); err != nil {
		return 0, err
	}
	if v < 0 || v > version {
		return 0, fail.Errorf(fail.Unavailable, "the file of the local tracker has version %d, and this cleat knows %d", v, version).
			Then("tell the user to update cleat")
	}
	return v, nil
}

// makeSchema makes the tables. Times are milliseconds since 1970.
func (c *conn) makeSchema() error {
	for _, sql := range []string{
		`CREATE TABLE tickets (
			id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, uid TEXT NOT NULL UNIQUE, token TEXT UNIQUE, claim TEXT NOT NULL DEFAULT '',
			rev INTEGER NOT NULL, open INTEGER NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL, type TEXT NOT NULL,
			priority TEXT NOT NULL, author TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL, closed INTEGER NOT NULL)`,
		`CREATE INDEX tickets_open ON tickets (open, updated, id)`,
		`CREATE INDEX tickets_updated ON tickets (updated, id)`,
		`CREATE TABLE labels (ticket INTEGER NOT NULL REFERENCES tickets, name TEXT NOT NULL, PRIMARY KEY (ticket, name)) WITHOUT ROWID`,
		`CREATE INDEX labels_name ON labels (name, ticket)`,
		`CREATE TABLE assignees (ticket INTEGER NOT NULL REFERENCES tickets, name TEXT NOT NULL, PRIMARY KEY (ticket, name)) WITHOUT ROWID`,
		`CREATE INDEX assignees_name ON assignees (name, ticket)`,
		`CREATE TABLE comments (
			id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, ticket INTEGER NOT NULL REFERENCES tickets,
			author TEXT NOT NULL, created INTEGER NOT NULL, body TEXT NOT NULL)`,
		`CREATE INDEX comments_ticket ON comments (ticket, created, id)`,
		`CREATE TABLE events (
			id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, ticket INTEGER NOT NULL REFERENCES tickets,
			author TEXT NOT NULL, created INTEGER NOT NULL, what TEXT NOT NULL, old TEXT NOT NULL, new TEXT NOT NULL)`,
		`CREATE INDEX events_ticket ON events (ticket, created, id)`,
		`CREATE TABLE links (
			source INTEGER NOT NULL REFERENCES tickets, kind TEXT NOT NULL, target INTEGER NOT NULL REFERENCES tickets,
			PRIMARY KEY (source, kind, target)) WITHOUT ROWID`,
		`CREATE INDEX links_target ON links (target, kind, source)`,
		`CREATE VIRTUAL TABLE words USING fts5(title, body, content='tickets', content_rowid='id', prefix='2 3 4')`,
		`CREATE TRIGGER words_insert AFTER INSERT ON tickets BEGIN
			INSERT INTO words(rowid, title, body) VALUES (new.id, new.title, new.body); END`,
		`CREATE TRIGGER words_update AFTER UPDATE OF title, body ON tickets WHEN old.title<>new.title OR old.body<>new.body BEGIN
			INSERT INTO words(words, rowid, title, body) VALUES ('delete', old.id, old.title, old.body);
			INSERT INTO words(rowid, title, body) VALUES (new.id, new.title, new.body); END`,
		`PRAGMA user_version=1`,
	} {
		if err := c.db.Exec(sql); err != nil {
			return err
		}
	}
	return nil
}
