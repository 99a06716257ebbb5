SELECT 1
-- --
-- want: 5 rows
SELECT * FROM users ORDER BY id;
-- --
-- want: 3 rows
SELECT `o`.`id`, o.total AS `the total; of it` FROM `orders` AS o ORDER BY total DESC LIMIT 3
-- --
-- want: 5 rows
/* a comment; with a semicolon */ SELECT u.name, COUNT(o.id) AS n, IFNULL(SUM(o.total), 0) AS total
FROM users u LEFT JOIN orders o ON o.user_id = u.id -- every user; even without orders
GROUP BY u.id, u.name ORDER BY total DESC, u.name # and a comment; to the end
-- --
-- want: 12 rows
SELECT id, day, total, SUM(total) OVER (PARTITION BY user_id ORDER BY day, id) AS running,
  ROW_NUMBER() OVER w AS n, RANK() OVER w, DENSE_RANK() OVER w, NTILE(4) OVER w
FROM orders WINDOW w AS (ORDER BY total DESC)
-- --
SELECT id, total - LAG(total) OVER (ORDER BY id) AS step, LEAD(total, 2) OVER (ORDER BY id), FIRST_VALUE(total) OVER (ORDER BY id),
  NTH_VALUE(total, 2) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM orders
-- --
SELECT id, AVG(total) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM orders
-- --
SELECT id, PERCENT_RANK() OVER (ORDER BY total), CUME_DIST() OVER (ORDER BY total) FROM orders
-- --
-- want: 12 rows
-- only: mariadb
SELECT id, PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY total) OVER (PARTITION BY status), MEDIAN(total) OVER (PARTITION BY status) FROM orders
-- --
-- want: 10 rows
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 10) SELECT n, n * n FROM t
-- --
-- want: 28 rows
WITH RECURSIVE days AS (SELECT DATE '2026-02-01' AS d UNION ALL SELECT d + INTERVAL 1 DAY FROM days WHERE d < '2026-02-28')
SELECT d, (SELECT COUNT(*) FROM orders WHERE day = d) FROM days
-- --
WITH paid AS (SELECT * FROM orders WHERE status = 'paid'), big AS (SELECT * FROM paid WHERE total > 10) SELECT COUNT(*) FROM big
-- --
SELECT status, user_id, SUM(total), COUNT(*) FROM orders GROUP BY status, user_id WITH ROLLUP
-- --
SELECT status, GROUP_CONCAT(DISTINCT user_id ORDER BY user_id DESC SEPARATOR ';') FROM orders GROUP BY status
-- --
SELECT GROUP_CONCAT(id, ':', total ORDER BY id) FROM orders
-- --
SELECT u.name,
  SUM(CASE WHEN o.status = 'paid' THEN o.total ELSE 0 END) AS paid,
  SUM(IF(o.status = 'failed', o.total, 0)) AS failed, SUM(o.status = 'open') AS open
FROM users u JOIN orders o ON o.user_id = u.id GROUP BY u.name
-- --
SELECT 7 DIV 2, 7 MOD 2, 7 % 2, 7 / 2, 1 <=> NULL, NULL <=> NULL, 1 XOR 1, 5 & 3, 5 | 3, 5 ^ 3, ~0, 1 << 3, !0, -(-1)
-- --
SELECT id FROM users WHERE name RLIKE '^A' OR name REGEXP 'o.b' OR name LIKE 'c%' OR name SOUNDS LIKE 'eve' OR name NOT RLIKE '.'
-- --
SELECT DATE_FORMAT(day, '%Y-%m; %d'), day + INTERVAL 1 MONTH, DATE_ADD(day, INTERVAL -7 DAY), DATEDIFF(day, '2026-01-01'), LAST_DAY(day), WEEK(day, 3), DAYNAME(day), QUARTER(day), EXTRACT(YEAR_MONTH FROM day) FROM orders
-- --
SELECT TIMESTAMPDIFF(MINUTE, created, '2026-04-01'), UNIX_TIMESTAMP(created), FROM_UNIXTIME(0), STR_TO_DATE('01,5,2026', '%d,%m,%Y'), MAKEDATE(2026, 32), CONVERT_TZ(created, '+00:00', '+02:00') FROM users
-- --
SELECT CONCAT(name, ' <', id, '>'), CONCAT_WS(',', name, NULL, 'x'), SUBSTRING_INDEX('a.b.c', '.', 2), LPAD(id, 5, '0'), REPLACE(name, 'e', '*'), REVERSE(name), CHAR_LENGTH(name), LEFT(name, 2), INSTR(name, 'n'), FIELD('b', 'a', 'b'), ELT(2, 'x', 'y'), FORMAT(12345.678, 2), HEX(name), MD5(name), SHA2('x', 256), TRIM(LEADING 'x' FROM 'xa'), ASCII('a'), QUOTE(name), UPPER(name), REPEAT('=', 3) FROM users
-- --
SELECT REGEXP_REPLACE('a1b22', '[0-9]+', '#'), REGEXP_SUBSTR('a1b22', '[0-9]+'), REGEXP_INSTR('ab1', '[0-9]')
-- --
SELECT JSON_EXTRACT('{"a": {"b": [1, 2]}}', '$.a.b[1]'), JSON_UNQUOTE(JSON_EXTRACT('{"x": "y"}', '$.x')), JSON_VALUE('{"a": 1}', '$.a'), JSON_KEYS('{"a": 1}'), JSON_LENGTH('[1, 2]'), JSON_CONTAINS('[1, 2]', '1'), JSON_VALID('{'), JSON_TYPE('[]')
-- --
SELECT JSON_OBJECT('id', id, 'total', total), JSON_ARRAY(id, status), JSON_SET('{"a": 1}', '$.b', 2), JSON_REMOVE('{"a": 1}', '$.a'), JSON_MERGE_PATCH('{"a": 1}', '{"a": null}') FROM orders
-- --
SELECT JSON_ARRAYAGG(id), JSON_OBJECTAGG(id, status) FROM orders
-- --
-- want: 2 rows
SELECT t.* FROM JSON_TABLE('[{"a": 1, "b": "x"}, {"a": 2}]', '$[*]' COLUMNS (n FOR ORDINALITY, a INT PATH '$.a', b VARCHAR(10) PATH '$.b' DEFAULT '"none"' ON EMPTY)) AS t
-- --
SELECT id FROM orders WHERE status = 'paid' UNION SELECT id FROM users UNION ALL SELECT 99 ORDER BY id
-- --
SELECT id FROM orders WHERE status = 'paid' INTERSECT SELECT id FROM users
-- --
SELECT id FROM orders EXCEPT SELECT id FROM users
-- --
(SELECT id FROM orders ORDER BY id LIMIT 2) UNION ALL (SELECT id FROM users ORDER BY id DESC LIMIT 2)
-- --
-- only: mariadb
VALUES (1, 'a'), (2, 'b')
-- --
SELECT name FROM users u WHERE EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id AND o.total > (SELECT AVG(total) FROM orders))
-- --
SELECT id, (SELECT name FROM users WHERE users.id = o.user_id) AS who FROM orders o WHERE (o.user_id, o.day) IN (SELECT user_id, MAX(day) FROM orders GROUP BY user_id)
-- --
SELECT a.id, b.id FROM orders a JOIN orders b ON a.user_id = b.user_id AND a.id < b.id
-- --
SELECT * FROM orders NATURAL JOIN (SELECT id, name FROM users) u
-- --
SELECT * FROM users STRAIGHT_JOIN orders USING (id)
-- --
SELECT * FROM users u RIGHT JOIN orders o ON o.user_id = u.id
-- --
SELECT SQL_NO_CACHE DISTINCT status FROM orders FORCE INDEX (orders_status_day) ORDER BY status
-- --
SELECT SQL_CALC_FOUND_ROWS id FROM orders LIMIT 2, 3
-- --
SELECT id FROM orders WHERE total > ALL (SELECT total FROM orders WHERE status = 'open') OR total = ANY (SELECT 5)
-- --
SELECT 'it''s', "double ""quoted"";", 'back\'slash; \\', 'a' 'b' "c", _utf8mb4'x', N'n', X'4142', 0x43, b'1000001', 0b1, 1e3, .5
-- --
SELECT 'DROP TABLE users; --' AS `delete from users; commit`, '/* no comment */', '# nor this', "-- nor; this"
-- --
SELECT 1 -- a comment
 + 1 /* another; one */ + /**/ 1, 5--1, 1/*x*/+/*y*/1
-- --
SELECT COALESCE(NULL, 1), NULLIF(1, 2), GREATEST(1, 3, 2), LEAST(1, 2), IF(1 > 2, 'a', 'b'), ISNULL(NULL), INTERVAL(23, 1, 15, 30), 1 BETWEEN 0 AND 2, 3 IN (1, 2, 3), ROUND(2.567, 1), TRUNCATE(2.567, 1), CEIL(1.2), POW(2, 10), CRC32('x'), CONV('ff', 16, 10), BIT_COUNT(7), SIGN(-3)
-- --
SELECT CAST('12.5' AS DECIMAL(5, 1)), CAST('2026-01-02' AS DATE), CONVERT('7', SIGNED), CONVERT('x' USING utf8mb4), CAST(-1 AS UNSIGNED), CAST('a' AS CHAR(3)), CAST(1 AS CHAR), BINARY 'a' = 'A'
-- --
SELECT status COLLATE utf8mb4_bin, COUNT(*) FROM orders GROUP BY status COLLATE utf8mb4_bin HAVING COUNT(*) > 1 ORDER BY NULL
-- --
SELECT STDDEV_SAMP(total), VAR_POP(total), STD(total), BIT_OR(id), MIN(day), MAX(note) FROM orders
-- --
SELECT DAYOFWEEK(day) AS weekday, HOUR('12:30:00'), COUNT(*), SUM(total) / COUNT(*) FROM orders GROUP BY weekday ORDER BY weekday
-- --
SELECT TIME_TO_SEC('01:00:00'), SEC_TO_TIME(3661), ADDTIME('10:00:00', '00:30:00'), TIMEDIFF('12:00:00', '10:30:00'), CURDATE() > '2020-01-01', NOW(3) > '2020-01-01', UTC_TIMESTAMP() > '2020-01-01'
-- --
SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position
-- --
SELECT table_name, table_rows, data_length + index_length FROM information_schema.tables WHERE table_schema = DATABASE()
-- --
SELECT @@version, @@session.sql_mode, VERSION(), DATABASE(), USER(), CONNECTION_ID() > 0, @@max_allowed_packet
-- --
SELECT `from`, `select`.id FROM `select` UNION ALL SELECT `a b`, id FROM `we ird` UNION ALL SELECT y, id FROM `back``tick`
-- --
SELECT d.status, d.n, d.n / SUM(d.n) OVER () AS share FROM (SELECT status, COUNT(*) AS n FROM orders GROUP BY status) AS d
-- --
WITH marks AS (SELECT day, day - INTERVAL ROW_NUMBER() OVER (ORDER BY day) DAY AS island FROM (SELECT DISTINCT day FROM orders) d)
SELECT MIN(day), MAX(day), COUNT(*) FROM marks GROUP BY island ORDER BY 1
-- --
WITH cohort AS (SELECT user_id, MIN(day) AS first FROM orders GROUP BY user_id)
SELECT DATE_FORMAT(c.first, '%Y-%m') AS month, PERIOD_DIFF(DATE_FORMAT(o.day, '%Y%m'), DATE_FORMAT(c.first, '%Y%m')) AS months, COUNT(DISTINCT o.user_id)
FROM cohort c JOIN orders o ON o.user_id = c.user_id GROUP BY 1, 2 ORDER BY 1, 2
-- --
SELECT * FROM paid_orders p JOIN user_cards c ON c.id = p.user_id
-- --
SELECT ST_AsText(ST_GeomFromText('POINT(1 2)')), ST_Distance(POINT(0, 0), POINT(3, 4)), INET_ATON('10.0.0.1'), INET6_NTOA(INET6_ATON('::1'))
-- --
SELECT 1 AS `update`, 2 AS `delete`, x.`insert` FROM (SELECT 3 AS `insert`) AS x
-- --
SELECT RAND() >= 0, LENGTH(UUID()), CHARSET('x'), COLLATION('x'), COERCIBILITY('x')
-- --
SELECT 1 FROM DUAL WHERE EXISTS (SELECT * FROM orders WHERE total >= 500)
-- --
SELECT id, CASE status WHEN 'paid' THEN 'ok' WHEN 'failed' THEN 'no' END AS verdict, note IS NULL, note IS NOT NULL AND TRUE FROM orders WHERE NOT (total < 5 OR total IS NULL)
-- --
SELECT WEEKDAY(day), MONTHNAME(day), YEARWEEK(day), TO_DAYS(day), DAYOFYEAR(day), MICROSECOND('12:00:00.000010') FROM orders WHERE day >= '2026-01-01' AND day < '2026-01-01' + INTERVAL 1 MONTH
-- --
SELECT COUNT(*), COUNT(DISTINCT user_id, status), SUM(DISTINCT total), AVG(total) FROM orders HAVING COUNT(*) > 0
-- --
SELECT EXTRACTVALUE('<a><b>x</b></a>', '/a/b'), FROM_BASE64(TO_BASE64('abc')), UNHEX('4142'), FIND_IN_SET('b', 'a,b'), MAKE_SET(3, 'a', 'b'), SPACE(2), STRCMP('a', 'b')
-- --
SELECT id FROM orders WHERE day IN (DATE '2026-01-05', TIMESTAMP '2026-01-06 00:00:00', {d '2026-01-07'}) ORDER BY FIELD(status, 'open', 'paid'), RAND(1)
-- --
SELECT e, s, y, ok, FIND_IN_SET('a', s), e + 0, bt + 0 FROM kinds
-- --
SELECT * FROM (SELECT id, NTILE(4) OVER (ORDER BY total) AS quartile, total FROM orders) q WHERE quartile = 4
-- --
SELECT t1.id, t2.n FROM orders t1, (SELECT 1 AS n UNION SELECT 2) t2 WHERE t1.id = t2.n
