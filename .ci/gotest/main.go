// Command gotest runs go test with the given arguments and prints what a person wants
// to know: a line for each package, the output of what failed, and every skipped test
// with its reason.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// An event is a line of go test -json.
type event struct {
	Action, Package, Test, Output string
}

func main() {
	cmd := exec.Command("go", append([]string{"test", "-json"}, os.Args[1:]...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gotest:", err)
		os.Exit(1)
	}
	output := map[string]*strings.Builder{}
	counts := map[string]int{}
	var skipped []string
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			fmt.Println(lines.Text())
			continue
		}
		key := e.Package + " " + e.Test
		if output[key] == nil {
			output[key] = &strings.Builder{}
		}
		switch e.Action {
		case "output", "build-output":
			if e.Test == "" && (strings.HasPrefix(e.Output, "ok ") || strings.HasPrefix(e.Output, "FAIL") || e.Action == "build-output") {
				fmt.Print(e.Output)
			} else {
				output[key].WriteString(e.Output)
			}
		case "fail", "pass", "skip":
			if e.Test != "" {
				counts[e.Action]++
			}
			if e.Action == "fail" {
				fmt.Print(output[key])
			}
			if e.Action == "skip" && e.Test != "" {
				skipped = append(skipped, fmt.Sprintf("%s %s: %s", e.Package, e.Test, reason(output[key].String())))
			}
			delete(output, key)
		}
	}
	err = cmd.Wait()
	if len(skipped) > 0 {
		fmt.Println("\nskipped:")
	}
	for _, s := range skipped {
		fmt.Println("  " + s)
	}
	fmt.Printf("\n%d passed, %d failed, %d skipped\n", counts["pass"], counts["fail"], counts["skip"])
	if err != nil || lines.Err() != nil {
		os.Exit(1)
	}
}

// reason is what a skipped test said, without the lines of the framework.
func reason(out string) string {
	var said []string
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "===") && !strings.HasPrefix(line, "---") {
			said = append(said, line)
		}
	}
	return strings.Join(said, " ")
}
