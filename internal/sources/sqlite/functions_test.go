package sqlite

import (
	"testing"

	"cleat/internal/sqlite/engine"
)

// TestHarmless goes through the functions that SQLite has: each is harmless, or one of
// those that are known not to be.
func TestHarmless(t *testing.T) {
	db, err := engine.Open("file:x?mode=memory", true)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	closed := map[string]bool{}
	n := 0
	err = each(db, "SELECT DISTINCT name FROM pragma_function_list ORDER BY name", func(s *engine.Stmt) error {
		n++
		if name := text(s, 0); !harmless(name) {
			closed[name] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"abs", "zeroblob", "->", "json_patch", "instr", "if", "upper", "bm25"} {
		if !harmless(name) {
			t.Errorf("%s is not harmless: is the list sorted?", name)
		}
	}
	for _, name := range []string{"load_extension", "sqlite_log", "fts3_tokenizer", "readfile", "writefile", "fts5", "rtreecheck"} {
		if harmless(name) {
			t.Errorf("%s is harmless", name)
		}
	}
	for name := range closed {
		t.Logf("closed: %s", name)
	}
	if n < 100 || len(closed) > 30 {
		t.Errorf("%d of %d functions are closed", len(closed), n)
	}
}
