package config

import (
	"cmp"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/sorting"
)

// A Kind is a kind of source: what stands after kind = in a [sources.NAME] table.
// The keys named here are those of the table itself, not of tables within it.
type Kind struct {
	Name string

	// New returns a pointer to a new configuration, with defaults if it likes. Keys
	// are its toml tags; the types are strings, numbers, booleans, time.Duration,
	// Size, SecretRef, encoding.TextUnmarshaler, and slices, string maps, structs and
	// pointers of them. If it has a method Validate() error, that is called after
	// decoding; its text is shown and must not repeat values. An error with a method
	// Key() string is shown at that key, and joined errors are shown one by one.
	New func() any

	Secrets  []string // keys of strings that are secret references; the field gets SecretRef.Ref
	Literals []string // secrets whose value may stand in the file itself, such as a DSN
	Exec     []string // keys that make something run; never accepted from a project
	Hosts    []string // keys with a host or URL
	Local    bool     // its sources lie on this machine
}

// A Source is a configured source.
type Source struct {
	Name, Kind string
	Config     any // what the kind's New returned, filled in
	Local      bool

	Origin string // policy.Managed, User or Project
	File   string
	Line   int

	Hosts   []string // that it talks to, as far as its keys say, for cleat trust to show
	Secrets []string // that it refers to, without values
}

// reserved reports whether a source of the kind may not have the name: it is that of
// something built in. The embedded sources themselves can be configured, but not by
// a project.
func reserved(name, kind, origin string) bool {
	switch name {
	case "workspace", "local":
		return kind != name || origin == project
	case "cleat", "spill", "self", "all", "any", "none", "default":
		return true
	}
	return false
}

func sourceName(s string) bool {
	for i, r := range s {
		if (r < 'a' || r > 'z') && (i == 0 || r != '_' && r != '-' && (r < '0' || r > '9')) {
			return false
		}
	}
	return s != "" && len(s) <= 32
}

// readSources decodes every table of [sources].
func (l *layerReader) readSources(n *node) []Source {
	if n == nil {
		return nil
	}
	if n.shape != isTable {
		l.rep.at(n, "want tables [sources.NAME], not %s", n.shape)
		return nil
	}
	var out []Source
	for _, name := range n.keys {
		if s, ok := l.readSource(name, n.table[name]); ok {
			out = append(out, s)
		}
	}
	sorting.Sort(out, func(a, b Source) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func (l *layerReader) readSource(name string, n *node) (Source, bool) {
	if !sourceName(name) {
		l.rep.at(n, "the name of a source is a small letter and up to 31 more of a-z, 0-9, _ and -")
	}
	if n.shape != isTable {
		l.rep.at(n, "want a table [sources.NAME], not %s", n.shape)
		return Source{}, false
	}
	var names []string
	for _, k := range l.kinds {
		names = append(names, k.Name)
	}
	at := n.get("kind")
	if at == nil {
		l.rep.add(Problem{Line: n.line, Col: n.col, Key: n.name, What: "the key kind is missing", Known: names})
		return Source{}, false
	}
	if at.shape != isString {
		l.rep.at(at, "want a string, not %s", at.shape)
		return Source{}, false
	}
	i := slices.IndexFunc(l.kinds, func(k Kind) bool { return k.Name == at.text })
	if i < 0 {
		l.rep.add(Problem{
			Line: at.line, Col: at.col, Key: n.name, What: showWord("kind", at.text), Known: names,
			Mend: didYouMean(fail.Near(at.text, names)),
		})
		return Source{}, false
	}
	kind := l.kinds[i]
	if reserved(name, kind.Name, l.origin) {
		l.rep.at(n, "this name is reserved; choose another")
	}
	if l.origin == project {
		l.refuseExec(n, kind.Exec)
	}

	s := Source{Name: name, Kind: kind.Name, Config: kind.New(), Local: kind.Local, Origin: l.origin, File: l.file, Line: n.line}
	before := len(l.rep.problems) + l.rep.more
	secrets := func(n *node, literal bool) (SecretRef, bool) {
		ref, ok := l.secretAt(n, literal)
		if ok {
			s.Secrets = append(s.Secrets, ref.String())
		}
		return ref, ok
	}
	d := decoder{rep: l.rep, secrets: secrets, refs: kind.Secrets, literal: kind.Literals, taken: []string{"kind"}}
	d.structure(n, reflect.ValueOf(s.Config).Elem(), true)
	for _, key := range n.keys {
		if !slices.Contains(kind.Secrets, key) && !slices.Contains(kind.Literals, key) {
			l.refuseCredentials(n.table[key])
		}
	}
	s.Hosts = hosts(n, kind.Hosts)
	if v, ok := s.Config.(interface{ Validate() error }); ok && len(l.rep.problems)+l.rep.more == before {
		l.invalid(n, v.Validate())
	}
	return s, true
}

// invalid reports what a kind's Validate returned.
func (l *layerReader) invalid(n *node, err error) {
	if err == nil {
		return
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			l.invalid(n, e)
		}
		return
	}
	if keyed, ok := err.(interface{ Key() string }); ok {
		if at := n.get(keyed.Key()); at != nil {
			l.rep.at(at, "%s", err)
			return
		}
		l.rep.add(Problem{Line: n.line, Col: n.col, Key: joinKey(n.name, keyed.Key()), What: err.Error()})
		return
	}
	l.rep.at(n, "%s", err)
}

// refuseExec reports the keys under n that make something run: those the kind names,
// and all that are called so, in case a kind forgets one.
func (l *layerReader) refuseExec(n *node, exec []string) {
	for _, key := range n.keys {
		v := n.table[key]
		if slices.Contains(exec, key) || executes(key) {
			l.rep.at(v, "a key that runs a program is never accepted from a project file, trusted or not")
			continue
		}
		l.refuseExecIn(v)
	}
}

func (l *layerReader) refuseExecIn(n *node) {
	switch n.shape {
	case isTable:
		l.refuseExec(n, nil)
	case isArray:
		for _, item := range n.items {
			l.refuseExecIn(item)
		}
	}
}

func executes(key string) bool {
	key = strings.ToLower(key)
	for _, part := range [...]string{"command", "cmd", "helper", "exec", "argv", "program", "shell", "hook"} {
		if strings.Contains(key, part) {
			return true
		}
	}
	return false
}

// refuseCredentials reports a URL with a password, or a web address with any user:
// that is a secret outside a secret field.
func (l *layerReader) refuseCredentials(n *node) {
	switch n.shape {
	case isTable:
		for _, key := range n.keys {
			l.refuseCredentials(n.table[key])
		}
	case isArray:
		for _, item := range n.items {
			l.refuseCredentials(item)
		}
	case isString:
		scheme, rest, isURL := strings.Cut(n.text, "://")
		authority, _, _ := strings.Cut(rest, "/")
		authority, _, _ = strings.Cut(authority, "?")
		authority, _, _ = strings.Cut(authority, "#")
		at := strings.LastIndexByte(authority, '@')
		if !isURL || at < 0 {
			return
		}
		web := strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")
		if web || strings.Contains(authority[:at], ":") {
			l.rep.at(n, "a user or password does not stand in a URL; use the key for the secret, with a reference")
		}
	}
}

// hosts returns the hosts that the values of the keys name.
func hosts(n *node, keys []string) []string {
	var out []string
	add := func(v *node) {
		if v.shape != isString {
			return
		}
		host := v.text
		if u, err := url.Parse(v.text); err == nil && u.Host != "" {
			host = u.Host
		} else if strings.ContainsAny(host, "@/") {
			return // whatever it is, it may hold more than a host
		}
		out = append(out, fmt.Sprintf("%.200s", host))
	}
	for _, key := range keys {
		v := n.get(key)
		if v == nil {
			continue
		}
		add(v)
		for _, item := range v.items {
			add(item)
		}
	}
	return out
}
