package config

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cleat/internal/gate/policy"
)

func TestWatcher(t *testing.T) {
	o := setup(t, "[policy]\ndeny = [\"db_*\"]", "", "")
	projectFile := filepath.Join(o.Root, ProjectFile)
	c := mustLoad(t, o)
	inv := policy.Inventory{Capabilities: []policy.Capability{{Name: "db_query"}, {Name: "find"}, {Name: "ticket_write"}}}
	w := NewWatcher(c, func(p *policy.Policy) []error { return p.Validate(inv) })
	expect := func(step string, find, db bool, note string) {
		t.Helper()
		p, got := w.Current()
		for name, want := range map[string]bool{"find": find, "db_query": db} {
			if d := p.Check(policy.Query{Names: []string{name}, Access: policy.Read}); d.Allow != want {
				t.Errorf("%s: %s: %+v, want %t", step, name, d, want)
			}
		}
		if got = strings.ReplaceAll(got, filepath.Dir(o.Root), "$DIR"); got != note {
			t.Errorf("%s: note %q\nwant %q", step, got, note)
		}
	}
	const edited = "the configuration was edited: what it forbids counts now, what it allows or adds counts after a restart"
	const broken = "the configuration was edited and is broken now, so the policy is as before: "

	expect("start", true, false, "")
	expect("again", true, false, "")
	write(t, projectFile, "[policy]\ndeny = [\"find\"]")
	expect("deny added", false, false, edited)
	write(t, projectFile, "[policy]\ndeny = [\"fin*\"]")
	expect("deny changed, same size", false, false, edited)
	write(t, projectFile, "[policy]\ndeny = []")
	expect("deny removed again", false, false, edited)
	write(t, projectFile, "[policy]\ndny = []")
	expect("broken", false, false, broken+`cleat.toml:2:1: policy: unknown key "dny", want one of allow, deny, read_only; did you mean deny?`)
	write(t, projectFile, "[policy]\ndeny = [\"tickt_write\"]\nallow = [\"x\"]")
	expect("a rule that names nothing", false, false, broken+`cleat.toml:2: policy: rule tickt_write: no tool, resource or prompt matches "tickt_write"; did you mean ticket_write? (and 1 more)`)
	check(t, os.Remove(projectFile))
	check(t, os.Symlink("nothing", projectFile))
	expect("dangling", false, false, broken+"cleat.toml: it is a link to nothing; remove the link, or make its target")
	check(t, os.Remove(projectFile))
	expect("removed", false, false, edited)
	check(t, os.Remove(o.Managed))
	expect("managed removed", false, false, edited)
	if !c.Changed() {
		t.Error("Changed: false")
	}

	// After a restart the files alone count.
	w = NewWatcher(mustLoad(t, o), nil)
	expect("restart", true, true, "")
}

// TestWatcherSeesQuickEdits: edits of the same size within one tick of the file
// system's clock are seen by the next call.
func TestWatcherSeesQuickEdits(t *testing.T) {
	for range 50 {
		o := setup(t, "", "", "[policy]\ndeny = [\"aaaa\"]")
		w := NewWatcher(mustLoad(t, o), nil)
		write(t, filepath.Join(o.Root, ProjectFile), "[policy]\ndeny = [\"find\"]")
		if p, _ := w.Current(); p.Check(policy.Query{Names: []string{"find"}, Access: policy.Read}).Allow {
			t.Fatal("an edit right after the start is not seen")
		}
	}
}

func TestWatcherPermissions(t *testing.T) {
	o := setup(t, "[policy]\nread_only = true", "", "")
	w := NewWatcher(mustLoad(t, o), nil)
	w.now = func() time.Time { return time.Now().Add(time.Hour) }
	w.Current()
	if !w.state.Load().settled {
		t.Error("files that were not changed for an hour are read again")
	}
	check(t, os.Chmod(o.Managed, 0o666))
	if _, note := w.Current(); !strings.Contains(note, "can be written by its group or by anyone") {
		t.Errorf("note %q, want the loose permissions", note)
	}
}

func TestWatcherConcurrently(t *testing.T) {
	o := setup(t, "", "", "")
	w := NewWatcher(mustLoad(t, o), nil)
	q := policy.Query{Names: []string{"find"}, Access: policy.Read}
	var wg sync.WaitGroup
	var once sync.Once
	for range 8 {
		wg.Go(func() {
			denied := false
			for i := range 200 {
				if i == 50 {
					once.Do(func() { write(t, filepath.Join(o.Root, ProjectFile), "[policy]\ndeny = [\"find\"]") })
				}
				p, _ := w.Current()
				allow := p.Check(q).Allow
				if denied && allow {
					t.Error("allowed after it was denied")
				}
				denied = denied || !allow
			}
			if !denied {
				t.Error("the edit is not seen")
			}
		})
	}
	wg.Wait()
}

func TestFingerprint(t *testing.T) {
	o := setup(t, "", "[policy]\nread_only = true", "")
	c := mustLoad(t, o)
	before := c.Fingerprint()
	if c.Changed() || before != c.Fingerprint() {
		t.Error("changed without an edit")
	}
	write(t, filepath.Join(o.Root, ProjectFile), "# here now")
	if !c.Changed() || before == c.Fingerprint() {
		t.Error("a new file is not seen")
	}
}

func BenchmarkCurrent(b *testing.B) {
	o := setup(b, "[policy]\nread_only = true", "[policy]\nread_only = true", "[policy]\nread_only = true")
	w := NewWatcher(mustLoad(b, o), nil)
	w.now = func() time.Time { return time.Now().Add(time.Hour) }
	b.ReportAllocs()
	for b.Loop() {
		w.Current()
	}
}
