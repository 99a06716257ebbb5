package sources_test

import (
	"context"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"

	"cleat/internal/host"
	"cleat/internal/sources"
	"cleat/internal/systems/tickets"
	"cleat/internal/systems/tickets/ticketstest"
)

var (
	live    = flag.String("live", "", "a TOML `FILE` with the keys of one source of tickets (kind, url, token = \"env:NAME\", …): TestLive makes, changes and closes a ticket there")
	project = flag.String("project", "", "the repository or project in which TestLive makes the ticket")
)

// TestLive runs against a real account:
//
//	go test ./internal/sources -run Live -live jira.toml -project SCRATCH
func TestLive(t *testing.T) {
	if *live == "" {
		t.Skip("-live names no file with an account to test with")
	}
	data, err := os.ReadFile(filepath.Clean(*live))
	if err != nil {
		t.Fatal(err)
	}
	var head struct{ Kind string }
	if err := toml.Unmarshal(data, &head); err != nil {
		t.Fatal(err)
	}
	for _, kind := range sources.Kinds() {
		if kind.Name != head.Kind {
			continue
		}
		c := kind.Config()
		if err := toml.Unmarshal(data, c); err != nil {
			t.Fatal(err)
		}
		h := host.Host{Log: slog.New(slog.DiscardHandler), Now: time.Now, Closed: func() func(string) bool { return nil },
			Redact: func(_ string, b []byte) []byte { return b },
			Digest: func(string) string { return "000000000000" },
			Secret: func(_ context.Context, ref string) (string, error) {
				return os.Getenv(strings.TrimPrefix(ref, "env:")), nil
			},
		}
		src, err := kind.OpenSource(t.Context(), c, h)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := src.Close(); err != nil {
				t.Error(err)
			}
		})
		tracker := sources.Tracker(src, func(context.Context) ([]string, error) { return nil, nil })
		w, ok := tracker.(tickets.Writer)
		if !ok {
			t.Fatalf("the kind %s has no tickets that can be changed", head.Kind)
		}
		ticketstest.Live(t, w, *project, head.Kind != "linear" && head.Kind != "jira")
		return
	}
	t.Fatalf("there is no kind %q", head.Kind)
}
