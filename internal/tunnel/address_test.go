package tunnel

import (
	"net"
	"strings"
	"testing"
)

func TestValid(t *testing.T) {
	for via, want := range map[string]bool{
		"bastion": true, "ann@bastion": true, "bastion.example.com:2222": true, "a_b.c-d@10.0.0.1:22": true,
		"[2001:db8::1]": true, "ann@[::1]:65535": true, "Jump-Host_1": true,

		"": false, "@": false, "ann@": false, "@bastion": false, "bastion:": false, ":22": false, "bastion:0": false,
		"bastion:65536": false, "bastion:022": false, "bastion:+22": false, "bastion:2 2": false, "bastion:ssh": false, "a@b@c": false,
		"-oProxyCommand=x": false, "ann@-oProxyCommand=x": false, "-lroot@bastion": false, "--": false, "ssh://bastion": false,
		"bastion -v": false, " bastion": false, "bastion\n": false, "bastion\x00": false, "ba\tstion": false, "$(x)": false, "`x`@b": false,
		"a;b": false, "a|b": false, "a&b": false, "a'b": false, `a"b`: false, `a\b`: false, "%h": false, "a/b": false, "~": false, "*": false,
		"bücher": false, "a\u202eb": false, ".": false, ".a": false, "a..b": false,
		"::1": false, "[::1": false, "[::1]x": false, "[::1]:": false, "[]": false, "[1.2.3.4]": false, "[fe80::1%eth0]": false, "[-a]": false,
		strings.Repeat("a", maxHost): true, strings.Repeat("a", maxHost+1): false, strings.Repeat("a", maxUser+1) + "@b": false,
	} {
		if got := Valid(via); got != want {
			t.Errorf("Valid(%q) is %t", via, got)
		}
	}
}

// What is valid holds nothing that a shell, ssh's options or its %-tokens give a meaning,
// and is put together from its parts.
func FuzzValid(f *testing.F) {
	for _, via := range []string{"ann@bastion:22", "[::1]:22", "-o@x", "a b", "%h", "a@b@c:1", "ann@[2001:db8::1]"} {
		f.Add(via)
	}
	f.Fuzz(func(t *testing.T, via string) {
		target, ok := parseTarget(via)
		if ok != Valid(via) {
			t.Fatal("Valid says something else")
		}
		if host, port, err := parseAddress(via); err == nil {
			if joined := net.JoinHostPort(host, port); joined != via {
				t.Errorf("the address %q became %q", via, joined)
			}
		}
		if !ok {
			return
		}
		if login := target.login(); strings.HasPrefix(login, "-") || strings.HasPrefix(target.host, "-") ||
			strings.ContainsFunc(login, func(r rune) bool { return r != '@' && r != ':' && !isWord(r) }) {
			t.Errorf("%q logs in to %q", via, login)
		}
		again := target.host
		if strings.Contains(again, ":") {
			again = "[" + again + "]"
		}
		if strings.Contains(via, "[") && !strings.HasPrefix(again, "[") {
			t.Fatalf("brackets are lost: %q, %q", via, again)
		}
		if target.user != "" {
			again = target.user + "@" + again
		}
		if target.port != "" {
			again += ":" + target.port
		}
		if again != via {
			t.Errorf("%q became %q", via, again)
		}
	})
}
