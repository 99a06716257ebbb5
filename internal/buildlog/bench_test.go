//go:build unix

package buildlog

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// largeSize is that of the log that BenchmarkLarge reads, in bytes.
const largeSize = 1 << 30

// writeLarge writes the log of a large build: stamps, some colors, few failures.
func writeLarge(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, blockSize)
	rng := rand.New(rand.NewPCG(3, 4))
	words := strings.Fields("compiling linking downloaded package module for target cache hit step image layer pulling extracting tests passed in seconds using with of the and server client INFO DEBUG")
	size := 0
	for n := 0; size < largeSize; n++ {
		line := "2026-01-02T03:04:05.1234567Z "
		switch rng.IntN(100) {
		case 0:
			line += "\x1b[32mINFO\x1b[0m "
		case 1:
			line += "    x_test.go:" + strconv.Itoa(n%500) + ": \u2713 "
		}
		if rng.IntN(10_000) == 0 {
			line += "--- FAIL: TestLarge/case (0.01s) error: "
		}
		for range 4 + rng.IntN(10) {
			line += words[rng.IntN(len(words))] + " "
		}
		k, err := w.WriteString(line + strconv.Itoa(n) + "\n")
		if err != nil {
			return err
		}
		size += k
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// BenchmarkLarge compares what is done with a log of 1 GB with what grep and tail need for
// it, in one run: the metric "ratio" is our wall time to theirs, the best of five each, in
// turns, and "MB-peak" the memory of the process.
func BenchmarkLarge(b *testing.B) {
	name := filepath.Join(b.TempDir(), "log")
	if err := writeLarge(name); err != nil {
		b.Fatal(err)
	}
	state, err := os.OpenRoot(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer state.Close()
	cache := NewCache(func() (*os.Root, error) { return state, nil }, time.Now)
	fetch := func(context.Context) (io.ReadCloser, error) { return os.Open(name) }

	search := func(pattern string, o Options) func() error {
		re := regexp.MustCompile(pattern)
		return func() error {
			f, err := os.Open(name)
			if err != nil {
				return err
			}
			defer f.Close()
			found, err := Search(b.Context(), f, re, o)
			if err == nil && found.Hits == 0 {
				err = fmt.Errorf("no hit of %q in %d lines", pattern, found.Lines)
			}
			return err
		}
	}
	for _, c := range []struct {
		name   string
		ours   func() error
		theirs []string
	}{
		{"literal", search("FAIL", Options{Max: 20, Context: 3}), []string{"grep", "-c", "FAIL", name}},
		{"last", search("--- FAIL: ", Options{Max: 20, Reverse: true}), []string{"grep", "-c", "-e", "--- FAIL: ", name}},
		{"anycase", search("(?i)error", Options{Max: 20}), []string{"grep", "-c", "-i", "error", name}},
		{"words", search("FAIL|panic|fatal", Options{Max: 20}), []string{"grep", "-c", "-E", "FAIL|panic|fatal", name}},
		{"frequent", search("INFO", Options{Max: 20}), []string{"grep", "-c", "INFO", name}},
		{"many", search(" INFO", Options{Max: 20}), []string{"grep", "-c", " INFO", name}},
		{"expression", search(`[0-9]+s\) error`, Options{Max: 20}), []string{"grep", "-c", "-E", `[0-9]+s\) error`, name}},
		{"tail-kept", func() error {
			f, err := cache.Open(b.Context(), "large", fetch)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = Tail(b.Context(), f, 100)
			return err
		}, []string{"tail", "-n", "100", name}},
		{"tail-counted", func() error { // what it is to know the numbers of the lines
			f, err := os.Open(name)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = Tail(b.Context(), f, 100)
			return err
		}, []string{"wc", "-l", name}},
	} {
		b.Run(c.name, func(b *testing.B) {
			theirs := func() error {
				out, err := exec.CommandContext(b.Context(), c.theirs[0], c.theirs[1:]...).CombinedOutput()
				if err != nil {
					err = fmt.Errorf("%q: %w: %.200s", c.theirs, err, out)
				}
				return err
			}
			for b.Loop() {
				took := best(b, c.ours, theirs)
				b.ReportMetric(took[0].Seconds()/took[1].Seconds(), "ratio")
				b.ReportMetric(float64(took[0].Milliseconds()), "ms")
				b.ReportMetric(float64(took[1].Milliseconds()), "theirs-ms")
			}
			b.ReportMetric(peak(b), "MB-peak")
		})
	}
}

// best returns the shortest time of five that each function takes, done in turns.
func best(b *testing.B, fs ...func() error) []time.Duration {
	b.Helper()
	shortest := make([]time.Duration, len(fs))
	for round := range 5 {
		for i, f := range fs {
			began := time.Now()
			if err := f(); err != nil {
				b.Fatal(err)
			}
			if took := time.Since(began); round == 0 || took < shortest[i] {
				shortest[i] = took
			}
		}
	}
	return shortest
}

// peak returns the most memory that the process has had, in MB.
func peak(b *testing.B) float64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	kb := float64(u.Maxrss)
	if runtime.GOOS == "darwin" {
		kb /= 1024
	}
	return kb / 1024
}

// BenchmarkRead is what the parsers of reports see of the speed.
func BenchmarkRead(b *testing.B) {
	for name, line := range map[string]string{
		"stamped": "2026-01-02T03:04:05.1234567Z ok  \texample.com/m/pkg\t0.123s\n",
		"colored": "2026-01-02T03:04:05.1234567Z \x1b[32mok\x1b[0m  \texample.com/m/pkg\t\x1b[2m0.123s\x1b[0m\n",
		"moving":  "Downloading  10%\rDownloading  50%\r\x1b[KDownloading 100%\n",
	} {
		log := strings.Repeat(line, blockSize/len(line))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(log)))
			for b.Loop() {
				for r := NewReader(strings.NewReader(log)); ; {
					if _, _, err := r.Next(); err != nil {
						break
					}
				}
			}
		})
	}
}
