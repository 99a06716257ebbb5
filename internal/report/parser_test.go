package report

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what is found into testdata")

// parse reads a whole log.
func parse(log []byte) *Report {
	p := NewParser()
	n := 0
	s := bufio.NewScanner(bytes.NewReader(log))
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		n++
		p.Line(n, s.Bytes())
	}
	return p.Report()
}

// show writes a report as the goldens have it.
func show(r *Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "passed %d, failed %d, skipped %d, more %d\n", r.Counts.Passed, r.Counts.Failed, r.Counts.Skipped, r.More)
	for _, f := range r.Failures {
		fmt.Fprintf(&b, "\n%d: %s %s", f.At, f.Kind, f.Tool)
		if f.Name != "" {
			fmt.Fprintf(&b, " %q", f.Name)
		}
		if f.Scope != "" {
			fmt.Fprintf(&b, " in %q", f.Scope)
		}
		if f.File != "" {
			fmt.Fprintf(&b, " at %s:%d:%d", f.File, f.Line, f.Column)
		}
		b.WriteByte('\n')
		if f.Message != "" {
			b.WriteString("\t" + strings.ReplaceAll(f.Message, "\n", "\n\t") + "\n")
		}
	}
	return b.String()
}

// TestLogs reads what the tools themselves wrote.
func TestLogs(t *testing.T) {
	logs, err := filepath.Glob("testdata/*.log")
	if err != nil || len(logs) == 0 {
		t.Fatal("no logs", err)
	}
	for _, file := range logs {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".log"), func(t *testing.T) {
			log, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, strings.TrimSuffix(file, ".log")+".want", show(parse(log)))
		})
	}
}

// golden compares with a file, or writes it with -update.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}
