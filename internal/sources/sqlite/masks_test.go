package sqlite_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
)

// canary is the value that a mask hides, in parts that are found one by one too.
const (
	canary  = "Qz7Wk-Xv93p-Jt5Rm"
	canary2 = "Hw2Yg-Vx84u-Ns6Bj"
)

func maskedDB(t testing.TB) *db {
	return newDB(t,
		"CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, ssn TEXT, up TEXT GENERATED ALWAYS AS (upper(ssn)) VIRTUAL, twice AS (up || up), loud AS (upper(name)) STORED)",
		"INSERT INTO users (id, name, ssn) VALUES (1, 'ann', '"+canary+"'), (2, 'bob', '"+canary2+"'), (3, 'cyd', NULL), (4, 'dee', '"+canary+"')",
		"CREATE TABLE guesses (n INTEGER PRIMARY KEY, ssn TEXT, id INTEGER)",
		"INSERT INTO guesses VALUES (1, '"+canary+"', 100)",
		"CREATE INDEX users_ssn ON users (ssn)", "CREATE INDEX users_low ON users (lower(ssn))",
		"CREATE VIEW cards AS SELECT id, ssn AS card, substr(ssn, 2) AS rest FROM users",
		"CREATE VIEW over AS SELECT card FROM cards",
		"CREATE VIEW named (a, b) AS SELECT name, ssn FROM main.users",
		"CREATE VIEW joined AS SELECT g.id FROM users JOIN guesses g USING (ssn)",
		"CREATE VIEW plain AS SELECT id, n FROM guesses",
		"CREATE TABLE wr (ssn TEXT PRIMARY KEY, v) WITHOUT ROWID", "INSERT INTO wr VALUES ('"+canary+"', 1)",
		"CREATE VIRTUAL TABLE users_fts USING fts5(name, ssn, content='users', content_rowid='id')", "INSERT INTO users_fts (users_fts) VALUES ('rebuild')",
		"CREATE VIRTUAL TABLE vocab USING fts5vocab(users_fts, 'row')",
		"CREATE VIRTUAL TABLE notes USING fts5(body)", "INSERT INTO notes VALUES ('hello world')",
		"CREATE TRIGGER t AFTER INSERT ON users BEGIN INSERT INTO guesses (ssn) VALUES (new.ssn); END",
		"ANALYZE")
}

func denied() databases.Config { return databases.Config{Mask: []string{"users.ssn", "wr.ssn"}} }

// leaks reports what of a canary is in an answer, in any of the forms that the statements
// of these tests give it.
func leaks(text string) string {
	text = strings.ToLower(text)
	for _, c := range []string{canary, canary2} {
		c = strings.ToLower(c)
		forms := []string{c, fmt.Sprintf("%x", c), fmt.Sprintf("%x", strings.ToUpper(c)), reverse(c)}
		for _, part := range strings.Split(c, "-") {
			forms = append(forms, part, reverse(part))
		}
		for _, f := range forms {
			if strings.Contains(text, f) {
				return f
			}
		}
	}
	return ""
}

func reverse(s string) string {
	r := []rune(s)
	for i, j := 0, len(r)-1; i < j; i, j = i+1, j-1 {
		r[i], r[j] = r[j], r[i]
	}
	return string(r)
}

// shown is all that a call tells, as text.
func shown(t *testing.T, v any, err error) string {
	t.Helper()
	if err != nil {
		return fail.Show(err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestMaskNeverShown asks for a masked column in every way that is known. None may show it,
// whether refused or not.
func TestMaskNeverShown(t *testing.T) {
	d := maskedDB(t)
	for _, kind := range []string{"", ":hash"} {
		s := d.source(t, databases.Config{Mask: []string{"users.ssn" + kind, "wr.ssn" + kind}})
		answered := 0
		for _, sql := range []string{
			"SELECT * FROM users", "SELECT ssn FROM users", "SELECT u.* FROM users AS u", `SELECT "users"."ssn" FROM users`,
			"SELECT [ssn] FROM [users]", "SELECT `ssn` FROM `users`", "SELECT SSN FROM USERS", "SELECT ssn AS id FROM users",
			"SELECT * FROM main.users", "SELECT ssn FROM main.users", `SELECT "ssn" FROM "main"."users"`, "SELECT ssn FROM main . users",
			"SELECT ssn FROM main/**/./**/users", "SELECT ssn FROM [MAIN].[USERS]", "SELECT ssn FROM 'main'.'users'", "SELECT ssn FROM 'main'.users",
			"SELECT ssn FROM `main`.`users` AS u", "SELECT main.users.ssn FROM main.users", "SELECT up FROM users", "SELECT twice FROM users",
			"SELECT up, twice FROM main.users", "SELECT rowid, * FROM users", "SELECT _rowid_ FROM main.users",
			"SELECT card FROM cards", "SELECT * FROM cards", "SELECT rest FROM main.cards", "SELECT * FROM over", "SELECT card FROM main.over",
			"SELECT b FROM named", "SELECT * FROM main.named", "SELECT * FROM joined", "SELECT * FROM main.joined",
			"WITH users AS (SELECT ssn FROM main.users) SELECT * FROM users",
			"WITH t_users AS (SELECT ssn FROM main.users) SELECT * FROM t_users",
			"WITH x AS (SELECT * FROM users) SELECT * FROM x", "WITH x AS MATERIALIZED (SELECT ssn FROM users) SELECT ssn FROM x",
			"WITH RECURSIVE r(a, n) AS (SELECT ssn, 1 FROM users UNION ALL SELECT substr(a, 2), n + 1 FROM r WHERE n < 20) SELECT * FROM r",
			"SELECT group_concat(ssn) FROM users", "SELECT min(ssn), max(ssn) FROM users", "SELECT DISTINCT ssn FROM users", "SELECT ssn, count(*) FROM users GROUP BY ssn",
			"SELECT json_group_array(ssn) FROM users", "SELECT json_object('a', ssn) FROM users", "SELECT hex(ssn) FROM users", "SELECT quote(ssn) FROM users",
			"SELECT upper(ssn), lower(ssn), substr(ssn, 1, 5), replace(ssn, '-', '') FROM users", "SELECT unicode(ssn), char(unicode(ssn)) FROM users",
			"SELECT (SELECT ssn FROM users LIMIT 1)", "SELECT 1 WHERE EXISTS (SELECT 1 FROM users WHERE ssn = '" + "x" + "')",
			"SELECT CASE WHEN 1 THEN ssn END FROM users", "SELECT coalesce(ssn, '') FROM users", "SELECT ssn || '' FROM users", "SELECT ssn FROM users UNION SELECT 'x'",
			"SELECT ssn FROM users INTERSECT SELECT ssn FROM users", "SELECT ssn FROM users EXCEPT SELECT 'a'", "SELECT printf('%s', ssn) FROM users",
			"SELECT first_value(ssn) OVER (ORDER BY id) FROM users", "SELECT lag(ssn) OVER (ORDER BY id) FROM users", "SELECT ssn COLLATE NOCASE FROM users",
			"VALUES ((SELECT ssn FROM users LIMIT 1))", "SELECT * FROM users JOIN users u2 USING (ssn)", "SELECT * FROM users NATURAL JOIN users u2",
			"SELECT u.ssn FROM users u LEFT JOIN guesses g ON g.id = u.id", "SELECT * FROM (SELECT * FROM (SELECT ssn FROM users))", "SELECT (id, ssn) = (1, 'x') FROM users",
			"SELECT json(ssn) FROM users", "SELECT json_extract(ssn, '$') FROM users", "SELECT json_extract('{}', ssn) FROM users", "SELECT abs(ssn) FROM users",
			"SELECT CAST(ssn AS INTEGER) FROM users", "SELECT date(ssn) FROM users", "SELECT unhex(ssn) FROM users", "SELECT strftime(ssn) FROM users", "SELECT printf(ssn) FROM users",
			"SELECT * FROM json_each((SELECT json_group_array(ssn) FROM users))", "SELECT * FROM users, json_each(json_array(users.ssn))",
			"SELECT * FROM users_fts", "SELECT ssn FROM users_fts WHERE users_fts MATCH 'qz7wk'", "SELECT snippet(users_fts, 1, '', '', '', 9) FROM users_fts('qz7wk')",
			"SELECT * FROM main.users_fts", "SELECT * FROM vocab", "SELECT term FROM main.vocab", "SELECT * FROM users_fts_data", "SELECT * FROM users_fts_idx", "SELECT hex(block) FROM main.users_fts_data",
			"SELECT * FROM users_fts_docsize", "SELECT * FROM sqlite_stat1", "SELECT * FROM sqlite_stat4", "SELECT sample FROM main.sqlite_stat4", "SELECT hex(sample) FROM sqlite_stat4",
			"SELECT * FROM sqlite_dbpage", "SELECT hex(data) FROM sqlite_dbpage('main')", "SELECT * FROM dbstat", "SELECT * FROM dbstat('main')",
			"SELECT * FROM sqlite_temp_master", "SELECT * FROM sqlite_temp_schema", "SELECT * FROM temp.sqlite_master", "SELECT sql FROM temp.sqlite_schema",
			"PRAGMA table_list", "SELECT * FROM pragma_table_list", "SELECT * FROM pragma_table_info('users')", "PRAGMA table_xinfo(users)", "PRAGMA temp.table_info(users)",
			"PRAGMA database_list", "PRAGMA integrity_check", "PRAGMA index_list(users)", "PRAGMA index_xinfo(users_ssn)",
			"EXPLAIN SELECT * FROM users", "EXPLAIN SELECT ssn FROM main.users", "EXPLAIN QUERY PLAN SELECT * FROM cards ORDER BY card",
			"SELECT * FROM wr", "SELECT * FROM main.wr", "SELECT * FROM wr WHERE ssn > 'A'", "SELECT ssn FROM users INDEXED BY users_ssn", "SELECT ssn FROM main.users INDEXED BY users_ssn",
			"SELECT lower(ssn) FROM main.users INDEXED BY users_low WHERE lower(ssn) > ''", "SELECT 1 FROM guesses WHERE ssn IN main.users", "SELECT 1 FROM users_ssn",
			"TABLE users", "SELECT ssn FROM users ORDER BY ssn LIMIT 1 OFFSET 1", "SELECT iif(ssn IS NULL, 'none', ssn) FROM users", "SELECT likely(ssn) FROM users", "SELECT nullif(ssn, '') FROM users",
			"SELECT * FROM users WHERE (SELECT 1 FROM guesses g WHERE g.ssn = users.ssn)", "SELECT string_agg(ssn, ',' ORDER BY ssn) FROM users", "SELECT total(ssn), sum(ssn) FROM users", "SELECT soundex(ssn) FROM users",
		} {
			res, err := s.Query(t.Context(), databases.Query{SQL: sql, Limit: 1000})
			if err == nil {
				answered++
			}
			text := shown(t, res, err)
			if found := leaks(text); found != "" {
				t.Errorf("mask%s: %s shows %q:\n%s", kind, sql, found, text)
			}
			if strings.Contains(text, "cleat0") || strings.Contains(strings.ReplaceAll(text, "cleat's", ""), "t_users") && !strings.Contains(sql, "t_users") {
				t.Errorf("%s shows a name of cleat's own:\n%s", sql, text)
			}
			plan, err := s.Explain(t.Context(), databases.Query{SQL: sql})
			if found := leaks(shown(t, plan, err)); found != "" {
				t.Errorf("mask%s: the plan of %s shows %q", kind, sql, found)
			}
		}
		if answered < 60 {
			t.Errorf("mask%s: only %d statements had an answer", kind, answered)
		}
	}
}

// TestMaskNoOracle compares the answers of statements that guess a masked value with those
// for a wrong guess: they may not differ.
func TestMaskNoOracle(t *testing.T) {
	d := maskedDB(t)
	s := d.source(t, denied())
	const wrong = "Aa1Aa-Bb2Bb-Cc3Cc"
	for _, sql := range []string{
		"SELECT id FROM users WHERE ssn = '%s'", "SELECT id FROM users WHERE '%s' = ssn", "SELECT id FROM users WHERE ssn IN ('%s')", "SELECT id FROM users WHERE ssn LIKE '%s'",
		"SELECT id FROM users WHERE ssn GLOB '%s'", "SELECT id FROM users WHERE ssn >= '%s' ORDER BY ssn, id", "SELECT id FROM users WHERE (id, ssn) = (1, '%s')",
		"SELECT count(*) FROM users WHERE ssn BETWEEN '%[1]s' AND '%[1]s'", "SELECT instr(ssn, '%s') FROM users", "SELECT id FROM main.users WHERE ssn = '%s'",
		"SELECT u.id FROM users u JOIN (SELECT '%s' AS ssn) x USING (ssn)", "SELECT u.id FROM users u NATURAL JOIN (SELECT '%s' AS ssn) x",
		"SELECT x.n FROM main.users JOIN (SELECT '%s' AS ssn, 1 AS n) x USING (ssn)", "SELECT x.n FROM (SELECT '%s' AS ssn, 1 AS n) x JOIN main.users USING (ssn)",
		"SELECT x.n FROM main.users NATURAL JOIN (SELECT '%s' AS ssn, 1 AS n) x", "SELECT x.n FROM [main].users NATURAL JOIN (SELECT '%s' AS ssn, 1 AS n) x",
		"SELECT x.n FROM 'main'.'users' JOIN (SELECT '%s' AS ssn, 1 AS n) x USING (ssn)", "SELECT x.n FROM main --\n . users JOIN (SELECT '%s' AS ssn, 1 AS n) x USING (ssn)",
		"SELECT x.n FROM cards JOIN (SELECT '%s' AS card, 1 AS n) x USING (card)", "SELECT x.n FROM main.cards JOIN (SELECT '%s' AS card, 1 AS n) x USING (card)",
		"SELECT x.n FROM wr JOIN (SELECT '%s' AS ssn, 1 AS n) x USING (ssn)", "SELECT x.n FROM main.wr LEFT JOIN (SELECT '%s' AS ssn, 1 AS n) x USING (ssn)",
		"SELECT x.n FROM users_fts JOIN (SELECT '%s' AS ssn, 1 AS n) x USING (ssn)", "SELECT x.n FROM main.users_fts JOIN (SELECT '%s' AS ssn, 1 AS n) x USING (ssn)",
		"SELECT rowid FROM users_fts WHERE users_fts MATCH '\"%s\"'", "SELECT rowid FROM main.users_fts('\"%s\"')", "SELECT count(*) FROM vocab WHERE term = '%s'",
		"SELECT x.n FROM vocab JOIN (SELECT lower(substr('%s', 1, 5)) AS term, 1 AS n) x USING (term)",
		"SELECT CASE WHEN ssn = '%s' THEN json('{') END FROM users", "SELECT CASE WHEN ssn = '%s' THEN abs(-9223372036854775808) END FROM users",
		"SELECT 1 FROM guesses WHERE EXISTS (SELECT 1 FROM users WHERE ssn = '%s')", "SELECT id FROM users WHERE up = upper('%s')", "SELECT x.n FROM users JOIN (SELECT upper('%s') AS up, 1 AS n) x USING (up)",
		"SELECT min(ssn) < '%s' FROM users", "SELECT count(DISTINCT ssn) FROM (SELECT ssn FROM users UNION ALL SELECT '%s') AS users", "SELECT b FROM named WHERE b = '%s'", "SELECT x.n FROM named JOIN (SELECT '%s' AS b, 1 AS n) x USING (b)",
	} {
		show := func(guess string) string {
			q := fmt.Sprintf(sql, guess)
			res, err := s.Query(t.Context(), databases.Query{SQL: q})
			return strings.ReplaceAll(shown(t, res, err), guess, "GUESS")
		}
		show(wrong) // the first answer has notes
		if right, not := show(canary), show(wrong); right != not {
			t.Errorf("%s\ntells a right guess:\n%s\nfrom a wrong one:\n%s", sql, right, not)
		}
	}
}

func TestMaskShown(t *testing.T) {
	d := maskedDB(t)
	hash := "[masked:" + digest(canary) + "]"
	for _, tt := range []struct {
		mask, sql, want string
	}{
		{"users.ssn", "SELECT id, ssn FROM users ORDER BY id", "1,[masked];2,[masked];3,[masked];4,[masked]"},
		{"USERS.SSN", "SELECT count(*) FROM users WHERE ssn = '[masked]'", "4"},
		{"*.ssn:hash", "SELECT id, ssn FROM users WHERE id IN (1, 3, 4) ORDER BY id", "1," + hash + ";3,NULL;4," + hash},
		{"users.ssn:hash", "SELECT count(*) FROM users WHERE ssn = '" + hash + "'", "2"},
		{"users.ssn:hash", "SELECT ssn, count(*) FROM users GROUP BY ssn HAVING count(*) > 1", hash + ",2"},
		{"users.ssn:partial", "SELECT ssn FROM users WHERE id = 1", "…t5Rm"},
		{"users.ssn:partial", "SELECT card FROM cards WHERE id = 1", "…t5Rm"},
		{"users.ssn", "SELECT name, loud, up, twice FROM users WHERE id = 1", "ann,ANN,[masked],[masked]"},
		{"users.ssn:hash", "SELECT up FROM users WHERE id = 1", "[masked]"},
		{"users.id:partial", "SELECT id FROM users LIMIT 1", "…"},
		{"cards.card", "SELECT * FROM cards WHERE id = 1", "1,[masked]," + canary[1:]},
		{"cards.card", "SELECT card FROM over LIMIT 1", "[masked]"},
		{"cards.card", "SELECT ssn FROM users WHERE id = 1", canary},
		{"users.ssn", "SELECT card, rest FROM cards WHERE id = 1", "[masked],masked]"},
		{"users.ssn", "SELECT * FROM plain", "100,1"},
		{"users.ssn", "SELECT n FROM main.guesses", "1"},
		{"users.ssn", "SELECT body FROM notes WHERE notes MATCH 'world'", "hello world"},
		{"users.ssn", "SELECT count(*) FROM sqlite_master WHERE name = 'users'", "1"},
		{"users.ssn", "WITH x AS (SELECT id, ssn FROM users) SELECT x.ssn FROM x JOIN users u USING (id) WHERE u.id = 1", "[masked]"},
	} {
		s := d.source(t, databases.Config{Mask: []string{tt.mask}})
		res, err := ask(t, s, tt.sql)
		if err != nil {
			t.Errorf("%s: %s: %s", tt.mask, tt.sql, fail.Show(err))
		} else if got := line(res); got != tt.want {
			t.Errorf("%s: %s = %s, want %s", tt.mask, tt.sql, got, tt.want)
		}
	}
}

func TestMaskTold(t *testing.T) {
	d := maskedDB(t)
	s := d.source(t, databases.Config{Mask: []string{"users.ssn:hash", "users.sssn", "nowhere.x"}})
	res := query(t, s, "SELECT id, ssn, ssn AS other, upper(ssn) AS up FROM users AS u WHERE id = 1")
	var masks, tables []string
	for _, c := range res.Columns {
		masks, tables = append(masks, c.Mask), append(tables, c.Table)
	}
	if got := fmt.Sprintf("%q %q", masks, tables); got != `["" "hash" "hash" "hash"] ["users" "users" "users" ""]` {
		t.Errorf("masks and tables of the columns: %s", got)
	}
	notes := strings.Join(res.Notes, "\n")
	if !strings.Contains(notes, "users.ssn: masked; conditions") {
		t.Errorf("that expressions see what covers is not said: %q", notes)
	}
	for _, want := range []string{"users.sssn", "nowhere.x"} {
		if !strings.Contains(notes, want) || !strings.Contains(s.Health(), want) {
			t.Errorf("the mask %s matches nothing, and that is not said:\n%s\n%s", want, notes, s.Health())
		}
	}
	if again := query(t, s, "SELECT 1"); len(again.Notes) > 0 {
		t.Errorf("said twice: %q", again.Notes)
	}
	schema, err := s.Schema(t.Context(), databases.SchemaQuery{Pattern: "users"})
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, a := range schema.Objects[0].Columns {
		got += a.Name + ":" + a.Mask + " "
	}
	if len(schema.Objects) != 1 || got != "id: name: ssn:hash up:deny twice:deny loud: " {
		t.Errorf("%d objects, columns %s", len(schema.Objects), got)
	}
	plan, err := s.Explain(t.Context(), databases.Query{SQL: "SELECT * FROM users WHERE id = 1"})
	if err != nil || len(plan.Nodes) != 1 || plan.Nodes[0].Text != "SEARCH users USING INTEGER PRIMARY KEY" {
		t.Errorf("plan %+v, %v", plan, err)
	}
	if _, err := s.Row(t.Context(), "wr", []string{canary}); err != nil {
		t.Errorf("a row of an open table: %v", err)
	}
	row, err := s.Row(t.Context(), "users", []string{"1"})
	if err != nil || leaks(shown(t, row, err)) != "" {
		t.Errorf("row %v, %v", row, err)
	}
	closed := d.source(t, databases.Config{Mask: []string{"*.ssn"}})
	if _, err := closed.Row(t.Context(), "wr", []string{canary}); code(err) != fail.Denied {
		t.Errorf("a row by its masked key: %v", err)
	}
}

// TestMaskOrder looks at the order of rows, which indexes on masked columns would give away.
func TestMaskOrder(t *testing.T) {
	var script []string
	script = append(script, "CREATE TABLE u (id INTEGER PRIMARY KEY, a TEXT, m TEXT, pad TEXT)", "CREATE INDEX u_m ON u (m)", "CREATE INDEX u_ma ON u (m, a)", "CREATE INDEX u_a ON u (a)", "CREATE INDEX u_e ON u (lower(m), a)",
		"CREATE TABLE w (m TEXT PRIMARY KEY, v INTEGER) WITHOUT ROWID",
		"WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 300) INSERT INTO u SELECT n, 'same', printf('%04d', (n * 7919) % 1000), 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' FROM r",
		"INSERT INTO w SELECT m, id FROM u WHERE true ON CONFLICT DO NOTHING", "ANALYZE")
	d := newDB(t, script...)
	s := d.source(t, databases.Config{Mask: []string{"*.m"}})
	byM := d.rows(t, "SELECT group_concat(id) FROM (SELECT id FROM u ORDER BY m)")[0][0]
	for _, sql := range []string{"SELECT id FROM u", "SELECT id, a FROM u", "SELECT id, m FROM u WHERE a = 'same'", "SELECT id FROM u ORDER BY m", "SELECT id FROM u WHERE a >= 'a'", "SELECT DISTINCT id FROM u ORDER BY lower(m)"} {
		res, err := s.Query(t.Context(), databases.Query{SQL: sql, Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, r := range cells(res) {
			ids = append(ids, r[0])
		}
		if strings.Join(ids, ",") == byM {
			t.Errorf("%s gives the rows in the order of the masked column", sql)
		}
	}
	stored := d.rows(t, "SELECT group_concat(v) FROM w")[0][0]
	if got := line(query(t, s, "SELECT group_concat(v) FROM w")); got == stored || len(got) != len(stored) {
		t.Errorf("a table stored by its masked key is read in that order, or not as a whole: %s", got)
	}
}

// TestMaskSchemaChange changes the schema under open connections.
func TestMaskSchemaChange(t *testing.T) {
	d := maskedDB(t)
	s := d.source(t, databases.Config{Mask: []string{"*.ssn", "late.*"}})
	query(t, s, "SELECT * FROM users")
	d.exec(t, "CREATE TABLE late (a TEXT)", "INSERT INTO late VALUES ('"+canary+"')", "ALTER TABLE guesses RENAME COLUMN id TO x",
		"CREATE VIEW late2 AS SELECT a AS b FROM late", "CREATE TABLE g2 (ssn TEXT)", "INSERT INTO g2 VALUES ('"+canary+"')")
	for _, table := range []string{"late", "late2", "g2", "main.late", "main.g2"} {
		res, err := ask(t, s, "SELECT * FROM "+table)
		if found := leaks(shown(t, res, err)); found != "" {
			t.Errorf("%s shows %q", table, found)
		}
	}
}

func TestMaskWrite(t *testing.T) {
	d := maskedDB(t)
	s := d.source(t, databases.Config{Mask: []string{"users.ssn"}})
	for _, sql := range []string{
		"UPDATE users SET name = ssn", "UPDATE users SET name = 'x' WHERE ssn = '" + canary + "'", "INSERT INTO guesses (ssn) SELECT ssn FROM users",
		"DELETE FROM users WHERE ssn LIKE 'Q%'", "UPDATE users SET name = 'x' RETURNING ssn", "UPDATE users SET name = 'x' RETURNING *", "UPDATE users SET name = 'x' WHERE id = 1 RETURNING up",
		"INSERT INTO guesses (id) SELECT g.n FROM users JOIN guesses g USING (ssn)", "INSERT INTO guesses (id) SELECT g.n FROM users NATURAL JOIN guesses g",
		"WITH users AS (SELECT ssn FROM main.users) INSERT INTO guesses (ssn) SELECT ssn FROM users", "INSERT INTO guesses (ssn) SELECT card FROM cards",
		"UPDATE guesses SET ssn = u.ssn FROM users u", "INSERT INTO users (name, ssn) VALUES ('new', 'x')", // its trigger reads the column
		"INSERT INTO guesses (n, id) VALUES (1, 1) ON CONFLICT (n) DO UPDATE SET ssn = (SELECT ssn FROM users LIMIT 1)",
		"INSERT INTO guesses (ssn) SELECT sample FROM sqlite_stat4", "REPLACE INTO guesses (n, ssn) SELECT id, up FROM users",
	} {
		res, err := s.Write(t.Context(), databases.Write{SQL: sql, Class: databases.DML})
		if code(err) != fail.Denied {
			t.Errorf("%s: %v, want denied", sql, err)
		}
		if found := leaks(shown(t, res, err)); found != "" {
			t.Errorf("%s shows %q", sql, found)
		}
	}
	for _, sql := range []string{
		"CREATE TABLE copy AS SELECT * FROM users", "ALTER TABLE users RENAME TO u2", "ALTER TABLE users RENAME COLUMN ssn TO s2", "CREATE TEMP TABLE copy AS SELECT 1",
	} {
		if _, err := s.Write(t.Context(), databases.Write{SQL: sql, Class: databases.DDL}); code(err) != fail.Denied {
			t.Errorf("%s: %v, want denied", sql, err)
		}
	}
	out, err := s.Write(t.Context(), databases.Write{SQL: "UPDATE users SET ssn = ?1 WHERE id = 2 RETURNING id, name", Class: databases.DML,
		Params: []databases.Param{{JSON: json.RawMessage(`"new"`)}}})
	if err != nil || out.Rows != 1 || line(out.Result) != "2,bob" {
		t.Errorf("setting a masked column: %+v, %v", out, err)
	}
	if got := d.rows(t, "SELECT ssn FROM users WHERE id = 2"); got[0][0] != "new" {
		t.Errorf("it is %s", got[0][0])
	}
	if got := d.rows(t, "SELECT count(*) FROM guesses"); got[0][0] != "1" {
		t.Errorf("guesses has %s rows", got[0][0])
	}
}
