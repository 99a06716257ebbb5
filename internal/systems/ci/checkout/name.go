package checkout

import (
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"cleat/internal/report"
)

// A name is a file as it was written, taken apart.
type name struct {
	segs  []string // of the path, without "." and ".."
	abs   bool     // it is the whole path on the machine that wrote it
	drive bool     // a path of Windows, where case does not count
	up    bool     // it began with "..": of the folder it is relative to, only this is known
	scope string   // package, suite or class, as Failure.Scope
	tool  string
	line  int
}

func (n *name) path() string { return strings.Join(n.segs, "/") }
func (n *name) base() string { return n.segs[len(n.segs)-1] }

// parse takes the name of a file apart. ok is false for what is none in any checkout.
func parse(file string, f report.Failure) (n *name, ok bool) {
	file = strings.Trim(strings.TrimSpace(file), `"'`+"`")
	if file == "" || len(file) > maxFile || !utf8.ValidString(file) || strings.ContainsFunc(file, isControl) {
		return nil, false
	}
	if strings.IndexByte("<[(", file[0]) >= 0 { // "<frozen importlib>", "[native code]"
		return nil, false
	}
	n = &name{scope: strings.TrimSpace(f.Scope), tool: f.Tool, line: f.Line}
	if len(n.scope) > maxFile {
		n.scope = ""
	}
	if file, ok = n.unwrap(file); !ok {
		return nil, false
	}
	file = n.cutLine(file)
	file = n.cutDrive(file)
	n.abs = n.abs || strings.HasPrefix(file, "/")
	if strings.HasSuffix(file, "/") {
		return nil, false
	}
	file = strings.TrimPrefix(path.Clean(file), "/")
	for strings.HasPrefix(file, "../") {
		file, n.up = file[len("../"):], true
	}
	if file == "" || file == "." || file == ".." {
		return nil, false
	}
	n.segs = strings.Split(file, "/")
	return n, true
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// unwrap returns the path that a URL leads to, and other names as they are. ok is false
// for a URL that leads to no file of a project.
func (n *name) unwrap(file string) (string, bool) {
	scheme, rest, is := strings.Cut(file, ":")
	if !is || len(scheme) < 2 || strings.ContainsFunc(scheme, notOfScheme) {
		return file, true
	}
	if !strings.HasPrefix(rest, "/") {
		// "node:fs" is no file, but "x.go:12" and "Makefile:3" are.
		_, err := strconv.Atoi(rest[:min(len(rest), 1)])
		return file, err == nil && scheme != "node"
	}
	switch scheme = strings.ToLower(scheme); scheme {
	case "node", "jar", "data", "blob", "chrome-extension", "internal":
		return "", false
	}
	rest, _, _ = strings.Cut(rest, "?")
	rest, _, _ = strings.Cut(rest, "#")
	plain, err := url.PathUnescape(rest)
	if err == nil && utf8.ValidString(plain) && !strings.ContainsFunc(plain, isControl) {
		rest = plain
	}
	host := ""
	if after, has := strings.CutPrefix(rest, "//"); has {
		host, rest, _ = strings.Cut(after, "/")
	}
	if scheme == "file" {
		if host != "" && !strings.EqualFold(host, "localhost") {
			rest = host + "/" + rest // a share, or a file://C:/x that is written wrongly
		}
		return "/" + strings.TrimPrefix(rest, "/"), true
	}
	if after, has := strings.CutPrefix(strings.TrimPrefix(rest, "/"), "@fs/"); has { // of Vite: a whole path
		return "/" + after, true
	}
	rest = strings.TrimLeft(rest, "/")
	if n.scope == "" && strings.HasPrefix(scheme, "webpack") {
		n.scope = host // the package
	}
	return rest, rest != ""
}

func notOfScheme(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '+'
}

// cutLine cuts off ":12", ":12:5", "(12)" and "(12,5)", and takes over the line if none is known.
func (n *name) cutLine(file string) string {
	var numbers []int
	if i := strings.LastIndexByte(file, '('); i > 0 && strings.HasSuffix(file, ")") {
		first, _, _ := strings.Cut(file[i+1:len(file)-1], ",")
		if v, err := strconv.Atoi(first); err == nil {
			file, numbers = file[:i], []int{v}
		}
	}
	for range 2 {
		i := strings.LastIndexByte(file, ':')
		if i <= 0 || len(file)-i > 10 {
			break
		}
		v, err := strconv.Atoi(file[i+1:])
		if err != nil || v < 0 {
			break
		}
		file, numbers = file[:i], append(numbers, v)
	}
	if n.line <= 0 {
		n.line = 0
		if len(numbers) > 0 {
			n.line = numbers[len(numbers)-1]
		}
	}
	return file
}

// cutDrive makes a path of Windows one with slashes and without a drive.
func (n *name) cutDrive(file string) string {
	file = strings.TrimPrefix(strings.TrimPrefix(file, `\\?\`), `\\.\`)
	drive := strings.TrimPrefix(file, "/") // of a URL
	if len(drive) > 2 && drive[1] == ':' && (drive[2] == '\\' || drive[2] == '/') && isLetter(drive[0]) {
		n.drive, n.abs = true, true
		return strings.ReplaceAll(drive[2:], `\`, "/")
	}
	if strings.Contains(file, `\`) && !strings.Contains(file, "/") {
		n.drive = true
		return strings.ReplaceAll(file, `\`, "/")
	}
	return file
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// fileOf are the names of files that a failure may mean, the more telling ones first.
func fileOf(f report.Failure) []string {
	if f.File != "" {
		return []string{f.File}
	}
	if f.Kind != report.Test {
		return nil
	}
	var files []string
	for _, s := range []string{f.Name, f.Scope} {
		s, _, _ = strings.Cut(s, "::") // pytest
		if len(s) <= maxFile && strings.Contains(s, "/") && path.Ext(s) != "" && !strings.ContainsAny(s, " ()") {
			files = append(files, s)
		}
	}
	return files
}

// vendored reports whether a path leads into a folder of other projects' files.
func vendored(p string) bool {
	for dir := range strings.SplitSeq(path.Dir(p), "/") {
		if isVendor(dir) {
			return true
		}
	}
	return false
}

func isVendor(dir string) bool {
	switch dir {
	case "vendor", "node_modules", "site-packages", "dist-packages", "bower_components", "Pods", ".git",
		".cargo", ".rustup", ".m2", ".gradle", ".nuget", ".npm", ".yarn", ".pnpm", ".bundle", ".venv",
		".pyenv", ".nvm", ".rbenv", ".rvm", ".asdf", ".sdkman", ".tox", ".nox", "hostedtoolcache":
		return true
	}
	return false
}

// foreign reports whether a file is one of a tool, a library or the system.
func (n *name) foreign() bool {
	for i, s := range n.segs[:len(n.segs)-1] {
		if isVendor(s) {
			return true
		}
		// Modules and packages with a version: "x@v1.2.3", "serde-1.0.1" below "registry".
		if at := strings.LastIndex(s, "@v"); at > 0 && at+2 < len(s) && s[at+2] >= '0' && s[at+2] <= '9' {
			return true
		}
		if i > 0 && s == "mod" && n.segs[i-1] == "pkg" && n.abs {
			return true
		}
	}
	if !n.abs {
		return false
	}
	at := func(prefix ...string) bool {
		return len(n.segs) > len(prefix) && slices.EqualFunc(n.segs[:len(prefix)], prefix, strings.EqualFold)
	}
	if at("usr") { // but for the places of projects in containers
		return !at("usr", "src", "app") && !at("usr", "src", "project") && !at("usr", "src", "code") &&
			!at("usr", "app") && !at("usr", "local", "app")
	}
	return slices.ContainsFunc([]string{
		"bin", "sbin", "lib", "lib64", "etc", "proc", "sys", "rustc", "nix", "snap", "Library", "System",
		"Applications", "Windows", "Program Files", "Program Files (x86)", "hostedtoolcache",
	}, func(top string) bool { return at(top) })
}
