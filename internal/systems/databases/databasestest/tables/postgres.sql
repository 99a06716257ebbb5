CREATE TABLE users (
  id integer PRIMARY KEY,
  email text,
  ssn text,
  name text NOT NULL DEFAULT 'nobody',
  created timestamptz
)
-- --
CREATE TABLE orders (
  id integer PRIMARY KEY,
  user_id integer,
  total numeric(12,2) NOT NULL,
  status text NOT NULL DEFAULT 'open',
  note text,
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
COMMENT ON TABLE users IS 'people who buy'
-- --
COMMENT ON COLUMN users.ssn IS 'never shown'
-- --
INSERT INTO users (id, email, ssn, name, created) VALUES
  (1, 'ann.q8wz@mail.test', 'Zq7Xv-Kp93w-Jt5Rm', 'Ann', '2026-01-02 03:04:05+00'),
  (2, 'bob.k3vy@mail.test', 'Hw2Yg-Vx84u-Qs6Nj', 'Bob', '2026-01-03 00:00:00+00'),
  (3, 'cyd.m7xp@mail.test', 'Zq7Xv-Kp93w-Jt5Rm', 'Cyd', '2026-02-01 12:30:00+00'),
  (4, 'dee.r5ju@mail.test', NULL, 'Dee O''Brien', '2026-02-02 00:00:00+00'),
  (5, NULL, 'Tz9Ku-Wm31y-Gv8Lp', 'Eve Łódź', '2026-03-01 23:59:59+00')
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
CREATE TABLE "select" (id integer PRIMARY KEY, "from" text)
-- --
INSERT INTO "select" VALUES (1, 'one'), (2, 'two')
-- --
CREATE TABLE "we ird" (id integer PRIMARY KEY, "a b" text)
-- --
INSERT INTO "we ird" VALUES (1, 'one'), (2, 'two')
-- --
CREATE TABLE "ta'ble" (id integer PRIMARY KEY, "v""w" text)
-- --
INSERT INTO "ta'ble" VALUES (1, 'one'), (2, 'two')
-- --
CREATE TABLE "quo""te" (id integer PRIMARY KEY, "x" text)
-- --
INSERT INTO "quo""te" VALUES (1, 'one'), (2, 'two')
-- --
CREATE TABLE "back`tick" (id integer PRIMARY KEY, "y" text)
-- --
INSERT INTO "back`tick" VALUES (1, 'one'), (2, 'two')
-- --
CREATE TABLE "Mixed" (id integer PRIMARY KEY, "Val" text)
-- --
INSERT INTO "Mixed" VALUES (1, 'one'), (2, 'two')
-- --
CREATE TABLE "a.b" (id integer PRIMARY KEY, "c.d" text)
-- --
INSERT INTO "a.b" VALUES (1, 'one'), (2, 'two')
-- --
CREATE TABLE no_key (a integer, b text)
-- --
INSERT INTO no_key VALUES (1, 'x'), (1, 'x')
-- --
CREATE TABLE pairs (v text, b integer NOT NULL, a text NOT NULL, PRIMARY KEY (a, b))
-- --
INSERT INTO pairs (a, b, v) VALUES ('x', 1, 'x1'), ('x', 2, 'x2'), ('o''k', 1, 'quoted'), ('y/z', 1, 'slash')
-- --
CREATE TABLE empty_one (id integer PRIMARY KEY, v text)
-- --
CREATE TABLE named (name text NOT NULL PRIMARY KEY, n integer)
-- --
INSERT INTO named VALUES ('a', 1), ('1', 2), (''' OR 1=1 --', 3)
-- --
CREATE TYPE mood AS ENUM ('sad', 'glad')
-- --
CREATE DOMAIN positive AS integer CHECK (VALUE > 0)
-- --
CREATE TYPE pair AS (a integer, b text)
-- --
CREATE TABLE kinds (
  id integer PRIMARY KEY,
  i2 smallint, i8 bigint, f4 real, f8 double precision, num numeric, num2 numeric(30,10), cash money,
  t text, vc varchar(20), c char(5), b bytea, ok boolean,
  ts timestamp, tz timestamptz, d date, tm time, ttz timetz, iv interval,
  u uuid, j json, jb jsonb, x text[], ia integer[], r int4range, m mood, p positive, pr pair,
  ip inet, nt cidr, mac macaddr, bt bit(3), vb varbit, pt point, bx box, tv tsvector, tq tsquery, o oid, n name, xid8 xid8, lsn pg_lsn, jp jsonpath, vec int2vector
)
-- --
INSERT INTO kinds VALUES (
  1,
  -32768, 9223372036854775807, 0.1, 1e300, 12345678901234567890.12345678901234567890, 1.5, 12.50,
  'text', 'var', 'ab', '\x00ff10', true,
  '2026-01-02 03:04:05', '2026-01-02 03:04:05.678+02', '2026-01-02', '03:04:05', '03:04:05+02', '1 day 02:03:04',
  'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a": [1, 2]}', '{"b": null}', '{a,NULL,"b c"}', '{1,2}', '[1,5)', 'glad', 3, '(1,"b c")',
  '10.0.0.1', '10.0.0.0/8', '08:00:2b:01:02:03', B'101', B'1', '(1,2)', '(1,2),(0,0)', 'a fat cat', 'fat & cat', 42, 'nm', '7', '0/16B3748', '$.a', '1 2'
)
-- --
INSERT INTO kinds (id) VALUES (2)
