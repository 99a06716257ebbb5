package main

import (
	"net/url"
	"strings"
)

// passwords returns the passwords inside a secret that is the address of a database: of a
// URL, as it is written and decoded; of user:password@…; of password=… among words. What a
// server or a driver repeats is a password more often than the whole of its address.
func passwords(secret string) []string {
	var out []string
	add := func(s string) {
		if s != "" && s != secret {
			out = append(out, s)
		}
	}
	rest := secret
	if _, after, ok := strings.Cut(secret, "://"); ok {
		rest = after
	}
	if user, _, ok := cutLast(rest, "@"); ok {
		if _, password, ok := strings.Cut(user, ":"); ok {
			add(password)
			if decoded, err := url.PathUnescape(password); err == nil && decoded != password {
				add(decoded)
			}
		}
	}
	for _, key := range []string{"password", "sslpassword"} {
		for at := secret; ; {
			_, after, ok := strings.Cut(at, key)
			if !ok {
				break
			}
			at = after
			value, ok := strings.CutPrefix(strings.TrimLeft(after, " "), "=")
			if !ok {
				continue
			}
			value = strings.TrimLeft(value, " ")
			if quoted, ok := strings.CutPrefix(value, "'"); ok {
				value, _, _ = cutLast(quoted, "'")
				value = strings.NewReplacer(`\'`, "'", `\\`, `\`).Replace(value)
			} else if end := strings.IndexAny(value, " &"); end >= 0 {
				value = value[:end]
			}
			add(value)
			if decoded, err := url.QueryUnescape(value); err == nil && decoded != value {
				add(decoded)
			}
		}
	}
	return out
}
