package rest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cleat/internal/fail"
)

// other is a server that must see nothing.
func other(t *testing.T) *httptest.Server {
	return serve(t, func(w http.ResponseWriter, r *http.Request) { t.Errorf("another host was asked: %v", r.Header) })
}

// send asks through the client for SDKs.
func send(t *testing.T, c *Client, method, url string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.HTTP().Do(req)
	if resp != nil && resp.Body != nil {
		t.Cleanup(func() { resp.Body.Close() })
	}
	return resp, err
}

func TestOrigin(t *testing.T) {
	o := other(t)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { answer(w, 200, `{}`) })
	c, _ := open(t, s.URL, nil)
	port := s.URL[strings.LastIndex(s.URL, ":"):]
	for _, url := range []string{o.URL, "http://localhost" + port, "https://127.0.0.1" + port, "http://127.0.0.1" + port + "0", "http://user:x@127.0.0.1" + port} {
		if _, err := send(t, c, "GET", url); err == nil {
			t.Errorf("%s was asked", url)
		}
	}
	if _, err := send(t, c, "GET", strings.ToUpper(s.URL[:4])+s.URL[4:]); err != nil {
		t.Errorf("the same origin, in capitals: %v", err)
	}
}

// TestCredential: it is ours alone, whatever an SDK has put into the request.
func TestCredential(t *testing.T) {
	var seen http.Header
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header
		if r.Host == "evil.example" {
			t.Error("the host header is the SDK's")
		}
		answer(w, 200, `{}`)
	})
	c, _ := open(t, s.URL, func(o *Options) { o.Auth = HeaderAuth("PRIVATE-TOKEN") })
	req, err := http.NewRequestWithContext(t.Context(), "GET", s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "evil.example"
	req.Header.Set("Authorization", "Bearer x")
	req.Header.Set("Cookie", "a=b")
	req.Header["PRIVATE-TOKEN"] = []string{"y"}
	resp, err := c.HTTP().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := seen.Values("Private-Token"); len(got) != 1 || got[0] != canary || seen.Get("Authorization") != "" || seen.Get("Cookie") != "" {
		t.Errorf("sent %v", seen)
	}
	if req.Header.Get("Authorization") == "" {
		t.Error("the request of the caller was changed")
	}

	// It is resolved late, once, and again after a 401.
	var resolved atomic.Int32
	status := 200
	s = serve(t, func(w http.ResponseWriter, r *http.Request) { answer(w, status, `{"items":[]}`) })
	c, _ = open(t, s.URL, func(o *Options) {
		o.Host.Secret = func(context.Context, string) (string, error) { resolved.Add(1); return canary + "\n", nil }
	})
	if resolved.Load() != 0 {
		t.Error("resolved before it was needed")
	}
	for _, step := range []struct{ status, want int }{{200, 1}, {200, 1}, {401, 1}, {200, 2}} {
		status = step.status
		_, _ = get(t, c)
		if int(resolved.Load()) != step.want {
			t.Errorf("after %d: resolved %d times, want %d", step.status, resolved.Load(), step.want)
		}
	}
	for _, bad := range []string{"", " \n", "a b", "a\r\nX: y", "\u00e9"} {
		c, _ := open(t, s.URL, func(o *Options) {
			o.Host.Secret = func(context.Context, string) (string, error) { return bad, nil }
		})
		_, err := get(t, c)
		want(t, err, fail.Unavailable)
	}
}

// TestRedirects is HT-05.
func TestRedirects(t *testing.T) {
	o := other(t)
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, method := range []string{"GET", "POST", "DELETE"} {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", o.URL+"/x?private_token="+canary)
				w.WriteHeader(status)
			})
			c, _ := open(t, s.URL, func(o *Options) { o.Auth = HeaderAuth("X-Api-Key") })
			_, _, err := Do[thing](t.Context(), c, Request{Method: method, Path: "/api"})
			if err == nil || strings.Contains(err.Error()+fail.Show(err), canary) {
				t.Errorf("%d %s: %v", status, method, err)
			}
			if method == "GET" && fail.From(err).Code != fail.Denied {
				t.Errorf("%d: %v", status, err)
			}
		}
	}
	var n atomic.Int32
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+canary {
			t.Error("no credential on the origin")
		}
		var left int
		fmt.Sscanf(r.URL.Path, "/%d", &left)
		if n.Add(1); left == 0 {
			answer(w, 200, `{"items":[]}`)
			return
		}
		http.Redirect(w, r, fmt.Sprintf("/%d", left-1), http.StatusFound)
	})
	c, _ := open(t, s.URL, nil)
	if _, _, err := GetJSON[thing](t.Context(), c, "/5", nil); err != nil {
		t.Error(err)
	}
	_, _, err := GetJSON[thing](t.Context(), c, "/6", nil)
	want(t, err, fail.Unavailable)
	n.Store(0)
	_, _, err = Do[thing](t.Context(), c, Request{Method: "POST", Path: "/1", Body: JSON(1)})
	if want(t, err, fail.Unavailable); n.Load() != 1 {
		t.Errorf("a redirected POST was sent %d times", n.Load())
	}
}

// TestDownload: one step to another host, without a credential, and to a permitted address.
func TestDownload(t *testing.T) {
	to := ""
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/own":
			w.Header().Set("Content-Type", "application/x-gzip")
			io.WriteString(w, "own")
		case "/near":
			http.Redirect(w, r, "/own", http.StatusFound)
		default:
			http.Redirect(w, r, to, http.StatusFound)
		}
	})
	status := 200
	files := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for k, v := range r.Header {
			if strings.Contains(strings.Join(v, " "), canary) {
				t.Errorf("%s reached the other host", k)
			}
		}
		if status != 200 {
			w.Header().Set("Location", "/again")
			w.WriteHeader(status)
			return
		}
		io.WriteString(w, "archive "+r.URL.RawQuery)
	})
	hidden := other(t)
	name := strings.TrimPrefix(files.URL, "http://")
	c, _ := open(t, s.URL, func(o *Options) { o.Config.Downloads = []string{name} })
	get := func(path string, max int64) (string, error) {
		body, _, err := c.Download(t.Context(), Request{Path: path, Want: Want{Types: []string{"*"}, MaxBody: max}})
		if err != nil {
			return "", err
		}
		defer body.Close()
		data, err := io.ReadAll(body)
		return string(data), err
	}
	to = files.URL + "/x?token=short#frag"
	for path, want := range map[string]string{"/own": "own", "/near": "own", "/far": "archive token=short"} {
		if got, err := get(path, 0); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", path, got, err, want)
		}
	}
	_, err := get("/far", 7)
	want(t, err, fail.TooLarge)
	status = 302
	_, err = get("/far", 0)
	want(t, err, fail.Unavailable)
	for code, is := range map[int]fail.Code{403: fail.Unavailable, 404: fail.NotFound, 410: fail.NotFound, 500: fail.Unavailable} {
		status = code
		_, err = get("/far", 0)
		want(t, err, is)
		if of := Status(err); Elsewhere(err) != (code != 500) || of != code && code != 500 {
			t.Errorf("%d of another host: %v, about %d", code, err, of)
		}
		if strings.Contains(fail.Show(err), "short") {
			t.Errorf("%d: the address is shown: %s", code, fail.Show(err))
		}
	}
	status = 200
	port := hidden.URL[strings.LastIndex(hidden.URL, ":"):]
	for _, to = range []string{ // HT-08 and HT-11
		hidden.URL, strings.Replace(hidden.URL, "http:", "https:", 1), "https://localhost" + port, "https://[::1]" + port, "https://[::ffff:127.0.0.1]" + port,
		"https://127.1" + port, "https://0" + port, "https://169.254.169.254/latest/meta-data/", "http://169.254.169.254/", "https://user:x@" + name,
		"http://localhost" + name[strings.Index(name, ":"):], "ftp://" + name, "file:///etc/passwd", "https://10.0.0.1/", "gopher://x",
	} {
		_, err := get("/far", 0)
		if err == nil {
			t.Errorf("%s was fetched", to)
		} else if code := fail.From(err).Code; code != fail.Denied && !strings.Contains(to, "127.1") && !strings.Contains(to, "//0:") {
			t.Errorf("%s: %v", to, err)
		}
	}
	_, _, err = c.Download(t.Context(), Request{Method: "POST"})
	if err == nil {
		t.Error("a download by POST")
	}
	if len(c.slots) != 0 {
		t.Errorf("%d requests are still in flight", len(c.slots))
	}
}

// TestTLS is HT-18.
func TestTLS(t *testing.T) {
	for name, test := range map[string]struct {
		host  string
		until time.Time
		trust bool
		max   uint16
		ok    bool
	}{
		"good":        {"127.0.0.1", time.Now().Add(time.Hour), true, 0, true},
		"self-signed": {"127.0.0.1", time.Now().Add(time.Hour), false, 0, false},
		"expired":     {"127.0.0.1", time.Now().Add(-time.Hour), true, 0, false},
		"wrong host":  {"127.0.0.2", time.Now().Add(time.Hour), true, 0, false},
		"TLS 1.1":     {"127.0.0.1", time.Now().Add(time.Hour), true, tls.VersionTLS11, false},
	} {
		t.Run(name, func(t *testing.T) {
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: test.until,
				IPAddresses: []net.IP{net.ParseIP(test.host)}, IsCA: true, BasicConstraintsValid: true}
			der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
			if err != nil {
				t.Fatal(err)
			}
			var asked atomic.Int32
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				answer(w, 200, `{"items":[]}`)
			}))
			s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS10, MaxVersion: test.max}
			s.Config.ErrorLog = log.New(io.Discard, "", 0)
			s.StartTLS()
			t.Cleanup(s.Close)
			c, clk := open(t, s.URL, nil)
			c.own.TLSClientConfig.RootCAs = x509.NewCertPool()
			if test.trust {
				cert, err := x509.ParseCertificate(der)
				if err != nil {
					t.Fatal(err)
				}
				c.own.TLSClientConfig.RootCAs.AddCert(cert)
			}
			_, err = get(t, c)
			if test.ok && err != nil || !test.ok && (fail.From(err).Code != fail.Unavailable || asked.Load() != 0) {
				t.Errorf("%v, asked %d times", err, asked.Load())
			}
			if test.max == 0 && len(clk.slept) > 0 {
				t.Error("a bad certificate was tried again")
			}
		})
	}
}

// TestProxy is HT-20: the environment's does not count, the configuration's does.
func TestProxy(t *testing.T) {
	bad := other(t)
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"} {
		t.Setenv(name, bad.URL)
	}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { answer(w, 200, `{"name":"direct","items":[]}`) })
	c, _ := open(t, s.URL, nil)
	if v, err := get(t, c); err != nil || v.Name != "direct" {
		t.Errorf("%+v, %v", v, err)
	}
	var connected atomic.Int32
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "CONNECT" {
			connected.Add(1)
			if r.Header.Get("Authorization") != "" {
				t.Error("the proxy saw the credential")
			}
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		answer(w, 200, `{"name":"proxied","items":[]}`)
	})
	c, _ = open(t, s.URL, func(o *Options) { o.Config.Proxy = proxy.URL })
	if v, err := get(t, c); err != nil || v.Name != "proxied" {
		t.Errorf("%+v, %v", v, err)
	}
	c, _ = open(t, "https://code.example", func(o *Options) { o.Config.Proxy = proxy.URL })
	_, err := get(t, c)
	if want(t, err, fail.Unavailable); connected.Load() == 0 {
		t.Error("the proxy was not asked to connect")
	}
	// Where a proxy dials, names are looked up here as far as they can be.
	if err := c.checkNamed(t.Context(), "localhost", "443"); fail.From(err).Code != fail.Denied {
		t.Errorf("localhost by proxy: %v", err)
	}
}

// TestSDK: what reaches an SDK, and what its errors become.
func TestSDK(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/404":
			answer(w, 404, `{"message":"Not Found"}`)
		case "/raw":
			io.WriteString(w, "raw")
		case "/empty":
			w.WriteHeader(204)
		default:
			answer(w, 200, `{"a":1}`)
		}
	})
	c, _ := open(t, s.URL, nil)
	_, err := send(t, c, "GET", s.URL+"/404?private_token="+canary)
	if err == nil || Status(err) != 404 || want(t, c.Wrap(err), fail.NotFound) == nil {
		t.Errorf("%v", err)
	}
	if resp, err := send(t, c, "GET", s.URL+"/json"); err != nil || resp.StatusCode != 200 || resp.ContentLength != 7 {
		t.Errorf("%+v, %v", resp, err)
	}
	for path, w := range map[string]Want{"/raw": {Types: []string{"*"}}, "/empty": {Empty: true}} {
		if _, err := send(t, c, "GET", s.URL+path); fail.From(c.Wrap(err)).Code != fail.Unavailable {
			t.Errorf("%s passed for JSON: %v", path, err)
		}
		req, err := http.NewRequestWithContext(w.Context(t.Context()), "GET", s.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.HTTP().Do(req)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		resp.Body.Close()
	}
	odd := fmt.Errorf("Get %q: odd", s.URL+"?private_token="+canary)
	if got := c.Wrap(odd); strings.Contains(got.Error(), canary) || !errors.Is(got, odd) {
		t.Errorf("Wrap = %v", got)
	}
	if c.Wrap(nil) != nil || c.Wrap(context.Canceled) != context.Canceled {
		t.Error("Wrap changes what it should not")
	}
}
