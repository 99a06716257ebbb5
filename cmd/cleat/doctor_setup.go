package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cleat/internal/config"
	"cleat/internal/proc"
	"cleat/internal/systems/databases"
)

// checkClaude looks for Claude Code and for cleat in its configuration. It starts none of
// the servers that are configured there.
func (d *doctor) checkClaude(ctx context.Context, root string) {
	const install = "npm install -g @anthropic-ai/claude-code"
	path, err := proc.Look("claude", d.environ)
	if err != nil {
		d.warn("Claude Code", "PATH has no program claude", install+"; cleat itself works without it, see `cleat --help`")
	} else {
		version, err := d.claudeVersion(ctx, path)
		switch {
		case err != nil:
			what, _ := reason(err)
			d.warn("Claude Code", path+" does not say its version: "+what, "run `claude --version` yourself; to install it anew: "+install)
		case !atLeast(version, 2, 0):
			d.warn("Claude Code", "version "+version+" is older than 2.0, which is not tested", "run `claude update`")
		default:
			d.ok("Claude Code", "version %s", version)
		}
	}
	entries, problems := d.claudeEntries(d.dir, root)
	for _, err := range problems {
		d.warn("registered", err.Error(), "mend or remove the file; Claude Code reads it as well")
	}
	if len(entries) == 0 {
		if len(problems) == 0 {
			d.warn("registered", "Claude Code is not told to start cleat in this folder", "run `cleat init`")
		}
		return
	}
	e := entries[0]
	again := fmt.Sprintf("run `%s`, then `cleat init`", e.remove())
	program, err := e.program(d.environ)
	switch {
	case err != nil:
		d.warn("registered", fmt.Sprintf("Claude Code cannot start %s (%s): %v", e.name, e.where(), err), again)
	case !e.serves():
		d.warn("registered", fmt.Sprintf("Claude Code starts %s (%s) without the verb serve", e.name, e.where()), again)
	default:
		other := ""
		if !isSameFile(program, d.serve[0]) {
			other = ", which is another program than this one"
		}
		d.ok("registered", "Claude Code starts %s%s (%s)", program, other, e.where())
	}
}

// claudeVersion asks Claude Code for its version, such as "2.1.330".
func (d *doctor) claudeVersion(ctx context.Context, path string) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, d.patience, fmt.Errorf("no answer within %s", d.patience))
	defer cancel()
	res, err := d.group.Run(ctx, proc.Cmd{
		Argv: []string{path, "--version"}, Dir: filepath.VolumeName(path) + string(filepath.Separator), Env: proc.Filter(d.environ, "CLAUDE_CONFIG_DIR"), MaxOutput: 4096,
	})
	if err != nil {
		return "", err
	}
	fields := strings.Fields(string(res.Stdout))
	if res.Code != 0 || len(fields) == 0 || !strings.Contains(fields[0], ".") {
		return "", fmt.Errorf("exit code %d, %q", res.Code, excerpt(string(res.Stdout)+string(res.Stderr)))
	}
	return fields[0], nil
}

// excerpt is the first line of s that is not empty, cut.
func excerpt(s string) string {
	const most = 300
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if len(line) > most {
			line = strings.ToValidUTF8(line[:most], "") + "…"
		}
		return line
	}
	return ""
}

// checkConfiguration goes through the layers: each is absent, sound, or broken with every
// problem on a line.
func (d *doctor) checkConfiguration(a *app) {
	left := slices.Clone(a.problems)
	report := func(subject string, of func(config.Problem) bool) (found bool) {
		left = slices.DeleteFunc(left, func(p config.Problem) bool {
			if !of(p) {
				return false
			}
			found = true
			mend := p.Mend
			switch {
			case mend != "":
			case len(p.Known) > 0:
				mend = "write one of these instead: " + strings.Join(p.Known, ", ")
			default:
				mend = "correct the line; `cleat policy check` reads the files again"
			}
			p.Mend = ""
			d.failed(subject, p.String(), mend)
			return true
		})
		return found
	}
	managed := cmp.Or(d.managed, config.ManagedFile())
	user, userErr := config.UserFile(d.lookup)
	project := a.config.Project.File
	for _, l := range []struct{ subject, path, shown string }{
		{"managed file", managed, managed}, {"user file", user, user}, {"project file", project, config.ProjectFile},
	} {
		if l.path == "" {
			if userErr == nil {
				d.ok(l.subject, "none: there is no home folder")
			}
			continue
		}
		if report(l.subject, func(p config.Problem) bool { return p.File == l.shown }) {
			continue
		}
		if _, err := os.Lstat(l.path); errors.Is(err, fs.ErrNotExist) {
			d.ok(l.subject, "none, which is fine (%s)", l.path)
		} else {
			d.ok(l.subject, "%s", l.path)
		}
	}
	report("configuration", func(config.Problem) bool { return true })
	d.checkTrust(a)
	for _, note := range a.config.Notes {
		if len(a.config.Skipped) > 0 && strings.HasPrefix(note, config.ProjectFile+" is not trusted") {
			continue // that is what the line about trust says
		}
		what, mend, ok := cutLast(note, "; ")
		if !ok {
			what, mend = note, "nothing, if that is what you meant"
		}
		d.warn("note", what, mend)
	}
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// checkTrust says whether what the project file adds counts.
func (d *doctor) checkTrust(a *app) {
	p := a.config.Project
	switch {
	case !p.Present:
	case p.Trusted:
		d.ok("trust", "this content of %s is trusted", config.ProjectFile)
	case len(a.config.Skipped) > 0:
		var names []string
		for _, s := range a.config.Skipped {
			names = append(names, s.Name)
		}
		d.warn("trust", config.ProjectFile+" is not trusted, so these sources of it are left out: "+joinNames(names),
			"read the file, then run `cleat trust`")
	case len(a.problems) > 0:
		d.ok("trust", "%s is not trusted; mend it first", config.ProjectFile)
	default:
		d.ok("trust", "%s is not trusted, and adds nothing that would need it", config.ProjectFile)
	}
}

// checkSources lists what was opened.
func (d *doctor) checkSources(ctx context.Context, a *app) {
	if len(a.problems) > 0 {
		d.warn("sources", "none is open while the configuration is broken", "mend the lines with FAIL above")
		return
	}
	probed := d.probe(ctx, a)
	n := 0
	for _, s := range a.set.List() {
		if s.Name == "cleat" || s.Name == "spill" {
			continue // cleat's own pages
		}
		n++
		p, ok := probed[s.Name]
		switch {
		case !ok:
			d.ok("source", "%s: %s", s.Name, strings.Join(s.Systems, ", "))
		case p.err != nil:
			what, mend := reason(p.err)
			d.warn("source", s.Name+": "+what, mend)
		case len(p.findings) > 0:
			d.warn("source", s.Name+": "+strings.Join(p.findings, "; "), "give cleat a role of its own that can SELECT and no more, over TLS")
		default:
			d.ok("source", "%s: %s; it answers, and its role can only read", s.Name, strings.Join(s.Systems, ", "))
		}
	}
	if n == 0 {
		d.failed("source", "none is open", "report it as a fault of cleat's: the workspace is always there")
	}
}

// A probing is what a database says of the role that cleat has there.
type probing struct {
	findings []string
	err      error
}

// probe connects to every database at once, within half of the patience.
func (d *doctor) probe(ctx context.Context, a *app) map[string]probing {
	ctx, cancel := context.WithTimeout(ctx, d.patience/2)
	defer cancel()
	type result struct {
		name string
		probing
	}
	results := make(chan result)
	n := 0
	for _, s := range a.set.Databases {
		if p, ok := s.Backend.(databases.Prober); ok {
			n++
			go func() {
				findings, err := p.Probe(ctx)
				results <- result{s.Name, probing{findings, err}}
			}()
		}
	}
	out := make(map[string]probing, n)
	for range n {
		r := <-results
		out[r.name] = r.probing
	}
	return out
}

// took shows how long something took since began.
func took(began time.Time) time.Duration { return time.Since(began).Round(time.Millisecond) }
