package tunnel

import (
	"net"
	"net/netip"
	"strconv"
	"strings"

	"cleat/internal/fail"
)

// A target is who to log in to: the parts of "[user@]host[:port]".
type target struct {
	user string // "" for what ssh's own configuration says
	host string // a name, an alias of ssh's configuration, or an IP address without brackets
	port string // "" for what ssh's own configuration says
}

// login is the argument that names the target to ssh.
func (t target) login() string {
	if t.user == "" {
		return t.host
	}
	return t.user + "@" + t.host
}

// Valid reports whether via can name the host of a tunnel: "[user@]host[:port]", where an
// IPv6 address stands in brackets. Nothing in it can be taken for an option, or for more
// than a word by what ssh's own configuration makes of it.
func Valid(via string) bool {
	_, ok := parseTarget(via)
	return ok
}

func parseTarget(via string) (target, bool) {
	var t target
	rest := via
	if user, after, ok := strings.Cut(via, "@"); ok {
		if !isUser(user) {
			return target{}, false
		}
		t.user, rest = user, after
	}
	host, port, ok := cutPort(rest)
	if !ok {
		return target{}, false
	}
	t.host, t.port = host, port
	return t, true
}

// parseAddress takes "host:port" apart.
func parseAddress(address string) (host, port string, err error) {
	host, port, ok := cutPort(address)
	if !ok || port == "" {
		return "", "", fail.Errorf(fail.Invalid, "a database behind ssh needs an address of the form host:port, with an IPv6 address in brackets")
	}
	return host, port, nil
}

// cutPort takes "host" or "host:port" apart; port is "" if there is none.
func cutPort(s string) (host, port string, ok bool) {
	if inner, bracket := strings.CutPrefix(s, "["); bracket {
		host, rest, closed := strings.Cut(inner, "]")
		ip, err := netip.ParseAddr(host)
		if !closed || err != nil || !ip.Is6() || ip.Zone() != "" {
			return "", "", false
		}
		if rest == "" {
			return host, "", true
		}
		port, colon := strings.CutPrefix(rest, ":")
		return host, port, colon && isPort(port)
	}
	host, port, colon := strings.Cut(s, ":")
	return host, port, isHost(host) && (!colon || isPort(port))
}

// Lengths, in bytes.
const (
	maxUser = 64
	maxHost = 253
)

func isUser(s string) bool {
	return s != "" && len(s) <= maxUser && s[0] != '-' && !strings.ContainsFunc(s, func(r rune) bool { return !isWord(r) })
}

func isHost(s string) bool {
	return s != "" && len(s) <= maxHost && s[0] != '-' && s[0] != '.' && !strings.Contains(s, "..") &&
		!strings.ContainsFunc(s, func(r rune) bool { return !isWord(r) })
}

// isWord reports whether r may stand in the name of a user or a host.
func isWord(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '.' || r == '-' || r == '_'
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0 && s == strconv.FormatUint(n, 10)
}

// An addr is the address that was dialed.
type addr struct{ network, address string }

var _ net.Addr = addr{}

func (a addr) Network() string { return a.network }
func (a addr) String() string  { return a.address }
