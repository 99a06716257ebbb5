SELECT ssn || '' FROM users
-- --
SELECT hex(ssn) FROM users
-- --
SELECT quote(ssn) FROM users
-- --
SELECT printf('%s', ssn) FROM users
-- --
SELECT format('%q', ssn) FROM users
-- --
SELECT group_concat(ssn) FROM users
-- --
SELECT string_agg(ssn, ',') FROM users
-- --
SELECT json_group_array(ssn) FROM users
-- --
SELECT json_group_object(id, ssn) FROM users
-- --
SELECT json_object('a', ssn) FROM users
-- --
SELECT json_quote(ssn) FROM users
-- --
SELECT jsonb_array(ssn) FROM users
-- --
SELECT iif(1, ssn, '') FROM users
-- --
SELECT ifnull(ssn, '') FROM users
-- --
SELECT max(ssn, '') FROM users
-- --
SELECT CAST(ssn AS BLOB) FROM users
-- --
SELECT ssn COLLATE NOCASE FROM users
-- --
SELECT likely(ssn) FROM users
-- --
SELECT +ssn FROM users
-- --
SELECT substring(ssn, 1, 9) FROM users
-- --
SELECT ltrim(ssn) FROM users
-- --
SELECT concat(ssn, 'x') FROM users
-- --
SELECT concat_ws('-', ssn, 1) FROM users
-- --
SELECT [ssn] FROM [users]
-- --
SELECT `ssn` FROM `users`
-- --
SELECT "ssn" FROM "users"
-- --
SELECT 'ssn' FROM users
-- --
SELECT main.users.ssn FROM main.users
-- --
SELECT rowid, * FROM users
-- --
SELECT value FROM users, json_each(json_array(ssn))
-- --
SELECT e.value FROM users u, json_each(json_object('a', u.ssn)) e
-- --
SELECT atom FROM json_tree((SELECT json_group_array(ssn) FROM users))
-- --
SELECT json_extract('{}', ssn) FROM users
-- --
SELECT json_extract(ssn, '$') FROM users
-- --
SELECT json(ssn) FROM users
-- --
SELECT '{}' -> ssn FROM users
-- --
SELECT '{}' ->> ('$.' || ssn || '[') FROM users
-- --
SELECT * FROM notes WHERE notes MATCH (SELECT ssn FROM users WHERE id = 1)
-- --
SELECT * FROM notes WHERE notes MATCH (SELECT '"' || ssn FROM users WHERE id = 1)
-- --
SELECT notes.title FROM notes, users WHERE notes MATCH 'a: ' || ssn
-- --
SELECT load_extension(ssn) FROM users
-- --
SELECT strftime(ssn, 'now') FROM users
-- --
SELECT date(ssn), ssn FROM users
-- --
SELECT 'a' LIKE 'b' ESCAPE ssn FROM users
-- --
SELECT abs(ssn) FROM users
-- --
SELECT zeroblob(ssn), ssn FROM users
-- --
SELECT printf(ssn, 1) FROM users
-- --
SELECT unhex(hex(ssn)) FROM users
-- --
SELECT char(unicode(ssn)), ssn FROM users
-- --
SELECT json_set('{}', '$.' || ssn, 1) FROM users
-- --
SELECT json_patch('{}', json_object('a', ssn)) FROM users
-- --
SELECT json_each.value FROM json_each(json_array((SELECT ssn FROM users)))
-- --
SELECT sample FROM sqlite_stat4
-- --
SELECT * FROM sqlite_stat1
-- --
SELECT quote(sample) FROM sqlite_stat4
-- --
SELECT hex(data) FROM sqlite_dbpage
-- --
SELECT * FROM sqlite_dbpage
-- --
SELECT hex(data) FROM dbstat
-- --
VALUES ((SELECT ssn FROM users))
-- --
SELECT * FROM (VALUES ((SELECT ssn FROM users)))
-- --
SELECT (SELECT group_concat(ssn) FROM users) || ''
-- --
SELECT ssn FROM users INDEXED BY users_email WHERE email > ''
-- --
SELECT total(ssn), ssn FROM users
-- --
SELECT x FROM (SELECT ssn AS x, row_number() OVER (ORDER BY ssn) FROM users)
-- --
SELECT last_value(ssn) OVER () FROM users
-- --
SELECT nth_value(ssn, 1) OVER () FROM users
-- --
SELECT DISTINCT email FROM users ORDER BY email
-- --
SELECT (id, ssn) = (1, 'x'), ssn FROM users
-- --
SELECT typeof(ssn), ssn FROM users
-- --
SELECT min(id), ssn FROM users
-- --
SELECT raise(ABORT, ssn) FROM users
-- --
EXPLAIN SELECT ssn FROM users
-- --
EXPLAIN QUERY PLAN SELECT ssn FROM users
-- --
SELECT geopoly_json(ssn) FROM users
-- --
SELECT snippet(notes, 0, ssn, '', '', 5) FROM notes, users WHERE notes MATCH 'cat'
-- --
SELECT highlight(notes, 0, ssn, '') FROM notes, users WHERE notes MATCH 'cat'
