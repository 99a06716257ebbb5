CREATE SEQUENCE ticket_numbers
-- --
CREATE TABLE journal (id integer PRIMARY KEY, what text)
-- --
CREATE MATERIALIZED VIEW totals AS SELECT status, sum(total) AS total FROM orders GROUP BY status
-- --
CREATE FUNCTION evil_insert() RETURNS integer LANGUAGE plpgsql AS 'BEGIN INSERT INTO journal VALUES (1, ''evil''); RETURN 1; END'
-- --
CREATE FUNCTION evil_quiet() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT evil_insert()'
-- --
CREATE FUNCTION evil_definer() RETURNS integer LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN DELETE FROM orders; RETURN 1; END'
-- --
CREATE FUNCTION evil_switch() RETURNS integer LANGUAGE plpgsql AS 'BEGIN PERFORM set_config(''transaction_read_only'', ''off'', true); INSERT INTO journal VALUES (2, ''evil''); RETURN 1; END'
-- --
CREATE FUNCTION evil_lock() RETURNS integer LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_lock(4711); RETURN 1; END'
-- --
CREATE FUNCTION evil_rows() RETURNS SETOF journal LANGUAGE plpgsql AS 'BEGIN INSERT INTO journal VALUES (3, ''evil''); RETURN QUERY SELECT * FROM journal; END'
-- --
CREATE FUNCTION evil_dynamic(sql text) RETURNS integer LANGUAGE plpgsql AS 'BEGIN EXECUTE sql; RETURN 1; END'
-- --
CREATE FUNCTION lower(integer) RETURNS text LANGUAGE plpgsql AS 'BEGIN INSERT INTO journal VALUES (4, ''evil''); RETURN ''''; END'
-- --
CREATE FUNCTION evil_step(integer, integer) RETURNS integer LANGUAGE plpgsql AS 'BEGIN RETURN evil_insert(); END'
-- --
CREATE AGGREGATE evil_sum (integer) (SFUNC = evil_step, STYPE = integer, INITCOND = '0')
-- --
CREATE OPERATOR ==> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = evil_step)
-- --
CREATE TYPE evil_type AS (a integer)
-- --
CREATE FUNCTION evil_cast(evil_type) RETURNS text LANGUAGE plpgsql AS 'BEGIN PERFORM evil_insert(); RETURN ''''; END'
-- --
CREATE CAST (evil_type AS text) WITH FUNCTION evil_cast(evil_type)
-- --
CREATE FUNCTION evil_check(integer) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN PERFORM evil_insert(); RETURN true; END'
-- --
CREATE DOMAIN evil_domain AS integer CHECK (evil_check(VALUE))
-- --
CREATE VIEW evil_view AS SELECT evil_insert() AS a
-- --
CREATE PROCEDURE evil_call() LANGUAGE plpgsql AS 'BEGIN COMMIT; INSERT INTO journal VALUES (5, ''evil''); COMMIT; END'
