package redact

import "strings"

// digits returns the number of digits in s.
func digits(s string) int {
	n := 0
	for i := range len(s) {
		if '0' <= s[i] && s[i] <= '9' {
			n++
		}
	}
	return n
}

// blank reports whether s is one sign or letter x repeated, perhaps in groups, as where
// a secret was crossed out.
func blank(s string) bool {
	var sign byte
	for i := range len(s) {
		switch c := s[i]; {
		case strings.IndexByte("-_.", c) >= 0:
		case strings.IndexByte("xX*0#?", c) >= 0 && (sign == 0 || c == sign):
			sign = c
		default:
			return false
		}
	}
	return true
}

// wordy reports whether s reads like words, names and small numbers: the parts between
// signs, humps and digits have on average three letters or more (four in a long
// text), no number is long, and letters and digits do not take turns more than thrice. Random
// text of a length worth masking does not read so.
func wordy(s string) bool {
	var words, letters, caps, number, turns int
	var prev byte // 'a', 'A', '0' or, after a sign, 0
	for i := range len(s) {
		c := s[i]
		switch {
		case '0' <= c && c <= '9':
			if number++; number > 5 { // as in ed25519
				return false
			}
			if prev == 'a' || prev == 'A' {
				turns++
			}
			prev, caps = '0', 0
			continue
		case 'a' <= c && c <= 'z', c >= 0x80:
			letters++
			if prev == '0' {
				turns++
			}
			if prev != 'a' && prev != 'A' || caps > 1 { // the last of several capitals begins a word
				words++
			}
			prev, caps = 'a', 0
		case 'A' <= c && c <= 'Z':
			letters++
			if prev == '0' {
				turns++
			}
			if prev != 'A' {
				words++
			}
			prev = 'A'
			caps++
		default:
			prev, caps = 0, 0
		}
		number = 0
	}
	least := 3
	if len(s) >= 32 {
		least = 4
	}
	return turns < 4 && letters >= least*words && digits(s) <= letters
}

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }

// placeholder reports whether s stands for a value instead of being one: a template, a
// variable, an example, a type.
func placeholder(s string) bool {
	if s == "" || blank(s) || strings.Contains(s, markerStart) {
		return true
	}
	switch s[0] {
	case '<', '{', '[', '(':
		return true
	case '$':
		if len(s) > 1 && (s[1] == '{' || s[1] == '(') || identifier(s[1:]) {
			return true
		}
	case '%':
		if s[len(s)-1] == '%' || len(s) <= 3 {
			return true
		}
	}
	for _, mark := range []string{"${", "{{", "$(", "<%", "%(", "#{", "%{", "@{", "...", "…", "***", "://", "%s", "%v", "%q", "%d", "%w"} {
		if strings.Contains(s, mark) {
			return true
		}
	}
	low := strings.ToLower(s[:min(len(s), 64)])
	for _, start := range []string{
		"your", "my-", "my_", "change", "placeholder", "example", "insert", "enter", "replace", "dummy",
		"sample", "redacted", "xxxx", "todo", "fake", "some-", "some_", "process.env", "os.environ", "env.", "env:", "vault:",
		"op:", "keyring:", "file:", "cmd:", "secrets.", "var.", "data.",
	} {
		if strings.HasPrefix(low, start) {
			return true
		}
	}
	switch strings.TrimRight(low, "0123456789") {
	case "", "pass", "passwd", "password", "secret", "token", "test", "testing", "foo", "bar", "foobar", "user", "admin",
		"none", "null", "nil", "true", "false", "undefined", "default", "string", "str", "int", "bool",
		"required", "optional", "empty", "hidden", "value", "apikey", "api_key", "api-key", "key", "secretkey",
		"mypassword", "mysecret", "mytoken", "access_token", "accesstoken", "bearer", "basic", "jwt", "abc",
		"testtoken", "test-token", "test_token", "testpassword", "test-password", "secret-token", "md", "sha", "base", "utf-", "oauth":
		return digits(s) <= 4
	}
	return false
}

// identifier reports whether s is a name as programs have them.
func identifier(s string) bool {
	for i := range len(s) {
		if !isAlnum(s[i]) && s[i] != '_' {
			return false
		}
	}
	return s != "" && (s[0] < '0' || s[0] > '9')
}

// A place says how plainly a value is a value and no piece of a program.
type place uint8

const (
	inCode  place = iota // it may be an expression
	quoted               // a literal, or a line of a configuration
	envLine              // NAME=value
	inQuery              // name=value in a URL or a connection string
)

// secretive reports whether value, found after a name of the kind, is a secret.
func secretive(value, kind string, at place) bool {
	n := len(value)
	if n < 4 || placeholder(value) {
		return false
	}
	if 4*strings.Count(value, `\x`)+6*strings.Count(value, `\u`) > n/2 {
		return false // binary data or signs, spelled out
	}
	d, plain, hasLetter := 0, true, false
	for i := range n {
		c := value[i]
		switch {
		case c <= ' ' || c == 0x7f:
			return false
		case '0' <= c && c <= '9':
			d++
			plain = false
		case isAlnum(c) || c >= 0x80:
			hasLetter = true
		case strings.IndexByte("_-.:/", c) < 0:
			plain = false
			if at == inCode && strings.IndexByte("()[]{}<>,;*&|?", c) >= 0 {
				return false
			}
		}
	}
	if plain { // letters and the signs of names and paths
		return n >= 16 && at != inCode && identifier(value) && !wordy(value) || at == inQuery && kind != kindPassword && n >= 24
	}
	if kind == kindPassword {
		switch at {
		case inQuery:
			return true
		case quoted, envLine:
			return n >= 6 && (hasLetter || d < n || d >= 6)
		}
		return n >= 8 && d > 0 && hasLetter && !wordy(value)
	}
	if !hasLetter {
		return false
	}
	switch at {
	case inQuery, envLine:
		return n >= 8 && d > 0
	case quoted:
		return n >= 12 && (d >= 2 || n >= 20) && !wordy(value)
	}
	return n >= 16 && (d >= 2 || n >= 32) && !wordy(value) && run(value, 0, b64, n) == n
}

// configured reports whether value, found behind a name of the kind in a configuration
// file, is a secret: there it is no expression, so less has to speak for it. Words alone
// are not taken for one, as translations of "password" have such files too.
func configured(value, kind string) bool {
	if len(value) < 8 || placeholder(value) {
		return false
	}
	lower, upper, signs := false, false, false
	for i := range len(value) {
		switch c := value[i]; {
		case c <= ' ' || c == 0x7f:
			return false
		case '0' <= c && c <= '9':
			signs = true
		case isLower(c):
			lower = true
		case isAlnum(c):
			upper = true
		case strings.IndexByte("_-.", c) < 0:
			signs = true
		}
	}
	if !signs || !lower && !upper {
		return false
	}
	if kind == kindPassword {
		return true
	}
	// A path, or a name with a number behind it, is none.
	return strings.IndexByte(value, '/') < 0 && (lower && upper || !wordy(value))
}
