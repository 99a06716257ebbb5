package proc

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"cleat/internal/fail"
)

// passed are the variables that a child may have on every system, in order. They say
// where things are and how to show them; none holds a secret, and none but PATH decides
// what is run.
func passed() []string {
	names := []string{
		"HOME", "LANG", "LANGUAGE", "LC_ALL", "LC_COLLATE", "LC_CTYPE", "LC_MESSAGES", "LC_MONETARY",
		"LC_NUMERIC", "LC_TIME", "LOGNAME", "PATH", "TMPDIR", "TZ", "USER", "XDG_CACHE_HOME", "XDG_CONFIG_HOME",
		"XDG_DATA_HOME", "XDG_STATE_HOME",
	}
	if runtime.GOOS == "windows" {
		names = append(names, "ALLUSERSPROFILE", "APPDATA", "COMSPEC", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA",
			"PATHEXT", "PROGRAMDATA", "PROGRAMFILES", "SYSTEMDRIVE", "SYSTEMROOT", "TEMP", "TMP", "USERNAME",
			"USERPROFILE", "WINDIR")
	}
	return names
}

// Environ returns the environment that children may have: an allow-list of names, as
// lookup (such as os.LookupEnv) finds them, and the names in extra that the caller has
// reason to add, such as HTTPS_PROXY. PATH is without its relative entries.
func Environ(lookup func(name string) (value string, ok bool), extra ...string) []string {
	var env []string
	for _, name := range append(passed(), extra...) {
		value, ok := lookup(name)
		if !ok || strings.ContainsRune(value, 0) {
			continue
		}
		if name == "PATH" {
			value = absolutePath(value)
		}
		env = append(env, name+"="+value)
	}
	return env
}

// Filter returns what Environ would make of an environment that has exactly the
// variables of env.
func Filter(env []string, extra ...string) []string {
	return Environ(func(name string) (string, bool) { return Getenv(env, name) }, extra...)
}

// Getenv returns the value of name in env; of several the last counts.
func Getenv(env []string, name string) (string, bool) {
	for _, kv := range slices.Backward(env) {
		k, v, ok := strings.Cut(kv, "=")
		if ok && (k == name || runtime.GOOS == "windows" && strings.EqualFold(k, name)) {
			return v, true
		}
	}
	return "", false
}

// absolutePath is path without empty and relative entries: with those, whoever wrote
// the files of the current folder would choose the programs.
func absolutePath(path string) string {
	dirs := slices.DeleteFunc(filepath.SplitList(path), func(d string) bool { return !filepath.IsAbs(d) })
	return strings.Join(dirs, string(os.PathListSeparator))
}

// Look finds the program name in the PATH of env and returns its absolute path.
// Relative entries of PATH, and so the current folder, are passed over. It fails with
// fail.Unavailable.
func Look(name string, env []string) (string, error) {
	path, _ := Getenv(env, "PATH")
	if name == "" || name != filepath.Base(name) || name == "." || name == ".." {
		return "", fail.Errorf(fail.Unavailable, "%q is not the name of a program", name)
	}
	for _, dir := range filepath.SplitList(absolutePath(path)) {
		if found, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return found, nil
		}
	}
	return "", fail.Errorf(fail.Unavailable, "the program %s is not on PATH", name).
		Then("ask the user to install %s", name)
}
