package sqltext

import "testing"

func TestOnce(t *testing.T) {
	for sql, want := range map[string]bool{
		"SELECT id, bio FROM emp":                                              true,
		"SELECT emp.id, emp.bio FROM hr.emp WHERE emp.id IN (1, 2)":            true,
		`SELECT d.id, e.bio FROM "Emp" e JOIN dept d ON d.id = e.dept`:         true,
		"SELECT id, 'emp' FROM emp -- emp":                                     true,
		"SELECT m.id, e.bio FROM emp e JOIN emp m ON m.id = e.boss":            false,
		"SELECT m.id, e.bio FROM emp e, hr.EMP m":                              false,
		"SELECT id, (SELECT bio FROM emp x WHERE x.id = e.boss) FROM emp e":    false,
		"WITH e AS (SELECT id, bio FROM emp) SELECT a.id, b.bio FROM e a, e b": false,
		"SELECT * FROM twice":                                                  false,
		"SELECT 'a":                                                            false,
	} {
		for _, d := range []Dialect{PostgreSQL, SQLite} {
			if got := Once(d, sql, "emp"); got != want {
				t.Errorf("%v: Once(%s) = %t, want %t", d, sql, got, want)
			}
		}
	}
}
