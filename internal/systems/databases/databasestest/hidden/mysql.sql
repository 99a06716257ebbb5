SELECT CONCAT(ssn, '') FROM users
-- --
SELECT CONCAT_WS(',', ssn, email) FROM users
-- --
SELECT REVERSE(ssn) FROM users
-- --
SELECT HEX(ssn) FROM users
-- --
SELECT TO_BASE64(ssn) FROM users
-- --
SELECT GROUP_CONCAT(ssn) FROM users
-- --
SELECT GROUP_CONCAT(id, ssn SEPARATOR ';') FROM users
-- --
SELECT JSON_ARRAYAGG(ssn) FROM users
-- --
SELECT JSON_OBJECT('a', ssn) FROM users
-- --
SELECT QUOTE(ssn) FROM users
-- --
SELECT BINARY ssn FROM users
-- --
SELECT ssn COLLATE utf8mb4_bin FROM users
-- --
SELECT CONVERT(ssn USING latin1) FROM users
-- --
SELECT IF(1, ssn, '') FROM users
-- --
SELECT IFNULL(ssn, '') FROM users
-- --
SELECT ELT(1, ssn) FROM users
-- --
SELECT INSERT(ssn, 1, 0, 'x') FROM users
-- --
SELECT EXPORT_SET(1, ssn, 'b') FROM users
-- --
SELECT MAKE_SET(1, ssn) FROM users
-- --
SELECT GREATEST(ssn, '') FROM users
-- --
SELECT LEFT(ssn, 9) FROM users
-- --
SELECT MID(ssn, 1, 9) FROM users
-- --
SELECT SUBSTRING_INDEX(ssn, '-', 2) FROM users
-- --
SELECT LPAD(ssn, 30, '*') FROM users
-- --
SELECT EXTRACTVALUE(1, CONCAT(0x7e, (SELECT ssn FROM users LIMIT 1)))
-- --
SELECT UPDATEXML(1, CONCAT(0x7e, (SELECT ssn FROM users LIMIT 1)), 1)
-- --
SELECT 1 WHERE EXTRACTVALUE(1, CONCAT(0x7e, (SELECT email FROM users LIMIT 1)))
-- --
SELECT EXTRACTVALUE(1, CONCAT('~', ssn)) FROM users
-- --
SELECT JSON_EXTRACT('{}', (SELECT ssn FROM users LIMIT 1))
-- --
SELECT JSON_EXTRACT(ssn, '$') FROM users
-- --
SELECT EXP(~(SELECT * FROM (SELECT ssn FROM users LIMIT 1) x))
-- --
SELECT ST_GeomFromText((SELECT ssn FROM users LIMIT 1))
-- --
SELECT 'a' REGEXP CONCAT('(', ssn) FROM users
-- --
SELECT CAST(ssn AS DATE) FROM users
-- --
SELECT CAST(ssn AS SIGNED) FROM users
-- --
SELECT CONVERT_TZ(NOW(), ssn, ssn) FROM users
-- --
SELECT COUNT(*), CONCAT((SELECT ssn FROM users LIMIT 1), FLOOR(RAND(0) * 2)) x FROM information_schema.tables GROUP BY x
-- --
SELECT NAME_CONST((SELECT ssn FROM users LIMIT 1), 1)
-- --
SELECT * FROM (SELECT NAME_CONST((SELECT ssn FROM users LIMIT 1), 1), NAME_CONST((SELECT ssn FROM users LIMIT 1), 1)) a
-- --
SELECT UUID_TO_BIN(ssn) FROM users
-- --
SELECT INET6_ATON(ssn), ssn FROM users
-- --
SELECT DATE_FORMAT(NOW(), ssn) FROM users
-- --
SELECT GTID_SUBSET(ssn, 1) FROM users
-- --
SELECT COLUMN_GET(ssn, 'a' AS CHAR) FROM users
-- --
SELECT COLUMN_JSON((SELECT ssn FROM users LIMIT 1))
-- --
SELECT BIN_TO_UUID(ssn) FROM users
-- --
SELECT 1 FROM users HAVING MAX(ssn) > EXTRACTVALUE(1, CONCAT(0x7e, MAX(ssn)))
-- --
SELECT STR_TO_DATE(ssn, '%Y') FROM users
-- --
SELECT * FROM mysql.column_stats
-- --
SELECT min_value, max_value FROM mysql.column_stats WHERE table_name = 'users'
-- --
SELECT HEX(min_value) FROM `mysql`.`column_stats`
-- --
SELECT DECODE_HISTOGRAM(hist_type, histogram) FROM mysql.column_stats
-- --
SELECT * FROM information_schema.column_statistics
-- --
SELECT ssn FROM users PROCEDURE ANALYSE()
-- --
SELECT `ssn` FROM `users`
-- --
SELECT `users`.`ssn` AS `a``b` FROM `users`
-- --
SELECT u . ssn FROM users u
-- --
SELECT @x := ssn FROM users
-- --
SELECT ssn INTO @x FROM users LIMIT 1
-- --
TABLE users
-- --
VALUES ((SELECT ssn FROM users LIMIT 1))
-- --
SELECT j.* FROM users, JSON_TABLE(JSON_ARRAY(ssn), '$[*]' COLUMNS (a VARCHAR(50) PATH '$')) j
-- --
SELECT j.a FROM JSON_TABLE((SELECT JSON_ARRAYAGG(ssn) FROM users), '$[*]' COLUMNS (a VARCHAR(50) PATH '$')) AS j
-- --
SELECT MEDIAN(id) OVER (), ssn FROM users
-- --
SELECT ANY_VALUE(ssn) FROM users
-- --
SELECT /*! ssn */ FROM users
-- --
SELECT ssn FROM users FORCE INDEX (users_email)
-- --
SELECT ssn, COUNT(*) FROM users GROUP BY ssn WITH ROLLUP
-- --
SELECT VALUES(ssn) FROM users
-- --
SELECT DEFAULT(ssn), ssn FROM users
-- --
SHOW COLUMNS FROM users
-- --
DESCRIBE users
-- --
SELECT * FROM users WHERE id = 1 AND (SELECT 1 FROM (SELECT COUNT(*), CONCAT(ssn, FLOOR(RAND(0) * 2)) x FROM users GROUP BY x) a)
-- --
SELECT (SELECT ssn) FROM users
-- --
SELECT t.c3 FROM (SELECT 1 AS c1, 2 AS c2, 3 AS c3, 4 AS c4, 5 AS c5 UNION SELECT * FROM users) t
-- --
SELECT AES_ENCRYPT('a', 'b'), ssn FROM users
-- --
SELECT * FROM (TABLE users) t
