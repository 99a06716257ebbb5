package redact

import "strings"

// masks reports whether the value of a setting is to be masked.
func (f *settings) masks(name, value string, commented bool) bool {
	if harmless(value) {
		return false
	}
	if f.style == styleValues && !commented {
		return true
	}
	if commented && strings.Contains(value, " ") {
		return false
	}
	return telling(name) && !locator(name) || token(value)
}

// telling reports whether name is one that secrets have, more freely than kindOf.
func telling(name string) bool {
	if strings.Contains(name, markerStart) { // whose kind is no part of the name
		name = name[strings.LastIndexByte(name, ']')+1:]
	}
	name = strings.ToLower(name)
	for _, part := range []string{"pass", "pwd", "secret", "token", "auth", "key", "credential", "signature", "session", "cookie", "extraheader"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// locator reports whether name is that of a place or a choice, not of a value to hide.
func locator(name string) bool {
	return ends(strings.ToLower(name), "file", "path", "dir", "url", "uri", "name", "type", "id", "format", "signingkey", "author", "method", "endpoint")
}

// token reports whether value is random text.
func token(value string) bool {
	if strings.Contains(value, markerStart) {
		return false
	}
	return len(value) >= 16 && digits(value) >= 2 && !wordy(value) && !strings.Contains(value, "://") && !strings.Contains(value, " ") ||
		len(value) >= 20 && run(value, 0, alnum, len(value)) == len(value) && !wordy(value)
}

// harmless reports whether value is no secret even in a file of secrets.
func harmless(value string) bool {
	if len(value) <= 6 && digits(value) == len(value) && len(value) <= 5 {
		return true
	}
	if markerAt(value) == len(value) && value != "" {
		return true
	}
	switch strings.ToLower(strings.TrimRight(value, ",;")) {
	case "", "true", "false", "yes", "no", "on", "off", "null", "nil", "none", "~", "{}", "[]", "{", "[", "\"\"", "''",
		"production", "development", "staging", "test", "local", "localhost", "debug", "info", "warn", "warning", "error",
		"127.0.0.1", "0.0.0.0", "::1", "utf-8", "utf8", "json", "yaml", "text":
		return true
	}
	low := strings.ToLower(value)
	if strings.HasPrefix(low, "${") && strings.HasSuffix(low, "}") && strings.Count(low, "$") == 1 && !strings.Contains(low, ":") {
		return true
	}
	return len(value) > 1 && value[0] == '$' && identifier(value[1:]) && strings.ToUpper(value) == value || blank(value)
}
