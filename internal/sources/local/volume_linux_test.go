package local

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"cleat/internal/systems/ci"
)

// CI-06, in full: GO_TEST_CLEAT_OUTPUT says how many bytes a task prints, such as
// 10000000000. Neither the process that keeps its log nor this one holds more than a little
// of them, and the log says how many are missing.
func TestOutputVolume(t *testing.T) {
	wrote, err := strconv.ParseInt(os.Getenv("GO_TEST_CLEAT_OUTPUT"), 10, 64)
	if err != nil {
		t.Skip("GO_TEST_CLEAT_OUTPUT is not a number of bytes")
	}
	const most = 200 << 20 // of memory, for each of the two
	w := newWorld(t, map[string][]string{"yes": {"sh", "-c", fmt.Sprintf("yes | head -c %d", wrote)}})
	s := w.open(t)
	s.most = max(s.most, wrote)
	began := time.Now()
	run := start(t, s, "yes")
	peak := 0
	within(t, time.Hour, "the end of the run", func() bool {
		peak = max(peak, peakOfChildren(t))
		now, err := s.Run(context.Background(), run.ID)
		if err != nil {
			t.Fatal(err)
		}
		run = now
		return run.Status.Ended()
	})
	took := time.Since(began)
	log := logOf(t, s, run)
	own := peakOf("self")
	t.Logf("%d bytes in %v: %d are kept, peak memory %d kB and %d kB", wrote, took, len(log), peak, own)
	if run.Status != ci.Passed || len(log) > DefaultMaxLog*5/4 || len(log) < DefaultMaxLog*3/4 {
		t.Errorf("%s, %d bytes of log", run.Status, len(log))
	}
	if peak == 0 || peak > most>>10 || own > 2*most>>10 {
		t.Errorf("peak memory %d kB and %d kB", peak, own)
	}
	begin, rest, found := strings.Cut(log, "… ")
	note, end, _ := strings.Cut(rest, "\n")
	var lines, missing int64
	if _, err := fmt.Sscanf(note, "%d lines (%d bytes) were not kept …", &lines, &missing); err != nil || !found {
		t.Fatalf("%.80q: %v", note, err)
	}
	if int64(len(begin)+len(end))+missing != wrote || lines != missing/2 || strings.Trim(begin+end, "y\n") != "" {
		t.Errorf("%d bytes are kept, %d bytes and %d lines are said not to be", len(begin)+len(end), missing, lines)
	}
}

// peakOfChildren returns the most memory that a child of this process which is this program,
// too, has had, in kB.
func peakOfChildren(t *testing.T) int {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	peak := 0
	for _, name := range all {
		stat, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		if f := strings.Fields(rest); len(f) < 2 || f[1] != strconv.Itoa(os.Getpid()) {
			continue
		}
		pid := filepath.Base(filepath.Dir(name))
		if exe, err := os.Readlink("/proc/" + pid + "/exe"); err != nil || exe != executable(t) {
			continue
		}
		peak = max(peak, peakOf(pid))
	}
	return peak
}

// peakOf returns the most memory that a process has had, in kB; 0 if it is not known.
func peakOf(pid string) int {
	status, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		var kb int
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kb); n == 1 {
			return kb
		}
	}
	return 0
}
