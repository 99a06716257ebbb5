package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/proc"
	"cleat/internal/sorting"
	"cleat/internal/text"
)

// addCommand is what tells Claude Code to start cleat, which it can call as name. The
// server's name stands first: options of claude that take several values would swallow it.
func addCommand(name string) []string {
	return []string{"claude", "mcp", "add", "--transport", "stdio", "cleat", "--", name, "serve"}
}

// callableAs is how Claude Code is to call this program: by name where PATH finds this
// very file under it, by its path otherwise.
func (p *program) callableAs(exe string) string {
	if found, err := proc.Look("cleat", p.environ); err == nil && isSameFile(found, exe) {
		return "cleat"
	}
	return exe
}

func isSameFile(a, b string) bool {
	ai, aerr := os.Stat(a)
	bi, berr := os.Stat(b)
	return aerr == nil && berr == nil && os.SameFile(ai, bi)
}

// add runs claude mcp add with the user's whole environment, as if they had typed it.
func (in *initializer) add(ctx context.Context, claude string, argv []string) {
	ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, errors.New("it did not end within a minute"))
	defer cancel()
	var group proc.Group
	res, err := group.Run(ctx, proc.Cmd{Argv: append([]string{claude}, argv[1:]...), Dir: in.root, Env: in.environ, MaxOutput: 64 << 10})
	said := string(res.Stdout) + string(res.Stderr)
	for line := range strings.Lines(said) {
		in.say("  claude: %s", text.Line(strings.TrimRight(line, "\r\n")))
	}
	const mend = "run the line above yourself"
	switch {
	case err != nil:
		what, _ := reason(err)
		in.trouble("claude mcp add was not done: "+text.Line(what), mend)
	case res.Code == 0:
		in.say("Claude Code starts cleat from its next session on; in a session that is running: /mcp.")
	case strings.Contains(said, "already exists"):
		in.say("That is fine: Claude Code has a server called cleat already. `claude mcp get cleat` shows it.")
	case res.Signal != "":
		in.trouble("claude mcp add was ended by "+res.Signal, mend)
	default:
		in.trouble(fmt.Sprintf("claude mcp add ended with exit code %d", res.Code), mend)
	}
}

// A claudeEntry is a server of Claude Code's configuration that is cleat by its name or
// by its program.
type claudeEntry struct {
	name, scope, file string
	command           string
	args              []string
}

// where says in which file of Claude Code the entry is.
func (e claudeEntry) where() string {
	return fmt.Sprintf("%s scope, in %s", e.scope, text.Line(e.file))
}

// remove is the line that takes the entry out.
func (e claudeEntry) remove() string {
	return text.Line(quoteWords([]string{"claude", "mcp", "remove", e.name, "-s", e.scope}, shellIsWindows()))
}

// program returns the path of what Claude Code would start.
func (e claudeEntry) program(env []string) (string, error) {
	switch {
	case e.command == "":
		return "", errors.New("the entry names no command")
	case strings.Contains(e.command, "${"):
		return e.command, nil // Claude Code fills in what it knows of its own environment
	case filepath.Base(e.command) == e.command:
		path, err := proc.Look(e.command, env)
		if err != nil {
			return "", fmt.Errorf("the program %s is not on PATH", text.Line(e.command))
		}
		return path, nil
	}
	info, err := os.Stat(e.command)
	switch {
	case err != nil:
		return "", fmt.Errorf("there is no %s", text.Line(e.command))
	case !info.Mode().IsRegular() || runtime.GOOS != "windows" && info.Mode().Perm()&0o111 == 0:
		return "", fmt.Errorf("%s is no program", text.Line(e.command))
	}
	return e.command, nil
}

// serves reports whether the arguments make cleat serve.
func (e claudeEntry) serves() bool {
	return !isCleat(e.command) || len(e.args) == 0 || e.args[0] == "serve"
}

func isCleat(command string) bool {
	base := filepath.Base(strings.ReplaceAll(command, `\`, "/"))
	return base == "cleat" || strings.EqualFold(base, "cleat.exe")
}

// claudeServers is an object mcpServers. Its entries are read one by one: what another
// server's entry looks like is none of our business.
type claudeServers map[string]json.RawMessage

// claudeEntries returns the entries that are cleat for sessions in the given folders, in
// the order in which Claude Code prefers them, and what could not be read. It starts nothing.
func (p *program) claudeEntries(dirs ...string) (entries []claudeEntry, problems []error) {
	var user struct {
		MCPServers claudeServers `json:"mcpServers"`
		Projects   map[string]struct {
			MCPServers claudeServers `json:"mcpServers"`
		} `json:"projects"`
	}
	path := p.claudeFile()
	if path != "" {
		if err := readClaudeFile(&user, path, func() (*os.File, error) { return os.OpenFile(path, os.O_RDONLY|openFlags, 0) }); err != nil {
			problems = append(problems, err)
		}
	}
	dirs = withoutLinks(dirs)
	for _, dir := range dirs {
		for name, project := range user.Projects {
			if filepath.Clean(filepath.FromSlash(name)) == dir {
				entries = append(entries, project.MCPServers.cleat("local", path)...)
			}
		}
	}
	for _, dir := range dirs {
		var project struct {
			MCPServers claudeServers `json:"mcpServers"`
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			continue // the check of the root says so
		}
		file := filepath.Join(dir, ".mcp.json")
		err = readClaudeFile(&project, file, func() (*os.File, error) { return root.OpenFile(".mcp.json", os.O_RDONLY|openFlags, 0) })
		root.Close()
		if err != nil {
			problems = append(problems, err)
		}
		entries = append(entries, project.MCPServers.cleat("project", file)...)
	}
	return append(entries, user.MCPServers.cleat("user", path)...), problems
}

// claudeFile is where Claude Code keeps its user and local scopes; "" if that is not known.
func (p *program) claudeFile() string {
	names := []string{"CLAUDE_CONFIG_DIR", "HOME"}
	if runtime.GOOS == "windows" {
		names[1] = "USERPROFILE"
	}
	for _, name := range names {
		if dir, _ := p.lookup(name); filepath.IsAbs(dir) {
			return filepath.Join(dir, ".claude.json")
		}
	}
	return ""
}

// withoutLinks returns the folders, and what they are called without symbolic links, each once.
func withoutLinks(dirs []string) []string {
	var out []string
	for _, dir := range dirs {
		names := []string{filepath.Clean(dir)}
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			names = append(names, real)
		}
		for _, name := range names {
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// cleat returns the servers that are cleat, that of the name first.
func (s claudeServers) cleat(scope, file string) []claudeEntry {
	var out []claudeEntry
	for name, raw := range s {
		var server struct {
			Command string   `json:"command"`
			Args    []string `json:"args"`
		}
		err := json.Unmarshal(raw, &server)
		if name == "cleat" || err == nil && isCleat(server.Command) {
			out = append(out, claudeEntry{name: name, scope: scope, file: file, command: server.Command, args: server.Args})
		}
	}
	sorting.Sort(out, func(a, b claudeEntry) int {
		if a.name == "cleat" || b.name == "cleat" {
			return map[bool]int{true: -1, false: 1}[a.name == "cleat"]
		}
		return strings.Compare(a.name, b.name)
	})
	return out
}

// maxClaudeFile is the most bytes of a .claude.json: it also holds histories.
const maxClaudeFile = 64 << 20

// readClaudeFile reads a JSON file into v; one that is not there leaves v as it is.
func readClaudeFile(v any, path string, open func() (*os.File, error)) error {
	f, err := open()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s cannot be read: %w", text.Line(path), bareError(err))
	}
	defer f.Close()
	data, err := readRegular(f, maxClaudeFile)
	if err != nil {
		return fmt.Errorf("%s cannot be read: %w", text.Line(path), err)
	}
	var wrongType *json.UnmarshalTypeError
	if err := json.Unmarshal(data, v); errors.As(err, &wrongType) {
		return fmt.Errorf("%s: %s is of the wrong type", text.Line(path), text.Line(wrongType.Field))
	} else if err != nil {
		return fmt.Errorf("%s is not JSON%s", text.Line(path), atLine(data, err))
	}
	return nil
}

// atLine says on which line of data the syntax error is, if it is known.
func atLine(data []byte, err error) string {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return ""
	}
	upTo := data[:min(max(syntax.Offset-1, 0), int64(len(data)))]
	return fmt.Sprintf(" (line %d)", 1+strings.Count(string(upTo), "\n"))
}

// readRegular reads a whole regular file of at most limit bytes.
func readRegular(f *os.File, limit int64) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, bareError(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, bareError(err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("it is larger than %d bytes", limit)
	}
	return data, nil
}

// bareError is the system's own error, without a path that was said already.
func bareError(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

// reason splits an error into what happened and what to do about it; "" if it does not say.
func reason(err error) (what, mend string) {
	var f *fail.Error
	if !errors.As(err, &f) {
		return err.Error(), ""
	}
	what = f.What
	if f.Why != "" {
		what += "; " + f.Why
	}
	return what, f.Next
}

func shellIsWindows() bool { return runtime.GOOS == "windows" }

// quoteWords makes a line for a shell of words, quoting those that need it.
func quoteWords(words []string, windows bool) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		safe := func(r rune) bool {
			return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
				strings.ContainsRune("-_./:@%+=,", r) && (r != '%' || !windows) || r == '\\' && windows
		}
		switch {
		case w != "" && !strings.ContainsFunc(w, func(r rune) bool { return !safe(r) }):
			quoted[i] = w
		case windows:
			quoted[i] = `"` + w + `"` // no path has a quote in it there
		default:
			quoted[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}
