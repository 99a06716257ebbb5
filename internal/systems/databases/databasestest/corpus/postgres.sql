SELECT 1
-- --
-- want: 5 rows
SELECT * FROM users ORDER BY id;
-- --
-- want: 12 rows
TABLE orders
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
SELECT day, avg(total) OVER (ORDER BY day RANGE BETWEEN INTERVAL '7 days' PRECEDING AND CURRENT ROW) FROM orders
-- --
SELECT id, total - lag(total, 1, 0.0) OVER (ORDER BY id) AS step, lead(total) OVER (ORDER BY id),
  first_value(total) OVER (ORDER BY id), last_value(total) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
FROM orders
-- --
SELECT id, sum(total) OVER (ORDER BY day GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW) FROM orders
-- --
-- want: 10 rows
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 10) SELECT n, n * n FROM t
-- --
WITH RECURSIVE tree AS (
  SELECT 1 AS id, 0 AS depth, ARRAY[1] AS path
  UNION ALL
  SELECT id * 2, depth + 1, path || id * 2 FROM tree WHERE depth < 4
) SEARCH DEPTH FIRST BY id SET ordercol
SELECT * FROM tree ORDER BY ordercol
-- --
WITH RECURSIVE edges(a, b) AS (VALUES (1, 2), (2, 3), (3, 1)), walk(a, b) AS (
  SELECT a, b FROM edges WHERE a = 1 UNION ALL SELECT e.a, e.b FROM edges e JOIN walk w ON e.a = w.b
) CYCLE a SET looped USING way
SELECT * FROM walk
-- --
WITH paid AS MATERIALIZED (SELECT * FROM orders WHERE status = 'paid'), big AS NOT MATERIALIZED (SELECT * FROM paid WHERE total > 10)
SELECT count(*) FROM big
-- --
-- want: 4 rows
SELECT u.name, last.day, last.total FROM users u
CROSS JOIN LATERAL (SELECT day, total FROM orders o WHERE o.user_id = u.id AND status = 'paid' ORDER BY day DESC LIMIT 1) AS last
WHERE u.id <> 2
ORDER BY 1
-- --
SELECT u.name, x.n FROM users u LEFT JOIN LATERAL (SELECT count(*) AS n FROM orders o WHERE o.user_id = u.id) x ON true
-- --
SELECT status, date_trunc('month', day)::date AS month, sum(total), grouping(status) AS g
FROM orders GROUP BY GROUPING SETS ((status, date_trunc('month', day)), (status), ()) ORDER BY 1 NULLS LAST, 2
-- --
SELECT status, user_id, sum(total) FROM orders GROUP BY ROLLUP (status, user_id)
-- --
SELECT status, user_id, count(*) FROM orders GROUP BY CUBE (status, user_id) HAVING count(*) > 0
-- --
-- want: 1 rows
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY total), percentile_disc(ARRAY[0.25, 0.75]) WITHIN GROUP (ORDER BY total),
  mode() WITHIN GROUP (ORDER BY status), stddev_samp(total), corr(id, total), regr_slope(total, id) FROM orders
-- --
SELECT count(*) FILTER (WHERE status = 'failed') AS failed, round(100.0 * count(*) FILTER (WHERE status = 'paid') / count(*), 1) AS percent FROM orders
-- --
SELECT rank(50) WITHIN GROUP (ORDER BY total) FROM orders
-- --
SELECT '{"a": {"b": [1, 2, 3]}}'::jsonb -> 'a' #> '{b,1}' AS two, '{"a": 1}'::jsonb @> '{"a": 1}', '{"a": 1}'::jsonb ? 'a', '{"x": "y"}'::json ->> 'x'
-- --
SELECT key, value FROM jsonb_each('{"a": 1, "b": [true, null]}')
-- --
SELECT jsonb_agg(jsonb_build_object('id', id, 'total', total) ORDER BY id), json_object_agg(id, status) FROM orders
-- --
SELECT * FROM jsonb_to_recordset('[{"a": 1, "b": "x"}, {"a": 2}]') AS t(a int, b text)
-- --
SELECT * FROM json_populate_recordset(NULL::orders, '[{"id": 1, "total": 2.5}]')
-- --
SELECT jsonb_path_query('{"a": [1, 2, 3]}', '$.a[*] ? (@ > 1)'), jsonb_pretty('{"a": 1}'), jsonb_set('{"a": 1}', '{b}', '2', true)
-- --
SELECT row_to_json(o) FROM (SELECT id, total FROM orders LIMIT 3) o
-- --
SELECT array_agg(id ORDER BY id), (array_agg(id))[1:2], ARRAY[1, 2] || 3, 2 = ANY (ARRAY[1, 2]), ARRAY[1, 2] && ARRAY[2], cardinality(ARRAY[[1], [2]]) FROM orders
-- --
SELECT unnest(ARRAY['a', 'b']) AS letter, generate_subscripts(ARRAY['a', 'b'], 1)
-- --
SELECT t.v, t.n FROM unnest(ARRAY['x', 'y']) WITH ORDINALITY AS t(v, n)
-- --
SELECT id FROM orders WHERE to_tsvector('english', coalesce(note, '')) @@ websearch_to_tsquery('english', 'first or last')
-- --
SELECT ts_headline('a fat cat', to_tsquery('cat')), ts_rank(to_tsvector('a fat cat'), plainto_tsquery('fat cat'))
-- --
-- want: 59 rows
SELECT d::date, coalesce(sum(o.total), 0) FROM generate_series('2026-01-01'::date, '2026-02-28'::date, '1 day') d LEFT JOIN orders o ON o.day = d::date GROUP BY 1 ORDER BY 1
-- --
SELECT u.name,
  sum(CASE WHEN o.status = 'paid' THEN o.total ELSE 0 END) AS paid,
  sum(CASE o.status WHEN 'failed' THEN o.total END) AS failed,
  max(CASE WHEN o.day >= DATE '2026-02-01' THEN 1 END) AS recent
FROM users u JOIN orders o ON o.user_id = u.id GROUP BY u.name
-- --
SELECT day, day + 7, day + INTERVAL '1 month', age(day::timestamp), extract(isodow FROM day), date_part('week', day), to_char(day, 'YYYY-"W"IW'), day - '2026-01-01'::date FROM orders
-- --
SELECT date_bin('15 minutes', created, TIMESTAMP '2026-01-01'), created AT TIME ZONE 'Europe/Warsaw', created::date, now() - created, make_interval(days => 3) FROM users
-- --
SELECT (DATE '2026-01-01', DATE '2026-02-01') OVERLAPS (DATE '2026-01-15', INTERVAL '10 days')
-- --
SELECT upper(name), initcap(name), length(name), left(name, 2), lpad(id::text, 5, '0'), split_part('a,b', ',', 2), regexp_replace(name, '[aeiou]', '*', 'gi'), concat_ws(' ', name, NULL, 'x'), format('%s: %L', id, name), md5(name), translate(name, 'ab', 'xy'), repeat('=', 3), reverse(name) FROM users
-- --
SELECT string_agg(DISTINCT status, ', ' ORDER BY status) FROM orders
-- --
SELECT regexp_matches('a1b22', '\d+', 'g'), regexp_split_to_table('a b', '\s')
-- --
SELECT substring('foobar' FROM 'o(.)b'), substring('foobar' FOR 3), overlay('abc' PLACING 'X' FROM 2), position('b' IN 'abc'), trim(BOTH 'x' FROM 'xax'), 'abc' SIMILAR TO '%b%'
-- --
SELECT id FROM orders WHERE status = 'paid' UNION SELECT id FROM users EXCEPT SELECT 3 INTERSECT ALL SELECT 3 ORDER BY 1
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
SELECT DISTINCT ON (user_id) user_id, day, total FROM orders ORDER BY user_id, day DESC
-- --
SELECT $$a; b -- c$$, $tag$it's $$ here$tag$, E'tab\t\'quoted\'', U&'d\0061t\+000061', 'one'
  ' two', B'101', X'1F'
-- --
SELECT 'DROP TABLE users; --' AS "delete from users; commit", 1 AS "a""b"
-- --
-- want: 8 rows
SELECT id FROM orders WHERE status ILIKE 'P%' OR note ~ '^b' OR note ~* 'NOBODY' OR note !~~ '%'
-- --
SELECT 1 WHERE NULL IS NOT DISTINCT FROM NULL AND 1 IS DISTINCT FROM NULL AND (1 = 1) IS TRUE AND NOT (NULL::bool IS NOT UNKNOWN)
-- --
SELECT '1'::int + CAST('2' AS bigint), 7 / 2, 7 % 2, 2 ^ 10, |/ 16, @ -5, 5 # 3, ~1, 1 << 4, 7.0 / 2, '12.50'::numeric(5, 1), 'infinity'::float8
-- --
SELECT '[1,10)'::int4range @> 5, int4range(1, 5) * int4range(3, 9), lower('[1,2]'::int4range), daterange('2026-01-01', NULL) -|- daterange(NULL, '2026-01-01')
-- --
SELECT inet '10.0.0.1' << inet '10.0.0.0/8', host('10.0.0.1/8'), network('10.1.2.3/8')
-- --
SELECT point '(1,2)' <-> point '(4,6)', box '((0,0),(2,2))' @> point '(1,1)', area(circle '((0,0),1)')
-- --
SELECT id, total FROM orders ORDER BY total DESC NULLS LAST OFFSET 2 ROWS FETCH FIRST 3 ROWS WITH TIES
-- --
SELECT * FROM orders TABLESAMPLE BERNOULLI (100) REPEATABLE (1)
-- --
SELECT coalesce(NULL, 1), nullif(1, 2), greatest(1, 3, 2), least(1, NULL), num_nulls(1, NULL), width_bucket(5.3, 0, 10, 5)
-- --
SELECT "from", "select".id FROM "select" UNION ALL SELECT "a b", id FROM "we ird" UNION ALL SELECT x, id FROM "quo""te"
-- --
SELECT c.relname, c.relkind, n.nspname FROM pg_catalog.pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind IN ('r', 'v')
-- --
SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1, ordinal_position
-- --
SELECT pg_size_pretty(pg_total_relation_size('orders')), pg_get_viewdef('paid_orders'::regclass), obj_description('users'::regclass), version(), current_database(), current_setting('server_version')
-- --
SELECT (o).total, (o.*)::text FROM orders o WHERE o.total BETWEEN SYMMETRIC 100 AND 1
-- --
SELECT x, y FROM ROWS FROM (generate_series(1, 3), generate_series(1, 2)) AS t(x, y)
-- --
WITH days AS (SELECT day, count(*) AS n FROM orders GROUP BY day), ranked AS (SELECT *, percent_rank() OVER (ORDER BY n), cume_dist() OVER (ORDER BY n) FROM days)
SELECT * FROM ranked WHERE n = (SELECT max(n) FROM days)
-- --
WITH cohort AS (SELECT user_id, min(date_trunc('month', day)) AS first FROM orders WHERE user_id IS NOT NULL GROUP BY user_id)
SELECT c.first::date, (extract(year FROM age(date_trunc('month', o.day), c.first)) * 12 + extract(month FROM age(date_trunc('month', o.day), c.first)))::int AS months, count(DISTINCT o.user_id)
FROM cohort c JOIN orders o USING (user_id) GROUP BY 1, 2 ORDER BY 1, 2
-- --
WITH marks AS (SELECT day, day - (row_number() OVER (ORDER BY day))::int AS island FROM (SELECT DISTINCT day FROM orders) d)
SELECT min(day), max(day), count(*) FROM marks GROUP BY island ORDER BY 1
-- --
SELECT encode('\x00ff'::bytea, 'hex'), decode('AP8=', 'base64'), sha256('x'), get_byte('\x01'::bytea, 0), 'abc'::bytea
-- --
SELECT xmlelement(name order, xmlattributes(id AS id), total) FROM orders LIMIT 2
-- --
SELECT bool_and(total > 0), every(total > 0), bit_or(id), var_pop(total), min(ARRAY[id]), any_value FROM orders, (VALUES (1)) v(any_value) GROUP BY any_value
-- --
SELECT status COLLATE "C" FROM orders ORDER BY note COLLATE "C" NULLS FIRST
-- --
(SELECT id FROM orders ORDER BY id LIMIT 2) UNION ALL (SELECT id FROM users ORDER BY id DESC LIMIT 2)
-- --
SELECT * FROM paid_orders p JOIN user_cards c ON c.id = p.user_id
-- --
SELECT count(*), count(DISTINCT (user_id, status)), sum(total) / nullif(count(*), 0) FROM orders WHERE day >= '2026-01-01' AND day < '2026-01-01'::date + INTERVAL '1 month'
-- --
SELECT 1 AS "update", 2 AS "delete", 'x' AS into_, insert_ FROM (SELECT 3 AS insert_) AS "drop"
-- --
SELECT random() >= 0, gen_random_uuid() IS NOT NULL, pg_typeof(1), clock_timestamp() > '2020-01-01', hashtext('a') IS NOT NULL
-- --
SELECT array_to_string(ARRAY(SELECT id FROM orders ORDER BY id), ','), string_to_array('a,b', ','), array_position(ARRAY['a', 'b'], 'b'), array_remove(ARRAY[1, 2], 1)
