INSERT INTO journal (what) VALUES ('x')
-- --
/* SELECT */ INSERT INTO journal (what) SELECT 'x'
-- --
INSERT IGNORE INTO journal SET what = 'x'
-- --
INSERT INTO journal VALUES (1, 'y') ON DUPLICATE KEY UPDATE what = 'z'
-- --
INSERT INTO journal (what) VALUES ('x') RETURNING id
-- --
INSERT DELAYED INTO journal (what) VALUES ('x')
-- --
REPLACE INTO journal VALUES (1, 'y')
-- --
REPLACE journal SELECT id, 'y' FROM users
-- --
UPDATE users SET name = 'x'
-- --
UPDATE users u JOIN orders o ON o.user_id = u.id SET u.name = 'x', o.note = 'y'
-- --
DELETE FROM orders
-- --
DELETE FROM orders RETURNING *
-- --
DELETE o FROM orders o JOIN users u ON u.id = o.user_id
-- --
delete quick from orders order by id limit 1
-- --
WITH x AS (SELECT 1 AS id) DELETE FROM orders USING orders JOIN x
-- --
WITH x AS (SELECT 1 AS id) UPDATE users SET name = 'x'
-- --
WITH x AS (INSERT INTO journal (what) VALUES ('x') RETURNING 1) SELECT * FROM x
-- --
INSERT INTO journal (what) WITH x AS (SELECT 'x') SELECT * FROM x
-- --
TRUNCATE orders
-- --
TRUNCATE TABLE journal
-- --
DROP TABLE orders
-- --
DROP TABLE IF EXISTS no_key, pairs
-- --
DROP VIEW paid_orders
-- --
DROP DATABASE information_schema
-- --
ALTER TABLE orders ADD c int
-- --
ALTER TABLE orders ENGINE = InnoDB
-- --
ALTER DATABASE COMMENT = 'evil'
-- --
CREATE TABLE zz (i int)
-- --
CREATE TABLE zz SELECT * FROM users
-- --
CREATE OR REPLACE TABLE journal (i int)
-- --
CREATE TEMPORARY TABLE zz (i int)
-- then --
INSERT INTO zz VALUES (1)
-- --
CREATE TEMPORARY TABLE zz AS SELECT * FROM users
-- --
DROP TEMPORARY TABLE IF EXISTS zz
-- --
CREATE VIEW zz AS SELECT 1
-- --
CREATE INDEX zz ON orders (total)
-- --
DROP INDEX orders_status_day ON orders
-- --
CREATE TRIGGER zz BEFORE INSERT ON users FOR EACH ROW DELETE FROM orders
-- --
CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM users
-- --
CREATE FUNCTION zz() RETURNS int RETURN 1
-- --
CREATE FUNCTION zz RETURNS STRING SONAME 'evil.so'
-- --
CREATE PROCEDURE zz() DELETE FROM orders
-- --
CREATE SEQUENCE zz
-- --
CREATE USER evil IDENTIFIED BY 'x'
-- --
CREATE DATABASE evil
-- --
RENAME TABLE orders TO o2
-- --
GRANT ALL ON *.* TO CURRENT_USER
-- --
REVOKE ALL PRIVILEGES ON *.* FROM CURRENT_USER
-- --
SET PASSWORD = PASSWORD('x')
-- --
ALTER USER CURRENT_USER() IDENTIFIED BY 'x'
-- --
BEGIN
-- then --
INSERT INTO journal (what) VALUES ('x')
-- --
BEGIN WORK
-- --
START TRANSACTION READ WRITE
-- then --
INSERT INTO journal (what) VALUES ('x')
-- --
START TRANSACTION WITH CONSISTENT SNAPSHOT
-- --
COMMIT
-- then --
INSERT INTO journal (what) VALUES ('x')
-- --
COMMIT AND CHAIN
-- --
ROLLBACK
-- --
ROLLBACK RELEASE
-- --
SAVEPOINT s
-- --
ROLLBACK TO s
-- --
RELEASE SAVEPOINT s
-- --
XA START 'evil'
-- then --
XA END 'evil'
-- --
XA RECOVER
-- --
BEGIN NOT ATOMIC COMMIT; INSERT INTO journal (what) VALUES ('x'); END
-- --
BEGIN NOT ATOMIC INSERT INTO journal (what) VALUES ('x'); END
-- --
IF 1 THEN INSERT INTO journal (what) VALUES ('x'); END IF
-- --
WHILE 1 DO COMMIT; END WHILE
-- --
FOR i IN 1..2 DO INSERT INTO journal (what) VALUES ('x'); END FOR
-- --
LOOP COMMIT; END LOOP
-- --
SET TRANSACTION READ WRITE
-- then --
INSERT INTO journal (what) VALUES ('x')
-- --
SET SESSION TRANSACTION READ WRITE
-- then --
INSERT INTO journal (what) VALUES ('x')
-- --
SET SESSION tx_read_only = 0
-- --
SET autocommit = 0
-- --
SET @@SESSION.sql_mode = ''
-- --
SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'
-- --
SET NAMES gbk
-- --
SET CHARACTER SET latin1
-- --
SET @x = 1
-- --
SET GLOBAL general_log = 1
-- --
SET GLOBAL general_log_file = '$OUT/log.php'
-- --
SET GLOBAL max_connections = 1
-- --
SET GLOBAL local_infile = 1
-- --
SET STATEMENT max_statement_time = 0 FOR SELECT 1
-- --
SET STATEMENT sql_mode = '' FOR DELETE FROM orders
-- --
SET ROLE NONE
-- --
SET DEFAULT ROLE NONE
-- --
PREPARE evil FROM 'INSERT INTO journal (what) VALUES (''x'')'
-- then --
EXECUTE evil
-- --
PREPARE evil FROM 'SELECT 1'
-- --
EXECUTE evil
-- --
EXECUTE IMMEDIATE 'INSERT INTO journal (what) VALUES (''x'')'
-- --
EXECUTE IMMEDIATE CONCAT('DELETE FROM ', 'orders')
-- --
DEALLOCATE PREPARE evil
-- --
LOCK TABLES users WRITE
-- --
LOCK TABLE users READ
-- --
UNLOCK TABLES
-- --
FLUSH TABLES WITH READ LOCK
-- --
FLUSH TABLES
-- --
FLUSH PRIVILEGES
-- --
BACKUP STAGE START
-- --
BACKUP LOCK orders
-- --
CALL p1()
-- --
CALL p2()
-- --
call /* x */ p1
-- --
DO evil_insert()
-- --
DO GET_LOCK('cleat', 1)
-- --
DO RELEASE_ALL_LOCKS()
-- --
HANDLER orders OPEN
-- then --
HANDLER orders READ FIRST
-- --
HANDLER orders CLOSE
-- --
LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE journal (what)
-- --
LOAD DATA INFILE '/etc/passwd' INTO TABLE journal (what)
-- --
LOAD XML LOCAL INFILE '/etc/passwd' INTO TABLE journal
-- --
LOAD INDEX INTO CACHE orders
-- --
SELECT * FROM users INTO OUTFILE '$OUT/o.txt'
-- --
SELECT * INTO OUTFILE '$OUT/o1.txt' FROM users
-- --
SELECT * FROM users INTO/**/OUTFILE'$OUT/o2.txt' CHARACTER SET utf8mb4
-- --
SELECT 'x' INTO DUMPFILE '$OUT/o3.txt'
-- --
(SELECT 1) UNION (SELECT 2) INTO OUTFILE '$OUT/o4.txt'
-- --
WITH x AS (SELECT 1) SELECT * FROM x INTO DUMPFILE '$OUT/o5.txt'
-- --
SELECT 1 /*!50000 INTO OUTFILE '$OUT/o6.txt' */
-- --
SELECT 1 /*! INTO DUMPFILE '$OUT/o7.txt' */
-- --
SELECT 1 /*M! INTO DUMPFILE '$OUT/o8.txt' */
-- --
TABLE users INTO OUTFILE '$OUT/o9.txt'
-- --
VALUES (1) INTO OUTFILE '$OUT/o10.txt'
-- --
SELECT 1 INTO @x
-- --
SELECT id INTO @x FROM users LIMIT 1
-- --
/*!50000 DELETE FROM orders */
-- --
/*! INSERT INTO */ journal (what) VALUES ('x')
-- --
/*M!100000 DELETE FROM orders */
-- --
/*!*/ DELETE FROM orders
-- --
/*!99999 SELECT 1 */ DELETE FROM orders
-- --
# comment
DELETE FROM orders
-- --
SELECT LOAD_FILE('/etc/hostname')
-- --
SELECT load_file /* x */ ('/etc/hostname')
-- --
SELECT 1 WHERE LOAD_FILE('/etc/hostname') IS NULL
-- --
SELECT HEX(LOAD_FILE(CONCAT('/etc', '/hostname'))) FROM orders
-- --
SELECT GET_LOCK('cleat', 1)
-- --
SELECT get_lock ('cleat', 0), 1
-- --
SELECT 1 ORDER BY GET_LOCK('cleat', 0)
-- --
SELECT RELEASE_ALL_LOCKS()
-- --
SELECT RELEASE_LOCK('cleat')
-- --
SELECT NEXTVAL(ticket_numbers)
-- --
SELECT NEXT VALUE FOR ticket_numbers
-- --
SELECT SETVAL(ticket_numbers, 100)
-- --
SELECT ticket_numbers.nextval
-- --
SELECT LAST_INSERT_ID(5) FROM (SELECT NEXTVAL(ticket_numbers)) t
-- --
SELECT MASTER_POS_WAIT('x', 1, 1)
-- --
SELECT * FROM orders FOR UPDATE
-- --
SELECT * FROM orders LOCK IN SHARE MODE
-- --
SELECT * FROM orders FOR SHARE
-- --
SELECT * FROM orders FOR UPDATE SKIP LOCKED
-- --
SELECT * FROM (SELECT * FROM orders FOR UPDATE) t
-- --
SELECT evil_insert()
-- --
SELECT `evil_insert`()
-- --
SELECT evil_quiet()
-- --
SELECT evil_lock()
-- --
SELECT evil_set()
-- --
SELECT * FROM evil_view
-- --
SELECT 1 WHERE EXISTS (SELECT evil_insert())
-- --
SELECT * FROM orders ORDER BY evil_quiet()
-- --
SELECT * FROM orders PROCEDURE ANALYSE(1)
-- --
ANALYZE TABLE orders
-- --
ANALYZE DELETE FROM orders
-- --
ANALYZE FORMAT=JSON UPDATE users SET name = 'x'
-- --
EXPLAIN ANALYZE DELETE FROM orders
-- --
OPTIMIZE TABLE orders
-- --
REPAIR TABLE orders
-- --
CHECK TABLE orders FOR UPGRADE
-- --
CHECKSUM TABLE orders EXTENDED
-- --
CACHE INDEX orders IN hot
-- --
RESET QUERY CACHE
-- --
RESET MASTER
-- --
PURGE BINARY LOGS BEFORE NOW()
-- --
CHANGE MASTER TO MASTER_HOST = 'evil'
-- --
START SLAVE
-- --
KILL CONNECTION_ID()
-- --
KILL QUERY 1
-- --
KILL USER root
-- --
SHUTDOWN
-- --
INSTALL PLUGIN evil SONAME 'evil.so'
-- --
INSTALL SONAME 'evil'
-- --
UNINSTALL PLUGIN InnoDB
-- --
CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'evil')
-- --
BINLOG 'x'
-- --
USE mysql
-- --
SIGNAL SQLSTATE '45000'
-- --
GET DIAGNOSTICS @n = NUMBER
-- --
DECLARE c CURSOR FOR SELECT 1
-- --
IMPORT TABLE FROM '$OUT/x.sdi'
-- --
CREATE TABLE zz (a int) ENGINE = CONNECT TABLE_TYPE = DOS FILE_NAME = '/etc/passwd'
-- --
ALTER TABLE journal DATA DIRECTORY = '$OUT'
-- --
CREATE TABLE zz (a int) DATA DIRECTORY = '$OUT'
