// Package uri parses and writes the addresses that cleat's resources have:
// text://a/b.go#L10-L50, json://f.json#/a/0, repo://./main/a/b.go, spill://ID.
//
// It is not net/url: what follows "://" is a path in cleat's sense, not an
// authority, and every part is percent-encoded exactly once.
package uri

import (
	"strings"

	"cleat/internal/fail"
)

// A URI is a parsed address. Path, Fragment and the query values are decoded.
type URI struct {
	Scheme   string
	Raw      string  // the path as given, still encoded, without query and fragment
	Path     string  // the path decoded
	Query    []Param // in the order given
	Fragment string  // decoded, without the "#"
}

// A Param is one name=value pair of a query.
type Param struct{ Name, Value string }

// Max is the length, in bytes, beyond which an address is refused.
const Max = 8192

// Parse parses s. An address without a scheme is taken for a path of text://, so
// that a bare file name can be read. It fails with Invalid for a bad percent
// encoding, a control character or an address longer than Max bytes.
func Parse(s string) (URI, error) {
	if len(s) > Max {
		return URI{}, fail.Errorf(fail.Invalid, "the address is %d bytes long, the limit is %d", len(s), Max)
	}
	for i := range len(s) {
		if s[i] < 0x20 || s[i] == 0x7f {
			return URI{}, fail.Errorf(fail.Invalid, "the address has a control character at byte %d", i)
		}
	}
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok || !validScheme(scheme) {
		// A bare path is taken as it stands: "100%.md" is a file name, not an encoding.
		path, frag, _ := strings.Cut(s, "#")
		if path == "" {
			return URI{}, fail.Errorf(fail.Invalid, "the address is empty")
		}
		return URI{Scheme: "text", Raw: Escape(path), Path: path, Fragment: frag}, nil
	}
	u := URI{Scheme: scheme}
	rest, frag, _ := strings.Cut(rest, "#")
	rest, query, hasQuery := strings.Cut(rest, "?")
	var err error
	u.Raw = rest
	if u.Path, err = Unescape(rest); err != nil {
		return URI{}, err
	}
	if u.Fragment, err = Unescape(frag); err != nil {
		return URI{}, err
	}
	if hasQuery && query != "" {
		for _, pair := range strings.Split(query, "&") {
			name, value, _ := strings.Cut(pair, "=")
			if name, err = Unescape(name); err != nil {
				return URI{}, err
			}
			if value, err = Unescape(value); err != nil {
				return URI{}, err
			}
			u.Query = append(u.Query, Param{name, value})
		}
	}
	return u, nil
}

// New returns the address of the given segments: all but the last are single segments,
// whose slashes are encoded; the last is the rest of the path.
func New(scheme string, segments ...string) URI {
	raw := make([]string, len(segments))
	for i, s := range segments {
		raw[i] = escape(s, i == len(segments)-1)
	}
	u := URI{Scheme: scheme, Raw: strings.Join(raw, "/")}
	u.Path = strings.Join(segments, "/")
	return u
}

// Segments splits the path of u at its first n-1 slashes, and decodes each part. It
// fails with Invalid for a bad encoding.
func (u URI) Segments(n int) ([]string, error) {
	parts := strings.SplitN(u.Raw, "/", n)
	for i, p := range parts {
		s, err := Unescape(p)
		if err != nil {
			return nil, err
		}
		parts[i] = s
	}
	return parts, nil
}

// String writes u so that Parse reads it back.
func (u URI) String() string {
	var b strings.Builder
	b.WriteString(u.Scheme + "://" + u.Raw)
	for i, p := range u.Query {
		b.WriteByte("?&"[min(i, 1)])
		b.WriteString(escape(p.Name, false) + "=" + escape(p.Value, false))
	}
	if u.Fragment != "" {
		b.WriteString("#" + Escape(u.Fragment))
	}
	return b.String()
}

func validScheme(s string) bool {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// Escape percent-encodes s for a path or a fragment: slashes stay as they are.
func Escape(s string) string { return escape(s, true) }

// EscapeSegment percent-encodes s for one segment of a path: slashes are encoded.
func EscapeSegment(s string) string { return escape(s, false) }

func escape(s string, slash bool) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9',
			strings.IndexByte("-._~!$'()*,:@+", c) >= 0, c == '/' && slash:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}

// Unescape decodes percent encodings, once. It fails with Invalid where "%" is not
// followed by two hexadecimal digits, or where the result has a NUL.
func Unescape(s string) (string, error) {
	if strings.IndexByte(s, '%') < 0 {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) || unhex(s[i+1]) < 0 || unhex(s[i+2]) < 0 {
			return "", fail.Errorf(fail.Invalid, "bad percent encoding at byte %d of %q", i, s).
				Then(`write a literal "%%" as %%25`)
		}
		c := byte(unhex(s[i+1])<<4 | unhex(s[i+2]))
		if c == 0 {
			return "", fail.Errorf(fail.Invalid, "the address has a NUL (%%00) at byte %d", i)
		}
		b.WriteByte(c)
		i += 2
	}
	return b.String(), nil
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
