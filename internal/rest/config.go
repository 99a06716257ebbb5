package rest

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Config are the keys that remote sources share. Back ends embed it in theirs. In the
// table of kinds "token" is one of Secrets, and "url", "proxy" and "downloads" of Hosts.
type Config struct {
	URL   string `toml:"url"`   // of the service, https; http only on this machine
	Token string `toml:"token"` // a reference that host.Secret resolves; none if empty
	Proxy string `toml:"proxy"` // an http or https proxy; the environment's do not count

	// Timeout of a request with its retries; 20 s if zero.
	Timeout time.Duration `toml:"timeout"`

	// Downloads are hosts, as HOST or HOST:PORT, that a download may be redirected to
	// although they have private addresses: a company's own file servers. They never
	// get a credential.
	Downloads []string `toml:"downloads"`
}

// Or returns c with url where it has none.
func (c Config) Or(url string) Config {
	if c.URL == "" {
		c.URL = url
	}
	return c
}

// A keyError is a problem of one key; see config.Kind.
type keyError struct{ key, what string }

func (e *keyError) Error() string { return e.key + ": " + e.what }

// Key returns the key that is wrong.
func (e *keyError) Key() string { return e.key }

// Validate returns what is wrong, all of it joined, each with a method Key() string. It
// repeats no values.
func (c Config) Validate() error {
	var errs []error
	bad := func(key, what string) { errs = append(errs, &keyError{key, what}) }
	if what := badURL(c.URL); what != "" {
		bad("url", what)
	}
	if c.Proxy != "" {
		if what := badProxy(c.Proxy); what != "" {
			bad("proxy", what)
		}
	}
	if c.Timeout < 0 || c.Timeout > 10*time.Minute {
		bad("timeout", `want up to "10m"`)
	}
	for _, d := range c.Downloads {
		if u, err := url.Parse("https://" + d); err != nil || u.Host != d || u.Hostname() == "" {
			bad("downloads", `want hosts such as "files.example.com" or "files.example.com:8443"`)
			break
		}
	}
	return errors.Join(errs...)
}

// badURL says what is wrong with the address of a service, "" if nothing is.
func badURL(s string) string {
	if s == "" {
		return `missing; give the address of the service, such as "https://code.example.com"`
	}
	u, what := address(s)
	if what != "" {
		return what
	}
	if u.Scheme == "http" && !loopbackName(u.Hostname()) {
		return "want https; http is only for a service on this machine (localhost, 127.0.0.1, ::1)"
	}
	for _, seg := range strings.Split(u.Path, "/") {
		if seg == "." || seg == ".." {
			return "the path has . or .. in it; write it without"
		}
	}
	return ""
}

func badProxy(s string) string {
	u, what := address(s)
	if what == "" && strings.Trim(u.Path, "/") != "" {
		what = "a proxy has no path"
	}
	return what
}

// address parses the URL of a host that may be spoken to.
func address(s string) (u *url.URL, what string) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Opaque != "":
		return nil, `want an address such as "https://code.example.com"`
	case u.User != nil:
		return nil, "a user or password does not stand in an address; use the key token, with a reference"
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Contains(s, "#"):
		return nil, "want the address alone, without ? and #"
	case strings.ContainsFunc(u.Host, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return nil, "write the host in ASCII (an international name begins with xn--)"
	}
	if p := u.Port(); p != "" || strings.HasSuffix(u.Host, ":") {
		if n, err := strconv.Atoi(p); err != nil || n < 1 || n > 65535 {
			return nil, "want a port from 1 to 65535"
		}
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		if err := checkOrigin(ip, false); err != nil {
			return nil, "this address is link-local, of a metadata service, or no host's; name the host itself"
		}
	}
	return u, ""
}

func loopbackName(name string) bool {
	if ip, err := netip.ParseAddr(name); err == nil {
		return ip.Unmap().IsLoopback()
	}
	return strings.EqualFold(name, "localhost")
}

// An origin is whom a credential is for.
type origin struct{ scheme, host, port string }

func originOf(u *url.URL) origin {
	o := origin{strings.ToLower(u.Scheme), strings.ToLower(u.Hostname()), u.Port()}
	if o.port == "" {
		switch o.scheme {
		case "https":
			o.port = "443"
		case "http":
			o.port = "80"
		}
	}
	return o
}

func (o origin) String() string { return fmt.Sprintf("%s://%s:%s", o.scheme, o.host, o.port) }
