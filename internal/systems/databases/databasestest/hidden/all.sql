SELECT users.* FROM users
-- --
SELECT u.* FROM users AS u
-- --
SELECT *, 1 FROM users
-- --
SELECT DISTINCT ssn FROM users
-- --
SELECT ssn FROM users LIMIT 1
-- --
SELECT ALL email FROM users
-- --
SELECT * FROM user_cards
-- --
SELECT card FROM user_cards
-- --
SELECT c.card AS x FROM user_cards c JOIN users u ON u.id = c.id
-- --
SELECT upper(card) FROM user_cards
-- --
SELECT * FROM (SELECT ssn FROM users) t
-- --
SELECT x FROM (SELECT ssn AS x FROM (SELECT * FROM users) a) b
-- --
WITH t AS (SELECT ssn AS x FROM users) SELECT x FROM t
-- --
WITH t(a, b) AS (SELECT id, ssn FROM users) SELECT b FROM t
-- --
WITH RECURSIVE t(n, x) AS (SELECT 1, ssn FROM users WHERE id = 1 UNION ALL SELECT n + 1, x FROM t WHERE n < 3) SELECT * FROM t
-- --
SELECT upper(ssn) FROM users
-- --
SELECT lower(email) FROM users
-- --
SELECT substr(ssn, 1, 8) FROM users
-- --
SELECT replace(ssn, '-', '') FROM users
-- --
SELECT trim(ssn) FROM users
-- --
SELECT max(ssn) FROM users
-- --
SELECT min(email) FROM users
-- --
SELECT max(ssn) OVER () FROM users
-- --
SELECT first_value(ssn) OVER (ORDER BY id) FROM users
-- --
SELECT lag(ssn) OVER (ORDER BY id) FROM users
-- --
SELECT CASE WHEN id > 0 THEN ssn END FROM users
-- --
SELECT CASE ssn WHEN 'x' THEN 'y' ELSE ssn END FROM users
-- --
SELECT coalesce(NULL, ssn) FROM users
-- --
SELECT nullif(ssn, 'x') FROM users
-- --
SELECT (ssn) FROM users
-- --
SELECT ((SELECT ssn FROM users WHERE id = 1))
-- --
SELECT (SELECT ssn FROM users u WHERE u.id = o.user_id) FROM orders o
-- --
SELECT 'a' UNION SELECT ssn FROM users
-- --
SELECT ssn FROM users UNION ALL SELECT 'b'
-- --
SELECT name FROM users UNION SELECT email FROM users
-- --
SELECT id, name FROM users UNION ALL SELECT 1, ssn FROM users
-- --
SELECT ssn FROM users INTERSECT SELECT ssn FROM users
-- --
SELECT ssn FROM users EXCEPT SELECT 'x'
-- --
SELECT ssn, count(*) FROM users GROUP BY ssn
-- --
SELECT count(*), max(ssn) FROM users GROUP BY ssn HAVING count(*) > 1
-- --
SELECT id FROM users ORDER BY ssn
-- --
SELECT a.ssn FROM users a JOIN users b ON a.ssn = b.ssn
-- --
SELECT ssn FROM users a JOIN users b USING (ssn)
-- --
SELECT * FROM users NATURAL JOIN (SELECT id, ssn FROM users) t
-- --
SELECT * FROM orders o LEFT JOIN users u ON u.id = o.user_id
-- --
SELECT o.id, u.email FROM orders o, users u WHERE u.id = o.user_id
-- --
SELECT ssn FROM users WHERE ssn IN (SELECT ssn FROM users)
-- --
SELECT cast(ssn AS char(40)) FROM users
-- --
SELECT name FROM users WHERE cast(ssn AS decimal) = 1
-- --
SELECT ssn + 0 FROM users
-- --
SELECT -ssn FROM users
-- --
SELECT length(ssn), ssn FROM users
-- --
SELECT /* ssn */ ssn -- x
FROM users
-- --
SELECT	SsN
FROM	UsErS
-- --
SELECT x.s FROM (SELECT id AS i, ssn AS s FROM users UNION ALL SELECT 0, 'x') x
-- --
SELECT 1 FROM users WHERE ssn = 1
-- --
SELECT cast((SELECT ssn FROM users WHERE id = 1) AS date)
