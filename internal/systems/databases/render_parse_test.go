package databases

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"cleat/internal/text"
)

// parseRows reads what Table writes back, by contract.md alone: the columns, and the cells
// with how many characters are missing of each.
func parseRows(s string) (columns []string, rows [][]*string, missing [][]int) {
	for i, line := range strings.Split(strings.TrimSuffix(s, "\n"), "\n") {
		var row []*string
		var left []int
		for _, cell := range strings.Split(line, "\t") {
			v, n := parseCell(cell)
			row, left = append(row, v), append(left, n)
		}
		if i > 0 {
			rows, missing = append(rows, row), append(missing, left)
			continue
		}
		for _, c := range row {
			columns = append(columns, *c)
		}
	}
	return columns, rows, missing
}

// parseClipped takes the end of a clipped cell off.
func parseClipped(s string) (head string, left int, ok bool) {
	at := strings.LastIndex(s, "…(+")
	if at < 0 || !strings.HasSuffix(s, ")") {
		return s, 0, false
	}
	n, err := strconv.ParseUint(s[at+len("…(+"):len(s)-1], 10, 64)
	return s[:at], int(n), err == nil || errors.Is(err, strconv.ErrRange)
}

func parseCell(s string) (*string, int) {
	unescape := func(s string) *string {
		s = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\t`, "\t", `\r`, "\r").Replace(s)
		return &s
	}
	if s == "∅" {
		return nil, 0
	}
	if s == `""` {
		return unescape(""), 0
	}
	if head, left, ok := parseClipped(s); ok {
		return unescape(head), left
	}
	// A mark in quotes has lost one pair of them.
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		core := s
		for len(core) >= 2 && core[0] == '"' && core[len(core)-1] == '"' {
			core = core[1 : len(core)-1]
		}
		if _, _, ok := parseClipped(core); ok || core == "" || core == "∅" {
			s = s[1 : len(s)-1]
		}
	}
	return unescape(s), 0
}

func FuzzTable(f *testing.F) {
	for _, s := range []string{"a\tb", "∅", `""`, "x…(+3)", `"x…(+3)"`, `\n`, "a\r\nb", `"`, `""""`, `"∅"`, "</untrusted x>", "\xff\u202e", strings.Repeat("long ", 99), `\`, "…(+5)"} {
		f.Add("name", s, "x")
		f.Add(s, "NULL", s)
	}
	f.Fuzz(func(t *testing.T, name, a, b string) {
		r := rowsOf("x", []string{a, b}, []string{b, a}, []string{"", "NULL"})
		r.Columns = []Column{{Name: name}, {Name: "other"}}
		table := NewTable("app", r)
		for {
			columns, rows, missing := parseRows(foreign(table))
			cleaned, _ := text.Clean(foreign(table))
			for line := range strings.Lines(cleaned) {
				if strings.Count(line, "\t") != 1 {
					t.Fatalf("cleaned, a line is %q", line)
				}
			}
			if len(columns) != 2 || len(rows) != table.shown {
				t.Fatalf("%d columns, %d rows in %q", len(columns), len(rows), foreign(table))
			}
			if len(name) <= nameWidth && columns[0] != name {
				t.Fatalf("the name %q is read as %q", name, columns[0])
			}
			for i, row := range rows {
				if len(row) != 2 {
					t.Fatalf("row %d has %d cells in %q", i, len(row), foreign(table))
				}
				for k, got := range row {
					want := r.Rows[i][k]
					switch {
					case got == nil || want == nil:
						if got != want {
							t.Fatalf("%q is read as %q", show(want), show(got))
						}
					case !strings.HasPrefix(*want, *got):
						t.Fatalf("%q is read as %q", *want, *got)
					case len([]rune((*want)[len(*got):])) != missing[i][k]:
						t.Fatalf("%q is read as %q with %d missing", *want, *got, missing[i][k])
					}
				}
			}
			if !table.Shrink(0.5) {
				return
			}
		}
	})
}

func show(s *string) string {
	if s == nil {
		return "NULL"
	}
	return *s
}
