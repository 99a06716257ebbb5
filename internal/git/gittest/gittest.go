// Package gittest makes repositories for tests and benchmarks, with plain git.
package gittest

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A Long is a history of many commits, the same at each call. The zero Long is of 10,000
// commits on 500 files, the largest of 5,000 lines.
type Long struct {
	Commits int // 0 means 10,000
	Files   int // besides Big; 0 means 500
	Lines   int // of Big; 0 means 5,000
}

// What is in a Long. Big is a file of many lines that every 20th commit changes a little.
// Needle is a text that four commits bring or take away. Moved is a file that once was
// called MovedFrom.
const (
	Big       = "src/big.txt"
	Needle    = "needle in the haystack"
	Moved     = "docs/moved.md"
	MovedFrom = "moved-from.md"
)

// Make makes the history as a bare repository, with the branch main, in a new folder
// that ends with the test, and returns that. The test is skipped where there is no git.
func (l Long) Make(t testing.TB) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	dir := filepath.Join(t.TempDir(), "long.git")
	run := func(stdin io.Reader, args ...string) {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Env = Env(t)
		cmd.Stdin = stdin
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}
	run(nil, "init", "-q", "--bare", "-b", "main", dir)
	r, w := io.Pipe()
	go func() { w.CloseWithError(l.Write(w)) }()
	defer r.Close()
	run(r, "--git-dir="+dir, "fast-import", "--quiet")
	return dir
}

// Env is an environment for git without any configuration but the repository's.
func Env(t testing.TB) []string {
	home := t.TempDir()
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CONFIG_HOME=" + home, "GIT_CONFIG_NOSYSTEM=1"}
}

// Write writes the history for git fast-import.
func (l Long) Write(to io.Writer) error {
	if l.Commits == 0 {
		l.Commits = 10_000
	}
	if l.Files == 0 {
		l.Files = 500
	}
	if l.Lines == 0 {
		l.Lines = 5_000
	}
	w := bufio.NewWriterSize(to, 1<<20)
	rnd := rand.New(rand.NewPCG(1, 2))
	big := make([]string, l.Lines)
	for i := range big {
		big[i] = fmt.Sprintf("line %d, as it was at first", i)
	}
	file := func(name string, lines ...string) {
		text := strings.Join(lines, "\n") + "\n"
		fmt.Fprintf(w, "M 644 inline %s\ndata %d\n%s\n", name, len(text), text)
	}
	small := func(k int, more ...string) {
		lines := []string{fmt.Sprintf("file %d", k)}
		for i := range 20 {
			lines = append(lines, fmt.Sprintf("value %d = %d", i, rnd.IntN(1000)))
		}
		file(fmt.Sprintf("src/d%02d/f%03d.go", k%20, k), append(lines, more...)...)
	}
	commit := func(i int, from string) {
		message := fmt.Sprintf("change %d\n\nBody of change %d.\n", i, i)
		fmt.Fprintf(w, "commit refs/heads/main\nmark :%d\nauthor Author %d <a%d@example.org> %d +0000\ncommitter C <c@example.org> %d +0000\ndata %d\n%s%s",
			i, i%7, i%7, 1_600_000_000+600*i, 1_600_000_000+600*i, len(message), message, from)
	}
	for i := 1; i <= l.Commits; i++ {
		from := ""
		switch {
		case i%50 == 3 && i > 3: // a side branch of one commit
			from = fmt.Sprintf("from :%d\n", i-2)
		case i%50 == 4 && i > 4: // and its merge
			from = fmt.Sprintf("from :%d\nmerge :%d\n", i-2, i-1)
		}
		commit(i, from)
		switch {
		case i == 1:
			file(Big, big...)
			file(MovedFrom, "# A document", "", "It moves.", "first words", "more words", "last words")
			for k := range l.Files {
				small(k)
			}
		case i == l.Commits/2:
			fmt.Fprintf(w, "R %s %s\n", MovedFrom, Moved)
		case i%20 == 0:
			for range 5 {
				big[rnd.IntN(len(big))] = fmt.Sprintf("line of commit %d: %d", i, rnd.IntN(1e6))
			}
			file(Big, big...)
		case i == l.Commits/4+1 || i == l.Commits*3/4+1:
			small(i%l.Files, Needle) // the next change of that file takes it away
		case i%50 == 4:
			// a merge changes nothing of its own, beyond what its first parent lacks
		default:
			small(i % l.Files)
		}
		w.WriteByte('\n') // an error shows in Flush
	}
	return w.Flush()
}
