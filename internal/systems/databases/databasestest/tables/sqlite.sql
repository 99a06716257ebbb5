CREATE TABLE users (
  id integer PRIMARY KEY,
  email TEXT,
  ssn TEXT,
  name TEXT NOT NULL DEFAULT 'nobody',
  created TEXT
)
-- --
CREATE TABLE orders (
  id integer PRIMARY KEY,
  user_id integer,
  total numeric(12,2) NOT NULL,
  status TEXT NOT NULL DEFAULT 'open',
  note TEXT,
  day date,
  CONSTRAINT total_not_negative CHECK (total >= 0),
  CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users (id)
)
-- --
CREATE INDEX orders_status_day ON orders (status, day)
-- --
CREATE UNIQUE INDEX users_email ON users (email)
-- --
CREATE INDEX orders_open ON orders (day) WHERE status = 'open'
-- --
INSERT INTO users (id, email, ssn, name, created) VALUES
  (1, 'ann.q8wz@mail.test', 'Zq7Xv-Kp93w-Jt5Rm', 'Ann', '2026-01-02T03:04:05Z'),
  (2, 'bob.k3vy@mail.test', 'Hw2Yg-Vx84u-Qs6Nj', 'Bob', '2026-01-03T00:00:00Z'),
  (3, 'cyd.m7xp@mail.test', 'Zq7Xv-Kp93w-Jt5Rm', 'Cyd', '2026-02-01T12:30:00Z'),
  (4, 'dee.r5ju@mail.test', NULL, 'Dee O''Brien', '2026-02-02T00:00:00Z'),
  (5, NULL, 'Tz9Ku-Wm31y-Gv8Lp', 'Eve Łódź', '2026-03-01T23:59:59Z')
-- --
INSERT INTO orders (id, user_id, total, status, note, day) VALUES
  (1, 1, 19.99, 'paid', 'first', '2026-01-05'),
  (2, 1, 5.00, 'failed', NULL, '2026-01-05'),
  (3, 2, 100.10, 'paid', 'a; b', '2026-01-06'),
  (4, 2, 7.25, 'open', '', '2026-01-07'),
  (5, 3, 0.01, 'paid', 'it''s -- ok', '2026-01-07'),
  (6, 3, 250.00, 'failed', 'tab', '2026-01-08'),
  (7, 3, 33.30, 'paid', 'ünï', '2026-02-01'),
  (8, 4, 12.00, 'paid', NULL, '2026-02-01'),
  (9, 4, 80.80, 'open', 'x', '2026-02-02'),
  (10, 5, 9.90, 'paid', 'last', '2026-02-03'),
  (11, NULL, 1.00, 'failed', 'nobody', '2026-02-03'),
  (12, 5, 500.00, 'paid', 'big', '2026-03-01')
-- --
CREATE VIEW paid_orders AS SELECT id, user_id, total, day FROM orders WHERE status = 'paid'
-- --
CREATE VIEW user_cards AS SELECT id, ssn AS card, upper(name) AS shout FROM users
-- --
CREATE TABLE "select" (id integer PRIMARY KEY, "from" TEXT)
-- --
INSERT INTO "select" VALUES (1, 'one'), (2, 'two')
-- --
CREATE TABLE "we ird" (id integer PRIMARY KEY, "a b" TEXT)
-- --
INSERT INTO "we ird" VALUES (1, 'one'), (2, 'two')
-- --
CREATE TABLE "ta'ble" (id integer PRIMARY KEY, "v""w" TEXT)
-- --
INSERT INTO "ta'ble" VALUES (1, 'one'), (2, 'two')
-- --
CREATE TABLE "quo""te" (id integer PRIMARY KEY, "x" TEXT)
-- --
INSERT INTO "quo""te" VALUES (1, 'one'), (2, 'two')
-- --
CREATE TABLE "back`tick" (id integer PRIMARY KEY, "y" TEXT)
-- --
INSERT INTO "back`tick" VALUES (1, 'one'), (2, 'two')
-- --
CREATE TABLE "Mixed" (id integer PRIMARY KEY, "Val" TEXT)
-- --
INSERT INTO "Mixed" VALUES (1, 'one'), (2, 'two')
-- --
CREATE TABLE "a.b" (id integer PRIMARY KEY, "c.d" TEXT)
-- --
INSERT INTO "a.b" VALUES (1, 'one'), (2, 'two')
-- --
CREATE TABLE no_key (a integer, b TEXT)
-- --
INSERT INTO no_key VALUES (1, 'x'), (1, 'x')
-- --
CREATE TABLE pairs (v TEXT, b integer NOT NULL, a TEXT NOT NULL, PRIMARY KEY (a, b))
-- --
INSERT INTO pairs (a, b, v) VALUES ('x', 1, 'x1'), ('x', 2, 'x2'), ('o''k', 1, 'quoted'), ('y/z', 1, 'slash')
-- --
CREATE TABLE empty_one (id integer PRIMARY KEY, v TEXT)
-- --
CREATE TABLE named (name TEXT NOT NULL PRIMARY KEY, n integer)
-- --
INSERT INTO named VALUES ('a', 1), ('1', 2), (''' OR 1=1 --', 3)
-- --
CREATE TABLE kinds (id INTEGER PRIMARY KEY, i INTEGER, r REAL, t TEXT, b BLOB, n NUMERIC, d DATE, bare, g TEXT GENERATED ALWAYS AS (t || '!') VIRTUAL)
-- --
INSERT INTO kinds (id, i, r, t, b, n, d, bare) VALUES (1, 9223372036854775807, 0.1, 'text', x'00ff10', 12.5, '2026-01-02', 'bare')
-- --
INSERT INTO kinds (id) VALUES (2)
-- --
CREATE TABLE strict_one (id INTEGER PRIMARY KEY, v ANY) STRICT
-- --
INSERT INTO strict_one VALUES (1, x'01')
-- --
CREATE TABLE without_id (k TEXT PRIMARY KEY, v) WITHOUT ROWID
-- --
INSERT INTO without_id VALUES ('k', 1)
-- --
CREATE VIRTUAL TABLE notes USING fts5 (title, body)
-- --
INSERT INTO notes VALUES ('one', 'a fat cat sat'), ('two', 'a thin dog ran')
