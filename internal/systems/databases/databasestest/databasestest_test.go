package databasestest_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"cleat/internal/systems/databases/databasestest"
)

// TestCareless runs the suite on a source that keeps no rule, when TestSuite asks for it.
func TestCareless(t *testing.T) {
	if os.Getenv("CLEAT_CARELESS") == "" {
		t.Skip("it fails by design; TestSuite looks at how")
	}
	databasestest.Run(t, carelessFixture)
}

// TestSuite sees that the suite passes what works and finds what does not.
func TestSuite(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// Without the themes in which a source without limits does not end.
	themes := "values|parameters|one_statement|nothing_writes|no_state_leaks|legitimate_SQL|schema|row|masks|lists|write|errors"
	cmd := exec.CommandContext(t.Context(), program, "-test.v", "-test.run", "^TestCareless$/^("+themes+")$")
	cmd.Env = append(os.Environ(), "CLEAT_CARELESS=1")
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatal("the suite finds nothing")
	}
	passed, failed := map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(string(out)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "--- FAIL: TestCareless/"); ok {
			failed[name[:strings.LastIndex(name, " (")]] = true
		}
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "--- PASS: TestCareless/"); ok {
			passed[name[:strings.LastIndex(name, " (")]] = true
		}
	}
	if len(passed) < 70 || strings.Contains(string(out), "panic:") {
		t.Fatalf("the suite did not run to its end:\n%.3000s", out)
	}
	for _, name := range []string{"legitimate_SQL", "no_state_leaks/errors", "write/dml"} {
		if !passed[name] {
			t.Errorf("%s does not pass", name)
		}
	}
	for _, name := range []string{
		"values/types", "values/too_large", "parameters/wrong", "one_statement/two", "one_statement/none",
		"schema/names", "schema/patterns", "row/by_key", "row/no_such_row", "row/wrong_keys",
		"masks/deny/shown", "masks/hash/hidden", "masks/partial/derived", "masks/deny/rows_and_schema",
		"masks/probing", "masks/misspelt", "lists/a_table", "lists/a_view",
		"write/dry_run", "write/classes", "write/rules", "errors",
	} {
		if !failed[name] {
			t.Errorf("%s is not found", name)
		}
	}
	// What a source that may write does with each kind of statement.
	found := 0
	for name := range failed {
		if strings.HasPrefix(name, "nothing_writes/") {
			found++
		}
	}
	if found < 60 {
		t.Errorf("only %d of the statements that must not run are found", found)
	}
	for _, part := range []string{"DELETE_FROM_orders", "REPLACE_INTO_journal", "WITH_x_AS_(SELECT_1)_DELETE",
		"CREATE_TEMP_TABLE", "VACUUM_INTO", "ATTACH_DATABASE", "PRAGMA_user_version", "BEGIN", "PRAGMA_query_only"} {
		hit := false
		for name := range failed {
			hit = hit || strings.HasPrefix(name, "nothing_writes/") && strings.Contains(name, part)
		}
		if !hit {
			t.Errorf("%s is not found", part)
		}
	}
	for _, part := range []string{"case_sensitive_like", "CREATE_TEMP_TABLE"} {
		hit := false
		for name := range failed {
			hit = hit || strings.HasPrefix(name, "no_state_leaks/") && strings.Contains(name, part)
		}
		if !hit {
			t.Errorf("the state that %s leaves is not found", part)
		}
	}
}
