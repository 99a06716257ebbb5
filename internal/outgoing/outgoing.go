// Package outgoing looks at text that is about to leave for a service that others read: a
// ticket, a comment, a pull request.
//
// Check refuses what must not go out: secrets, and the names and addresses of private hosts.
// Neutral takes the effects away that a service gives to some words: notifying people,
// closing tickets, running commands. Each can be allowed by the configuration of a source,
// never by whoever wrote the text.
package outgoing

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"

	"cleat/internal/fail"
	"cleat/internal/text"
)

// What can be allowed to go out.
const (
	Mentions = "mentions" // "@name" notifies that person
	Keywords = "keywords" // "fixes #12" closes that ticket
	Actions  = "actions"  // a line "/close" is a command
	Hosts    = "hosts"    // names and addresses of private hosts
)

// Allowances lists what can be allowed, for the check of a configuration.
func Allowances() []string { return []string{Mentions, Keywords, Actions, Hosts} }

// Validate returns the words that Allowances does not have.
func Validate(words []string) []string {
	var bad []string
	for _, w := range words {
		if !slices.Contains(Allowances(), w) {
			bad = append(bad, w)
		}
	}
	return bad
}

// Rules say what counts for a text.
type Rules struct {
	Redact  func(s string) string // masks secrets; nil looks for none
	Host    string                // of the service; "" on this machine, where private hosts are no matter
	Allowed []string              // see Allowances

	// What the service gives an effect to.
	Mentions, Keywords, Actions bool
}

func (r *Rules) allows(what string) bool { return slices.Contains(r.Allowed, what) }

// Check fails with fail.Denied for a text that must not go out. what names the text in the
// error, such as "the body"; nothing of the secret does.
func (r *Rules) Check(what, s string) error {
	if kinds := secrets(r.Redact, s); len(kinds) > 0 {
		return fail.Errorf(fail.Denied, "%s has what looks like a secret: %s", what, strings.Join(kinds, ", ")).
			Because("what is written there is seen by others").Then("leave it out, or put a placeholder in its place")
	}
	if r.Host == "" || r.allows(Hosts) || private(r.Host) {
		return nil
	}
	if hosts := privateHosts(s); len(hosts) > 0 {
		return fail.Errorf(fail.Denied, "%s names private hosts: %s", what, strings.Join(hosts, ", ")).
			Because("%s is outside of your network", text.Line(r.Host)).
			Then(`leave them out, or ask the user to set outgoing = ["hosts"] for the source`)
	}
	return nil
}

// secrets lists the kinds of secrets that redact masks in s and that were not masked before.
func secrets(redact func(string) string, s string) []string {
	if redact == nil {
		return nil
	}
	masked := redact(s)
	if masked == s {
		return nil
	}
	var kinds []string
	for rest := masked; ; {
		_, after, ok := strings.Cut(rest, "[redacted:")
		if !ok {
			break
		}
		kind, _, ok := strings.Cut(after, ":")
		if kind == "held" {
			kind = "a credential that cleat holds"
		}
		if ok && len(kind) <= 40 && !slices.Contains(kinds, kind) && !strings.Contains(kind, "]") {
			kinds = append(kinds, kind)
		}
		rest = after
	}
	if len(kinds) == 0 {
		kinds = []string{"unknown kind"}
	}
	return kinds[:min(len(kinds), 5)]
}

// neutralizer takes out what the rules do not allow; nil where that is nothing.
func (r *Rules) neutralizer() *neutralizer {
	n := &neutralizer{mentions: r.Mentions && !r.allows(Mentions), keywords: r.Keywords && !r.allows(Keywords), actions: r.Actions && !r.allows(Actions)}
	if !n.mentions && !n.keywords && !n.actions {
		return nil
	}
	return n
}

// Effects returns what Neutral would take out of s: who is named, what is closed and which
// commands are given. It is nil where the rules look for nothing.
func (r *Rules) Effects(s string) map[string]bool {
	n := r.neutralizer()
	if n == nil {
		return nil
	}
	n.found = map[string]bool{}
	n.text(s)
	return n.found
}

// maxNamed is how many hosts an error names.
const maxNamed = 5

// hostLike finds words that may be a host's name or address.
var hostLike = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\[[0-9a-f:.%]{3,60}\]|[0-9a-z_](?:[0-9a-z_-]*[0-9a-z_])?(?:\.[0-9a-z_](?:[0-9a-z_-]*[0-9a-z_])?)+|\b(?:f[cd][0-9a-f]{2}|fe80):[0-9a-f:]{2,40}`)
})

// privateHosts lists the hosts in s that are private, each once, as they were written.
func privateHosts(s string) []string {
	var out []string
	for _, at := range hostLike().FindAllStringIndex(s, -1) {
		word := strings.Trim(s[at[0]:at[1]], "[]")
		if !private(word) || slices.Contains(out, word) {
			continue
		}
		if len(out) == maxNamed {
			return append(out, "…")
		}
		out = append(out, word)
	}
	return out
}

// private reports whether host is a name or an address that means something only inside of
// somebody's network. The machine itself (localhost, 127.0.0.1) tells nothing and is none.
func private(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if ip, err := netip.ParseAddr(host); err == nil {
		ip = ip.Unmap()
		return ip.IsPrivate() || ip.IsLinkLocalUnicast() || inRange(ip, "100.64.0.0/10")
	}
	i := strings.LastIndexByte(host, '.')
	if i < 0 {
		return false
	}
	switch host[i+1:] {
	case "internal", "intranet", "corp", "lan", "local", "localdomain", "private", "home":
		// A file or an identifier is called so too: foo.internal is one only with what looks
		// like a host before it, and those have no underscores.
		return !strings.Contains(host, "_") && !strings.HasPrefix(host, ".")
	case "arpa":
		return strings.HasSuffix(host, ".home.arpa")
	}
	return false
}

func inRange(ip netip.Addr, prefix string) bool {
	p, err := netip.ParsePrefix(prefix)
	return err == nil && p.Contains(ip)
}

// Neutral returns s, which is Markdown, without the effects that the rules do not allow, and
// says in notes what it changed. Text in code and in web addresses, where services look for
// nothing, stays as it is.
//
// A name becomes code, `@name`; where the line has code marks that do not pair, so that code
// marks of ours could end what another began, the sign becomes a full-width one. The ticket
// after a keyword becomes code in the same way, and a command gets a backslash before it.
func (r *Rules) Neutral(s string) (out string, notes []string) {
	n := r.neutralizer()
	if n == nil {
		return s, nil
	}
	out = n.text(s)
	say := func(count int, what, allow string) {
		if count > 0 {
			notes = append(notes, fmt.Sprintf(`%s disarmed in the text (outgoing = [%q] in the source's configuration lets it pass)`, text.Count(count, what), allow))
		}
	}
	say(n.named, "mention", Mentions)
	say(n.closing, "closing keyword", Keywords)
	say(n.commands, "command", Actions)
	return out, notes
}
