CREATE TABLE users (
  id integer PRIMARY KEY,
  email varchar(100),
  ssn varchar(100) COMMENT 'never shown',
  name varchar(100) NOT NULL DEFAULT 'nobody',
  created timestamp NULL
) COMMENT 'people who buy'
-- --
CREATE TABLE orders (
  id integer PRIMARY KEY,
  user_id integer,
  total decimal(12,2) NOT NULL,
  status varchar(100) NOT NULL DEFAULT 'open',
  note varchar(100),
  day date,
  CONSTRAINT total_not_negative CHECK (total >= 0),
  CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users (id)
)
-- --
CREATE INDEX orders_status_day ON orders (status, day)
-- --
CREATE UNIQUE INDEX users_email ON users (email)
-- --
INSERT INTO users (id, email, ssn, name, created) VALUES
  (1, 'ann.q8wz@mail.test', 'Zq7Xv-Kp93w-Jt5Rm', 'Ann', '2026-01-02 03:04:05'),
  (2, 'bob.k3vy@mail.test', 'Hw2Yg-Vx84u-Qs6Nj', 'Bob', '2026-01-03 00:00:00'),
  (3, 'cyd.m7xp@mail.test', 'Zq7Xv-Kp93w-Jt5Rm', 'Cyd', '2026-02-01 12:30:00'),
  (4, 'dee.r5ju@mail.test', NULL, 'Dee O''Brien', '2026-02-02 00:00:00'),
  (5, NULL, 'Tz9Ku-Wm31y-Gv8Lp', 'Eve Łódź', '2026-03-01 23:59:59')
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
CREATE TABLE `select` (id integer PRIMARY KEY, `from` varchar(100))
-- --
INSERT INTO `select` VALUES (1, 'one'), (2, 'two')
-- --
CREATE TABLE `we ird` (id integer PRIMARY KEY, `a b` varchar(100))
-- --
INSERT INTO `we ird` VALUES (1, 'one'), (2, 'two')
-- --
CREATE TABLE `ta'ble` (id integer PRIMARY KEY, `v"w` varchar(100))
-- --
INSERT INTO `ta'ble` VALUES (1, 'one'), (2, 'two')
-- --
CREATE TABLE `quo"te` (id integer PRIMARY KEY, `x` varchar(100))
-- --
INSERT INTO `quo"te` VALUES (1, 'one'), (2, 'two')
-- --
CREATE TABLE `back``tick` (id integer PRIMARY KEY, `y` varchar(100))
-- --
INSERT INTO `back``tick` VALUES (1, 'one'), (2, 'two')
-- --
CREATE TABLE `Mixed` (id integer PRIMARY KEY, `Val` varchar(100))
-- --
INSERT INTO `Mixed` VALUES (1, 'one'), (2, 'two')
-- --
CREATE TABLE `a.b` (id integer PRIMARY KEY, `c.d` varchar(100))
-- --
INSERT INTO `a.b` VALUES (1, 'one'), (2, 'two')
-- --
CREATE TABLE no_key (a integer, b varchar(100))
-- --
INSERT INTO no_key VALUES (1, 'x'), (1, 'x')
-- --
CREATE TABLE pairs (v varchar(100), b integer NOT NULL, a varchar(100) NOT NULL, PRIMARY KEY (a, b))
-- --
INSERT INTO pairs (a, b, v) VALUES ('x', 1, 'x1'), ('x', 2, 'x2'), ('o''k', 1, 'quoted'), ('y/z', 1, 'slash')
-- --
CREATE TABLE empty_one (id integer PRIMARY KEY, v varchar(100))
-- --
CREATE TABLE named (name varchar(100) NOT NULL PRIMARY KEY, n integer)
-- --
INSERT INTO named VALUES ('a', 1), ('1', 2), (''' OR 1=1 --', 3)
-- --
CREATE TABLE kinds (
  id integer PRIMARY KEY,
  i1 tinyint, i2 smallint, i3 mediumint, i8 bigint, u8 bigint unsigned, zf int(6) zerofill, ok boolean, f4 float, f8 double, num decimal(40,20),
  t text, vc varchar(20), c char(5), b blob, vb varbinary(10), bn binary(4), bt bit(3),
  ts datetime, ts3 datetime(3), tz timestamp NULL, d date, tm time, y year,
  j json, e enum('sad','glad'), s set('a','b','c'), pt point
)
-- --
INSERT INTO kinds VALUES (
  1,
  -128, -32768, 8388607, 9223372036854775807, 18446744073709551615, 42, true, 0.1, 1e300, 12345678901234567890.12345678901234567890,
  'text', 'var', 'ab', x'00ff10', x'00ff', x'01', b'101',
  '2026-01-02 03:04:05', '2026-01-02 03:04:05.678', FROM_UNIXTIME(1767323045), '2026-01-02', '-25:04:05', 2026,
  '{"a": [1, 2]}', 'glad', 'a,c', ST_GeomFromText('POINT(1 2)')
)
-- --
INSERT INTO kinds (id) VALUES (2)
