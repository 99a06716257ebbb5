package config

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"cleat/internal/gate/policy"
)

// A stamp is what the file system says of a path without opening it. Equal stamps
// mean an unchanged file, unless it was changed twice within the grain of the file
// system's clock.
type stamp struct {
	state       uint8 // 0 absent, 1 there, 2 cannot be examined
	device      uint64
	inode       uint64
	link        uint64 // inode of the link that leads there, 0 if none
	size        int64
	mode        uint32
	owner       uint32
	mtime       int64 // nanoseconds
	ctime       int64
	linkChanged int64
}

type stamps [3]stamp

// Coarser than the clock of any local file system.
const clockGrain = 2 * time.Second

func (o *Options) paths() [3]string {
	p := [3]string{o.Managed, o.User, ""}
	if o.Root != "" {
		p[2] = filepath.Join(o.Root, ProjectFile)
	}
	return p
}

func (o *Options) stamp() stamps {
	var s stamps
	for i, path := range o.paths() {
		if path != "" {
			s[i] = stampOf(path)
		}
	}
	return s
}

// fresh reports whether a file was changed so recently before now that another
// change could have left the same stamp.
func (s *stamps) fresh(now time.Time) bool {
	limit := now.Add(-clockGrain).UnixNano()
	for i := range s {
		if s[i].state != 0 && max(s[i].ctime, s[i].mtime, s[i].linkChanged) > limit {
			return true
		}
	}
	return false
}

// Changed reports whether a file was edited, made or removed since Load. It opens
// none of them: it may miss a change within the two seconds after another, which a
// Watcher does not.
func (c *Config) Changed() bool { return c.opts.stamp() != c.stamps }

// Fingerprint returns a text that is another one after a file has changed.
func (c *Config) Fingerprint() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%v", c.opts.stamp()))
	return fmt.Sprintf("%x", sum[:8])
}

// A Watcher keeps the policy current while cleat runs. An edit tightens it with the
// next call, and loosens nothing before a restart. It is safe for concurrent use.
type Watcher struct {
	opts     Options
	validate func(*policy.Policy) []error
	now      func() time.Time

	mu    sync.Mutex // held while files are read
	state atomic.Pointer[watched]
}

type watched struct {
	stamps  stamps
	digests digests
	settled bool // a change from here on changes the stamps
	policy  *policy.Policy
	note    string
}

// NewWatcher returns a Watcher that begins with c, which has no problems. validate
// is called with each new policy, with errors for rules that name nothing; it may be
// nil.
func NewWatcher(c *Config, validate func(*policy.Policy) []error) *Watcher {
	w := &Watcher{opts: c.opts, validate: validate, now: time.Now}
	// Not settled: the first call compares contents, should a file have been changed
	// right after it was read.
	w.state.Store(&watched{stamps: c.stamps, digests: c.digests, policy: c.Policy})
	return w
}

// Current returns the policy for a call that begins now, and a note if the files
// say something else. Usually that costs one look at each file's metadata. A broken
// edit leaves the policy as it was.
func (w *Watcher) Current() (*policy.Policy, string) {
	s := w.state.Load()
	if s.settled && w.opts.stamp() == s.stamps {
		return s.policy, s.note
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s = w.state.Load()
	stamps := w.opts.stamp()
	if s.settled && stamps == s.stamps {
		return s.policy, s.note
	}
	next := &watched{stamps: stamps, digests: w.digests(), policy: s.policy, note: s.note}
	next.settled = !stamps.fresh(w.now())
	if next.stamps != s.stamps || next.digests != s.digests {
		w.reload(next)
	}
	w.state.Store(next)
	return next.policy, next.note
}

// reload reads the files into s.
func (w *Watcher) reload(s *watched) {
	c, problems := Load(w.opts)
	if len(problems) == 0 && w.validate != nil {
		problems = RuleProblems(w.validate(c.Policy))
	}
	if len(problems) > 0 {
		s.note = "the configuration was edited and is broken now, so the policy is as before: " + problems[0].String()
		if more := len(problems) - 1; more > 0 {
			s.note += fmt.Sprintf(" (and %d more)", more)
		}
		return
	}
	was := s.policy
	s.policy = policy.Narrow(was, c.Policy)
	s.note = ""
	if !s.policy.Same(was) || !s.policy.Same(c.Policy) {
		s.note = "the configuration was edited: what it forbids counts now, what it allows or adds counts after a restart"
	}
}

// digests returns what the files hold now.
func (w *Watcher) digests() (d digests) {
	for i, path := range w.opts.paths() {
		if path == "" {
			continue
		}
		var data []byte
		var err error
		if i == 2 {
			data, _, err = readProject(w.opts.Root)
		} else {
			data, _, err = readFile(path)
		}
		d[i] = digestOf(data, err)
	}
	return d
}

// A digest stands for the content of a file, or for what is wrong with it. It is
// zero for a file that does not exist.
type digest [sha256.Size]byte

type digests [3]digest

func digestOf(data []byte, err error) digest {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return digest{}
	case err != nil:
		return sha256.Sum256([]byte("error: " + err.Error()))
	}
	return sha256.Sum256(append([]byte("content: "), data...))
}
