package verdict

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// now is the clock of the tests, and start when the first run of a history began.
func now() time.Time   { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }
func start() time.Time { return now().Add(-24 * time.Hour) }

// minute is when the nth run of a history began.
func minute(n int) time.Time { return start().Add(time.Duration(n) * time.Minute) }

func newHistory(t *testing.T) (*History, string) {
	t.Helper()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return Open(func() (*os.Root, error) { return root, nil }, now), dir
}

func record(t *testing.T, h *History, results ...Result) {
	t.Helper()
	if err := h.Record(t.Context(), results...); err != nil {
		t.Fatal(err)
	}
}

func judge(t *testing.T, h *History, q Question, prints ...string) []Judgement {
	t.Helper()
	all, err := h.Judge(t.Context(), q, prints)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != len(prints) {
		t.Fatalf("%d judgements of %d", len(all), len(prints))
	}
	return all
}

// results reads a history: one run a word, "BRANCH/COMMIT/OUTCOME" with the outcomes ok,
// "broke" (it did not come to the tests), and the failures that a whole run had. A commit "-"
// is none. Runs are r0, r1, … unless "=RUN#ATTEMPT" follows, and began a minute apart.
func results(words string) []Result {
	var list []Result
	for i, w := range strings.Fields(words) {
		w, run, named := strings.Cut(w, "=")
		p := strings.Split(w, "/")
		r := Result{Source: "gh", Task: "ci", Branch: p[0], Commit: strings.Trim(p[1], "-"), Run: fmt.Sprintf("r%d", i), At: minute(i)}
		switch p[2] {
		case "ok":
			r.Passed = true
		case "broke":
		default:
			r.Whole, r.Prints = true, strings.Split(p[2], ",")
		}
		if named {
			id, attempt, _ := strings.Cut(run, "#")
			r.Run = id
			fmt.Sscan(attempt, &r.Attempt)
		}
		list = append(list, r)
	}
	return list
}

func TestJudge(t *testing.T) {
	feat := Question{Source: "gh", Task: "ci", Branch: "feat", Base: "main", Commit: "c9", Run: "this"}
	main := feat
	main.Branch = "main"
	with := func(q Question, change func(*Question)) Question {
		change(&q)
		return q
	}
	for _, tt := range []struct {
		name    string
		history string
		q       Question
		want    string // verdict since failed/passed
	}{
		{"nothing is known", "", feat, "unknown - 0/0"},
		{"the base passed", "main/c1/ok", feat, "new - 0/1"},
		{"the base failed otherwise", "main/c1/q", feat, "new - 0/1"},
		{"the base did not come so far", "main/c1/broke", feat, "unknown - 0/0"},
		{"the base passed before it broke", "main/c1/ok main/c2/broke", feat, "new - 0/1"},
		{"the base fails", "main/c1/p", feat, "on_base r0 1/0"},
		{"the base fails with others", "main/c1/a,p,q", feat, "on_base r0 1/0"},
		{"the base fails since", "main/c1/ok main/c2/p main/c3/broke main/c4/p,q", feat, "on_base r1 2/1"},
		{"the base failed before it broke", "main/c1/p main/c2/broke", feat, "on_base r0 1/0"},
		{"the base failed and is repaired", "main/c1/p main/c2/p main/c3/ok", feat, "new - 2/1"},
		{"the branch has it since", "main/c1/ok feat/c2/ok feat/c3/p feat/c4/broke feat/c5/p", feat, "new r2 2/2"},
		{"the branch has it, the base is not known", "feat/c3/p", feat, "unknown r0 1/0"},
		{"other branches do not count", "other/c1/ok other/c2/p", feat, "unknown - 0/0"},
		{"runs without a branch do not count", "/c1/p", with(feat, func(q *Question) { q.Branch, q.Base = "", "" }), "unknown - 0/0"},
		{"the run itself does not count", "main/c1/ok feat/c9/p=this", feat, "new - 0/1"},
		{"not even if it seems to have passed", "main/c1/ok feat/c9/ok=this", feat, "new - 0/1"},

		{"the base itself: new", "main/c1/ok", main, "new - 0/1"},
		{"the base itself: still", "main/c1/ok main/c2/p", main, "on_base r1 1/1"},
		{"the base itself: an attempt before", "main/c1/ok main/c9/p=this#1", with(main, func(q *Question) { q.Attempt = 2 }), "new - 0/1"},
		{"the base itself: first run", "main/c9/p=this", main, "unknown - 0/0"},

		{"the same commit passed", "main/c1/ok feat/c9/ok", feat, "flaky r1 0/2"},
		{"the same commit passed on another branch", "main/c1/p other/c9/ok", feat, "flaky r1 1/0"},
		{"the same commit passed later", "main/c1/ok feat/c9/p=this feat/c9/ok", with(feat, func(q *Question) { q.At = minute(1) }), "flaky r2 0/2"},
		{"another attempt passed", "main/c1/ok feat/c9/p=this#1 feat/c9/ok=this#2", with(feat, func(q *Question) { q.Attempt = 1 }), "flaky this 0/1"},
		{"the same commit failed otherwise", "main/c1/ok feat/c9/broke", feat, "new - 0/1"},
		{"no commit is not the same commit", "main/c1/ok feat/-/ok", with(feat, func(q *Question) { q.Commit = "" }), "new - 0/2"},
		{"a commit of the base did both", "main/c1/p main/c1/ok main/c2/p", feat, "flaky r1 2/1"},
		{"a commit of the branch did both", "main/c1/ok feat/c2/p feat/c2/ok feat/c3/p", feat, "flaky r2 2/2"},
		{"it fell twice", "main/c1/ok feat/c2/ok feat/c3/p feat/c4/ok", feat, "flaky r3 1/3"},
		{"it fell once", "main/c1/ok feat/c3/p feat/c4/ok", feat, "new - 1/2"},
		{"it fell twice on the base", "main/c1/ok main/c2/p main/c3/ok main/c4/p", feat, "flaky r2 2/2"},
		{"it fell twice on the base, this the second", "main/c1/ok main/c2/p main/c3/ok", main, "flaky r2 1/2"},
		{"work trees with changes fall as often as they like", "feat/-/ok feat/-/p feat/-/ok feat/-/p feat/-/ok feat/-/p", with(feat, func(q *Question) { q.Commit = "" }), "unknown r5 3/3"},
		{"what broke is no fall", "main/c1/ok main/c2/broke main/c3/ok main/c4/broke main/c5/ok", main, "new - 0/3"},
		{"others' falls are not its own", "main/c1/ok main/c2/q main/c3/ok main/c4/q main/c5/ok", main, "new - 0/5"},
		{"falls of long ago", "main/c1/ok main/c2/p main/c3/ok main/c4/p" + strings.Repeat(" main/c5/ok", Window), feat, fmt.Sprintf("new - 0/%d", Window)},
		{"falls of long ago on the branch", "main/c1/ok main/c2/p main/c3/ok main/c4/p" + strings.Repeat(" main/c5/ok", Window), main, fmt.Sprintf("new - 0/%d", Window)},

		{"the time counts, not the id", "main/c1/p=r20 main/c2/ok=r3", feat, "new - 1/1"},
		{"what the base did later does not count", "main/c1/ok main/c2/p", with(feat, func(q *Question) { q.At = minute(0) }), "new - 1/1"},
		{"what the branch did later does not count", "main/c1/ok feat/c2/p feat/c3/p", with(feat, func(q *Question) { q.At = minute(1) }), "new r1 2/1"},
		{"another job", "main/c1/p", with(feat, func(q *Question) { q.Job = "windows" }), "unknown - 0/0"},
		{"another task", "main/c1/p", with(feat, func(q *Question) { q.Task = "nightly" }), "unknown - 0/0"},
		{"another source", "main/c1/p", with(feat, func(q *Question) { q.Source = "local" }), "unknown - 0/0"},
		{"no base", "main/c1/p", with(feat, func(q *Question) { q.Base = "" }), "unknown - 0/0"},
	} {
		// The order in which results come to be known makes no difference.
		for order := range 3 {
			h, _ := newHistory(t)
			list := results(tt.history)
			switch order {
			case 1:
				slices.Reverse(list)
			case 2:
				r := rand.New(rand.NewPCG(1, 2))
				r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
			}
			for _, r := range list {
				record(t, h, r)
			}
			j := judge(t, h, tt.q, "p")[0]
			since := j.Since
			if since == "" {
				since = "-"
			}
			if got := fmt.Sprintf("%s %s %d/%d", j.Verdict, since, j.Failed, j.Passed); got != tt.want {
				t.Errorf("%s, order %d: %s, want %s", tt.name, order, got, tt.want)
			}
		}
	}
}

// The run that a judgement names comes with its commit and time, and each failure has its own.
func TestJudgeSeveral(t *testing.T) {
	h, _ := newHistory(t)
	record(t, h, results("main/c1/ok main/c2/a main/c3/a,b other/c9/c,a,b")...)
	got := judge(t, h, Question{Source: "gh", Task: "ci", Branch: "feat", Base: "main", Commit: "c9", Run: "this"}, "b", "a", "x", "a")
	onBase := func(run, commit string, at, failed, passed int) Judgement {
		return Judgement{Verdict: OnBase, Since: run, Commit: commit, When: minute(at), Failed: failed, Passed: passed}
	}
	x := Judgement{Verdict: Flaky, Since: "r3", Commit: "c9", When: minute(3), Passed: 3}
	want := []Judgement{onBase("r2", "c3", 2, 1, 2), onBase("r1", "c2", 1, 2, 1), x, onBase("r1", "c2", 1, 2, 1)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if all := judge(t, h, Question{Source: "gh", Task: "ci"}); len(all) != 0 {
		t.Errorf("judgements of nothing: %v", all)
	}
}
