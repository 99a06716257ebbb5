package gouses_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"cleat/internal/fail"
	"cleat/internal/gouses"
)

// served is a worker without a process.
func served(_ context.Context, request io.Reader, most int64) ([]byte, error) {
	var out bytes.Buffer
	if err := gouses.Serve(request, &out); err != nil {
		return nil, err
	}
	if int64(out.Len()) > most {
		return nil, errors.New("the answer is too large")
	}
	return out.Bytes(), nil
}

// By way of a worker, Find says what it says without one.
func TestWorker(t *testing.T) {
	for name, archive := range fixtures() {
		t.Run(name, func(t *testing.T) {
			r := write(t, archive)
			for _, n := range strings.Fields(string(txtar.Parse([]byte(archive)).Comment)) {
				q := gouses.Query{Name: n}
				want := find(t, r, q)
				q.Worker = served
				if d := gocmp.Diff(want, find(t, r, q)); d != "" {
					t.Errorf("%s (-in the process +by a worker):\n%s", n, d)
				}
			}
		})
	}
}

const small = `
-- go.mod --
module m
-- a.go --
package m

type T struct{}

func (T) M() {}

func f(t T) { secret := "hunter2"; t.M(); _ = secret }
-- b/b.go --
package b

import "m"

var _ = m.T{}.M
`

func TestWorkerSeesNoMore(t *testing.T) {
	r := write(t, small)
	var sent []byte
	q := gouses.Query{Name: "T.M", Paths: []string{"a.go"}, Deny: func(p string) bool { return p == "b" },
		Redact: func(_ string, b []byte) []byte {
			return bytes.ReplaceAll(b, []byte("hunter2"), []byte("[longer than that]"))
		},
		Worker: func(ctx context.Context, request io.Reader, most int64) ([]byte, error) {
			var err error
			if sent, err = io.ReadAll(request); err != nil {
				return nil, err
			}
			return served(ctx, bytes.NewReader(sent), most)
		}}
	res := find(t, r, q)
	if d := gocmp.Diff([]string{"a.go:5:10", "a.go:7:49"}, append(show(res.Defs, false), show(res.Uses, false)...)); d != "" || len(res.Unsure) > 0 {
		t.Errorf("(-want +got):\n%s\n%+v", d, res)
	}
	if bytes.Contains(sent, []byte("package b")) {
		t.Error("a closed file was sent")
	}
	// Without the name there is nothing to be asked.
	sent = nil
	q.Name, q.Paths = "T.Nowhere", nil
	if res = find(t, r, q); sent != nil || res.Note != "nothing of that name is declared in the files" {
		t.Errorf("%d bytes were sent; %+v", len(sent), res)
	}
}

// A worker that does not come to an end, or that lies, is an error; whatever it says, no
// place is returned where the name is not.
func TestWorkerFails(t *testing.T) {
	r := write(t, small)
	ask := func(answer []byte, err error) (*gouses.Result, error) {
		return gouses.Find(t.Context(), r, gouses.Query{Name: "T.M", Worker: func(context.Context, io.Reader, int64) ([]byte, error) {
			return answer, err
		}})
	}
	broken := errors.New("broken")
	if _, err := ask(nil, broken); !errors.Is(err, broken) || fail.From(err).Code != fail.Internal {
		t.Errorf("a fault: %v", err)
	}
	_, err := ask(nil, fail.Errorf(fail.Unavailable, "SIGKILL"))
	if f := fail.From(err); f.Code != fail.Unavailable || f.What != "the type check ended early (SIGKILL)" {
		t.Errorf("a worker that was killed: %v", err)
	}
	_, err = ask(nil, nil)
	if f := fail.From(err); f.Code != fail.Unavailable || f.What != "the type check ended early (its answer is damaged)" {
		t.Errorf("no answer: %v", err)
	}
	var good []byte
	find(t, r, gouses.Query{Name: "T.M", Worker: func(ctx context.Context, request io.Reader, most int64) ([]byte, error) {
		var err error
		good, err = served(ctx, request, most)
		return good, err
	}})
	for i := range good {
		for _, bit := range []byte{1, 2, 4, 0x80, 0xff} {
			bad := bytes.Clone(good)
			bad[i] ^= bit
			res, err := ask(bad, nil)
			if err != nil {
				if fail.From(err).Code != fail.Unavailable {
					t.Errorf("byte %d, bit %x: %v", i, bit, err)
				}
				continue
			}
			for _, list := range [][]gouses.Pos{res.Defs, res.Uses, res.Unsure} {
				for _, p := range list {
					if !stands(txtar.Parse([]byte(small)).Files, p, "M") {
						t.Errorf("byte %d, bit %x: the name is not at %v", i, bit, p)
					}
				}
			}
		}
	}
}

// A worker ends with the context, and that is no error.
func TestWorkerContextEnds(t *testing.T) {
	r := write(t, small)
	ctx, cancel := context.WithCancel(t.Context())
	waits := func(ctx context.Context, _ io.Reader, _ int64) ([]byte, error) {
		cancel()
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	res, err := gouses.Find(ctx, r, gouses.Query{Name: "T.M", Worker: waits})
	if err != nil || res.Note != "the call was canceled before all was checked" {
		t.Errorf("canceled: %+v, %v", res, err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	res, err = gouses.Find(ctx, r, gouses.Query{Name: "T.M", Worker: waits})
	if err != nil || !strings.Contains(res.Note, "deadline") {
		t.Errorf("past the deadline: %+v, %v", res, err)
	}
}

func TestFinder(t *testing.T) {
	r := write(t, small)
	asked := ""
	for _, worker := range []func(context.Context, string, io.Reader, int64) ([]byte, error){nil,
		func(ctx context.Context, name string, request io.Reader, most int64) ([]byte, error) {
			asked = name
			return served(ctx, request, most)
		}} {
		res, err := gouses.Finder(worker)(t.Context(), r, gouses.Query{Name: "T.M"})
		if err != nil || len(res.Defs) != 1 || len(res.Uses) != 2 {
			t.Errorf("%+v, %v", res, err)
		}
	}
	if asked != gouses.WorkerName {
		t.Errorf("the worker %q was asked", asked)
	}
}
