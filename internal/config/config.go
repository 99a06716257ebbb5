package config

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cleat/internal/gate/policy"
	"cleat/internal/size"
)

const project = policy.Project

// Options says where the configuration is and what it may name.
type Options struct {
	// Managed is the path of the managed layer; "" is ManagedFile. Only tests set it:
	// a released program has no flag and no variable for it.
	Managed string
	// ManagedUID is who has to own the managed file: root, except in tests.
	ManagedUID int

	User string // path of the user layer; "" is what UserFile returns for Environ
	Root string // absolute path of the repository's root; "" if there is none

	Environ  []string // as os.Environ
	Trust    *Trust   // nil trusts nothing
	Kinds    []Kind   // of sources, in the order in which messages list them
	ReadOnly bool     // --read-only
}

// A Config is the configuration in force.
type Config struct {
	Sources []Source // managed, then user, then project; by name within a layer
	Policy  *policy.Policy
	Stated  *policy.Policy // what the files state, also where problems make Policy nil: for Validate alone
	Limits  Limits
	Audit   Audit
	Format  string // of answers: "text" or "json"

	// Files are the managed and the user's file, as far as they are there.
	Files []string
	// Skipped are sources of a project file that is not trusted. They do not exist,
	// but rules may name them.
	Skipped []Source
	// Project is the state of the project file.
	Project Project
	// Notes are for the log and for status: what was ignored, and why.
	Notes []string

	opts    Options
	stamps  stamps
	digests digests
}

// Limits bound what calls may take.
type Limits struct {
	Call     time.Duration // of one call
	Budget   int           // tokens of one answer
	InFlight int           // calls at once
	Queue    int           // calls that wait
}

// Audit is about the audit log.
type Audit struct {
	Required bool      // without it, nothing is written
	Rotate   size.Size // at this size a new file begins
}

// Project is what is known of a project file.
type Project struct {
	File    string // absolute path; "" without a repository
	Present bool
	Trusted bool
	Content []byte // what Trust.Grant has to be given
}

// Digest returns the SHA-256 of the project file's content in hex, "" if it has none.
func (p Project) Digest() string {
	if !p.Present {
		return ""
	}
	sum := sha256.Sum256(p.Content)
	return hex.EncodeToString(sum[:])
}

// Load reads the three layers. With problems the configuration must not be used: its
// Policy is nil, which refuses everything. The files are not kept open.
func Load(o Options) (*Config, []Problem) {
	if o.Managed == "" {
		o.Managed = ManagedFile()
	}
	c := &Config{
		Limits: Limits{Call: 30 * time.Second, Budget: 6000, InFlight: 64, Queue: 10000},
		Audit:  Audit{Rotate: 64e6},
		Format: "text",
	}
	var problems []Problem
	if o.User == "" {
		user, err := UserFile(o.lookup)
		if err != nil {
			problems = append(problems, Problem{What: err.Error(), Mend: "set it to an absolute path, or unset it"})
		} else if user == "" {
			c.note("there is no home directory, so no user configuration")
		}
		o.User = user
	}
	c.opts = o
	c.stamps = o.stamp() // before reading: an edit from here on is seen as a change

	var layers []*layer
	for i, origin := range [...]string{policy.Managed, policy.User, project} {
		l, found := o.readLayer(origin)
		c.digests[i] = l.digest
		problems = append(problems, found...)
		layers = append(layers, l)
		if l.present && origin != project {
			c.Files = append(c.Files, fmt.Sprintf("%s (%s)", l.file, origin))
		}
		c.Notes = append(c.Notes, l.notes...)
	}
	c.merge(layers, &problems)
	for _, name := range o.ignored() {
		c.note("%s is ignored: no variable of the environment changes the configuration", name)
	}
	if len(problems) > 0 {
		c.Policy, c.Sources, c.Skipped = nil, nil, nil
	}
	return c, problems
}

func (c *Config) note(format string, args ...any) {
	c.Notes = append(c.Notes, fmt.Sprintf(format, args...))
}

func (o *Options) lookup(name string) (string, bool) {
	for _, kv := range slices.Backward(o.Environ) { // of two, the last counts
		if k, v, _ := strings.Cut(kv, "="); k == name {
			return v, true
		}
	}
	return "", false
}

// ignored returns the variables that look as if they configured cleat.
func (o *Options) ignored() []string {
	var out []string
	for _, kv := range o.Environ {
		if k, _, _ := strings.Cut(kv, "="); strings.HasPrefix(strings.ToUpper(k), "CLEAT_") {
			out = append(out, showKey(k))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// readLayer reads the file of a layer. The layer is never nil.
func (o *Options) readLayer(origin string) (*layer, []Problem) {
	var (
		data []byte
		info fs.FileInfo
		err  error
		path string
	)
	l := &layer{origin: origin}
	switch origin {
	case policy.Managed:
		path = o.Managed
	case policy.User:
		path = o.User
	case project:
		if o.Root != "" {
			path = filepath.Join(o.Root, ProjectFile)
		}
	}
	l.file = path
	if origin == project {
		l.file = ProjectFile
	}
	l.policy = policy.Layer{Origin: origin, File: l.file}
	switch {
	case path == "":
		return l, nil
	case origin == project:
		data, info, err = readProject(o.Root)
	default:
		data, info, err = readFile(path)
	}
	l.digest = digestOf(data, err)
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err == nil && origin == policy.Managed {
		if broken := checkManaged(path, info, o.ManagedUID); broken != nil {
			err = broken
		}
	}
	if err != nil {
		p := Problem{File: l.file, What: err.Error()}
		if b := (*brokenFile)(nil); errors.As(err, &b) {
			p.Mend = b.mend
		}
		return l, []Problem{p}
	}

	l.present, l.content = true, data
	if origin == policy.User && info.Mode().Perm()&0o002 != 0 && writableByOthers(info) {
		l.notes = append(l.notes, l.file+" can be written by anyone: run chmod o-w on it")
	}
	rep := &report{file: l.file}
	r := &layerReader{layer: l, rep: rep, kinds: o.Kinds, dir: filepath.Dir(path)}
	r.home, _ = o.lookup("HOME")
	r.read(parseTree(data, rep))
	return l, rep.sorted()
}

// merge puts the layers together, highest first. Lower ones only narrow.
func (c *Config) merge(layers []*layer, problems *[]Problem) {
	p := layers[2]
	c.Project = Project{Present: p.present, Content: p.content}
	if c.opts.Root != "" {
		c.Project.File = filepath.Join(c.opts.Root, ProjectFile)
		c.Project.Trusted = p.present && c.opts.Trust.Trusted(c.opts.Root, ProjectFile, p.content)
	}
	var rules []policy.Layer
	for _, l := range layers {
		rules = append(rules, l.policy)
		trusted := l.origin != project || c.Project.Trusted
		for _, s := range l.sources {
			i := slices.IndexFunc(c.Sources, func(t Source) bool { return t.Name == s.Name })
			switch {
			case !trusted:
				c.Skipped = append(c.Skipped, s)
			case i >= 0:
				*problems = append(*problems, Problem{
					File: s.File, Line: s.Line, Col: 1, Key: "sources." + s.Name,
					What: fmt.Sprintf("the %s file has a source of this name (%s:%d)", c.Sources[i].Origin, c.Sources[i].File, c.Sources[i].Line),
					Mend: "choose another name",
				})
			default:
				c.Sources = append(c.Sources, s)
			}
		}
	}
	if len(c.Skipped) > 0 {
		var names []string
		for _, s := range c.Skipped {
			names = append(names, s.Name)
		}
		c.note("%s is not trusted, so its sources are left out: %s; read the file, then run cleat trust", ProjectFile, strings.Join(names, ", "))
	}
	if c.opts.ReadOnly {
		on := true
		rules = append(rules, policy.Layer{Origin: policy.Flag, ReadOnly: &on})
	}
	c.Policy = policy.New(rules)
	c.Stated = c.Policy
	c.Notes = append(c.Notes, c.Policy.Conflicts()...)

	narrowest(c, layers, &c.Limits.Call, func(l *layer) setting[time.Duration] { return l.call })
	narrowest(c, layers, &c.Limits.Budget, func(l *layer) setting[int] { return l.budget })
	narrowest(c, layers, &c.Limits.InFlight, func(l *layer) setting[int] { return l.inFlight })
	narrowest(c, layers, &c.Limits.Queue, func(l *layer) setting[int] { return l.queue })
	c.mergeAudit(layers)
	c.mergeFormat(layers)
}

// narrowest sets value to the lowest that the layers say. The highest layer that says
// something may go beyond the default, but a project never may.
func narrowest[T cmp.Ordered](c *Config, layers []*layer, value *T, of func(*layer) setting[T]) {
	bound := false
	for _, l := range layers {
		s := of(l)
		switch {
		case !s.set:
		case (bound || l.origin == project) && s.value > *value:
			c.note("%s is above what a higher layer or the default allows, and is ignored", s.at)
		default:
			*value = s.value
			bound = true
		}
	}
}

func (c *Config) mergeAudit(layers []*layer) {
	rotated := false
	for _, l := range layers {
		if s := l.required; s.set {
			if !s.value && c.Audit.Required {
				c.note("%s is overruled: a higher layer requires the audit log", s.at)
			}
			c.Audit.Required = c.Audit.Required || s.value
		}
		if s := l.rotate; s.set {
			if rotated || l.origin == project {
				c.note("%s is ignored: that is for the managed or the user file, the managed one first", s.at)
				continue
			}
			c.Audit.Rotate, rotated = s.value, true
		}
	}
}

func (c *Config) mergeFormat(layers []*layer) {
	set := false
	for _, l := range layers {
		s := l.format
		switch {
		case !s.set:
		case set:
			c.note("%s is overruled by a higher layer", s.at)
		case l.origin == project && !c.Project.Trusted:
			c.note("%s is ignored, since %s is not trusted; run cleat trust", s.at, ProjectFile)
		default:
			c.Format, set = s.value, true
		}
	}
}
