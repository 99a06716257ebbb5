package report

import "strings"

// A guesser keeps, of what no family knew, what make says at the end and the first lines that
// look like errors.
type guesser struct {
	found *found
}

func (g *guesser) end() {}

func (g *guesser) line(l *line) bool {
	t := l.t
	if len(t) < 4 || len(t) > 16_000 {
		return false
	}
	if exits(t) {
		g.found.add(exit, Failure{Kind: Line, Message: t, At: l.n})
		return true
	}
	if f, ok := stepFailed(l); ok {
		g.found.add(step, f)
		return true
	}
	if len(g.found.kept[guess]) >= maxGuess || !looksWrong(l) {
		return false
	}
	g.found.add(guess, Failure{Kind: Line, Message: t, At: l.n})
	return true
}

// exits reports whether the line only says that something before it failed.
func exits(t string) bool {
	for _, start := range []string{"error: Process completed with exit code ", "Error: Process completed with exit code ", "##[error]Process completed with exit code ",
		"Process completed with exit code ", "ERROR: Job failed: ", "error: The process ", "Error: The process ", "ERROR: script returned exit code ", "Finished: FAILURE", "Build step 'Execute shell' marked build as failure",
		"The command exited with status ", "error: Bash exited with code ", "exit status ", "Exited with code exit status ", "error Command failed with exit code ", "error: Command failed with exit code ", "Command failed with exit code "} {
		if strings.HasPrefix(t, start) {
			return true
		}
	}
	return false
}

// stepFailed reads what programs say that run others: make, ninja, npm.
func stepFailed(l *line) (Failure, bool) {
	t := l.t
	f := Failure{Kind: Line, Message: t, At: l.n}
	if strings.HasPrefix(t, "make") || strings.HasPrefix(t, "gmake") || strings.HasPrefix(t, "mingw32-make") {
		_, rest, ok := strings.Cut(t, ": *** ")
		if !ok {
			return f, false
		}
		f.Kind, f.Tool = Build, "make"
		if place, ok := between(rest, "[", "]"); ok {
			if p, name, ok := placed(place); ok {
				f.File, f.Line, f.Name = p.file, p.line, strings.TrimSpace(name)
			} else {
				f.Name = place
			}
		}
		return f, true
	}
	if p, rest, ok := placed(t); ok && strings.HasPrefix(rest, " *** ") { // "Makefile:3: *** missing separator.  Stop."
		f.Kind, f.Tool, f.File, f.Line = Build, "make", p.file, p.line
		f.Message = strings.TrimSpace(strings.TrimPrefix(rest, " *** "))
		return f, true
	}
	if strings.HasPrefix(t, "FAILED: ") && l.indent() == 0 && !strings.Contains(t, "::") {
		f.Kind, f.Tool = Build, "ninja"
		return f, true
	}
	return f, false
}

// looksWrong reports whether the line sounds like an error: a word for one, not in a path, a
// flag or a name, and not denied or counted as none.
func looksWrong(l *line) bool {
	t := l.t
	if l.level == "ERROR" {
		return strings.IndexFunc(t, func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 127 }) >= 0
	}
	if l.level != "" || echoed(t) {
		return false
	}
	for i := 0; i < len(t); {
		if !wordByte(t[i]) {
			i++
			continue
		}
		j := i
		for j < len(t) && wordByte(t[j]) {
			j++
		}
		if wrongWord(t[i:j]) && alone(t, i, j) && !denied(t, i, j) || phrase(t[i:]) {
			return true
		}
		i = j
	}
	return false
}

func wordByte(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' }

// echoed reports whether the line shows a command, not what it wrote.
func echoed(t string) bool {
	for _, start := range []string{"+ ", "$ ", "> ", "++ ", "Run ", "# ", "// ", "* ", "- ", "if ", "echo ", "|| ", "set -", "::"} {
		if strings.HasPrefix(t, start) {
			return true
		}
	}
	return false
}

// wrongWord reports whether the word is one for an error: also a name such as TypeError.
func wrongWord(w string) bool {
	if len(w) < 3 || len(w) > 80 {
		return false
	}
	switch w {
	case "error", "Error", "ERROR", "errors", "Errors", "ERRORS", "fatal", "Fatal", "FATAL", "failed", "Failed", "FAILED", "FAILURE", "Failure", "failure",
		"panic", "PANIC", "exception", "Exception", "EXCEPTION", "Traceback", "CRITICAL", "critical", "aborted", "Aborted", "ABORTED", "segfault", "SIGSEGV", "SIGABRT", "SIGKILL", "ERR", "OOMKilled":
		return true
	}
	return isUpper(w[0]) && (strings.HasSuffix(w, "Error") || strings.HasSuffix(w, "Exception"))
}

// alone reports whether t[i:j] is no part of a path, a flag, an address or a longer name.
func alone(t string, i, j int) bool {
	if i > 0 {
		switch t[i-1] {
		case '-', '/', '\\', '.', '@', '#', '$', '%', '&', '=', '+':
			if c := t[i-1]; c != '.' || i < 2 || !isLetter(t[i-2]) || !strings.HasSuffix(t[i:j], "Error") && !strings.HasSuffix(t[i:j], "Exception") {
				return false
			}
		}
	}
	if j < len(t) {
		switch t[j] {
		case '-', '/', '\\', '@', '=', '&', '(', '+', '$', '`':
			return false
		case '.', ':':
			if j+1 < len(t) && (wordByte(t[j+1]) || t[j+1] == ':') && !(t[j] == ':' && isUpper(t[j+1])) {
				return false
			}
		}
	}
	return true
}

// denied reports whether what stands around the word says that there is none: "0 errors",
// "no error", "errors: 0", "without failure", "if it failed".
func denied(t string, i, j int) bool {
	before := strings.Fields(strings.ToLower(t[max(0, i-40):i]))
	if k := len(before); k > 0 {
		last := strings.Trim(before[k-1], "([{,;:\"'*")
		switch last {
		case "0", "no", "not", "without", "zero", "if", "when", "on", "any", "never", "ignore", "ignoring", "ignored", "than", "for", "handle", "handles", "expected", "allow", "allowed", "none", "nor", "non", "test", "tests", "as", "fix", "fixes", "fixed", "avoid", "prevent", "show", "print", "log", "detect", "or", "of", "and", "with", "the", "returns", "return":
			if last != "with" && last != "the" && last != "of" && last != "and" && last != "or" && last != "for" {
				return true
			}
			// "finished with errors", "the error": only a colon or an end makes it one
			if j < len(t) && t[j] != ':' {
				return last != "with"
			}
		}
		if k > 1 && before[k-2] == "0" || last == "0" {
			return true
		}
	}
	after := strings.TrimLeft(t[j:], " :=)\"']")
	if strings.HasPrefix(after, "0") && (len(after) == 1 || !isDigit(after[1]) && after[1] != 'x' && after[1] != '.') {
		return true
	}
	for _, word := range []string{"handling", "handler", "message", "messages", "code 0", "rate", "reporting", "reporter", "page", "pages", "none", "false", "null", "nil", "logs", "tests", "recovery", "boundary", "types", "budget", "log"} {
		if after == word || strings.HasPrefix(strings.ToLower(after), word) && len(after) > len(word) && !wordByte(after[len(word)]) {
			return true
		}
	}
	return false
}

// phrase reports whether t, which begins with a word, begins with a saying for an error that
// no single word tells.
func phrase(t string) bool {
	starts := func(sayings ...string) bool {
		for _, p := range sayings {
			if strings.HasPrefix(t, p) {
				return true
			}
		}
		return false
	}
	switch t[0] {
	case 'c':
		return starts("command not found", "cannot find ", "could not resolve", "connection refused", "core dumped")
	case 'C':
		return starts("Cannot find ", "Could not resolve", "Could not find ", "Connection refused")
	case 'N':
		return starts("No such file or directory", "No space left on device")
	case 'O', 'o':
		return starts("Out of memory", "out of memory")
	case 'P', 'p':
		return starts("Permission denied", "permission denied")
	case 'S':
		return starts("Segmentation fault")
	case 'K':
		return t == "Killed"
	case 'd':
		return starts("denied: ")
	case 'n':
		return starts("not recognized as ")
	case 'U', 'u':
		return starts("Unable to ", "unable to ")
	case 't':
		return starts("timed out")
	}
	return false
}
