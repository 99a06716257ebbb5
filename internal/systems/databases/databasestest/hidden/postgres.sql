TABLE users
-- --
SELECT u FROM users u
-- --
SELECT users FROM users
-- --
SELECT users::text FROM users
-- --
SELECT (users).ssn FROM users
-- --
SELECT (u).* FROM users u
-- --
SELECT ssn(users) FROM users
-- --
SELECT users.ssn::text FROM ONLY users
-- --
SELECT text(u) FROM users u
-- --
SELECT u.text FROM users u
-- --
SELECT row_to_json(users) FROM users
-- --
SELECT to_jsonb(u) FROM users u
-- --
SELECT to_json(users.*) FROM users
-- --
SELECT json_agg(u) FROM users u
-- --
SELECT jsonb_object_agg(id, ssn) FROM users
-- --
SELECT json_build_object('a', ssn) FROM users
-- --
SELECT jsonb_each_text(to_jsonb(u)) FROM users u
-- --
SELECT array_agg(ssn) FROM users
-- --
SELECT string_agg(ssn, ',') FROM users
-- --
SELECT ARRAY(SELECT ssn FROM users)
-- --
SELECT array_agg(u) FROM users u
-- --
SELECT reverse(ssn) FROM users
-- --
SELECT encode(ssn::bytea, 'base64') FROM users
-- --
SELECT encode(ssn::bytea, 'hex') FROM users
-- --
SELECT ssn::bytea FROM users
-- --
SELECT ssn || '' FROM users
-- --
SELECT concat(ssn, 'x') FROM users
-- --
SELECT concat_ws(',', u.*) FROM users u
-- --
SELECT format('%s', users) FROM users
-- --
SELECT format('%s', ssn) FROM users
-- --
SELECT translate(ssn, '-', '+') FROM users
-- --
SELECT quote_literal(ssn) FROM users
-- --
SELECT regexp_split_to_table(ssn, '-') FROM users
-- --
SELECT unnest(string_to_array(ssn, '-')) FROM users
-- --
SELECT (regexp_match(ssn, '(.*)'))[1] FROM users
-- --
SELECT lpad(ssn, 30, '*') FROM users
-- --
SELECT s FROM users AS u(i, e, s, n, c)
-- --
SELECT x.s FROM users u, LATERAL (SELECT u.ssn AS s) x
-- --
SELECT s FROM users u CROSS JOIN LATERAL (VALUES (u.ssn)) v(s)
-- --
SELECT v FROM users u, jsonb_each_text(to_jsonb(u)) AS e(k, v)
-- --
SELECT x FROM users, unnest(ARRAY[ssn]) x
-- --
VALUES ((SELECT ssn FROM users WHERE id = 1))
-- --
SELECT (VALUES (1)), (SELECT min(ssn) FROM users)
-- --
SELECT DISTINCT ON (ssn) ssn, id FROM users
-- --
SELECT xmlforest(ssn) FROM users
-- --
SELECT xmlelement(name a, ssn) FROM users
-- --
SELECT query_to_xml('SELECT * FROM users', true, false, '')
-- --
SELECT table_to_xml('users', true, false, '')
-- --
SELECT database_to_xml(true, false, '')
-- --
SELECT schema_to_xml('public', true, false, '')
-- --
SELECT * FROM ts_stat('SELECT to_tsvector(ssn) FROM users')
-- --
SELECT to_tsvector('simple', ssn) FROM users
-- --
SELECT mode() WITHIN GROUP (ORDER BY ssn) FROM users
-- --
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY ssn) FROM users
-- --
SELECT ssn::int FROM users
-- --
SELECT ssn::date FROM users
-- --
SELECT ssn::json FROM users
-- --
SELECT ssn::jsonpath FROM users
-- --
SELECT ssn::regclass FROM users
-- --
SELECT ssn::regproc FROM users
-- --
SELECT ssn::inet FROM users
-- --
SELECT ssn::uuid FROM users
-- --
SELECT ssn::mood FROM users
-- --
SELECT ssn::tsquery FROM users
-- --
SELECT ssn::point FROM users
-- --
SELECT ssn::int[] FROM users
-- --
SELECT ssn::interval FROM users
-- --
SELECT ssn::xml FROM users
-- --
SELECT current_setting(ssn) FROM users
-- --
SELECT to_regclass(ssn) FROM users
-- --
SELECT has_table_privilege(ssn, 'select') FROM users
-- --
SELECT pg_size_bytes(ssn) FROM users
-- --
SELECT to_number(ssn, '99') FROM users
-- --
SELECT to_date(ssn, 'YYYY') FROM users
-- --
SELECT 'a' ~ ('(' || ssn) FROM users
-- --
SELECT 1 LIMIT (SELECT ssn::int FROM users WHERE id = 1)
-- --
SELECT count(*) FROM generate_series(1, (SELECT ssn::int FROM users WHERE id = 1))
-- --
SELECT 1 WHERE (SELECT ssn FROM users WHERE id = 1)::int = 1
-- --
SELECT now() AT TIME ZONE ssn FROM users
-- --
SELECT make_date(1, 1, ssn::int) FROM users
-- --
SELECT convert_from(ssn::bytea, ssn) FROM users
-- --
SELECT nextval(ssn) FROM users
-- --
SELECT 1 ORDER BY (SELECT ssn::int FROM users WHERE id = 1)
-- --
SELECT most_common_vals, histogram_bounds FROM pg_stats WHERE tablename = 'users'
-- --
SELECT * FROM pg_stats
-- --
SELECT stavalues1 FROM pg_statistic
-- --
SELECT most_common_vals::text FROM pg_catalog.pg_stats WHERE attname = 'ssn'
-- --
SELECT * FROM pg_stats_ext
-- --
SELECT encode(get_raw_page('users', 0), 'hex')
-- --
SELECT U&"\0073sn" FROM users
-- --
SELECT * FROM public.users
-- --
SELECT u.ssn FROM users u TABLESAMPLE SYSTEM (100)
-- --
SELECT grouping(ssn), ssn FROM users GROUP BY ROLLUP (ssn)
-- --
SELECT ssn FROM users FETCH FIRST ROW ONLY
-- --
SELECT ctid, * FROM users
-- --
SELECT greatest(ssn, '') FROM users
-- --
SELECT users IS NULL, users FROM users
-- --
SELECT ROW(u.*) FROM users u
-- --
SELECT ROW(ssn) FROM users
-- --
SELECT (ROW(ssn)).f1 FROM users
-- --
SELECT hstore(u) FROM users u
-- --
SELECT jsonb_path_query(to_jsonb(u), '$.ssn') FROM users u
-- --
SELECT to_jsonb(u) ->> 'ssn' FROM users u
-- --
SELECT json_populate_record(NULL::users, to_json(u)) FROM users u
-- --
SELECT t.ssn FROM (SELECT users FROM users) x, LATERAL (SELECT (x.users).*) t
