package rest

import (
	"strings"
	"testing"
	"time"

	"cleat/internal/fail"
)

func TestValidate(t *testing.T) {
	for _, test := range []struct {
		c    Config
		keys string // with problems
	}{
		{Config{URL: "https://code.example.com/base", Token: "env:T", Proxy: "http://proxy.example.com:3128", Timeout: time.Second, Downloads: []string{"files.example.com", "[::1]:80"}}, ""},
		{Config{URL: "http://localhost:8080"}, ""},
		{Config{URL: "http://127.0.0.1"}, ""},
		{Config{URL: "http://[::1]:6070/"}, ""},
		{Config{URL: "https://10.0.0.5"}, ""},
		{Config{}, "url"},
		{Config{URL: "http://code.example.com"}, "url"},
		{Config{URL: "http://127.0.0.1.example.com"}, "url"},
		{Config{URL: "http://localhost.example.com"}, "url"},
		{Config{URL: "https://user:SECRET@code.example.com"}, "url"},
		{Config{URL: "https://user@code.example.com"}, "url"},
		{Config{URL: "https://code.example.com?token=SECRET"}, "url"},
		{Config{URL: "https://code.example.com?"}, "url"},
		{Config{URL: "https://code.example.com/#SECRET"}, "url"},
		{Config{URL: "https://code.example.com#"}, "url"},
		{Config{URL: "ftp://code.example.com"}, "url"},
		{Config{URL: "file:///etc/passwd"}, "url"},
		{Config{URL: "https:code.example.com"}, "url"},
		{Config{URL: "https://"}, "url"},
		{Config{URL: "https://:443"}, "url"},
		{Config{URL: "https://h:0"}, "url"},
		{Config{URL: "https://h:"}, "url"},
		{Config{URL: "https://h:99999"}, "url"},
		{Config{URL: "https://h/a/../b"}, "url"},
		{Config{URL: "https://h/%2e%2e/b"}, "url"},
		{Config{URL: "https://exämple.com"}, "url"},
		{Config{URL: "https://h\r\nX: y"}, "url"},
		{Config{URL: "https://169.254.169.254"}, "url"},
		{Config{URL: "https://[::ffff:169.254.169.254]"}, "url"},
		{Config{URL: "https://[fd00:ec2::254]"}, "url"},
		{Config{URL: "http://0.0.0.0"}, "url"},
		{Config{URL: "https://[::]"}, "url"},
		{Config{URL: "https://h", Proxy: "socks5://p", Timeout: time.Hour, Downloads: []string{"https://x"}}, "proxy timeout downloads"},
		{Config{URL: "https://h", Proxy: "http://u:p@p", Timeout: -1, Downloads: []string{"x/y"}}, "proxy timeout downloads"},
		{Config{URL: "https://h", Proxy: "http://p/path", Downloads: []string{""}}, "proxy downloads"},
	} {
		err := test.c.Validate()
		var keys []string
		if err != nil {
			for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
				keys = append(keys, e.(interface{ Key() string }).Key())
			}
			if strings.Contains(err.Error(), "SECRET") {
				t.Errorf("%+v: the value is told: %v", test.c, err)
			}
		}
		if got := strings.Join(keys, " "); got != test.keys {
			t.Errorf("%+v: problems with %q, want %q: %v", test.c, got, test.keys, err)
		}
		_, err = New(Options{Name: "x", Config: test.c, Host: testHost(time.Now)})
		if (err != nil) != (test.keys != "") || err != nil && (fail.From(err).Code != fail.Invalid || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%+v: New: %v", test.c, err)
		}
	}
	if got := (Config{Token: "env:T"}).Or("https://api.example.com"); got.URL != "https://api.example.com" || got.Token != "env:T" {
		t.Errorf("Or = %+v", got)
	}
}
