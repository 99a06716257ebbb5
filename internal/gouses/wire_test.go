package gouses

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/tree"
)

func sample() *input {
	return &input{
		sources: []*source{
			{path: "a.go", dir: ".", data: []byte("package a\n\nvar X = 1\nvar Y = X + X\n"), has: true, wanted: true},
			{path: "b/b.go", dir: "b", data: []byte("package b\n\nfunc F(X int) { }\n" + strings.Repeat("// more\n", small/4)), has: true, owner: true},
			{path: "c.go", dir: ".", data: nil, wanted: true},
			{path: "d.go", dir: ".", data: []byte("package a\n\nvar Z = X\n"), has: true, wanted: true},
		},
		manifests: []manifest{{"go.mod", []byte("module m\n")}, {"b/go.mod", nil}},
	}
}

func encoded(t testing.TB, name string, work, rest time.Duration, in *input) []byte {
	t.Helper()
	b, err := io.ReadAll(newRequest(name, work, rest, in))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRequest(t *testing.T) {
	in := sample()
	b := encoded(t, "a.X", 90*time.Second, 1500*time.Millisecond, in)
	for name, r := range map[string]io.Reader{"at once": bytes.NewReader(b), "byte by byte": iotest.OneByteReader(bytes.NewReader(b)),
		"as it is made": newRequest("a.X", 90*time.Second, 1500*time.Millisecond, in)} {
		got, err := readRequest(r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got.name != "a.X" || got.work != 90*time.Second || got.rest != 1500*time.Millisecond || !same(&got.input, in) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for n := range len(b) {
		if _, err := readRequest(bytes.NewReader(b[:n])); !errors.Is(err, errRequest) {
			t.Fatalf("the first %d of %d bytes: %v", n, len(b), err)
		}
	}
	if _, err := readRequest(bytes.NewReader(append(b, 0))); !errors.Is(err, errRequest) {
		t.Errorf("a byte too many: %v", err)
	}
	if err := Serve(strings.NewReader("no request"), io.Discard); !errors.Is(err, errRequest) {
		t.Errorf("Serve: %v", err)
	}
	if err := Serve(bytes.NewReader(encoded(t, "no name", time.Second, time.Second, in)), io.Discard); !errors.Is(err, errRequest) {
		t.Errorf("Serve, of what is no name: %v", err)
	}
	in.sources[0].path = "/a.go"
	if _, err := readRequest(newRequest("a.X", time.Second, time.Second, in)); !errors.Is(err, errRequest) {
		t.Errorf("an absolute path: %v", err)
	}
	in.sources[0].path, in.sources[0].data = "a.go", make([]byte, maxFile+1)
	if _, err := readRequest(newRequest("a.X", time.Second, time.Second, in)); !errors.Is(err, errRequest) {
		t.Errorf("a file that is too large: %v", err)
	}
}

func same(a, b *input) bool {
	if len(a.sources) != len(b.sources) || len(a.manifests) != len(b.manifests) {
		return false
	}
	for i, s := range a.sources {
		o := b.sources[i]
		if s.path != o.path || s.dir != o.dir || s.has != o.has || s.owner != o.owner || s.wanted != o.wanted || !bytes.Equal(s.data, o.data) {
			return false
		}
	}
	for i, m := range a.manifests {
		if o := b.manifests[i]; m.path != o.path || !bytes.Equal(m.data, o.data) {
			return false
		}
	}
	return true
}

func sampleReport() *report {
	return &report{
		files: []fileReport{
			{0, []mark{{15, verdict{is: defined}}, {29, verdict{is: used}}, {33, verdict{unsure, UnknownType}}}},
			{3, []mark{{19, verdict{unsure, TooManyBuilds}}}},
		},
		declared: true, ended: true, tally: tally{1, 2, 3, 4, 5, 6},
	}
}

// What a check of these files cannot have said is refused.
func TestReport(t *testing.T) {
	in, n := sample(), name{last: "X"}
	b, err := sampleReport().write()
	if err != nil {
		t.Fatal(err)
	}
	got, err := readReport(b, n, in)
	if d := cmp.Diff(sampleReport(), got, cmp.AllowUnexported(report{}, fileReport{}, mark{}, verdict{}, tally{})); err != nil || d != "" {
		t.Fatalf("%v (-want +got):\n%s", err, d)
	}
	for k := range len(b) {
		if _, err := readReport(b[:k], n, in); !errors.Is(err, errDamaged) {
			t.Fatalf("the first %d of %d bytes: %v", k, len(b), err)
		}
	}
	if _, err := readReport(append(bytes.Clone(b), 0), n, in); !errors.Is(err, errDamaged) {
		t.Errorf("a byte too many: %v", err)
	}
	for name, files := range map[string][]fileReport{
		"a file that is not there":     {{4, []mark{{0, verdict{is: used}}}}},
		"a file that is not asked of":  {{1, []mark{{18, verdict{is: used}}}}},
		"a file without the name":      {{2, []mark{{0, verdict{is: used}}}}},
		"no mark":                      {{0, nil}},
		"files out of order":           {{3, []mark{{19, verdict{is: used}}}}, {0, []mark{{15, verdict{is: used}}}}},
		"a file twice":                 {{0, []mark{{15, verdict{is: used}}}}, {0, []mark{{29, verdict{is: used}}}}},
		"not at the name":              {{0, []mark{{16, verdict{is: used}}}}},
		"an offset beyond the file":    {{0, []mark{{1 << 20, verdict{is: used}}}}},
		"the end of the file":          {{0, []mark{{35, verdict{is: used}}}}},
		"marks out of order":           {{0, []mark{{29, verdict{is: used}}, {15, verdict{is: used}}}}},
		"a mark twice":                 {{0, []mark{{29, verdict{is: used}}, {29, verdict{is: used}}}}},
		"something else":               {{0, []mark{{15, verdict{}}}}},
		"unsure without a reason":      {{0, []mark{{15, verdict{is: unsure}}}}},
		"a use with a reason":          {{0, []mark{{15, verdict{used, UnknownType}}}}},
		"a reason that does not exist": {{0, []mark{{15, verdict{unsure, "because"}}}}},
	} {
		b, err := (&report{files: files}).write()
		if err != nil {
			t.Fatal(err)
		}
		if r, err := readReport(b, n, in); !errors.Is(err, errDamaged) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	large := &report{files: []fileReport{{0, make([]mark, maxAnswer/5)}}}
	if _, err := large.write(); !errors.Is(err, errTooLarge) {
		t.Errorf("a report that is too large: %v", err)
	}
}

func TestShares(t *testing.T) {
	for _, all := range []time.Duration{100 * time.Millisecond, time.Second, 4 * time.Second, time.Minute, 2 * time.Minute} {
		ctx, cancel := context.WithTimeout(t.Context(), all)
		work, rest := shares(ctx)
		cancel()
		if work < all/4 || rest <= 0 || rest > grace || work+rest >= all {
			t.Errorf("of %v the worker has %v, and %v for what is under way", all, work, rest)
		}
	}
}

// Whatever a stream is, it is refused, or is the only way to write the request.
func FuzzRequest(f *testing.F) {
	f.Add(encoded(f, "a.X", time.Minute, time.Second, sample()))
	f.Add(encoded(f, "X", 0, 0, &input{}))
	f.Add([]byte(requestMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := readRequest(bytes.NewReader(b))
		if err != nil {
			return
		}
		if again := encoded(t, got.name, got.work, got.rest, &got.input); !bytes.Equal(b, again) {
			t.Errorf("%q is read as %q", b, again)
		}
	})
}

// Whatever an answer is, it is refused, or is the only way to write a report whose marks
// are at the name in files that were asked about, and the result has no other places.
func FuzzReport(f *testing.F) {
	b, err := sampleReport().write()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:len(b)-13])
	f.Add(append([]byte(reportMagic), make([]byte, 29)...))
	f.Add(append(append([]byte(reportMagic), make([]byte, 25)...), 0xff, 0xff, 0xff, 0xff))
	f.Fuzz(func(t *testing.T, b []byte) {
		in, n := sample(), name{last: "X"}
		got, err := readReport(b, n, in)
		if err != nil {
			return
		}
		if again, err := got.write(); err != nil || !bytes.Equal(b, again) {
			t.Errorf("%q is read as %q, %v", b, again, err)
		}
		res := (&loaded{input: *in}).result(got, n, nil)
		for _, list := range [][]Pos{res.Defs, res.Uses, res.Unsure} {
			for _, p := range list {
				for _, s := range in.sources {
					if s.path == p.Path && (!s.wanted || !strings.HasPrefix(strings.Split(string(s.data), "\n")[p.Line-1][p.Col-1:], "X")) {
						t.Errorf("the name is not at %v", p)
					}
				}
			}
		}
	})
}

// load leaves out what a request could not hold.
func TestManifests(t *testing.T) {
	l, err := load(t.Context(), manyManifests(maxFiles+10), Query{}, name{last: "X"})
	if err != nil || len(l.manifests) != maxFiles || l.over != 10 {
		t.Fatalf("%d manifests, %d left out, %v", len(l.manifests), l.over, err)
	}
	if got, err := readRequest(newRequest("X", 0, 0, &l.input)); err != nil || len(got.manifests) != maxFiles {
		t.Errorf("the request: %v", err)
	}
}

type manyManifests int

func (n manyManifests) Walk(_ context.Context, _ tree.WalkOptions, fn func(int, *tree.Entry) error) (tree.WalkStats, error) {
	for range n {
		if err := fn(0, tree.NewEntry("go.mod", emptyFile{})); err != nil {
			return tree.WalkStats{}, err
		}
	}
	return tree.WalkStats{}, nil
}

type emptyFile struct{}

func (emptyFile) Read([]byte, int64) ([]byte, error) { return nil, nil }
func (emptyFile) Stat() (int64, time.Time, error)    { return 0, time.Time{}, nil }
