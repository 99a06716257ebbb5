// Package rest is the HTTP core of back ends that are reached over the network.
//
// A Client speaks to one origin (scheme, host and port) and to nobody else: it adds the
// credential itself, and only there; it follows no redirect off the origin; it refuses
// addresses that no service lives at; it bounds bodies, headers and time; it repeats what
// may be repeated, and waits as it is told to, within the deadline; it stops asking a
// service that is down, or whose rate limit is used up. What a service answers is checked
// before anybody reads it: status, content type, and for JSON that it is whole and means
// one thing. Every failure is a *fail.Error without URLs, tokens or raw bodies.
//
// Back ends without a library of their own use Do and GetJSON; SDKs get Client.HTTP, which
// keeps the same rules below them:
//
//	c, err := rest.New(rest.Options{Name: "gitlab", Config: cfg.Config, Host: h, Auth: rest.HeaderAuth("PRIVATE-TOKEN")})
//	sdk := forge.NewClient(c.HTTP())
//	…, err := sdk.Search(ctx, …)
//	if err != nil { return c.Wrap(err) }
//
// Through Client.HTTP an answer with a status of 300 or above never reaches the SDK: the
// request fails with a *fail.Error that wraps a *StatusError (which SDKs pass on inside a
// *url.Error; errors.As and Client.Wrap find it). Retries of the SDK should be off. An
// answer must be JSON unless the request's context carries a Want that says otherwise.
package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"cleat/internal/fail"
	"cleat/internal/host"
)

// Limits of every client, unless a Want says otherwise.
const (
	DefaultTimeout  = 20 * time.Second
	DefaultMaxBody  = 16 << 20 // bytes after decompression
	maxHeader       = 256 << 10
	maxRedirects    = 5
	maxRetries      = 3
	defaultInFlight = 4
)

// Options make a Client. Name, Config and Host are required.
type Options struct {
	Name   string // what errors call the service, such as "zoekt"
	Config Config
	Host   host.Host

	// Auth makes the header of a token; BearerAuth if nil.
	Auth Auth

	// Bucket names the rate limit that a request counts against; all requests count
	// against one if nil.
	Bucket func(*http.Request) string

	InFlight int // most requests at once, streams included; 4 if 0

	// Sleep waits for d, or returns the cause of ctx's end; for tests, nil else.
	Sleep func(ctx context.Context, d time.Duration) error
}

// An Auth returns the header that carries a token.
type Auth func(token string) (name, value string)

// BearerAuth is "Authorization: Bearer TOKEN".
func BearerAuth(token string) (name, value string) { return "Authorization", "Bearer " + token }

// TokenAuth is "Authorization: token TOKEN", of Gitea and Sourcegraph.
func TokenAuth(token string) (name, value string) { return "Authorization", "token " + token }

// HeaderAuth is the token alone in a header of the service's own, such as PRIVATE-TOKEN.
func HeaderAuth(header string) Auth {
	return func(token string) (name, value string) { return header, token }
}

// A Client speaks to one origin. It is safe for concurrent use.
type Client struct {
	name    string
	base    *url.URL // without a slash at its end
	origin  origin
	config  Config
	host    host.Host
	auth    Auth
	bucket  func(*http.Request) string
	sleep   func(ctx context.Context, d time.Duration) error
	slots   chan struct{}
	breaker breaker
	budget  budget

	own     *http.Transport // to the origin
	foreign *http.Transport // to where downloads are redirected to
	http    *http.Client

	mu    sync.Mutex
	token string // as resolved; "" before the first request and after a 401
}

// New returns a client. It connects to nothing and resolves no secret. It fails with
// fail.Invalid for a configuration that Config.Validate refuses.
func New(o Options) (*Client, error) {
	if err := o.Config.Validate(); err != nil {
		return nil, fail.Errorf(fail.Invalid, "the source %s: %s", o.Name, strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	base, err := url.Parse(o.Config.URL)
	if err != nil {
		return nil, errors.New("rest: a valid URL does not parse") // Validate has parsed it
	}
	base.Path = strings.TrimRight(base.Path, "/")
	base.RawPath = strings.TrimRight(base.RawPath, "/")
	c := &Client{
		name: o.Name, base: base, origin: originOf(base), config: o.Config, host: o.Host,
		auth: o.Auth, bucket: o.Bucket, sleep: o.Sleep,
	}
	if c.config.Timeout <= 0 {
		c.config.Timeout = DefaultTimeout
	}
	if c.auth == nil {
		c.auth = BearerAuth
	}
	if c.bucket == nil {
		c.bucket = func(*http.Request) string { return "" }
	}
	if c.sleep == nil {
		c.sleep = sleep
	}
	n := o.InFlight
	if n <= 0 {
		n = defaultInFlight
	}
	c.slots = make(chan struct{}, n)
	plain := base.Scheme == "http"
	c.own = c.transport(func(_ string, ip netip.Addr) error { return checkOrigin(ip, plain) })
	c.foreign = c.transport(c.checkForeign)
	c.http = &http.Client{Transport: roundTripper{c}, CheckRedirect: c.checkRedirect}
	return c, nil
}

// transport makes a transport that asks check for every address it is about to connect
// to; with a proxy that is the address of the proxy alone.
func (c *Client) transport(check func(hostport string, ip netip.Addr) error) *http.Transport {
	t := &http.Transport{
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: maxHeader,
		MaxIdleConnsPerHost:    cap(c.slots),
		IdleConnTimeout:        time.Minute,
		TLSHandshakeTimeout:    10 * time.Second,
	}
	// Without a Proxy function the environment's proxies do not count.
	if c.config.Proxy != "" {
		proxy, err := url.Parse(c.config.Proxy)
		t.Proxy = func(*http.Request) (*url.URL, error) { return proxy, err }
		check = func(_ string, ip netip.Addr) error { return checkOrigin(ip, false) }
	}
	t.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		d := net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
		d.ControlContext = controlOf(func(ip netip.Addr) error { return check(addr, ip) })
		return d.DialContext(ctx, network, addr)
	}
	return t
}

// HTTP returns the client for SDKs; see the package comment. The same one is returned
// each time; it must not be changed.
func (c *Client) HTTP() *http.Client { return c.http }

// URL returns the address of the service, without a slash at its end.
func (c *Client) URL() string { return c.base.String() }

// Health says in words what the last answers speak against the service; "" if nothing
// does, or nothing was asked yet.
func (c *Client) Health() string { return c.breaker.state(c.host.Now()) }

// Close gives the idle connections back. Requests under way are not ended.
func (c *Client) Close() error {
	c.own.CloseIdleConnections()
	c.foreign.CloseIdleConnections()
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
