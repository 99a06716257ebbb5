SELECT * FROM users ORDER BY id LIMIT 10
-- --
SELECT count(*) FROM orders
-- --
SELECT status, count(*) AS n, round(sum(total), 2) AS revenue FROM orders GROUP BY status ORDER BY revenue DESC
-- --
SELECT u.name, count(o.id) FROM users u LEFT JOIN orders o ON o.user_id = u.id GROUP BY u.id HAVING count(o.id) >= 0
-- --
SELECT strftime('%Y-%m', created) AS month, sum(total) FROM orders GROUP BY 1 ORDER BY 1
-- --
SELECT date(created, 'start of month'), avg(total) FROM orders GROUP BY 1
-- --
SELECT *, row_number() OVER (PARTITION BY user_id ORDER BY total DESC) AS rn FROM orders
-- --
SELECT * FROM (SELECT *, rank() OVER (ORDER BY total DESC) AS r FROM orders) WHERE r <= 3
-- --
SELECT created, sum(total) OVER (ORDER BY created ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM orders
-- --
SELECT id, total - lag(total, 1, 0) OVER (ORDER BY id) AS diff FROM orders
-- --
SELECT ntile(4) OVER (ORDER BY total) AS quartile, total FROM orders
-- --
SELECT first_value(name) OVER w, last_value(name) OVER w, nth_value(name, 2) OVER w FROM users WINDOW w AS (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
-- --
SELECT percent_rank() OVER (ORDER BY total), cume_dist() OVER (ORDER BY total), dense_rank() OVER (ORDER BY total) FROM orders
-- --
SELECT sum(total) FILTER (WHERE status = 'paid') AS paid, sum(total) FILTER (WHERE status <> 'paid') AS other FROM orders
-- --
WITH monthly AS (SELECT substr(created, 1, 7) AS m, sum(total) AS s FROM orders GROUP BY m) SELECT m, s, s * 100.0 / (SELECT sum(s) FROM monthly) FROM monthly
-- --
WITH RECURSIVE days(d) AS (SELECT date('2026-01-01') UNION ALL SELECT date(d, '+1 day') FROM days WHERE d < '2026-01-10') SELECT d, (SELECT count(*) FROM orders WHERE date(created) = d) FROM days
-- --
WITH RECURSIVE tree(id, name, depth) AS (SELECT id, name, 0 FROM categories WHERE parent IS NULL UNION ALL SELECT c.id, c.name, depth + 1 FROM categories c JOIN tree t ON c.parent = t.id) SELECT printf('%.*c%s', depth * 2, ' ', name) FROM tree
-- --
SELECT DISTINCT status FROM orders
-- --
SELECT count(DISTINCT user_id) FROM orders
-- --
SELECT name FROM users WHERE id IN (SELECT user_id FROM orders WHERE total > 10)
-- --
SELECT name FROM users u WHERE EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id)
-- --
SELECT name FROM users u WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id AND o.status = 'void')
-- --
SELECT CASE WHEN total < 10 THEN 'small' WHEN total < 100 THEN 'middle' ELSE 'big' END AS size, count(*) FROM orders GROUP BY size
-- --
SELECT coalesce(email, 'none'), ifnull(email, ''), nullif(name, 'Ann'), iif(id > 1, 'x', 'y') FROM users
-- --
SELECT name FROM users WHERE name LIKE 'A%' OR name GLOB '*b*' OR lower(name) = 'cyd'
-- --
SELECT name FROM users WHERE name LIKE '%\_%' ESCAPE '\' UNION SELECT 'one'
-- --
SELECT id FROM users UNION SELECT user_id FROM orders
-- --
SELECT id FROM users UNION ALL SELECT id FROM orders ORDER BY 1 LIMIT 5 OFFSET 1
-- --
SELECT id FROM users INTERSECT SELECT user_id FROM orders
-- --
SELECT id FROM users EXCEPT SELECT 99
-- --
SELECT json_extract(doc, '$.tags[0]') FROM docs
-- --
SELECT doc ->> '$.name', doc -> 'tags' FROM docs
-- --
SELECT d.id, t.value FROM docs d, json_each(d.doc, '$.tags') t
-- --
SELECT key, type, atom FROM docs, json_tree(doc) WHERE atom IS NOT NULL
-- --
SELECT json_group_array(name) FROM users
-- --
SELECT json_group_object(name, id) FROM users
-- --
SELECT json_object('id', id, 'tags', json_array(1, 2)) FROM users
-- --
SELECT json_array_length(doc, '$.tags'), json_type(doc), json_valid(doc) FROM docs
-- --
SELECT group_concat(name, ', ') FROM users
-- --
SELECT string_agg(name, ';' ORDER BY name DESC) FROM users
-- --
SELECT min(total), max(total), avg(total), sum(total), total(total), count(total) FROM orders
-- --
SELECT max(name, 'b'), min(1, 2, 3), abs(-3), round(2.567, 1), sign(-2) FROM users
-- --
SELECT sqrt(total), power(total, 2), ln(total + 1), log10(total + 1), exp(1), pi(), floor(total), ceil(total), mod(7, 3) FROM orders
-- --
SELECT length(name), upper(name), substr(name, 1, 2), replace(name, 'n', 'm'), trim('  x '), ltrim('xxa', 'x'), instr(name, 'n') FROM users
-- --
SELECT printf('%05.2f|%-8s|%d', total, status, id) FROM orders
-- --
SELECT format('%,d', 1234567)
-- --
SELECT hex(name), quote(name), unicode(name), char(65, 66), typeof(name) FROM users
-- --
SELECT julianday('now') - julianday(created) > 0 FROM orders
-- --
SELECT unixepoch(created), datetime(unixepoch(created), 'unixepoch'), time(created) FROM orders
-- --
SELECT strftime('%w', created) AS weekday, strftime('%H', created), strftime('%W', created) FROM orders
-- --
SELECT CAST(total AS INTEGER), CAST(id AS TEXT), CAST('12' AS REAL) FROM orders
-- --
SELECT o.*, u.name FROM orders o INNER JOIN users u ON u.id = o.user_id WHERE o.total BETWEEN 1 AND 1000
-- --
SELECT * FROM users NATURAL JOIN (SELECT 1 AS id)
-- --
SELECT * FROM users JOIN orders USING (id)
-- --
SELECT a.name, b.name FROM users a CROSS JOIN users b WHERE a.id < b.id
-- --
SELECT u.name, o.id FROM orders o RIGHT JOIN users u ON o.user_id = u.id
-- --
SELECT u.name, o.id FROM users u FULL OUTER JOIN orders o ON o.user_id = u.id
-- --
SELECT (SELECT max(total) FROM orders o WHERE o.user_id = u.id) AS best, u.name FROM users u
-- --
VALUES (1, 'a'), (2, 'b')
-- --
SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS t
-- --
SELECT * FROM paid_orders WHERE total > 0
-- --
SELECT name, type FROM sqlite_master WHERE type = 'table' ORDER BY name
-- --
SELECT name, sql FROM sqlite_schema WHERE name = 'users'
-- --
PRAGMA table_info(users)
-- --
SELECT m.name, p.name, p.type FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table'
-- --
PRAGMA index_list('orders')
-- --
PRAGMA foreign_key_list(orders)
-- --
PRAGMA user_version
-- --
SELECT sqlite_version()
-- --
EXPLAIN QUERY PLAN SELECT * FROM users WHERE id = 1
-- --
SELECT 1 -- a comment; with a semicolon
-- --
/* first */ SELECT ';' AS semicolon, "id" FROM [users] WHERE `name` <> '' ;
-- --
SELECT body, bm25(notes) FROM notes WHERE notes MATCH 'hello OR world' ORDER BY rank
-- --
SELECT highlight(notes, 0, '[', ']'), snippet(notes, 0, '<', '>', '…', 4) FROM notes('world')
-- --
SELECT id FROM boxes WHERE minx >= 0 AND maxx <= 10
-- --
SELECT rowid, * FROM users
-- --
SELECT main.users.name FROM main.users
-- --
SELECT status, sum(total) * 1.0 / sum(sum(total)) OVER () AS share FROM orders GROUP BY status
-- --
WITH ranked AS (SELECT total, row_number() OVER (ORDER BY total) AS rn, count(*) OVER () AS n FROM orders) SELECT avg(total) AS median FROM ranked WHERE rn IN ((n + 1) / 2, (n + 2) / 2)
-- --
SELECT total, count(*) OVER (ORDER BY total RANGE BETWEEN 10 PRECEDING AND CURRENT ROW) FROM orders
-- --
SELECT user_id, group_concat(id) FROM orders WHERE user_id IS NOT NULL GROUP BY user_id HAVING count(*) > 0 ORDER BY count(*) DESC, user_id
-- --
SELECT (id, name) = (1, 'Ann'), (1, 2) < (1, 3) FROM users
-- --
SELECT name COLLATE NOCASE, name IS NOT 'x', name IS DISTINCT FROM 'y', id & 1, id << 2, ~id, -id, +id, NOT id, name || '!' FROM users
-- --
SELECT unhex('616263'), zeroblob(4), randomblob(4) IS NOT NULL, random() IS NOT NULL, x'00ff'
-- --
SELECT timediff('2026-02-01', '2026-01-01'), octet_length('ż'), concat('a', NULL, 'b'), concat_ws('-', 1, 2)
-- --
SELECT 0x10, 1_000, 1e3, .5, TRUE, FALSE, NULL, CURRENT_DATE
