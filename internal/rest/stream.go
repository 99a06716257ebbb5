package rest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"sync"

	"cleat/internal/fail"
)

var errBroken = errors.New("broke off")

// A streamed is the body of an answer, with a limit on its size, whose errors may be
// shown. What was added to it is called when it is closed.
type streamed struct {
	c    *Client
	ctx  context.Context // of the request, as for http.Response's own body
	from io.ReadCloser
	left int64

	mu    sync.Mutex
	after []func()
}

// Read implements io.Reader.
func (s *streamed) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if int64(len(p)) > s.left+1 {
		p = p[:s.left+1]
	}
	n, err := s.from.Read(p)
	if int64(n) > s.left {
		n = int(s.left)
		err = fail.Errorf(fail.TooLarge, "the answer of %s is larger than the limit", s.c.name).
			Then("ask for less at once")
	}
	s.left -= int64(n)
	switch {
	case err == nil, err == io.EOF, fail.From(err).Code == fail.TooLarge:
		return n, err
	case s.ctx.Err() != nil:
		return n, s.c.ended(s.ctx)
	}
	return n, fail.Errorf(fail.Unavailable, "the answer of %s %w", s.c.name, errBroken)
}

// Close implements io.Closer.
func (s *streamed) Close() error {
	err := s.from.Close()
	s.mu.Lock()
	after := s.after
	s.after = nil
	s.mu.Unlock()
	for _, f := range after {
		f()
	}
	return err
}

// add has f called when s is closed.
func (s *streamed) add(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after = append(s.after, f)
}

// untrusted reports whether err is about the server's certificate.
func untrusted(err error) bool {
	var v *tls.CertificateVerificationError
	return errors.As(err, &v)
}

// certificate says what is wrong with one, without its names.
func certificate(err error) string {
	var invalid x509.CertificateInvalidError
	var name x509.HostnameError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "it has expired, or is not valid yet"
	case errors.As(err, &name):
		return "it is for another host"
	case errors.As(err, &unknown):
		return "its authority is not known on this machine"
	}
	return "it does not hold"
}
