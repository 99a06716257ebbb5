package forge

import (
	"context"
	"testing"

	"cleat/internal/fail"
)

func TestOrigin(t *testing.T) {
	for _, tt := range []struct {
		address, remote string
		repos           []string
		want            string
	}{
		{"https://api.github.com", "https://github.com/acme/app.git", nil, "acme/app"},
		{"https://api.github.com", "git@github.com:acme/app.git", nil, "acme/app"},
		{"https://api.github.com", "ssh://git@ssh.github.com:443/acme/app.git", nil, "acme/app"},
		{"https://api.github.com", "git@GitHub.com:Acme/App", []string{"acme/app", "acme/x"}, "acme/app"},
		{"https://api.github.com", "https://github.com.evil.example/acme/app.git", nil, ""},
		{"https://api.github.com", "https://evil.example/github.com/acme.git", nil, ""},
		{"https://api.github.com", "/srv/github.com/acme/app.git", nil, ""},
		{"https://api.github.com", "https://github.com/acme", nil, ""},
		{"https://api.github.com", "https://github.com/../app.git", nil, ""},
		{"https://api.github.com", "https://gitlab.com/acme/app.git", []string{"acme/app"}, "acme/app"},
		{"https://api.github.com", "https://gitlab.com/acme/app.git", []string{"acme/*"}, ""},
		{"https://git.example.com/api/v3", "https://git.example.com/acme/app", nil, "acme/app"},
		{"https://gitlab.com", "git@gitlab.com:group/sub/app.git", nil, "group/sub/app"},
		{"https://example.com/forge", "https://example.com/forge/acme/app.git", nil, "acme/app"},
		{"https://example.com/git", "https://example.com/gitfoo/x.git", nil, "gitfoo/x"},
		{"https://example.com:8443", "ssh://git@example.com:2222/acme/app.git", nil, "acme/app"},
	} {
		s := &Searcher{Title: "Forge", Allow: NewAllow(tt.repos)}
		got, err := s.Origin(tt.address, func(context.Context) ([]string, error) { return []string{tt.remote}, nil })(t.Context())
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s on %s: %q, %v, want %q", tt.remote, tt.address, got, err, tt.want)
		}
		if err != nil && fail.From(err).Code != fail.NotFound {
			t.Errorf("%s on %s: %v", tt.remote, tt.address, err)
		}
	}
}
