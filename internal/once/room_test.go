package once

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cleat/internal/fail"
)

func TestExpiry(t *testing.T) {
	k, c, dir := newKeys(t)
	want(t, k, "a", "r", gives("first"), "first", false)
	if _, _, err := k.Do(t.Context(), "b", nil, func() ([]byte, error) { return nil, fail.Errorf(fail.UnknownOutcome, "lost") }); err == nil {
		t.Fatal("no error")
	}
	c.turn(Life)
	want(t, k, "a", "r", never(t), "first", true)
	wantFail(t, k, "b", "", never(t), fail.UnknownOutcome)
	c.turn(-2 * Life) // a clock that was wrong forgets nothing
	want(t, k, "a", "r", never(t), "first", true)
	c.turn(2*Life + time.Second)
	want(t, k, "a", "r", gives("second"), "second", false)
	if names := files(t, dir); len(names) != 1 || names[0] != fileName("a") {
		t.Errorf("what has expired is still there: %q", names)
	}
	want(t, k, "b", "r", gives("third"), "third", false)
}

// The oldest finished entries make room. Where none is finished, nothing runs.
func TestMaxEntries(t *testing.T) {
	k, c, dir := newKeys(t)
	now := c.Now()
	fill := func(i int, lines string) {
		t.Helper()
		name := filepath.Join(dir, folderName, fileName(fmt.Sprint("old ", i)))
		if err := os.WriteFile(name, []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	begin := func(i int) string {
		request := strings.Repeat("A", 43) + "="
		return fmt.Sprintf(`{"began":%q,"salt":"AAAA","request":%q}`+"\n", now.Add(time.Duration(i)*time.Second).Format(time.RFC3339Nano), request)
	}
	end := fmt.Sprintf(`{"ended":%q,"kept":true,"result":"AAAA"}`+"\n", now.Format(time.RFC3339Nano))
	want(t, k, "a", "r", gives("x"), "x", false) // the newest of those finished
	for i := range MaxEntries - 1 {
		if i < 500 {
			fill(i, begin(i-2000))
		} else {
			fill(i, begin(i-2000)+end)
		}
	}
	want(t, k, "b", "r", gives("y"), "y", false)
	want(t, k, "c", "r", gives("z"), "z", false)
	if n := len(files(t, dir)); n != MaxEntries {
		t.Errorf("%d entries", n)
	}
	for i, there := range map[int]bool{0: true, 499: true, 500: false, 501: false, 502: true, MaxEntries - 2: true} {
		_, err := os.Stat(filepath.Join(dir, folderName, fileName(fmt.Sprint("old ", i))))
		if (err == nil) != there {
			t.Errorf("entry %d: %v", i, err)
		}
	}
	want(t, k, "a", "r", never(t), "x", true)

	for i := range MaxEntries {
		fill(i, begin(i-2000))
	}
	e := wantFail(t, k, "d", "r", never(t), fail.Busy)
	if !strings.Contains(e.What, "1000 idempotency keys") {
		t.Errorf("it says %s", fail.Show(e))
	}
	c.turn(Life + time.Minute)
	want(t, k, "d", "r", gives("after a week"), "after a week", false)
}
