package ci_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"cleat/internal/buildlog"
	"cleat/internal/fail"
	"cleat/internal/systems/ci"
	"cleat/internal/systems/ci/verdict"
	"cleat/internal/text"
)

// memory is a Runner of runs that a test makes.
type memory struct {
	mu   sync.Mutex
	runs []ci.Run // newest first
	logs map[string]string
	read int // logs
}

func (m *memory) Runs(_ context.Context, q ci.Query) (*ci.Runs, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := &ci.Runs{}
	for _, r := range m.runs {
		if (q.Branch == "" || r.Branch == q.Branch) && (q.Task == "" || r.Task == q.Task) && len(out.Runs) < q.Limit {
			r.Jobs = nil
			out.Runs = append(out.Runs, r)
		}
	}
	return out, nil
}

func (m *memory) Run(_ context.Context, id string) (*ci.Run, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.runs {
		if r.ID == id {
			return &r, nil
		}
	}
	return nil, fail.Errorf(fail.NotFound, "there is no run %q", id)
}

func (m *memory) Log(_ context.Context, r *ci.Run, j *ci.Job) (io.ReadCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	log, ok := m.logs[r.ID+"/"+j.ID]
	if !ok {
		return nil, fail.Errorf(fail.NotFound, "the log of job %q is gone", j.Name).Because("it expired")
	}
	m.read++
	return io.NopCloser(strings.NewReader(log)), nil
}

// tree is a checkout of a few files.
type tree struct {
	files    map[string]string
	position ci.Position
}

func (t tree) Dir() string { return "/srv/app" }
func (t tree) Paths(context.Context) ([]string, error) {
	var out []string
	for p := range t.files {
		out = append(out, p)
	}
	return out, nil
}
func (t tree) Read(path string) ([]byte, error)              { return []byte(t.files[path]), nil }
func (t tree) Position(context.Context) (ci.Position, error) { return t.position, nil }

var now = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func service(t *testing.T, m *memory, branch string) *ci.Service {
	t.Helper()
	dir := t.TempDir()
	state := func() (*os.Root, error) { return os.OpenRoot(dir) }
	clock := func() time.Time { return now }
	checkout := tree{map[string]string{"go.mod": "module example.com/app\n", "shop/cart_test.go": "package shop\n"},
		ci.Position{Branch: branch, Default: "main"}}
	return ci.New("gh", m, ci.Options{Checkout: func() ci.Checkout { return checkout }, History: verdict.Open(state, clock),
		Cache: buildlog.NewCache(state, clock), Now: clock})
}

func show(r text.Renderer) string {
	var w text.Writer
	r.Text(&w)
	var b strings.Builder
	for _, s := range w.Segments() {
		b.WriteString(s.Text)
	}
	return b.String()
}

const failure = `=== RUN   TestTotal
    cart_test.go:12: total of 3 items: got 41, want 42
--- FAIL: TestTotal (0.00s)
FAIL
FAIL	example.com/app/shop	0.004s
`

// actionsLog is a log as GitHub writes it, with the output of the tests at a part of its
// length.
func actionsLog(size int, at float64, output string) string {
	var b strings.Builder
	line := func(i int, s string) {
		fmt.Fprintf(&b, "2026-03-04T11:%02d:%02d.1234567Z %s\n", i/60%60, i%60, s)
	}
	told := false
	for i := 0; b.Len() < size || !told; i++ {
		if !told && float64(b.Len()) >= at*float64(size) {
			told = true
			line(i, "##[group]Run go test ./...")
			line(i, "\x1b[36;1mgo test ./...\x1b[0m")
			line(i, "##[endgroup]")
			for l := range strings.Lines(output) {
				line(i, "\x1b[31m"+strings.TrimSuffix(l, "\n")+"\x1b[0m")
			}
			line(i, "##[error]Process completed with exit code 1.")
			continue
		}
		switch i % 7 {
		case 0:
			line(i, fmt.Sprintf("##[group]Step %d", i))
		case 1:
			line(i, "##[endgroup]")
		case 2:
			line(i, fmt.Sprintf("\x1b[32mok\x1b[0m  \texample.com/app/p%d\t0.%03ds", i, i%1000))
		default:
			line(i, fmt.Sprintf("downloading module %d of many: github.com/some/module v1.%d.0", i, i))
		}
	}
	return b.String()
}

func run(id, branch, commit string, status ci.Status, minutes int) ci.Run {
	started := now.Add(time.Duration(minutes-600) * time.Minute)
	return ci.Run{ID: id, Task: "CI", Branch: branch, Commit: strings.Repeat(commit, 40), Status: status, Started: started,
		Finished: started.Add(2 * time.Minute), Jobs: []ci.Job{{ID: "1", Name: "lint", Status: ci.Passed}, {ID: "2", Name: "test", Status: status, Step: "Run go test"}}}
}

// However deep in a long log the failure is, one call tells it in few words.
func TestDeep(t *testing.T) {
	for _, at := range []float64{0, 0.5, 1} {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			m := &memory{runs: []ci.Run{run("7", "topic", "a", ci.Failed, 10)}, logs: map[string]string{"7/2": actionsLog(3<<20, at, failure)}}
			sum, err := service(t, m, "topic").Failures(t.Context(), ci.Question{Tail: -1})
			if err != nil {
				t.Fatal(err)
			}
			got := show(sum)
			t.Logf("%d tokens:\n%s", text.Tokens(got), got)
			for _, want := range []string{"TestTotal", "got 41, want 42", "shop/cart_test.go:12"} {
				if !strings.Contains(got, want) {
					t.Errorf("%q is missing in:\n%s", want, got)
				}
			}
			if n := text.Tokens(got); n > 250 {
				t.Errorf("%d tokens, the limit is 250:\n%s", n, got)
			}
		})
	}
}

// A failure is told apart by what the base branch's runs had.
func TestVerdicts(t *testing.T) {
	broken := strings.ReplaceAll(failure, "TestTotal", "TestOther")
	m := &memory{runs: []ci.Run{run("9", "topic", "c", ci.Failed, 30), run("8", "main", "b", ci.Failed, 20), run("7", "main", "a", ci.Passed, 10)},
		logs: map[string]string{"9/2": actionsLog(1000, 1, failure+broken), "8/2": actionsLog(1000, 1, broken)}}
	sum, err := service(t, m, "topic").Failures(t.Context(), ci.Question{Tail: -1})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]verdict.Verdict{}
	for _, j := range sum.Jobs {
		for _, f := range j.Failures {
			got[f.Name] = f.Judgement.Verdict
		}
	}
	if got["TestTotal"] != verdict.New || got["TestOther"] != verdict.OnBase {
		t.Errorf("verdicts: %v", got)
	}
	if s := show(sum); !strings.Contains(s, "#1: new") || !strings.Contains(s, "since run 8") {
		t.Errorf("the answer does not say so:\n%s", s)
	}
}

// A log that was read once is not fetched again; whether the run may be seen is asked again.
func TestCached(t *testing.T) {
	m := &memory{runs: []ci.Run{run("7", "main", "a", ci.Failed, 10)}, logs: map[string]string{"7/2": actionsLog(1000, 1, failure)}}
	s := service(t, m, "main")
	for range 3 {
		if _, err := s.Log(t.Context(), ci.LogQuery{Op: "search", Pattern: "want 42"}); err != nil {
			t.Fatal(err)
		}
	}
	if m.read != 1 {
		t.Errorf("the log was fetched %d times", m.read)
	}
	m.runs = nil
	if _, err := s.Log(t.Context(), ci.LogQuery{Which: ci.Which{Run: "7"}, Op: "tail"}); fail.From(err).Code != fail.NotFound {
		t.Errorf("the log of a run that is gone: %v", err)
	}
}

// The log's parts have the numbers of the raw log.
func TestLog(t *testing.T) {
	m := &memory{runs: []ci.Run{run("7", "main", "a", ci.Failed, 10)}, logs: map[string]string{"7/2": "one\ntwo\n\x1b[1mthr\x1b[0mee\nfour\nfive\n"}}
	s := service(t, m, "main")
	for _, tt := range []struct {
		q    ci.LogQuery
		want string
	}{
		{ci.LogQuery{Op: "search", Pattern: "^three$", Context: 1}, "1 hit in the log of 5 lines, run 7, job \"test\"\n2- two\n3: three\n4- four\n"},
		{ci.LogQuery{Op: "tail", Limit: 2}, "lines 4-5 of 5 lines, run 7, job \"test\"\n4: four\n5: five\n"},
		{ci.LogQuery{Op: "range", Part: "L2-L3"}, "lines 2-3 of 5 lines, run 7, job \"test\"\n2: two\n3: three\n"},
		{ci.LogQuery{Op: "search", Pattern: "six"}, "no hit in the log of 5 lines, run 7, job \"test\"\n"},
	} {
		e, err := s.Log(t.Context(), tt.q)
		if err != nil {
			t.Errorf("%+v: %v", tt.q, err)
			continue
		}
		if got := show(e); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.q.Op, got, tt.want)
		}
	}
}

// What cannot be answered says why, and what to do.
func TestMistakes(t *testing.T) {
	m := &memory{runs: []ci.Run{run("7", "main", "a", ci.Failed, 10)}, logs: map[string]string{}}
	s := service(t, m, "topic")
	for _, tt := range []struct {
		name string
		call func() error
		want string
	}{
		{"no run", func() error { _, err := s.Failures(t.Context(), ci.Question{}); return err },
			"not_found: there is no run of the current branch \"topic\"\nnext: list the runs of all branches with ci_runs branch=*\nretry: no"},
		{"bad id", func() error { _, err := s.Get(t.Context(), ci.Which{Run: "a b"}); return err },
			"invalid: that is not the id of a run\nnext: take the run's id from ci_runs\nretry: no"},
		{"no job", func() error {
			_, err := s.Log(t.Context(), ci.LogQuery{Which: ci.Which{Run: "7"}, Job: "tets", Op: "tail"})
			return err
		}, "not_found: there is no job \"tets\" in run 7\nits jobs: \"test\"\nnext: pass one of them as job\nretry: no"},
		{"no log", func() error { _, err := s.Failures(t.Context(), ci.Question{Which: ci.Which{Run: "7"}}); return err },
			"not_found: the log of job \"test\" is gone\nit expired\nnext: "},
		{"bad pattern", func() error {
			_, err := s.Log(t.Context(), ci.LogQuery{Which: ci.Which{Run: "7"}, Op: "search", Pattern: "("})
			return err
		}, "invalid: the pattern is no regular expression"},
		{"cannot start", func() error { _, err := s.Do(t.Context(), ci.Change{Op: "start"}); return err },
			"unsupported: the source gh can start, repeat and end no runs\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.call()
			if err == nil {
				t.Fatal("no error")
			}
			if got := fail.Show(err); !strings.HasPrefix(got, tt.want) {
				t.Errorf("%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// Answers that are too long become shorter, and say what is missing.
func TestShrink(t *testing.T) {
	var all strings.Builder
	for i := range 40 {
		all.WriteString(strings.ReplaceAll(failure, "TestTotal", fmt.Sprintf("TestTotal%d", i)))
	}
	m := &memory{runs: []ci.Run{run("7", "main", "a", ci.Failed, 10)}, logs: map[string]string{"7/2": all.String()}}
	sum, err := service(t, m, "main").Failures(t.Context(), ci.Question{Tail: 50})
	if err != nil {
		t.Fatal(err)
	}
	before := text.Tokens(show(sum))
	for i := 0; sum.Shrink(0.5); i++ {
		if i > 50 {
			t.Fatal("it never ends")
		}
	}
	after := show(sum)
	if n := text.Tokens(after); n > before/5 {
		t.Errorf("%d tokens became %d", before, n)
	}
	if !strings.Contains(after, "39 failures left out") {
		t.Errorf("what is missing is not told:\n%s", after)
	}
}
