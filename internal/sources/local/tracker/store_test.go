package tracker_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the other program

	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
)

func TestNothingIsMadeByReading(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	tr := open(t, dir, "me", clock())
	if page, err := tr.Search(t.Context(), tickets.Query{}); err != nil || len(page.Tickets) != 0 || len(page.Notes) != 1 {
		t.Errorf("%+v, %v", page, err)
	}
	if _, err := tr.Ticket(t.Context(), "ct-abcd", tickets.Want{}); fail.From(err).Code != fail.NotFound {
		t.Error(err)
	}
	title := "x"
	if _, err := tr.Prepare(t.Context(), tickets.Write{Op: tickets.Create, Changes: tickets.Changes{Title: &title}}); err != nil {
		t.Error(err)
	}
	if text := export(t, tr); strings.Count(text, "\n") != 1 {
		t.Errorf("%q", text)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 0 {
		t.Errorf("there are files: %v, %v", list, err)
	}
}

func TestMode(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no mode there")
	}
	dir := filepath.Join(t.TempDir(), "state")
	tr := open(t, dir, "me", clock())
	create(t, tr, "x")
	list, err := os.ReadDir(dir)
	if err != nil || len(list) < 2 {
		t.Fatal(list, err)
	}
	for _, f := range list {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f.Name(), info.Mode(), err)
		}
	}
}

// A file that is no store is an error, and stays as it is.
func TestDamaged(t *testing.T) {
	for name, do := range map[string]func(t *testing.T, path string){
		"garbage": func(t *testing.T, path string) { overwrite(t, path, []byte(strings.Repeat("garbage ", 1000))) },
		"cut": func(t *testing.T, path string) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			overwrite(t, path, data[:len(data)/2])
		},
		"newer": func(t *testing.T, path string) { statement(t, path, "PRAGMA user_version=7") },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			tr := open(t, dir, "me", clock())
			random(t, tr, newRand(), nil, 30)
			if err := tr.Close(); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "tickets.db")
			do(t, path)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			tr = open(t, dir, "me", clock())
			_, err = tr.Search(t.Context(), tickets.Query{})
			if f := fail.From(err); err == nil || f.Code != fail.Unavailable || name == "newer" && !strings.Contains(f.What, "version 7") {
				t.Errorf("search: %v", err)
			}
			title := "x"
			if _, err := try(t, tr, tickets.Write{Op: tickets.Create, Changes: tickets.Changes{Title: &title}}); err == nil || fail.From(err).Code != fail.Unavailable {
				t.Errorf("create: %v", err)
			}
			if err := tr.Close(); err != nil {
				t.Fatal(err)
			}
			if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
				t.Errorf("the file was changed: %v", err)
			}
		})
	}
}

func overwrite(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func statement(t *testing.T, path, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err == nil {
		_, err = db.Exec(text)
	}
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// The folder is removed while the store is open: the next write makes a new one.
func TestRemoved(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("an open file cannot be removed there")
	}
	dir := filepath.Join(t.TempDir(), "state")
	tr := open(t, dir, "me", clock())
	old := create(t, tr, "Old")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Ticket(t.Context(), old, tickets.Want{}); fail.From(err).Code != fail.NotFound {
		t.Errorf("a ticket of the file that is gone: %v", err)
	}
	key := create(t, tr, "New")
	again := open(t, dir, "me", clock())
	if x, err := again.Ticket(t.Context(), key, tickets.Want{}); err != nil || x.Title != "New" {
		t.Errorf("%+v, %v", x, err)
	}
}

// Another process holds the lock: the write waits, and ends with its context.
func TestWaits(t *testing.T) {
	dir := t.TempDir()
	tr := open(t, dir, "me", clock())
	create(t, tr, "x")
	db, err := sql.Open("sqlite", filepath.Join(dir, "tickets.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	c, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	title := "y"
	p, err := tr.Prepare(t.Context(), tickets.Write{Op: tickets.Create, Changes: tickets.Changes{Title: &title}})
	if err != nil {
		t.Fatal(fail.Show(err)) // reading goes on
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := p.Send(ctx); fail.From(err).Code != fail.Timeout {
		t.Errorf("while the lock is held: %v", err)
	}
	done := make(chan error)
	go func() { _, err := p.Send(t.Context()); done <- err }()
	if _, err := c.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(fail.Show(err))
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestCycles(t *testing.T) {
	tr := open(t, t.TempDir(), "me", clock())
	var keys []string
	for i := range 5 {
		keys = append(keys, create(t, tr, fmt.Sprint("Ticket ", i)))
	}
	for _, kind := range []string{"blocks", "parent"} {
		for i := range 4 {
			write(t, tr, tickets.Write{Op: tickets.Relate, Key: keys[i], Kind: kind, To: keys[i+1]})
		}
		for _, w := range []tickets.Write{
			{Op: tickets.Relate, Key: keys[4], Kind: kind, To: keys[0]},
			{Op: tickets.Relate, Key: keys[0], Kind: tickets.Inverse(kind), To: keys[4]},
		} {
			_, err := tr.Prepare(t.Context(), w)
			f := fail.From(err)
			if err == nil || f.Code != fail.Invalid || kind == "blocks" && !strings.Contains(f.What, strings.Join(append(keys[4:5:5], keys...), " blocks ")) {
				t.Errorf("%+v: %v", w, err)
			}
		}
	}
	_, err := tr.Prepare(t.Context(), tickets.Write{Op: tickets.Update, Key: keys[4], Changes: tickets.Changes{Parent: &keys[0]}})
	if fail.From(err).Code != fail.Invalid {
		t.Errorf("a parent that is a descendant: %v", err)
	}
	write(t, tr, tickets.Write{Op: tickets.Relate, Key: keys[4], Kind: "related", To: keys[0]})
}

// Events and links are read back as they were made, with what led to them.
func TestHistory(t *testing.T) {
	tr := open(t, t.TempDir(), "Ann", clock())
	key, other := create(t, tr, "One"), create(t, tr, "Two")
	title := "One, renamed"
	write(t, tr, tickets.Write{Op: tickets.Update, Key: key, Changes: tickets.Changes{Title: &title, Add: []string{"x"}, Priority: "urgent", Type: "Bug"}})
	write(t, tr, tickets.Write{Op: tickets.Move, Key: key, To: "wontdo"})
	write(t, tr, tickets.Write{Op: tickets.Relate, Key: key, Kind: "blocked_by", To: other})
	x, err := tr.Ticket(t.Context(), key, tickets.Want{Events: 20})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range x.Events {
		got = append(got, fmt.Sprintf("%s %s: %q to %q", e.Author, e.What, e.From, e.To))
	}
	want := []string{`Ann link: "" to "blocked_by ` + other + `"`, `Ann state: "todo" to "wontdo"`, `Ann labeled: "" to "x"`, `Ann priority: "" to "P0"`,
		`Ann type: "task" to "bug"`, `Ann title: "One" to "One, renamed"`, `Ann created: "" to "One"`}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the history is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	first, err := tr.Ticket(t.Context(), key, tickets.Want{Events: 3})
	if err != nil || first.Cursor == "" {
		t.Fatalf("%+v, %v", first, err)
	}
	rest, err := tr.Ticket(t.Context(), key, tickets.Want{Events: 20, Cursor: first.Cursor})
	if err != nil || len(first.Events)+len(rest.Events) != len(want) || rest.Cursor != "" {
		t.Errorf("%d and %d events, %v", len(first.Events), len(rest.Events), err)
	}
}
