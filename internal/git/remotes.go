package git

import (
	"slices"
	"strings"
)

// A Remote is a remote as the repository's own configuration has it, includes and
// rewriting left aside.
type Remote struct {
	Name string
	URL  string // without credentials; "" if there is none
}

// Remotes returns the remotes in the order of the configuration. The first address of
// each is given, without user names and passwords, queries and fragments, and without
// what comes after a transport that runs a program.
func (r *Repo) Remotes() ([]Remote, error) {
	entries, err := r.config()
	if err != nil {
		return nil, err
	}
	var remotes []Remote
	for _, e := range entries {
		if e.section != "remote" || e.sub == "" {
			continue
		}
		i := slices.IndexFunc(remotes, func(m Remote) bool { return m.Name == e.sub })
		if i < 0 {
			remotes = append(remotes, Remote{Name: e.sub})
			i = len(remotes) - 1
		}
		if e.key == "url" && remotes[i].URL == "" {
			remotes[i].URL = stripURL(e.value)
		}
	}
	return remotes, nil
}

// stripURL returns url without anything in it that may be a secret. What it cannot
// make sense of it cuts rather than shows.
func stripURL(url string) string {
	if helper, _, ok := strings.Cut(url, "::"); ok && !strings.ContainsAny(helper, ":/@") {
		return helper + "::…"
	}
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok || strings.ContainsAny(scheme, ":/@?#") {
		return stripScp(url)
	}
	cut := rest
	if i := strings.IndexAny(cut, "?#"); i >= 0 {
		cut = cut[:i]
	}
	authority, path, slash := strings.Cut(cut, "/")
	user, host, ok := cutLast(authority, "@")
	if !ok {
		user, host = "", authority
	}
	// A password with a slash, a question mark or a number sign in it ends the authority
	// early, and there is an @ left somewhere behind.
	if strings.Contains(rest[len(authority):], "@") || !plainHost(host) {
		return scheme + "://…"
	}
	if scheme == "ssh" || strings.HasSuffix(scheme, "+ssh") {
		host = login(user) + host
	}
	if slash {
		return scheme + "://" + host + "/" + path
	}
	return scheme + "://" + host
}

// stripScp handles host:path, user@host:path and local paths.
func stripScp(url string) string {
	user, rest, ok := cutLast(url, "@")
	switch {
	case !ok:
		return url
	case strings.HasPrefix(url, "/"), strings.HasPrefix(url, "."):
		if strings.Contains(user, ":") {
			return "…"
		}
		return url
	}
	return login(user) + rest
}

// login is user with an @ if it is the plain name of an account, such as git, and ""
// if it may be more than that.
func login(user string) string {
	if name, _, _ := strings.Cut(user, ":"); name != "" && len(name) <= 16 && plain(name) {
		return name + "@"
	}
	return ""
}

// plainHost reports whether host is a name or an address, with or without a port.
func plainHost(host string) bool {
	if v6, ok := strings.CutPrefix(host, "["); ok {
		v6, port, ok := strings.Cut(v6, "]")
		return ok && plain(strings.ReplaceAll(v6, ":", "")) && strings.Trim(port, ":0123456789") == ""
	}
	name, port, _ := strings.Cut(host, ":")
	return plain(name) && strings.Trim(port, "0123456789") == ""
}

func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isLetter(int(c)) && !isDigit(int(c)) && strings.IndexByte("._-", c) < 0 {
			return false
		}
	}
	return true
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
