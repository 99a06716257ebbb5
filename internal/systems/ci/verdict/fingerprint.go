package verdict

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"cleat/internal/report"
)

// Fingerprint returns 12 hexadecimal digits that are the same for the same failure of other
// runs. A test is known by its name. All else is known by what is said, without what differs
// from run to run (numbers, times, addresses, temporary paths), and by the last names of
// its file, without the line.
func Fingerprint(f report.Failure) string {
	parts := []string{string(f.Kind), f.Tool, f.Scope, steadyName(f.Name)}
	if f.Kind != report.Test || f.Name == "" {
		parts = append(parts, steadyFile(f.File), steady(f.Message))
	}
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}

// Prints returns the fingerprints of a job's failures, sorted, each once. more are those
// that are not among failures. whole reports whether all the tests ran, as far as that can
// be told, so that what is not among the failures passed: nothing that stops a tool, like an error of
// a compiler, is among them, and none is missing.
func Prints(failures []report.Failure, more int) (prints []string, whole bool) {
	whole = more == 0 && len(failures) > 0
	for _, f := range failures {
		prints = append(prints, Fingerprint(f))
		whole = whole && (f.Kind == report.Test || f.Kind == report.Finding)
	}
	slices.Sort(prints)
	return slices.Compact(prints), whole
}

// headLines is how many lines of a message count.
const headLines = 3

// steady is the head of a message without what differs from run to run.
func steady(message string) string {
	var out []string
	for line := range strings.Lines(message) {
		line = strings.Join(strings.Fields(varying().ReplaceAllStringFunc(line, standIn)), " ")
		if line == "" {
			continue
		}
		if out = append(out, line); len(out) == headLines {
			break
		}
	}
	return strings.Join(out, "\n")
}

// steadyName is the name of a test without addresses and ids: numbers are part of a name.
func steadyName(name string) string {
	return ids().ReplaceAllStringFunc(name, standIn)
}

// steadyFile is a file's last two names, without the number that a build server gives to
// another work folder of the same job.
func steadyFile(file string) string {
	if file == "" {
		return ""
	}
	file = path.Clean(strings.ReplaceAll(file, `\`, "/"))
	if temporary(file) {
		return "<temp>"
	}
	dir, base := path.Split(file)
	dir = path.Base(dir)
	if i := strings.LastIndexByte(dir, '@'); i > 0 && isNumber(dir[i+1:]) {
		dir = dir[:i]
	}
	if isNumber(dir) {
		dir = ""
	}
	return steadyName(path.Join(dir, base))
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// temporary reports whether a path leads into a folder for temporary files.
func temporary(file string) bool {
	file = strings.TrimPrefix(file, "/private")
	return strings.HasPrefix(file, "/tmp/") || strings.HasPrefix(file, "/var/tmp/") ||
		strings.Contains(file, "/var/folders/") || strings.Contains(file, "/AppData/Local/Temp/")
}

const idPattern = `\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b` + // a UUID
	`|\b0[xX][0-9a-fA-F]{4,}\b` // an address

// ids finds what no run repeats, wherever it stands.
var ids = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(idPattern) })

// varying finds what differs from run to run in a message. Digits inside of a word stay:
// E0308 and int64 do not vary.
var varying = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(idPattern +
		`|\b0[xX][0-9a-fA-F]+\b` +
		`|\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)?` + // a date
		`|\b\d\d:\d\d:\d\d(?:[.,]\d+)?` + // a time
		`|(?:\b[A-Za-z]:)?(?:[/\\][^\s/\\'"()<>|,;:]+){2,}` + // a path of some length
		`|\b[0-9a-fA-F]{7,}\b` +
		`|\b\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?(?:(?:ns|us|µs|ms|s|m|h)\d*(?:\.\d+)?)*\b` + // a number, a duration
		`|\b\d+(?:[.,]\d+)*`)
})

// numbers finds those that are names, or parts of one, on their own.
var numbers = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\b\d+\b`) })

// standIn is what stands for something that varies.
func standIn(s string) string {
	switch {
	case strings.ContainsAny(s, `/\`):
		return numbers().ReplaceAllLiteralString(steadyFile(s), "<n>")
	case !strings.ContainsAny(s, "0123456789"):
		return s // a word that is made of a to f
	}
	return "<n>" // one for all: of ten digits, a hash may have no letter
}
