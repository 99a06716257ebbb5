INSERT INTO journal VALUES (10, 'x')
-- --
/* SELECT */ INSERT INTO journal SELECT 11, 'x' RETURNING *
-- --
(INSERT INTO journal VALUES (10, 'x') RETURNING 1)
-- --
UPDATE users SET name = 'x' RETURNING name
-- --
DELETE FROM orders
-- --
delete from only orders where true returning *
-- --
MERGE INTO journal j USING orders o ON j.id = o.id WHEN NOT MATCHED THEN INSERT VALUES (o.id, 'x')
-- --
TRUNCATE orders
-- --
TRUNCATE TABLE ONLY journal RESTART IDENTITY CASCADE
-- --
WITH x AS (INSERT INTO journal VALUES (12, 'x') RETURNING 1) SELECT * FROM x
-- --
WITH RECURSIVE a AS (SELECT 1), x AS (UPDATE users SET name = 'x' RETURNING *), y AS (SELECT * FROM x) SELECT * FROM y
-- --
SELECT * FROM (WITH x AS (DELETE FROM orders RETURNING *) SELECT * FROM x) t
-- --
WITH x AS NOT MATERIALIZED (DELETE FROM orders RETURNING *) SELECT 1
-- --
WITH t AS (SELECT 1) INSERT INTO journal SELECT 13, 'x' FROM t
-- --
WITH t AS (SELECT 1 AS id) DELETE FROM orders USING t
-- --
SELECT * INTO copied FROM users
-- --
SELECT id INTO TEMP copied FROM users
-- --
SELECT 1 AS a INTO UNLOGGED copied
-- --
WITH t AS (SELECT 1 AS a) SELECT a INTO copied FROM t
-- --
CREATE TABLE made (a integer)
-- --
CREATE TABLE made AS SELECT * FROM users
-- --
CREATE TEMP TABLE made (a integer)
-- then --
INSERT INTO made VALUES (1)
-- --
CREATE TEMP VIEW made AS SELECT 1
-- --
CREATE VIEW made AS SELECT 1
-- --
CREATE MATERIALIZED VIEW made AS SELECT 1
-- --
REFRESH MATERIALIZED VIEW totals
-- --
CREATE FUNCTION pg_temp.f() RETURNS integer LANGUAGE sql AS 'SELECT 1'
-- --
CREATE SCHEMA made
-- --
CREATE ROLE made SUPERUSER LOGIN
-- --
CREATE EXTENSION IF NOT EXISTS dblink
-- --
CREATE INDEX made ON orders (total)
-- --
CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()
-- --
CREATE RULE r AS ON INSERT TO journal DO ALSO DELETE FROM orders
-- --
CREATE POLICY p ON users USING (false)
-- --
CREATE STATISTICS s ON day, status FROM orders
-- --
ALTER TABLE orders ADD made integer
-- --
ALTER TABLE users RENAME TO people
-- --
ALTER SEQUENCE ticket_numbers RESTART WITH 500
-- --
ALTER ROLE CURRENT_USER SET search_path = 'evil'
-- --
ALTER SYSTEM SET work_mem = '1GB'
-- --
ALTER TABLE users ENABLE ROW LEVEL SECURITY
-- --
DROP TABLE orders CASCADE
-- --
DROP VIEW paid_orders
-- --
DROP FUNCTION evil_insert CASCADE
-- --
GRANT ALL ON users TO PUBLIC
-- --
REVOKE ALL ON users FROM CURRENT_USER
-- --
REASSIGN OWNED BY CURRENT_USER TO CURRENT_USER
-- --
COMMENT ON TABLE orders IS 'evil'
-- --
SECURITY LABEL ON TABLE orders IS 'evil'
-- --
IMPORT FOREIGN SCHEMA public FROM SERVER s INTO public
-- --
COMMIT
-- then --
INSERT INTO journal VALUES (20, 'x')
-- --
END
-- then --
INSERT INTO journal VALUES (21, 'x')
-- --
ROLLBACK
-- then --
INSERT INTO journal VALUES (22, 'x')
-- --
ABORT
-- --
BEGIN
-- then --
INSERT INTO journal VALUES (23, 'x')
-- --
BEGIN READ WRITE
-- then --
INSERT INTO journal VALUES (24, 'x')
-- --
START TRANSACTION READ WRITE
-- --
COMMIT AND CHAIN
-- --
ROLLBACK AND CHAIN
-- --
SAVEPOINT s
-- --
ROLLBACK TO SAVEPOINT s
-- --
RELEASE SAVEPOINT s
-- --
PREPARE TRANSACTION 'evil'
-- --
COMMIT PREPARED 'evil'
-- --
SET TRANSACTION READ WRITE
-- then --
INSERT INTO journal VALUES (25, 'x')
-- --
SET transaction_read_only = off
-- --
SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE
-- then --
INSERT INTO journal VALUES (26, 'x')
-- --
SET default_transaction_read_only = off
-- then --
INSERT INTO journal VALUES (27, 'x')
-- --
SET LOCAL statement_timeout = 0
-- --
SET statement_timeout = 0
-- --
SET ROLE NONE
-- --
SET SESSION AUTHORIZATION DEFAULT
-- --
SET CONSTRAINTS ALL DEFERRED
-- --
RESET ALL
-- --
RESET statement_timeout
-- --
DISCARD ALL
-- --
SELECT set_config('transaction_read_only', 'off', true)
-- --
SELECT set_config('search_path', 'evil', false)
-- --
SELECT pg_catalog . set_config /**/ ('statement_timeout', '0', false)
-- --
SELECT "set_config"('role', 'none', false), 1
-- --
UPDATE pg_settings SET setting = '0' WHERE name = 'statement_timeout'
-- --
PREPARE evil AS INSERT INTO journal VALUES (30, 'x')
-- then --
EXECUTE evil
-- --
PREPARE evil AS SELECT 1
-- --
EXECUTE evil
-- --
DEALLOCATE ALL
-- --
DECLARE c CURSOR WITH HOLD FOR SELECT 1
-- then --
FETCH ALL FROM c
-- --
FETCH ALL FROM c
-- --
MOVE 1 IN c
-- --
CLOSE ALL
-- --
LOCK TABLE users IN ACCESS EXCLUSIVE MODE
-- --
LOCK users
-- --
SELECT * FROM orders FOR UPDATE
-- --
SELECT * FROM orders FOR NO KEY UPDATE SKIP LOCKED
-- --
SELECT * FROM orders FOR SHARE
-- --
WITH x AS (SELECT * FROM users FOR KEY SHARE) SELECT * FROM x
-- --
COPY users TO STDOUT
-- --
COPY (SELECT * FROM users) TO STDOUT
-- --
COPY users FROM STDIN
-- --
COPY (SELECT 'x') TO '$OUT/copied'
-- --
COPY journal (what) FROM '/etc/hostname'
-- --
COPY (SELECT 'owned') TO PROGRAM 'cat > $OUT/owned'
-- --
COPY journal (what) FROM PROGRAM 'echo x; touch $OUT/owned'
-- --
CALL evil_call()
-- --
DO 'BEGIN INSERT INTO journal VALUES (40, ''x''); END'
-- --
DO $$BEGIN PERFORM evil_insert(); COMMIT; END$$
-- --
VACUUM
-- --
VACUUM FULL orders
-- --
ANALYZE users
-- --
REINDEX TABLE users
-- --
CLUSTER orders USING orders_pkey
-- --
CHECKPOINT
-- --
LOAD 'auto_explain'
-- --
LISTEN evil
-- --
NOTIFY evil, 'x'
-- --
UNLISTEN *
-- --
EXPLAIN ANALYZE INSERT INTO journal VALUES (41, 'x')
-- --
EXPLAIN (ANALYZE, FORMAT JSON) DELETE FROM orders
-- --
EXPLAIN ANALYZE CREATE TABLE made AS SELECT 1
-- --
EXPLAIN ANALYZE EXECUTE evil
-- --
SELECT nextval('ticket_numbers')
-- --
SELECT setval('ticket_numbers', 99)
-- --
SELECT pg_sequence_last_value('ticket_numbers'), setval('ticket_numbers', 5, false)
-- --
SELECT lo_from_bytea(0, 'CANARY')
-- --
SELECT lo_create(0)
-- --
SELECT lo_creat(-1)
-- --
SELECT lo_unlink(4711)
-- --
SELECT lo_import('/etc/hostname')
-- --
SELECT lo_export(lo_from_bytea(0, 'x'), '$OUT/exported')
-- --
SELECT lo_put(4711, 0, 'x')
-- --
SELECT pg_advisory_lock(42)
-- --
SELECT pg_try_advisory_lock_shared(42)
-- --
SELECT pg_advisory_xact_lock(1, 2)
-- --
SELECT pg_advisory_unlock_all()
-- --
SELECT 1 WHERE pg_try_advisory_lock(42)
-- --
SELECT pg_notify('evil', 'x')
-- --
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'
-- --
SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()
-- --
SELECT pg_reload_conf()
-- --
SELECT pg_rotate_logfile()
-- --
SELECT pg_stat_reset()
-- --
SELECT pg_switch_wal()
-- --
SELECT pg_create_restore_point('evil')
-- --
SELECT pg_export_snapshot()
-- --
SELECT pg_logical_emit_message(false, 'evil', 'x')
-- --
SELECT pg_create_physical_replication_slot('evil')
-- --
SELECT pg_read_file('PG_VERSION')
-- --
SELECT * FROM pg_read_file('PG_VERSION')
-- --
SELECT * FROM ROWS FROM (pg_read_file('PG_VERSION'))
-- --
SELECT x FROM users, LATERAL pg_read_file('PG_VERSION') x
-- --
VALUES (pg_read_file('PG_VERSION'))
-- --
SELECT 1 LIMIT length(pg_read_file('PG_VERSION'))
-- --
SELECT 1 ORDER BY pg_read_file('PG_VERSION')
-- --
SELECT count(*) FILTER (WHERE pg_read_file('PG_VERSION') <> '') FROM orders
-- --
SELECT sum(length(pg_read_file('PG_VERSION'))) OVER (PARTITION BY pg_read_file('PG_VERSION')) FROM orders
-- --
SELECT "pg_read_file"('PG_VERSION')
-- --
SELECT pg_catalog . pg_read_file/**/('PG_VERSION')
-- --
SELECT U&"pg\005fread_file"('PG_VERSION')
-- --
SELECT PG_Read_File ( 'PG_VERSION' )
-- --
SELECT pg_read_binary_file('PG_VERSION')
-- --
SELECT pg_read_server_files.* FROM pg_ls_dir('.') AS pg_read_server_files
-- --
SELECT * FROM pg_ls_logdir()
-- --
SELECT * FROM pg_stat_file('PG_VERSION')
-- --
SELECT pg_current_logfile(), pg_ls_dir('/')
-- --
SELECT dblink_exec('host=127.0.0.1 port=' || current_setting('port') || ' dbname=' || current_database() || ' user=' || current_user, 'INSERT INTO journal VALUES (50, ''x'')')
-- --
SELECT * FROM dblink('host=127.0.0.1 port=' || current_setting('port') || ' dbname=' || current_database() || ' user=' || current_user, 'DELETE FROM orders RETURNING 1') AS t(a integer)
-- --
SELECT query_to_xml('INSERT INTO journal VALUES (51, ''x'')', true, false, '')
-- --
SELECT query_to_xml('SELECT pg_read_file(''PG_VERSION'')', true, false, '')
-- --
SELECT * FROM ts_stat('SELECT set_config(''search_path'', ''evil'', false)::tsvector')
-- --
SELECT cursor_to_xml('c', 1, true, false, '')
-- --
SELECT evil_insert()
-- --
SELECT public.evil_insert()
-- --
SELECT "public"."evil_insert"()
-- --
SELECT evil_quiet()
-- --
SELECT evil_definer()
-- --
SELECT evil_switch()
-- --
SELECT evil_lock()
-- --
SELECT * FROM evil_rows()
-- --
SELECT (evil_rows()).*
-- --
SELECT evil_dynamic('COMMIT')
-- --
SELECT evil_dynamic('SET SESSION statement_timeout = 0')
-- --
SELECT lower(1)
-- --
SELECT public.lower(id) FROM orders
-- --
SELECT evil_sum(id) FROM orders
-- --
SELECT 1 ==> 2
-- --
SELECT 1 OPERATOR(public.==>) 2
-- --
SELECT ROW(1)::evil_type::text
-- --
SELECT 1::evil_domain
-- --
SELECT * FROM evil_view
-- --
SELECT 1 WHERE EXISTS (SELECT evil_insert())
-- --
SELECT CASE WHEN evil_insert() = 1 THEN 1 END
-- --
SELECT ARRAY(SELECT evil_insert())
-- --
SHOW
-- --
EXECUTE
-- --
SELECT binary_upgrade_set_next_pg_type_oid(1)
