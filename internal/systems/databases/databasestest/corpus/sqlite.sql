SELECT 1
-- --
-- want: 5 rows
SELECT * FROM users ORDER BY id;
-- --
-- want: 3 rows
VALUES (1, 'a'), (2, 'b'), (3, NULL)
-- --
-- want: 5 rows
/* a comment; with a semicolon */ SELECT u.name, count(o.id) AS n, coalesce(sum(o.total), 0) AS total
FROM users u LEFT JOIN orders o ON o.user_id = u.id -- every user; even without orders
GROUP BY u.id ORDER BY total DESC, u.name
-- --
-- want: 12 rows
SELECT id, day, total, sum(total) OVER (PARTITION BY user_id ORDER BY day, id) AS running,
  row_number() OVER w AS n, rank() OVER w, dense_rank() OVER w, ntile(4) OVER w
FROM orders WINDOW w AS (ORDER BY total DESC)
-- --
SELECT id, total - lag(total, 1, 0) OVER (ORDER BY id) AS step, lead(total) OVER (ORDER BY id), first_value(total) OVER (ORDER BY id),
  nth_value(total, 2) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM orders
-- --
SELECT id, sum(total) OVER (ORDER BY day GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW), avg(total) FILTER (WHERE status = 'paid') OVER (ORDER BY id) FROM orders
-- --
SELECT id, percent_rank() OVER (ORDER BY total), cume_dist() OVER (ORDER BY total) FROM orders
-- --
-- want: 10 rows
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 10) SELECT n, n * n FROM t
-- --
-- want: 28 rows
WITH RECURSIVE days(d) AS (VALUES ('2026-02-01') UNION ALL SELECT date(d, '+1 day') FROM days WHERE d < '2026-02-28')
SELECT d, (SELECT count(*) FROM orders WHERE day = d) FROM days
-- --
WITH RECURSIVE edges(a, b) AS (VALUES (1, 2), (2, 3), (3, 1)), walk(n) AS (SELECT 1 UNION SELECT b FROM edges, walk WHERE a = n) SELECT n FROM walk
-- --
WITH RECURSIVE split(word, rest) AS (
  SELECT NULL, 'a,b,c' || ','
  UNION ALL
  SELECT substr(rest, 1, instr(rest, ',') - 1), substr(rest, instr(rest, ',') + 1) FROM split WHERE rest <> ''
) SELECT word FROM split WHERE word IS NOT NULL
-- --
WITH paid AS MATERIALIZED (SELECT * FROM orders WHERE status = 'paid'), big AS NOT MATERIALIZED (SELECT * FROM paid WHERE total > 10) SELECT count(*) FROM big
-- --
SELECT count(*) FILTER (WHERE status = 'failed') AS failed, round(100.0 * count(*) FILTER (WHERE status = 'paid') / count(*), 1) AS percent FROM orders
-- --
SELECT status, group_concat(user_id, ';'), group_concat(DISTINCT user_id), string_agg(id, ',' ORDER BY id DESC) FROM orders GROUP BY status
-- --
SELECT u.name,
  sum(CASE WHEN o.status = 'paid' THEN o.total ELSE 0 END) AS paid,
  sum(iif(o.status = 'failed', o.total, 0)) AS failed, sum(o.status = 'open') AS open
FROM users u JOIN orders o ON o.user_id = u.id GROUP BY u.name
-- --
SELECT 7 / 2, 7 % 2, 7.0 / 2, 5 & 3, 5 | 3, ~1, 1 << 4, 'a' || 'b', 1 IS NOT NULL, NULL IS NULL, 1 IS 1, 1 IS NOT DISTINCT FROM 1, 2 == 2, 1 <> 2, - - 1, +1, 0x1F
-- --
SELECT id FROM users WHERE name GLOB 'A*' OR name LIKE 'b%' OR name LIKE 'c\%' ESCAPE '\' OR name NOT GLOB '*' OR name GLOB '[D-F]*'
-- --
SELECT date(day, '+1 month', 'start of month', '-1 day'), strftime('%Y-%W; %j', day), julianday(day) - julianday('2026-01-01'), datetime(0, 'unixepoch'), time('12:00', '+30 minutes'), unixepoch(day), date(day, 'weekday 0') FROM orders
-- --
SELECT date('now') > '2020-01-01', datetime('now', 'localtime') > '2020', CURRENT_TIMESTAMP > '2020', CURRENT_DATE > '2020'
-- --
SELECT upper(name), length(name), substr(name, 1, 2), substring(name, 2), instr(name, 'n'), replace(name, 'e', '*'), trim(name, 'A'), ltrim('  x'), printf('%05d: %s', id, name), format('%.2f', 1.005), hex(name), quote(name), unicode('a'), char(97, 98), typeof(id), lower(name) FROM users
-- --
SELECT json_extract('{"a": {"b": [1, 2]}}', '$.a.b[1]'), '{"x": "y"}' ->> '$.x', '{"x": [1]}' -> 'x', json_array_length('[1, 2]'), json_type('{}'), json_valid('{')
-- --
SELECT json_object('id', id, 'total', total), json_array(id, status), json_set('{"a": 1}', '$.b', 2), json_patch('{"a": 1}', '{"a": null}'), json_remove('[1, 2]', '$[0]') FROM orders
-- --
SELECT json_group_array(id), json_group_object(id, status) FROM orders
-- --
SELECT key, value, type, path FROM json_each('{"a": 1, "b": [true, null]}')
-- --
SELECT fullkey, atom FROM json_tree('{"a": [1, {"b": 2}]}') WHERE atom IS NOT NULL
-- --
SELECT o.id, j.value FROM orders o, json_each('["paid", "open"]') j WHERE j.value = o.status
-- --
-- want: 1 rows
SELECT title, snippet(notes, 1, '[', ']', '…', 8), bm25(notes), highlight(notes, 1, '<', '>') FROM notes WHERE notes MATCH 'cat AND fat' ORDER BY rank
-- --
SELECT title FROM notes WHERE body MATCH 'th*' OR title MATCH '"one"'
-- --
SELECT id FROM orders WHERE status = 'paid' UNION SELECT id FROM users EXCEPT SELECT 3 ORDER BY 1
-- --
SELECT id FROM orders WHERE status = 'paid' INTERSECT SELECT id FROM users
-- --
SELECT * FROM (SELECT id FROM orders ORDER BY id LIMIT 2) UNION ALL SELECT * FROM (SELECT id FROM users ORDER BY id DESC LIMIT 2)
-- --
SELECT name FROM users u WHERE EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id AND o.total > (SELECT avg(total) FROM orders))
-- --
SELECT id, (SELECT name FROM users WHERE users.id = o.user_id) FROM orders o WHERE (o.user_id, o.day) IN (SELECT user_id, max(day) FROM orders GROUP BY 1)
-- --
SELECT a.id, b.id FROM orders a JOIN orders b ON a.user_id = b.user_id AND a.id < b.id
-- --
SELECT * FROM orders NATURAL JOIN (SELECT id, name FROM users) u
-- --
SELECT * FROM users FULL OUTER JOIN orders USING (id)
-- --
SELECT * FROM users u RIGHT JOIN orders o ON o.user_id = u.id
-- --
SELECT * FROM orders INDEXED BY orders_status_day WHERE status = 'paid'
-- --
SELECT * FROM orders NOT INDEXED WHERE +status = 'paid'
-- --
SELECT user_id, day, max(total) FROM orders GROUP BY user_id
-- --
SELECT 'it''s; -- ok', "id", [id], `id`, 'a "b" `c` [d]', x'4142', 1e3, .5 FROM orders
-- --
SELECT 'DROP TABLE users; --' AS "delete from users; commit", '/* no comment */' AS [a;b]
-- --
SELECT 1 -- a comment
 + 1 /* another; one */ + /**/ 1
-- --
SELECT coalesce(NULL, 1), nullif(1, 2), ifnull(NULL, 'x'), max(1, 3, 2), min(1, 2), abs(-3), round(2.567, 1), sign(-3), 1 BETWEEN 0 AND 2, 3 IN (1, 2, 3), NULL IN ()
-- --
SELECT ceil(1.2), floor(1.8), sqrt(16), pow(2, 10), ln(1), pi() > 3, mod(7, 3), log10(100), sin(0), degrees(pi()) > 179
-- --
SELECT CAST('12.5' AS REAL), CAST('7x' AS INTEGER), CAST(1 AS TEXT), typeof(CAST('1' AS NUMERIC)), CAST(x'41' AS TEXT)
-- --
SELECT status COLLATE NOCASE, count(*) FROM orders GROUP BY status COLLATE NOCASE HAVING count(*) > 1 ORDER BY 1 COLLATE BINARY DESC NULLS LAST
-- --
SELECT rowid, _rowid_, oid, id FROM orders LIMIT 3 OFFSET 2
-- --
SELECT id FROM orders LIMIT 2, 3
-- --
SELECT name, type, sql FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
-- --
SELECT name FROM sqlite_schema UNION ALL SELECT name FROM main.sqlite_schema
-- --
SELECT m.name, c.name, c.type, c.pk FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name IN ('users', 'orders') ORDER BY 1, c.cid
-- --
SELECT sqlite_version(), changes(), total_changes() >= 0, last_insert_rowid() >= 0
-- --
SELECT "from", "select".id FROM "select" UNION ALL SELECT "a b", id FROM [we ird] UNION ALL SELECT x, id FROM "quo""te" UNION ALL SELECT y, id FROM "back`tick"
-- --
SELECT status, n, 1.0 * n / sum(n) OVER () AS share FROM (SELECT status, count(*) AS n FROM orders GROUP BY status)
-- --
WITH marks AS (SELECT day, julianday(day) - row_number() OVER (ORDER BY day) AS island FROM (SELECT DISTINCT day FROM orders))
SELECT min(day), max(day), count(*) FROM marks GROUP BY island ORDER BY 1
-- --
WITH cohort AS (SELECT user_id, min(strftime('%Y-%m', day)) AS first FROM orders WHERE user_id IS NOT NULL GROUP BY user_id)
SELECT c.first, strftime('%Y-%m', o.day) AS month, count(DISTINCT o.user_id) FROM cohort c JOIN orders o USING (user_id) GROUP BY 1, 2 ORDER BY 1, 2
-- --
SELECT avg(total) FROM (SELECT total FROM orders ORDER BY total LIMIT 2 - (SELECT count(*) FROM orders) % 2 OFFSET (SELECT (count(*) - 1) / 2 FROM orders))
-- --
SELECT * FROM paid_orders p JOIN user_cards c ON c.id = p.user_id
-- --
SELECT 1 AS "update", 2 AS "delete", x."insert" FROM (SELECT 3 AS "insert") AS x
-- --
SELECT random() IS NOT NULL, length(randomblob(4)), zeroblob(2), hex(zeroblob(1)), likely(1), unlikely(0)
-- --
SELECT CASE WHEN EXISTS (SELECT 1 FROM orders WHERE total >= 500) THEN 'big' ELSE 'small' END
-- --
SELECT k, v FROM without_id UNION ALL SELECT id, v FROM strict_one
-- --
SELECT (1, 2) = (1, 2), (1, 2) < (1, 3), (SELECT max(a) FROM (SELECT 1 AS a UNION SELECT 3))
-- --
SELECT DISTINCT status, min(day) OVER (PARTITION BY status) FROM orders WHERE day >= '2026-01-01' AND day < date('2026-01-01', '+1 month')
-- --
SELECT g, typeof(b), length(b), i, r FROM kinds WHERE t IS NOT NULL
-- --
SELECT main.orders.id, o2.id FROM main.orders CROSS JOIN orders o2 ON o2.id = main.orders.id + 1
-- --
SELECT TRUE, FALSE, 1 IS TRUE, likelihood(1, 0.5), total - total FROM orders
-- --
SELECT substr('a;b', 1, instr('a;b', ';') - 1), 'x' NOT IN ('y'), NOT 1, 'abc' NOT LIKE 'a_c', replace('a--b', '--', '/*')
