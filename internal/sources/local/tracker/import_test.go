package tracker_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/sources/local/tracker"
	"cleat/internal/systems/tickets"
)

// A clock goes on by a second at each look.
func clock() func() time.Time {
	at := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	return func() time.Time { at = at.Add(time.Second); return at }
}

func write(tb testing.TB, t *tracker.Tracker, w tickets.Write) *tickets.Ticket {
	tb.Helper()
	out, err := try(tb, t, w)
	if err != nil {
		tb.Fatalf("%s %s: %s", w.Op, w.Key, fail.Show(err))
	}
	return out
}

func try(tb testing.TB, t *tracker.Tracker, w tickets.Write) (*tickets.Ticket, error) {
	p, err := t.Prepare(tb.Context(), w)
	if err != nil {
		return nil, err
	}
	return p.Send(tb.Context())
}

func create(tb testing.TB, t *tracker.Tracker, title string) string {
	tb.Helper()
	return write(tb, t, tickets.Write{Op: tickets.Create, Changes: tickets.Changes{Title: &title}}).Key
}

func export(tb testing.TB, t *tracker.Tracker) string {
	tb.Helper()
	var b bytes.Buffer
	if err := t.Export(tb.Context(), &b); err != nil {
		tb.Fatal(fail.Show(err))
	}
	return b.String()
}

func load(tb testing.TB, t *tracker.Tracker, text string) tracker.Report {
	tb.Helper()
	r, err := t.Import(tb.Context(), strings.NewReader(text))
	if err != nil {
		tb.Fatal(fail.Show(err))
	}
	t.Check(tb)
	return r
}

// random makes n changes of tickets.
func random(tb testing.TB, t *tracker.Tracker, r *rand.Rand, keys []string, n int) []string {
	tb.Helper()
	pick := func() string { return keys[r.IntN(len(keys))] }
	for i := range n {
		if len(keys) < 3 || r.IntN(4) == 0 {
			keys = append(keys, create(tb, t, fmt.Sprintf("Ticket <%d> & \u2028 \"more\"", r.IntN(1000))))
			continue
		}
		w := tickets.Write{Key: pick()}
		switch r.IntN(6) {
		case 0:
			w.Op, w.Changes.Comment = tickets.Remark, strings.Repeat("words\r\n\t\U0001f600", 1+r.IntN(5))
		case 1:
			w.Op, w.To = tickets.Move, []string{"todo", "active", "done", "wontdo", "duplicate"}[r.IntN(5)]
		case 2:
			w.Op, w.Kind, w.To = tickets.Relate, tickets.LinkKinds()[r.IntN(9)], pick()
			w.Remove = r.IntN(3) == 0
		case 3:
			w.Op, w.Changes.Body = tickets.Update, func(string) (string, error) { return fmt.Sprintf("body %d\n", i), nil }
		case 4:
			w.Op, w.Changes.Add, w.Changes.Remove = tickets.Update, []string{fmt.Sprint("l", r.IntN(5))}, []string{fmt.Sprint("l", r.IntN(5))}
		case 5:
			w.Op, w.Changes.Assignees, w.Changes.Priority = tickets.Update, &[]string{"me", fmt.Sprint("p", r.IntN(3))}, fmt.Sprint("P", r.IntN(5))
		}
		if _, err := try(tb, t, w); err != nil {
			if code := fail.From(err).Code; code != fail.Conflict && code != fail.Invalid && code != fail.NotFound {
				tb.Fatalf("%+v: %s", w, fail.Show(err))
			}
		}
	}
	return keys
}

// What is exported and imported is exported the same, and two stores that were changed apart
// are equal when each has imported the other.
func TestRoundTrip(t *testing.T) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 1))
		dir, now := t.TempDir(), clock()
		a, b := open(t, filepath.Join(dir, "a"), "ann", now), open(t, filepath.Join(dir, "b"), "bob", now)
		keys := random(t, a, r, nil, 60)
		text := export(t, a)
		if got := load(t, b, text); got.Added != strings.Count(text, "\n")-1 {
			t.Errorf("seed %d: %+v", seed, got)
		}
		if diff := cmp.Diff(text, export(t, b)); diff != "" {
			t.Fatalf("seed %d: after a round trip (-want +got):\n%s", seed, diff)
		}
		if got := load(t, b, text); got.Added+got.Updated+got.Kept+got.Comments+len(got.Conflicts) != 0 {
			t.Errorf("seed %d: imported twice: %+v", seed, got)
		}
		random(t, a, r, keys, 40)
		random(t, b, r, keys, 40)
		before := export(t, a)
		if _, err := a.Import(t.Context(), strings.NewReader(export(t, b))); err != nil {
			// Two links that are each good alone may make a cycle.
			if f := fail.From(err); f.Code != fail.Invalid || !strings.Contains(f.What, "cycle") || export(t, a) != before {
				t.Fatalf("seed %d: %s", seed, fail.Show(err))
			}
			continue
		}
		load(t, b, export(t, a))
		if diff := cmp.Diff(export(t, a), export(t, b)); diff != "" {
			t.Errorf("seed %d: after both imported (-a +b):\n%s", seed, diff)
		}
	}
}

func TestMerge(t *testing.T) {
	dir, now := t.TempDir(), clock()
	a, b := open(t, filepath.Join(dir, "a"), "ann", now), open(t, filepath.Join(dir, "b"), "bob", now)
	one, two, three := create(t, a, "One"), create(t, a, "Two"), create(t, a, "Three")
	load(t, b, export(t, a))
	rename := func(tr *tracker.Tracker, key, title string) {
		write(t, tr, tickets.Write{Op: tickets.Update, Key: key, Changes: tickets.Changes{Title: &title}})
	}
	rename(a, one, "One of a")
	rename(b, one, "One of b") // later
	rename(a, two, "Two of a")
	rename(b, three, "Three of b")
	write(t, b, tickets.Write{Op: tickets.Remark, Key: two, Changes: tickets.Changes{Comment: "Of b."}})
	got := load(t, a, export(t, b))
	if got.Updated != 1 || got.Kept != 1 || got.Comments != 1 || len(got.Conflicts) != 1 {
		t.Fatalf("%+v", got)
	}
	if c := got.Conflicts[0]; c.Ours.Title != "One of a" || c.Theirs.Title != "One of b" || !c.Took || c.Ours.Key != one {
		t.Errorf("the conflict is %+v", c)
	}
	for key, want := range map[string]string{one: "One of b", two: "Two of a", three: "Three of b"} {
		if got, err := a.Ticket(t.Context(), key, tickets.Want{}); err != nil || got.Title != want {
			t.Errorf("%s: %+v, %v, want %q", key, got, err, want)
		}
	}
}

// A key that means another ticket in each store is given to the one that is there.
func TestRename(t *testing.T) {
	dir, now := t.TempDir(), clock()
	a, b := open(t, filepath.Join(dir, "a"), "ann", now), open(t, filepath.Join(dir, "b"), "bob", now)
	create(t, a, "Of a")
	a.Exec(t, "UPDATE tickets SET key='ct-same'")
	create(t, b, "Of b")
	b.Exec(t, "UPDATE tickets SET key='ct-same'")
	child := create(t, b, "Child")
	write(t, b, tickets.Write{Op: tickets.Relate, Key: child, Kind: "parent", To: "ct-same"})
	got := load(t, a, export(t, b))
	if got.Added != 2 || len(got.Renamed) != 1 || got.Renamed[0].From != "ct-same" {
		t.Fatalf("%+v", got)
	}
	for key, want := range map[string]string{"ct-same": "Of a", got.Renamed[0].To: "Of b"} {
		if got, err := a.Ticket(t.Context(), key, tickets.Want{}); err != nil || got.Title != want {
			t.Errorf("%s: %+v, %v, want %q", key, got, err, want)
		}
	}
	if c, err := a.Ticket(t.Context(), child, tickets.Want{}); err != nil || c.Parent != got.Renamed[0].To {
		t.Errorf("the child's parent is %+v, %v", c, err)
	}
	if again := load(t, a, export(t, b)); again.Same != 2 {
		t.Errorf("imported twice: %+v", again)
	}
}

func TestBadImport(t *testing.T) {
	tr := open(t, filepath.Join(t.TempDir(), "state"), "ann", clock())
	random(t, tr, rand.New(rand.NewPCG(1, 2)), nil, 40)
	text := export(t, tr)
	good := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	change := func(f func(map[string]any)) string {
		m := map[string]any{}
		if err := json.Unmarshal([]byte(good[2]), &m); err != nil {
			t.Fatal(err)
		}
		f(m)
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join([]string{good[0], good[1], string(b)}, "\n")
	}
	set := func(key string, v any) string { return change(func(m map[string]any) { m[key] = v }) }
	for name, r := range map[string]struct {
		text string
		line string
	}{
		"no header":      {good[1], "line 1"},
		"not JSON":       {good[0] + "\n" + good[1] + "\n{", "line 3"},
		"blank line":     {good[0] + "\n\n" + good[1], "line 2"},
		"twice":          {good[0] + "\n" + good[1] + "\n" + good[1], "line 3"},
		"key":            {set("key", "../../x"), "line 3"},
		"uid":            {set("uid", "x"), "line 3"},
		"state":          {set("state", "pondering"), "line 3"},
		"priority":       {set("priority", "P9"), "line 3"},
		"title":          {set("title", ""), "line 3"},
		"type of title":  {set("title", 1), "line 3"},
		"unknown field":  {set("surprise", 1), "line 3"},
		"time":           {set("created", "0001-01-01T00:00:00Z"), "line 3"},
		"rev":            {set("rev", -1), "line 3"},
		"label":          {set("labels", []string{"a\x1fb"}), "line 3"},
		"labels twice":   {set("labels", []string{"a", "a"}), "line 3"},
		"link":           {set("links", []map[string]string{{"kind": "blocks", "to": "ct-nowhere"}}), "line 3"},
		"kind of a link": {set("links", []map[string]string{{"kind": "blocked_by", "to": "ct-abcd"}}), "line 3"},
		"comment":        {set("comments", []map[string]string{{"uid": "a b", "author": "x", "created": "2026-01-01T00:00:00Z", "body": "x"}}), "line 3"},
		"deep":           {good[0] + "\n" + strings.Repeat("[", 100_000), "line 2"},
	} {
		other := open(t, filepath.Join(t.TempDir(), "state"), "ann", clock())
		if name == "link" { // of a ticket that is known its links would not be looked at
			r.text = strings.Replace(r.text, good[1]+"\n", "", 1)
			r.line = "line 2"
		}
		_, err := other.Import(t.Context(), strings.NewReader(r.text))
		if f := fail.From(err); err == nil || f.Code != fail.Invalid || !strings.HasPrefix(f.What, r.line) {
			t.Errorf("%s: %v, want %s", name, err, r.line)
		}
		if got := export(t, other); strings.Count(got, "\n") != 1 {
			t.Errorf("%s: something was imported: %s", name, got)
		}
	}
	if _, err := tr.Import(t.Context(), strings.NewReader(`{"cleat":"tickets","version":2}`)); fail.From(err).Code != fail.Unsupported {
		t.Errorf("a newer version: %v", err)
	}
	if diff := cmp.Diff(text, export(t, tr)); diff != "" {
		t.Error(diff)
	}
}

// Whatever is imported is refused, or exported and imported again to the same.
func FuzzImport(f *testing.F) {
	line := `{"key":"ct-abcd","uid":"abcdefghjkmnpqrstvwxyz0123","title":"t","state":"todo","type":"task","author":"a","created":"2026-01-01T00:00:00Z","updated":"2026-01-01T00:00:00Z","rev":1`
	f.Add(line + "}")
	f.Add(line + `,"labels":["a"],"comments":[{"uid":"1","author":"a","created":"2026-01-01T00:00:00+05:00","body":"b"}]}`)
	f.Add(line + `,"body":"\u0000\ud800"}` + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		dir := t.TempDir()
		a, b := open(t, filepath.Join(dir, "a"), "x", clock()), open(t, filepath.Join(dir, "b"), "x", clock())
		if _, err := a.Import(t.Context(), strings.NewReader("{\"cleat\":\"tickets\",\"version\":1}\n"+text)); err != nil {
			if code := fail.From(err).Code; code != fail.Invalid {
				t.Fatal(err)
			}
			return
		}
		out := export(t, a)
		load(t, b, out)
		if diff := cmp.Diff(out, export(t, b)); diff != "" {
			t.Error(diff)
		}
	})
}
