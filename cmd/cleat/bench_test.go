package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The benchmarks here are ratios within one run, the two sides taken in turn, so that
// they hold on a machine whose speed drifts. `make bench` prints them.

// discoverRequest is the first message that Claude Code sends.
const discoverRequest = `{"jsonrpc":"2.0","id":"server-discover-probe-1","method":"server/discover","params":{"_meta":{` +
	`"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}`

const listRequest = `{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{"_meta":{` +
	`"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}`

// buildFor builds a main package as it is released, and returns the binary.
func buildFor(b testing.TB, pkg string) string {
	b.Helper()
	bin := filepath.Join(b.TempDir(), "bin")
	args := []string{"build", "-trimpath", "-ldflags", "-s -w", "-tags", "nethttpomithttp2", "-o", bin}
	for _, cold := range []string{"github.com", "golang.org/x", "cleat/internal/sources", "cleat/internal/systems", "cleat/internal/markup", "cleat/internal/issues",
		"cleat/internal/builds", "cleat/internal/report", "cleat/internal/archive", "cleat/internal/outgoing", "cleat/internal/config"} {
		args = append(args, "-gcflags="+cold+"/...=-l")
	}
	for _, hot := range []string{"github.com/modelcontextprotocol", "github.com/segmentio"} {
		args = append(args, "-gcflags="+hot+"/...=")
	}
	cmd := exec.Command("go", append(args, pkg)...)
	cmd.Dir = repository
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("building %s: %v\n%s", pkg, err, out)
	}
	return bin
}

// A server is a started process that is spoken to in lock-step.
type server struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startServer(b testing.TB, dir string, env []string, argv ...string) *server {
	b.Helper()
	s := &server{cmd: exec.Command(argv[0], argv[1:]...)}
	s.cmd.Dir, s.cmd.Env, s.cmd.Stderr = dir, env, io.Discard
	var err error
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		b.Fatal(err)
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	s.out = bufio.NewReaderSize(out, 1<<20)
	if err := s.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	return s
}

func (s *server) ask(b testing.TB, line string) string {
	b.Helper()
	if _, err := io.WriteString(s.in, line+"\n"); err != nil {
		b.Fatal(err)
	}
	answer, err := s.out.ReadString('\n')
	if err != nil || strings.Contains(answer, `"error":`) {
		b.Fatalf("%.80s was answered with %q, %v", line, answer, err)
	}
	return answer
}

func (s *server) stop(b testing.TB) {
	b.Helper()
	s.in.Close()
	if err := s.cmd.Wait(); err != nil {
		b.Fatal(err)
	}
}

// rss is the resident memory of the process in kB, as the kernel counts it.
func (s *server) rss(b testing.TB) float64 {
	b.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		b.Skip("no /proc here to read the memory of a process from")
	}
	var kb float64
	for line := range strings.Lines(string(data)) {
		if n, err := fmt.Sscanf(line, "VmRSS: %f", &kb); n == 1 && err == nil {
			return kb
		}
	}
	b.Fatal("no VmRSS")
	return 0
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// toolCount asks how many tools cleat lists.
func toolCount(b testing.TB, bin, dir string, env []string) int {
	s := startServer(b, dir, env, bin, "serve")
	defer s.stop(b)
	var m struct {
		Result struct{ Tools []json.RawMessage }
	}
	if err := json.Unmarshal([]byte(s.ask(b, listRequest)), &m); err != nil {
		b.Fatal(err)
	}
	return len(m.Result.Tools)
}

// BenchmarkStart is the time from the start of the process to the answer to
// server/discover, and the memory after tools/list, as ratios to the smallest server
// that go-sdk makes with as many raw-schema tools. The bar is 1.5 for both.
func BenchmarkStart(b *testing.B) {
	cleat, base := buildFor(b, "./cmd/cleat"), buildFor(b, "./testdata/baseline")
	home := b.TempDir()
	env := []string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}
	dir, err := filepath.Abs(repository)
	if err != nil {
		b.Fatal(err)
	}
	n := toolCount(b, cleat, dir, env)
	sides := [][]string{{cleat, "serve"}, {base, fmt.Sprint(n)}}
	const runs = 20
	for b.Loop() {
		times, memory := make([][]float64, 2), make([][]float64, 2)
		for i := range 2 * (runs + 1) {
			side := i % 2
			start := time.Now()
			s := startServer(b, dir, env, sides[side]...)
			s.ask(b, discoverRequest)
			took := time.Since(start)
			s.ask(b, listRequest)
			rss := s.rss(b)
			s.stop(b)
			if i >= 2 { // the first of each side warms the page cache
				times[side] = append(times[side], took.Seconds()*1000)
				memory[side] = append(memory[side], rss/1024)
			}
		}
		b.ReportMetric(median(times[0])/median(times[1]), "start-ratio")
		b.ReportMetric(median(times[0]), "cleat-ms")
		b.ReportMetric(median(times[1]), "baseline-ms")
		b.ReportMetric(median(memory[0])/median(memory[1]), "rss-ratio")
		b.ReportMetric(median(memory[0]), "cleat-MB")
		b.ReportMetric(0, "ns/op")
	}
}

// BenchmarkSearch is a whole-tree literal search through tools/call against ripgrep on
// the same tree, the Go distribution, and the same pattern. The bar is 2.
func BenchmarkSearch(b *testing.B) {
	rg, err := exec.LookPath("rg")
	if err != nil {
		b.Skip("ripgrep is not installed; the package is called ripgrep")
	}
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		b.Fatal(err)
	}
	dir := filepath.Join(strings.TrimSpace(string(out)), "src")
	cleat := buildFor(b, "./cmd/cleat")
	home := b.TempDir()
	env := []string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}
	for _, q := range []struct{ name, pattern, mode string }{
		{"rare", "checkTimersNoP", "text"},
		{"mid", "StatusNotFound", "text"},
		{"common", "return nil", "text"},
		{"none", "no such words anywhere in it", "text"},
		{"regex", `func \(.*\) ServeHTTP\(`, "regex"},
	} {
		b.Run(q.name, func(b *testing.B) {
			s := startServer(b, dir, env, cleat, "serve")
			defer s.stop(b)
			args, err := json.Marshal(map[string]any{"pattern": q.pattern, "mode": q.mode, "limit": 1000})
			if err != nil {
				b.Fatal(err)
			}
			call := strings.Replace(strings.Replace(listRequest, "tools/list", "tools/call", 1),
				`"params":{`, `"params":{"name":"code_search","arguments":`+string(args)+`,`, 1)
			flag := map[string]string{"text": "-F", "regex": "-e"}[q.mode]
			const runs = 9
			for b.Loop() {
				var ours, theirs []float64
				for i := range runs + 1 {
					start := time.Now()
					s.ask(b, call)
					took := time.Since(start)
					start = time.Now()
					cmd := exec.Command(rg, "-n", "--hidden", "-g", "!.git", "--no-messages", flag, q.pattern, ".")
					cmd.Dir = dir
					if err := cmd.Run(); err != nil && cmd.ProcessState.ExitCode() > 1 {
						b.Fatal(err)
					}
					if i > 0 {
						ours = append(ours, took.Seconds()*1000)
						theirs = append(theirs, time.Since(start).Seconds()*1000)
					}
				}
				b.ReportMetric(median(ours)/median(theirs), "rg-ratio")
				b.ReportMetric(median(ours), "cleat-ms")
				b.ReportMetric(median(theirs), "rg-ms")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}
