package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
)

// A SecretRef says where a secret is. It is not the secret, except that a key for
// which the kind permits it may hold the value itself. The zero SecretRef refers to
// nothing.
type SecretRef struct {
	kind secretKind
	arg  string   // name, absolute path, or literal value
	argv []string // of a command
}

type secretKind uint8

const (
	noSecret secretKind = iota
	envSecret
	keyringSecret
	fileSecret
	commandSecret
	literalSecret
)

const literalPrefix = "literal:"

// wantSecret is what a Problem and an error say of a wrong reference.
const wantSecret = `want a reference: "env:NAME", "keyring:NAME", "file:PATH" or { command = ["PROGRAM", "ARGUMENT"] }`

// IsZero reports whether s refers to nothing, as a key that was left out does.
func (s SecretRef) IsZero() bool { return s.kind == noSecret }

// String returns the reference for people. It holds neither a value nor the
// arguments of a command.
func (s SecretRef) String() string {
	switch s.kind {
	case envSecret:
		return "env:" + s.arg
	case keyringSecret:
		return "keyring:" + s.arg
	case fileSecret:
		return "file:" + s.arg
	case commandSecret:
		return "command:" + s.argv[0]
	case literalSecret:
		return "literal"
	}
	return ""
}

// GoString returns String, so that %#v shows no value either.
func (s SecretRef) GoString() string { return s.String() }

// LogValue returns String for the log.
func (s SecretRef) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText returns String, so that no encoder shows more.
func (s SecretRef) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Ref returns the reference as text that ParseSecretRef and host.Host.Secret take.
// Of a literal it holds the value: Ref is not for people.
func (s SecretRef) Ref() string {
	switch s.kind {
	case commandSecret:
		argv, err := json.Marshal(s.argv)
		if err != nil {
			panic(err) // strings always marshal
		}
		return "command:" + string(argv)
	case literalSecret:
		return literalPrefix + s.arg
	}
	return s.String()
}

// ParseSecretRef parses what Ref returns. Paths have to be absolute. The error does
// not repeat the text, which could be a secret.
func ParseSecretRef(ref string) (SecretRef, error) {
	if v, ok := strings.CutPrefix(ref, literalPrefix); ok && v != "" {
		return SecretRef{kind: literalSecret, arg: v}, nil
	}
	if v, ok := strings.CutPrefix(ref, "command:"); ok {
		var argv []string
		if json.Unmarshal([]byte(v), &argv) != nil {
			return SecretRef{}, errors.New("a command is a list of strings")
		}
		if what := badCommand(argv); what != "" {
			return SecretRef{}, errors.New(what)
		}
		return SecretRef{kind: commandSecret, argv: argv}, nil
	}
	s, what := parseReference(ref)
	if what == "" && s.kind == fileSecret && !filepath.IsAbs(s.arg) {
		what = "the path is not absolute"
	}
	if what != "" {
		return SecretRef{}, errors.New(what)
	}
	return s, nil
}

// UnmarshalTOML takes what go-toml decodes: a string, or a table with a command.
// Relative paths are refused, since it does not know the file they stand in; Load
// does, and does not use it.
func (s *SecretRef) UnmarshalTOML(v any) error {
	switch v := v.(type) {
	case string:
		ref, err := ParseSecretRef(v)
		if err == nil && (ref.kind == literalSecret || ref.kind == commandSecret) {
			err = errors.New(wantSecret)
		}
		if err == nil {
			*s = ref
		}
		return err
	case map[string]any:
		var argv []string
		list, ok := v["command"].([]any)
		for _, a := range list {
			text, isText := a.(string)
			ok = ok && isText
			argv = append(argv, text)
		}
		if !ok || len(v) != 1 {
			return errors.New(wantSecret)
		}
		if what := badCommand(argv); what != "" {
			return errors.New(what)
		}
		*s = SecretRef{kind: commandSecret, argv: argv}
		return nil
	}
	return errors.New(wantSecret)
}

// parseReference parses env:, keyring: and file: references. what says why it is
// not one, without repeating it.
func parseReference(text string) (s SecretRef, what string) {
	scheme, arg, _ := strings.Cut(text, ":")
	switch scheme {
	case "env":
		if !envName(arg) {
			return s, "after env: comes the name of a variable: letters, digits and _"
		}
		return SecretRef{kind: envSecret, arg: arg}, ""
	case "keyring":
		if !keyringName(arg) {
			return s, "after keyring: comes a name of letters, digits and _ - . @ /"
		}
		return SecretRef{kind: keyringSecret, arg: arg}, ""
	case "file":
		if arg == "" || strings.ContainsFunc(arg, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return s, "after file: comes a path"
		}
		return SecretRef{kind: fileSecret, arg: arg}, ""
	}
	return s, "a secret does not stand in the file itself; " + wantSecret
}

func envName(s string) bool {
	for i, r := range s {
		if r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != "" && len(s) <= 128
}

func keyringName(s string) bool {
	for _, r := range s {
		if !strings.ContainsRune("_-.@/", r) && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return false
		}
	}
	return s != "" && len(s) <= 128
}

// badCommand says what is wrong with argv, "" if nothing is.
func badCommand(argv []string) string {
	switch {
	case len(argv) == 0 || argv[0] == "":
		return "a command needs a program"
	case len(argv) > 64:
		return "a command has at most 64 arguments"
	case strings.HasPrefix(argv[0], "-"):
		return "the name of a program does not begin with -"
	case !filepath.IsAbs(argv[0]) && strings.ContainsAny(argv[0], `/\`):
		return "a program is a name that is looked up in PATH, or an absolute path"
	case slices.ContainsFunc(argv, func(a string) bool { return strings.ContainsRune(a, 0) }):
		return "an argument contains a NUL"
	}
	return ""
}

// secretAt reads the reference at n, in a file of the given layer. It reports its
// problems.
func (l *layerReader) secretAt(n *node, literal bool) (SecretRef, bool) {
	bad := func(what string) (SecretRef, bool) {
		l.rep.at(n, "%s", what)
		return SecretRef{}, false
	}
	switch n.shape {
	case isTable:
		command := n.get("command")
		if command == nil || len(n.keys) != 1 || command.shape != isArray {
			return bad(wantSecret)
		}
		var argv []string
		for _, a := range command.items {
			if a.shape != isString {
				return bad(fmt.Sprintf("the arguments of a command are strings, not %s", a.shape))
			}
			argv = append(argv, a.text)
		}
		if what := badCommand(argv); what != "" {
			return bad(what)
		}
		// A project's command has been reported by the walk over its executing keys.
		return SecretRef{kind: commandSecret, argv: argv}, l.origin != project
	case isString:
	default:
		return bad(wantSecret)
	}

	s, what := parseReference(n.text)
	scheme, _, _ := strings.Cut(n.text, ":")
	if what != "" && literal && n.text != "" && scheme != "env" && scheme != "keyring" && scheme != "file" {
		return SecretRef{kind: literalSecret, arg: n.text}, true
	}
	if what != "" {
		return bad(what)
	}
	if s.kind != fileSecret {
		return s, true
	}
	rest, atHome := strings.CutPrefix(s.arg, "~/")
	switch {
	case l.origin == project && (atHome || !filepath.IsLocal(s.arg)):
		return bad("a project file may only refer to files of the repository, by a relative path")
	case atHome && l.home == "":
		return bad("there is no home directory; write an absolute path")
	case atHome:
		s.arg = filepath.Join(l.home, rest)
	case !filepath.IsAbs(s.arg):
		s.arg = filepath.Join(l.dir, s.arg)
	}
	return s, true
}
