INSERT INTO journal (what) VALUES ('x')
-- --
/* SELECT */ insert into journal (what) select 'x' returning *
-- --
REPLACE INTO journal VALUES (1, 'y')
-- --
INSERT OR REPLACE INTO journal VALUES (1, 'y')
-- --
INSERT INTO journal VALUES (1, 'y') ON CONFLICT DO UPDATE SET what = 'z'
-- --
INSERT INTO journal DEFAULT VALUES RETURNING id
-- --
INSERT INTO journal_view VALUES (5, 'x')
-- --
UPDATE users SET name = 'x'
-- --
UPDATE OR IGNORE users SET name = 'x' RETURNING name
-- --
UPDATE users SET name = o.status FROM orders o
-- --
DELETE FROM orders
-- --
DELETE FROM main.orders RETURNING *
-- --
WITH x AS (SELECT 1) DELETE FROM orders
-- --
WITH x AS (SELECT 1) INSERT INTO journal SELECT 9, 'x' FROM x
-- --
WITH x AS (SELECT 1) UPDATE users SET name = 'x'
-- --
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3) REPLACE INTO journal SELECT n, 'x' FROM r
-- --
CREATE TABLE made (a)
-- --
CREATE TABLE made AS SELECT * FROM users
-- --
CREATE TEMP TABLE made (a)
-- then --
INSERT INTO made VALUES (1)
-- --
CREATE TEMPORARY TABLE IF NOT EXISTS made AS SELECT 1
-- --
CREATE TEMP VIEW users AS SELECT 'fake' AS ssn
-- --
CREATE TEMP TRIGGER t AFTER INSERT ON journal BEGIN DELETE FROM orders; END
-- --
CREATE VIEW made AS SELECT 1
-- --
CREATE INDEX made ON orders (total)
-- --
CREATE TRIGGER made AFTER INSERT ON journal BEGIN DELETE FROM orders; END
-- --
CREATE VIRTUAL TABLE made USING fts5 (a)
-- --
CREATE VIRTUAL TABLE temp.made USING rtree (a, b, c)
-- --
CREATE VIRTUAL TABLE temp.made USING dbstat
-- --
CREATE VIRTUAL TABLE temp.made USING csv (filename = '/etc/passwd')
-- --
DROP TABLE orders
-- --
DROP VIEW IF EXISTS paid_orders
-- --
DROP INDEX users_email
-- --
DROP TRIGGER journal_trigger
-- --
ALTER TABLE orders ADD COLUMN made
-- --
ALTER TABLE users RENAME TO people
-- --
ALTER TABLE users RENAME COLUMN ssn TO open
-- --
ALTER TABLE orders DROP COLUMN note
-- --
ANALYZE
-- --
ANALYZE orders
-- --
REINDEX
-- --
REINDEX users_email
-- --
VACUUM
-- --
VACUUM main
-- --
VACUUM INTO '$OUT/copied.db'
-- --
VACUUM main INTO '$OUT/copied' || '.db'
-- --
vacuum /* x */ into 'file:$OUT/copied.db?mode=rwc'
-- --
ATTACH DATABASE '$OUT/new.db' AS n
-- then --
CREATE TABLE n.x (a)
-- --
ATTACH '$DB' AS w
-- then --
INSERT INTO w.journal (what) VALUES ('x')
-- --
ATTACH DATABASE 'file:$DB?mode=rw' AS w
-- then --
DELETE FROM w.orders
-- --
ATTACH DATABASE ':memory:' AS m
-- then --
CREATE TABLE m.t (a)
-- --
ATTACH '' AS e
-- --
ATTACH DATABASE '/etc/passwd' AS p
-- --
DETACH DATABASE main
-- --
BEGIN
-- then --
INSERT INTO journal (what) VALUES ('x')
-- --
BEGIN IMMEDIATE
-- --
BEGIN EXCLUSIVE TRANSACTION
-- --
COMMIT
-- then --
INSERT INTO journal (what) VALUES ('x')
-- --
END TRANSACTION
-- --
ROLLBACK
-- --
SAVEPOINT s
-- --
RELEASE s
-- --
ROLLBACK TO s
-- --
PRAGMA query_only = OFF
-- then --
INSERT INTO journal (what) VALUES ('x')
-- --
PRAGMA query_only(0)
-- --
PRAGMA main.query_only = 0
-- --
pragma /**/ QUERY_ONLY = false
-- --
PRAGMA user_version = 7
-- --
PRAGMA application_id = 7
-- --
PRAGMA journal_mode = DELETE
-- --
PRAGMA journal_mode = OFF
-- --
PRAGMA journal_mode(WAL)
-- --
PRAGMA writable_schema = ON
-- then --
UPDATE sqlite_master SET sql = 'x'
-- --
PRAGMA writable_schema = RESET
-- --
PRAGMA foreign_keys = OFF
-- --
PRAGMA auto_vacuum = FULL
-- --
PRAGMA incremental_vacuum(10)
-- --
PRAGMA wal_checkpoint(TRUNCATE)
-- --
PRAGMA optimize
-- --
PRAGMA temp_store_directory = '$OUT'
-- --
PRAGMA locking_mode = EXCLUSIVE
-- --
PRAGMA synchronous = OFF
-- --
PRAGMA trusted_schema = ON
-- --
PRAGMA schema_version = 1
-- --
PRAGMA hard_heap_limit = 1
-- --
PRAGMA encoding = 'UTF-16'
-- --
PRAGMA busy_timeout = 100000
-- --
PRAGMA recursive_triggers = ON
-- --
PRAGMA case_sensitive_like = ON
-- --
PRAGMA data_store_directory = '$OUT'
-- --
PRAGMA lock_proxy_file = '$OUT/lock'
-- --
PRAGMA shrink_memory
-- --
PRAGMA mmap_size = 100000000
-- --
SELECT load_extension('$OUT/x.so')
-- --
SELECT "load_extension"('$OUT/x.so', 'init')
-- --
SELECT Load_Extension ( '$OUT/x.so' )
-- --
SELECT writefile('$OUT/w', 'x')
-- --
SELECT readfile('/etc/passwd')
-- --
SELECT edit('x', 'touch $OUT/edited')
-- --
SELECT * FROM fsdir('/etc')
-- --
SELECT fts3_tokenizer('simple')
-- --
SELECT fts3_tokenizer('evil', x'4141414141414141')
-- --
INSERT INTO notes (notes) VALUES ('optimize')
-- --
INSERT INTO notes (notes, rank) VALUES ('pgsz', 1000)
-- --
INSERT INTO notes_data VALUES (99, x'00')
-- --
DELETE FROM notes
-- --
UPDATE sqlite_master SET sql = 'x' WHERE name = 'users'
-- --
INSERT INTO sqlite_master VALUES ('table', 'a', 'a', 1, '')
-- --
DELETE FROM sqlite_sequence
-- --
UPDATE sqlite_sequence SET seq = 100
-- --
INSERT INTO sqlite_temp_master VALUES ('table', 'a', 'a', 1, '')
-- --
EXPLAIN DELETE FROM orders
-- then --
EXPLAIN QUERY PLAN DELETE FROM orders
-- --
WITH x AS (DELETE FROM orders RETURNING 1) SELECT * FROM x
-- --
SELECT * INTO made FROM users
-- --
TRUNCATE TABLE orders
-- --
EXECUTE evil
-- --
.shell touch $OUT/shell
-- --
UPDATE pragma_user_version SET user_version = 3
-- --
SELECT * FROM pragma_query_only(0)
-- --
SELECT * FROM pragma_journal_mode('delete')
-- --
SELECT * FROM pragma_user_version(9)
-- --
SELECT * FROM pragma_wal_checkpoint('TRUNCATE')
-- --
UPDATE sqlite_dbpage SET data = x'00' WHERE pgno = 1
