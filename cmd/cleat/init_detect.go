package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cleat/internal/config"
	"cleat/internal/git"
	"cleat/internal/sources"
	"cleat/internal/text"
)

// A sight is something in the repository that a configuration could name.
type sight struct {
	what  string
	kinds []string // of source that could serve it, by their names
	keys  []string // further lines for the first of the kinds
}

// configuration says what a first configuration could name, and writes one on request.
func (in *initializer) configuration(ctx context.Context) {
	in.say("")
	file, err := config.UserFile(in.lookup)
	switch {
	case err != nil:
		in.trouble(err.Error(), "set it to an absolute path, or unset it")
	case file == "":
		in.say("No configuration is needed. There is no home folder, so there can be none of yours.")
	case in.config:
		in.writeSkeleton(file)
	default:
		in.say("No configuration is needed to search and read this repository. `cleat init --config` writes a\n"+
			"commented one to start from: %s", text.Line(file))
	}
	var known []string
	for _, k := range sources.Kinds() {
		known = append(known, k.Name)
	}
	for _, line := range suggestions(in.sights(ctx), known) {
		in.say("%s", line)
	}
}

// suggestions are the lines about what was seen: TOML where there is a kind of source for
// it, and otherwise that there is none.
func suggestions(sights []sight, known []string) []string {
	var out []string
	for _, s := range sights {
		usable := slices.DeleteFunc(slices.Clone(s.kinds), func(k string) bool { return !slices.Contains(known, k) })
		if len(usable) == 0 {
			out = append(out, "Seen: "+s.what+"; no source kind for it in this version.")
			continue
		}
		out = append(out, "Seen: "+s.what+". For your configuration:")
		for i, k := range usable {
			out = append(out, "  # [sources."+k+"]", fmt.Sprintf("  # kind = %q", k))
			if i == 0 && k == s.kinds[0] {
				for _, line := range s.keys {
					out = append(out, "  # "+line)
				}
			}
		}
	}
	return out
}

// sights looks at the remotes, the compose files and the names in .env files: one sight
// for each of these, and nothing where there is nothing.
func (in *initializer) sights(ctx context.Context) []sight {
	root, err := os.OpenRoot(in.root)
	if err != nil {
		return nil // the step before has said so
	}
	defer root.Close()
	var out []sight
	for _, look := range []func(context.Context, *os.Root) sight{in.remotes, composeFiles, databaseNames} {
		if s := look(ctx, root); s.what != "" {
			out = append(out, s)
		}
	}
	return out
}

// maxNamed is how many things of a kind are named.
const maxNamed = 5

func joinNames(names []string) string {
	if len(names) > maxNamed {
		names = append(slices.Clone(names[:maxNamed]), fmt.Sprintf("and %d more", len(names)-maxNamed))
	}
	return strings.Join(names, ", ")
}

// remotes names the hosts of the git remotes, without whatever else is in their addresses.
func (in *initializer) remotes(_ context.Context, _ *os.Root) sight {
	repo, err := git.Open(in.root, git.Options{Env: in.environ})
	if err != nil {
		return sight{} // not a repository, or one that doctor has something to say about
	}
	defer repo.Close()
	remotes, err := repo.Remotes()
	if err != nil {
		return sight{} // a configuration that git itself will complain about
	}
	var names []string
	var s sight
	for _, r := range remotes {
		host := remoteHost(r.URL)
		if host == "" {
			continue
		}
		names = append(names, text.Line(r.Name)+" at "+text.Line(host))
		for _, kind := range []string{"github", "gitlab", "gitea"} {
			if strings.Contains(host, kind) && !slices.Contains(s.kinds, kind) {
				if len(s.kinds) == 0 {
					s.keys = forgeKeys(kind, host)
				}
				s.kinds = append(s.kinds, kind)
			}
		}
	}
	if len(names) > 0 {
		s.what = "git remote " + joinNames(names)
	}
	return s
}

// forgeKeys are the lines of a source on a forge beside its kind.
func forgeKeys(kind, host string) []string {
	keys := []string{fmt.Sprintf(`token = "env:%s_TOKEN"`, strings.ToUpper(kind))}
	if host != kind+".com" {
		keys = append(keys, fmt.Sprintf("url = %q", "https://"+host))
	}
	return append(keys, `repos = ["OWNER/*"]`)
}

// remoteHost returns the host of a remote's address, "" if it has none.
func remoteHost(address string) string {
	if strings.Contains(address, "://") {
		u, err := url.Parse(address)
		if err != nil {
			return ""
		}
		return strings.ToLower(u.Hostname())
	}
	before, after, scp := strings.Cut(address, ":")
	if !scp || strings.HasPrefix(after, ":") || strings.ContainsAny(before, `/\`) || len(before) < 2 { // a path, of Windows too
		return ""
	}
	return strings.ToLower(before[strings.LastIndex(before, "@")+1:])
}

// maxSight is the most bytes of a file that is looked at.
const maxSight = 64 << 10

// glance returns the file's content if it is a regular file of the repository and small.
func glance(root *os.Root, name string) (string, bool) {
	info, err := root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return "", false
	}
	f, err := root.OpenFile(name, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return "", false
	}
	defer f.Close()
	data, err := readRegular(f, maxSight)
	return string(data), err == nil
}

// composeFiles names the compose files and the databases among their images.
func composeFiles(_ context.Context, root *os.Root) sight {
	var files, databases []string
	for _, name := range []string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"} {
		content, ok := glance(root, name)
		if !ok {
			continue
		}
		files = append(files, name)
		for line := range strings.Lines(content) {
			image, ok := strings.CutPrefix(strings.TrimSpace(line), "image:")
			for _, d := range []string{"postgres", "mysql", "mariadb"} {
				if ok && strings.Contains(image, d) && !slices.Contains(databases, d) {
					databases = append(databases, d)
				}
			}
		}
	}
	if len(files) == 0 {
		return sight{}
	}
	s := sight{what: joinNames(files)}
	for _, d := range databases {
		kind := strings.Replace(d, "mariadb", "mysql", 1)
		if !slices.Contains(s.kinds, kind) {
			s.kinds = append(s.kinds, kind)
		}
	}
	if len(databases) > 0 {
		s.what += " with " + joinNames(databases)
	}
	return s
}

// databaseNames names the variables of .env files that look like a database's address.
// Their values are not kept.
func databaseNames(_ context.Context, root *os.Root) sight {
	var names []string
	var s sight
	for _, file := range []string{".env", ".env.local", ".env.development", ".env.example"} {
		content, _ := glance(root, file)
		for line := range strings.Lines(content) {
			name, _, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
			name = strings.TrimSpace(name)
			if !ok || !isDatabaseName(name) {
				continue
			}
			names = append(names, name+" in "+file)
			for _, kind := range []string{"postgres", "mysql"} {
				generic := strings.Contains(name, "DATABASE") || strings.Contains(name, "DSN")
				if (generic || strings.Contains(name, strings.ToUpper(kind))) && !slices.Contains(s.kinds, kind) {
					s.kinds = append(s.kinds, kind)
				}
			}
		}
	}
	if len(names) > 0 {
		s.what = joinNames(names) + " (the names; values were not looked at)"
	}
	return s
}

// isDatabaseName reports whether a variable is called as addresses of databases are.
func isDatabaseName(name string) bool {
	if len(name) > 64 || strings.ContainsFunc(name, func(r rune) bool { return r != '_' && (r < 'A' || r > 'Z') && (r < '0' || r > '9') }) {
		return false
	}
	for _, suffix := range []string{"DATABASE_URL", "DATABASE_URI", "DB_URL", "DB_URI", "_DSN", "POSTGRES_URL", "POSTGRESQL_URL", "MYSQL_URL"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}

// skeleton is a configuration in which everything is a comment. Prose has a space after
// its #, settings have none.
const skeleton = `# cleat's configuration for you, in every repository. Nothing here is needed: without it cleat
# searches and reads the repository it was started in, and writes to nothing that others share.
# Settings are commented out; those with a value show the default where there is one.
# "cleat policy check" checks this file, "cleat doctor" the whole setup.

# What Claude Code may do. A rule is TOOL or TOOL(source=NAME, op=OP, ...); deny wins.
# "cleat policy show" prints the rules in force.
#[policy]
#read_only = true
#allow = []
#deny = ["code_search(source=docs)"]

# Another folder to search and read, beside the repository.
#[sources.docs]
#kind = "workspace"
#root = "/path/to/a/folder"

#[limits]
#call = "30s"
#budget = 6000
#in_flight = 64
#queue = 10000

# With required, nothing is written that cannot be recorded.
#[audit]
#required = true
#rotate = "64MB"

#[output]
#format = "text"
`

// writeSkeleton writes the user configuration, unless there is one.
func (in *initializer) writeSkeleton(file string) {
	if _, err := os.Lstat(file); err == nil {
		in.say("%s is there already and stays as it is.", text.Line(file))
		return
	}
	if in.dryRun {
		in.say("Dry run: %s would be written:\n\n%s", text.Line(file), skeleton)
		return
	}
	err := os.MkdirAll(filepath.Dir(file), 0o700)
	if err == nil {
		err = writeNew(file, skeleton)
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		in.say("%s is there already and stays as it is.", text.Line(file))
	case err != nil:
		in.trouble(fmt.Sprintf("%s cannot be written: %v", text.Line(file), bareError(err)), "make its folder writable for you, or set XDG_CONFIG_HOME")
	default:
		in.say("Wrote %s, in which everything is commented out.", text.Line(file))
	}
}

// writeNew writes a file that must not be there yet.
func writeNew(file, content string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(file))
	}
	return nil
}
