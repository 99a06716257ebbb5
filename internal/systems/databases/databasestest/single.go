package databasestest

import "cleat/internal/fail"

func single(s *suite) {
	before := s.state()
	s.sub("one", func(s *suite) {
		ok := []string{"SELECT 1", "SELECT 1;", "SELECT 1 ; ", "\n\t SELECT 1\n;\n", "-- c; d\nSELECT 1", "/* a; b */ SELECT 1",
			"SELECT 1 -- ; SELECT 2", "SELECT 1; -- c",
			"SELECT 1; /* c; */", "SELECT 1 /* ; DELETE FROM users */", "select 1", "SeLeCt 1", "SELECT/**/1", "SELECT 1 WHERE ';' = ';'", "SELECT 1 WHERE '--' <> '/*'",
			"SELECT 1 WHERE 'a''; DELETE FROM users; --' <> ''", "WITH t AS (SELECT 1) SELECT * FROM t",
			"SELECT 1\r\n", "/**/SELECT 1/**/;/**/", "-- only\n-- comments\n/* before */ SELECT 1"}
		switch {
		case s.postgres():
			ok = append(ok, "/* a /* nested; */ b */ SELECT 1", "SELECT 1 WHERE $$;$$ = $a$;$a$", `SELECT 1 WHERE E'\'; DELETE FROM users; --' <> ''`,
				`SELECT 1 WHERE '\' <> ';'`, "(SELECT 1)", "VALUES (1)", `SELECT 1 AS "a;b"`)
		case s.mysql():
			ok = append(ok, "# c; d\nSELECT 1", "SELECT 1 # ; SELECT 2", `SELECT 1 WHERE '\'; DELETE FROM users; --' <> ''`,
				`SELECT 1 WHERE "a;""b" <> ''`, "SELECT 1 AS `a;b`", "(SELECT 1)", "SELECT 2--1-1-1")
		default:
			ok = append(ok, "SELECT 1 AS [a;b]", "SELECT 1 AS `a;b`", `SELECT 1 AS "a;b"`, "VALUES (1)", `SELECT 1 WHERE '\' <> ';'`)
		}
		for _, sql := range ok {
			if r, err := s.ask(s.db, sql); err != nil || len(r.Rows) != 1 || cell(r.Rows[0][0]) != "1" {
				s.Errorf("%q: %v, %+v", sql, explained(err), r)
			}
		}
	})
	s.sub("two", func(s *suite) {
		bad := []string{"SELECT 1; SELECT 2", "SELECT 1;SELECT 2", "SELECT 1;\n-- c\nSELECT 2;", "SELECT 1; DELETE FROM users",
			"SELECT 1 /* ; */ ; DELETE FROM users", "SELECT ';'; DELETE FROM users",
			"; DELETE FROM users", ";;; DELETE FROM users", "SELECT 1;;DELETE FROM users", "SELECT 1; COMMIT; DELETE FROM users",
			"/* x */ SELECT 1; COMMIT; DELETE FROM users", "SELECT 1; ROLLBACK; DELETE FROM users; BEGIN",
			"-- c\n; DELETE FROM users", "SELECT 1 -- c\n; DELETE FROM users", "SELECT 1 -- c\r\n; DELETE FROM users",
			"SELECT 'a'';'; DELETE FROM users --'", `SELECT ";"; DELETE FROM users`,
			"COMMIT; DELETE FROM users", "SELECT 1; \t\n DELETE FROM users; SELECT 1", "DELETE FROM users; SELECT 1",
			"SELECT (1; DELETE FROM users)", "\ufeffSELECT 1; DELETE FROM users", "SELECT 1；; DELETE FROM users"}
		switch {
		case s.postgres():
			bad = append(bad, `SELECT '\'; DELETE FROM users; --'`, "SELECT $$;$$; DELETE FROM users", "SELECT $a$ $$ $a$; DELETE FROM users --$$",
				"SELECT $1$; DELETE FROM users; --$1$",
				"SELECT 1 /* /* */; */ ; DELETE FROM users", `SELECT E'\\'; DELETE FROM users --'`, "SELECT U&'\\0027'; DELETE FROM users --'",
				`SELECT "a""; "; DELETE FROM users --"`, "SELECT e'a\\\\'; DELETE FROM users; --'",
				"COPY users TO STDOUT; SELECT 1", "SELECT a$$; DELETE FROM users --$$ FROM (SELECT 1) t(a$$)")
		case s.mysql():
			bad = append(bad, "SELECT 1 # c\n; DELETE FROM users", "SELECT 1 --; DELETE FROM users", `SELECT '\\'; DELETE FROM users -- '`,
				"SELECT 1 /*! ; DELETE FROM users */", "SELECT 1; /*!50000 DELETE FROM users */",
				"/*!99999 SELECT 1 */; DELETE FROM users", "SELECT 1 /*M!100000 ; DELETE FROM users */",
				"SELECT `;`; DELETE FROM users", "DELIMITER $$\nDELETE FROM users$$", "SELECT 1 /* /* */; DELETE FROM users /* */",
				`SELECT "\""; DELETE FROM users -- "`)
		default:
			bad = append(bad, `SELECT '\'; DELETE FROM users; --'`, "SELECT 1 /* /* */; DELETE FROM users /* */",
				"SELECT [;]; DELETE FROM users", "SELECT `;`; DELETE FROM users", "SELECT 1; PRAGMA query_only = 0", "SELECT 1; EXPLAIN SELECT 1",
				"SELECT 1; garbage")
		}
		for _, sql := range bad {
			_, err := s.ask(s.db, sql)
			s.refused(sql, err, fail.Invalid, fail.Denied)
			if got := s.rows("SELECT count(*) FROM users"); got[0][0] != "5" {
				s.Fatalf("%q: there are %v users", sql, got)
			}
		}
	})
	s.sub("none", func(s *suite) {
		for _, sql := range []string{"", " ", "\n\t", ";", ";;", " ; ", "-- x", "/* x */", "-- x\n;", "/* x */;/* y */", "--", "/**/"} {
			_, err := s.ask(s.db, sql)
			s.refused("no statement "+sql, err, fail.Invalid)
		}
	})
	s.sub("unterminated", func(s *suite) {
		bad := []string{"SELECT 'a", "SELECT (1", "SELECT 1 +", "SELECT 'a''", "SELECT", "SELECT 1 FROM", "WITH"}
		switch {
		case s.postgres():
			bad = append(bad, `SELECT "a`, "SELECT /* a", "SELECT /* a /* b */", "SELECT $$a", "SELECT $a$ $$", `SELECT E'\'`)
		case s.mysql():
			bad = append(bad, `SELECT "a`, "SELECT `a", `SELECT '\'`, "SELECT /*! 1")
		default:
			bad = append(bad, `SELECT "a`, "SELECT `a", "SELECT [a")
		}
		for _, sql := range bad {
			_, err := s.ask(s.db, sql)
			s.refused(sql, err, fail.Invalid, fail.Denied)
		}
	})
	s.alive(s.db, "all of these")
	s.unchanged("one statement", before)
}
