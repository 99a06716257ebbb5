package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// newLog opens a log in a new folder, or in dir when it is given in opt.
func newLog(t testing.TB, opt Options) *Log {
	t.Helper()
	if opt.Dir == "" {
		opt.Dir = filepath.Join(t.TempDir(), "state")
	}
	l, err := Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// fill appends n records named after their numbers.
func fill(t testing.TB, l *Log, n int) {
	t.Helper()
	for range n {
		if _, err := l.Append(t.Context(), sample()); err != nil {
			t.Fatal(err)
		}
	}
}

func sample() Record {
	return Record{
		Session: "s1", Client: "claude-code/2.0", Method: "tools/call", Name: "ticket_search",
		Source: "local", Decision: Allow, Rule: "default", Args: json.RawMessage(`{"text":"login"}`),
		BytesIn: 40, BytesOut: 900, MS: 3, Outcome: "ok",
	}
}

func verify(t testing.TB, dir string) Report {
	t.Helper()
	rep, err := Verify(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// mustVerify fails the test when the log is not whole, or has not n records.
func mustVerify(t testing.TB, dir string, n int) Report {
	t.Helper()
	rep := verify(t, dir)
	if !rep.OK() || rep.Records != n {
		t.Fatalf("Verify: %d records, want %d; problems: %v", rep.Records, n, rep.Problems)
	}
	return rep
}

func logPath(dir string) string { return filepath.Join(dir, folder, current) }

func readLines(t testing.TB, path string) []string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.SplitAfter(strings.TrimSuffix(string(b), "\n")+"\n", "\n")[:bytes.Count(b, []byte("\n"))]
}

func TestRecordForm(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 8_900_000, time.FixedZone("", 3600))
	l := newLog(t, Options{Now: func() time.Time { return at }})
	write := sample()
	write.ID, write.Phase, write.Op, write.Error = "call-1", Intent, "create", "dial: refused"
	fill(t, l, 1)
	if seq, err := l.Append(t.Context(), write); err != nil || seq != 2 {
		t.Fatalf("Append = %d, %v, want 2", seq, err)
	}
	lines := readLines(t, logPath(l.opt.Dir))
	if len(lines) != 2 {
		t.Fatalf("%d lines, want 2", len(lines))
	}

	var last Record
	if err := json.Unmarshal([]byte(lines[1]), &last); err != nil {
		t.Fatal(err)
	}
	args := sha256.Sum256([]byte(`{"text":"login"}`))
	want := `{"seq":2,"time":"2026-03-04T04:06:07.008Z","id":"call-1","session":"s1","client":"claude-code/2.0",` +
		`"method":"tools/call","name":"ticket_search","source":"local","op":"create","decision":"allow","rule":"default",` +
		`"phase":"intent","args":{"text":"login"},"args_digest":"` + hex.EncodeToString(args[:]) + `",` +
		`"bytes_in":40,"bytes_out":900,"ms":3,"outcome":"ok","error":"dial: refused",` +
		`"prev":"` + last.Prev + `","hash":"` + last.Hash + `"}` + "\n"
	if diff := cmp.Diff(want, lines[1]); diff != "" {
		t.Errorf("line (-want +got):\n%s", diff)
	}

	// The hash as the package comment tells others to compute it.
	prev := strings.Repeat("0", 64)
	for _, line := range lines {
		body, _, _ := strings.Cut(line, `,"hash":`)
		sum := sha256.Sum256([]byte(prev + body + "}"))
		prev = hex.EncodeToString(sum[:])
		if !strings.Contains(line, `"hash":"`+prev+`"}`) {
			t.Errorf("hash of %s is not %s", line, prev)
		}
	}
	rep := mustVerify(t, l.opt.Dir, 2)
	if want := "2:" + prev; rep.Checkpoint() != want {
		t.Errorf("Checkpoint = %s, want %s", rep.Checkpoint(), want)
	}
	if !rep.First.Equal(at.Truncate(time.Millisecond)) {
		t.Errorf("First = %s, want %s", rep.First, at)
	}
}

func TestOpenIsLazy(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "state")
	l := newLog(t, Options{Dir: dir})
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Fatalf("Open made %s (%v)", dir, err)
	}
	if rep := verify(t, dir); !rep.OK() || rep.Records != 0 {
		t.Errorf("Verify of no log: %+v", rep)
	}
	if recs, err := Tail(t.Context(), dir, 5, nil); err != nil || len(recs) != 0 {
		t.Errorf("Tail of no log = %v, %v", recs, err)
	}
	fill(t, l, 1)
	mustVerify(t, dir, 1)
	if h := l.Health(); h.Seq != 1 || h.Written != 1 || h.Err != nil {
		t.Errorf("Health = %+v", h)
	}
}

func TestOpenRejects(t *testing.T) {
	for _, opt := range []Options{{}, {Dir: "state"}, {Dir: "/s", Rotate: -1}, {Dir: "/s", Wait: -1}} {
		if _, err := Open(opt); err == nil {
			t.Errorf("Open(%+v) succeeds", opt)
		}
	}
}

func TestHostileText(t *testing.T) {
	l := newLog(t, Options{})
	evil := "a\x1b[2J\x00\r\n\u202e\u200b\U000e0041\x7f\xff\"\\" + "\u2028é日\U0001f600"
	rec := sample()
	rec.Client, rec.Name, rec.Source, rec.Op, rec.Rule, rec.Outcome, rec.Error = evil, evil, evil, evil, evil, evil, evil
	rec.ID, rec.Session, rec.Method, rec.Decision = evil, evil, evil, evil
	rec.Args, _ = json.Marshal(map[string]string{evil: evil})
	fill(t, l, 1)
	if _, err := l.Append(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	rec.Args = json.RawMessage("not json " + evil)
	if _, err := l.Append(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(logPath(l.opt.Dir))
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range b {
		if c != '\n' && (c < ' ' || c > '~') {
			t.Fatalf("byte %#x at %d", c, i)
		}
	}
	mustVerify(t, l.opt.Dir, 3)
	recs, err := Tail(t.Context(), l.opt.Dir, 1, nil)
	if err != nil || len(recs) != 1 {
		t.Fatal(recs, err)
	}
	if want := strings.ToValidUTF8(evil, "\ufffd"); recs[0].Name != want {
		t.Errorf("Name = %q, want %q", recs[0].Name, want)
	}
	var args string
	if err := json.Unmarshal(recs[0].Args, &args); err != nil || !strings.HasPrefix(args, "not json a\x1b") {
		t.Errorf("Args = %s (%v)", recs[0].Args, err)
	}
}

func TestSizesAreCapped(t *testing.T) {
	l := newLog(t, Options{})
	for _, unit := range []string{"x", "\x00", "日", "\U0001f600", `"`} {
		long := strings.Repeat(unit, 1<<16)
		rec := Record{ID: long, Session: long, Client: long, Method: long, Name: long, Source: long, Op: long,
			Decision: long, Rule: long, Phase: long, ArgsDigest: long, Outcome: long, Error: long}
		rec.Args, _ = json.Marshal(long)
		if _, err := l.Append(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
		recs, err := Tail(t.Context(), l.opt.Dir, 1, nil)
		if err != nil || len(recs) != 1 {
			t.Fatal(recs, err)
		}
		if got, want := string(recs[0].Args), fmt.Sprintf(`{"omitted_bytes":%d}`, len(rec.Args)); got != want {
			t.Errorf("Args = %.80s, want %s", got, want)
		}
		keep, mark, _ := strings.Cut(recs[0].Name, "...(+")
		if want := fmt.Sprintf("%d)", len(long)-len(keep)); mark != want || !strings.HasPrefix(long, keep) {
			t.Errorf("Name ends ...(+%s, want %s", mark, want)
		}
	}
	for _, line := range readLines(t, logPath(l.opt.Dir)) {
		if len(line) >= maxLine {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
	mustVerify(t, l.opt.Dir, 5)
}

// The last net masks a secret in every text that comes from outside, before the hash.
func TestRedactIsLastNet(t *testing.T) {
	mask := func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("CANARY"), []byte("[redacted]")) }
	l := newLog(t, Options{Redact: mask})
	rec := Record{Client: "CANARY", Method: "CANARY", Name: "text://CANARY", Source: "CANARY", Op: "CANARY",
		Rule: "CANARY", Outcome: "CANARY", Error: "dial https://u:CANARY@h", Args: json.RawMessage(`{"sql":"select 'CANARY'"}`)}
	if _, err := l.Append(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(logPath(l.opt.Dir))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(b, []byte("CANARY")) || bytes.Count(b, []byte("[redacted]")) != 9 {
		t.Errorf("line: %s", b)
	}
	mustVerify(t, l.opt.Dir, 1)
}

func TestFiveThousandAtOnce(t *testing.T) {
	const calls = 5000
	l := newLog(t, Options{Rotate: 1 << 20})
	fill(t, l, 1)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	var wg sync.WaitGroup
	for i := range calls {
		wg.Go(func() {
			rec := sample()
			rec.ID = fmt.Sprint(i)
			if _, err := l.Append(t.Context(), rec); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	runtime.ReadMemStats(&after)
	t.Logf("%d appends at once: %s, %.1f MB from the system, %d kB of heap in use, threads %s", calls, time.Since(start).Round(time.Millisecond),
		float64(after.Sys)/1e6, after.HeapInuse/1024, threads())
	mustVerify(t, l.opt.Dir, calls+1)
	recs, err := Tail(t.Context(), l.opt.Dir, calls, nil)
	if err != nil {
		t.Fatal(err)
	}
	ids := make(map[string]bool)
	for _, r := range recs {
		ids[r.ID] = true
	}
	if len(ids) != calls {
		t.Errorf("%d different calls, want %d", len(ids), calls)
	}
}

func threads() string {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "?"
	}
	_, rest, _ := strings.Cut(string(b), "Threads:")
	n, _, _ := strings.Cut(strings.TrimSpace(rest), "\n")
	return n
}

func TestRotation(t *testing.T) {
	l := newLog(t, Options{Rotate: 4000})
	fill(t, l, 40)
	rep := mustVerify(t, l.opt.Dir, 40)
	if rep.Files < 4 {
		t.Errorf("%d files, want more", rep.Files)
	}
	names, err := filepath.Glob(filepath.Join(l.opt.Dir, folder, "audit-*.jsonl"))
	if err != nil || len(names) != rep.Files-1 {
		t.Fatalf("rotated files %v, %v", names, err)
	}
	for _, name := range names {
		var first Record
		lines := readLines(t, name)
		if err := json.Unmarshal([]byte(lines[0]), &first); err != nil {
			t.Fatal(err)
		}
		if want := rotated(first.Seq); filepath.Base(name) != want {
			t.Errorf("%s begins with record %d", name, first.Seq)
		}
		if info, err := os.Stat(name); err != nil || info.Size() > 4000 {
			t.Errorf("%s: %d bytes, %v", name, info.Size(), err)
		}
	}
	recs, err := Tail(t.Context(), l.opt.Dir, 25, nil)
	if err != nil || len(recs) != 25 || recs[0].Seq != 16 || recs[24].Seq != 40 {
		t.Errorf("Tail over files: %d records, %v", len(recs), err)
	}
	// The name to set the file aside under is taken: nothing is overwritten.
	taken := filepath.Join(l.opt.Dir, folder, rotated(l.files.last.First))
	if err := os.WriteFile(taken, []byte("evidence"), 0o600); err != nil {
		t.Fatal(err)
	}
	fill(t, l, 40)
	if b, err := os.ReadFile(taken); err != nil || string(b) != "evidence" {
		t.Errorf("%s = %q, %v", taken, b, err)
	}
}
