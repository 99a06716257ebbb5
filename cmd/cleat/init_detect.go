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

	"go.yaml.in/yaml/v3"

	"cleat/internal/config"
	"cleat/internal/git"
	"cleat/internal/sources"
	"cleat/internal/text"
)

// A sight is something in the repository that a configuration could name.
type sight struct {
	what   string
	offers []offer // of sources that could serve it
}

// An offer is a table for the configuration.
type offer struct {
	name string   // of the source; another one of that name gets a number
	kind string   // by its name
	keys []string // further lines, and comments
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
	taken := map[string]bool{}
	for _, s := range sights {
		usable := slices.DeleteFunc(slices.Clone(s.offers), func(o offer) bool { return !slices.Contains(known, o.kind) })
		if len(usable) == 0 {
			out = append(out, "Seen: "+s.what+"; no source kind for it in this version.")
			continue
		}
		out = append(out, "Seen: "+s.what+". For your configuration:")
		for _, o := range usable[:min(len(usable), maxNamed)] {
			name := o.name
			for n := 2; taken[name]; n++ {
				name = fmt.Sprintf("%s-%d", o.name, n)
			}
			taken[name] = true
			out = append(out, "  # [sources."+name+"]", fmt.Sprintf("  # kind = %q", o.kind))
			for _, line := range o.keys {
				out = append(out, "  # "+line)
			}
		}
	}
	return out
}

// sights looks at the remotes, and for databases at the compose files, the variables and
// the SQLite files: one sight for each of these, and nothing where there is nothing.
func (in *initializer) sights(ctx context.Context) []sight {
	root, err := os.OpenRoot(in.root)
	if err != nil {
		return nil // the step before has said so
	}
	defer root.Close()
	var out []sight
	for _, look := range []func(context.Context, *os.Root) sight{in.remotes, composeFiles, in.databaseNames, in.sqliteFiles} {
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
			offered := slices.ContainsFunc(s.offers, func(o offer) bool { return o.kind == kind })
			if strings.Contains(host, kind) && !offered {
				s.offers = append(s.offers, offer{kind, kind, forgeKeys(kind, host)})
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

// A service is a database among the services of a compose file.
type service struct {
	name, engine, kind string
	at                 string // "host:port" as published, "" if it is not
}

// composeFiles names the compose files with databases among their services.
func composeFiles(_ context.Context, root *os.Root) sight {
	var files, engines []string
	var s sight
	for _, name := range []string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"} {
		content, ok := glance(root, name)
		if !ok {
			continue
		}
		services := composeServices(content)
		if len(services) > 0 {
			files = append(files, name)
		}
		for _, d := range services {
			if !slices.Contains(engines, d.engine) {
				engines = append(engines, d.engine)
			}
			source := plainName(d.name)
			secret := strings.ToUpper(strings.ReplaceAll(source, "-", "_")) + "_DSN"
			o := offer{source, d.kind, []string{fmt.Sprintf("dsn = %q", "env:"+secret)}}
			if d.at == "" {
				o.keys = append(o.keys, "# its port is not published; once it is, "+secret+" is "+dsnForm(d.kind, "127.0.0.1:PORT"))
			} else {
				o.keys = append(o.keys, "# "+secret+" is "+dsnForm(d.kind, d.at))
			}
			s.offers = append(s.offers, o)
		}
	}
	if len(files) > 0 {
		s.what = joinNames(files) + " with " + joinNames(engines)
	}
	return s
}

// composeServices returns the databases of a compose file, in its order; none of one that
// is no YAML. The nodes are walked as they are written: what aliases would unfold to is
// never built.
func composeServices(content string) []service {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(content), &doc); err != nil || len(doc.Content) == 0 {
		return nil // docker will say what is wrong with it
	}
	var out []service
	all := resolve(valueOf(doc.Content[0], "services", 0))
	if all == nil || all.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(all.Content) && len(out) < 4*maxNamed; i += 2 {
		image := scalar(valueOf(all.Content[i+1], "image", 0))
		engine, kind, port := databaseImage(image)
		if kind == "" {
			continue
		}
		s := service{name: all.Content[i].Value, engine: engine, kind: kind}
		if ports := resolve(valueOf(all.Content[i+1], "ports", 0)); ports != nil && ports.Kind == yaml.SequenceNode {
			for _, p := range ports.Content {
				if s.at = published(p, port); s.at != "" {
					break
				}
			}
		}
		out = append(out, s)
	}
	return out
}

// maxMerges is how deep the merges of a mapping are followed.
const maxMerges = 4

// resolve follows an alias. One of an alias there is not.
func resolve(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// valueOf returns the value of a mapping's key, nil if there is none. The mapping's own keys
// hold before those that it merges, of which only the first are looked at.
func valueOf(n *yaml.Node, key string, depth int) *yaml.Node {
	n = resolve(n)
	if n == nil || n.Kind != yaml.MappingNode || depth > maxMerges {
		return nil
	}
	var merged *yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch n.Content[i].Value {
		case key:
			return n.Content[i+1]
		case "<<":
			merged = resolve(n.Content[i+1])
		}
	}
	if merged != nil && merged.Kind == yaml.SequenceNode {
		for _, m := range merged.Content[:min(len(merged.Content), maxMerges)] {
			if v := valueOf(m, key, depth+1); v != nil {
				return v
			}
		}
		return nil
	}
	return valueOf(merged, key, depth+1)
}

// scalar is the text of a node, in which variables have their defaults; "" if it has none.
func scalar(n *yaml.Node) string {
	n = resolve(n)
	if n == nil || n.Kind != yaml.ScalarNode || len(n.Value) > 512 {
		return ""
	}
	s := n.Value
	for {
		before, rest, open := strings.Cut(s, "${")
		inner, after, closed := strings.Cut(rest, "}")
		if !open || !closed {
			return s
		}
		_, standby, _ := strings.Cut(inner, "-")
		s = before + standby + after
	}
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
