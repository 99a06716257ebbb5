package main

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/self"
)

// extras are capabilities that do what no real one may: hang, panic, write. They are
// linked into the test binary alone.
func extras() []registry.Entry {
	return []registry.Entry{
		registry.NewTool(systems.Self, registry.Tool{Name: "test_hang", Title: "Hang", Access: registry.Read,
			Description: "Waits until the call is ended."}, hang),
		registry.NewTool(systems.Self, registry.Tool{Name: "test_deaf", Title: "Hang and do not listen", Access: registry.Read,
			Description: "Waits for an hour, whatever happens to the call."}, deaf),
		registry.NewTool(systems.Self, registry.Tool{Name: "test_panic", Title: "Panic", Access: registry.Read,
			Description: "Panics with a secret in its text."}, blow),
		registry.NewTool(systems.Self, registry.Tool{Name: "test_write", Title: "Write", Access: registry.Write,
			Description: "Writes a file named by text into the folder that TMPDIR names, and while it does another one, .begun."}, write),
		registry.NewTool(systems.Self, registry.Tool{Name: "test_print", Title: "Print", Access: registry.Read,
			Description: "Prints to stdout, as a careless library would."}, print),
	}
}

type noInput struct{}

type textInput struct {
	Text string `json:"text" jsonschema:"a text"`
}

func done(name, value string) (*self.Report, error) {
	r := &self.Report{}
	r.Add(name, value)
	return r, nil
}

func hang(ctx context.Context, _ self.Reporter, _ noInput) (*self.Report, error) {
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

func deaf(context.Context, self.Reporter, noInput) (*self.Report, error) {
	time.Sleep(time.Hour)
	return done("slept", "an hour")
}

func blow(context.Context, self.Reporter, noInput) (*self.Report, error) {
	panic("found ghp_0123456789abcdefghijABCDEFGHIJ012345")
}

func write(_ context.Context, _ self.Reporter, in textInput) (*self.Report, error) {
	name := filepath.Join(os.Getenv("TMPDIR"), filepath.Base(in.Text))
	begun := name + ".begun"
	for _, name := range []string{begun, name} {
		if err := os.WriteFile(name, []byte("written"), 0o600); err != nil {
			return nil, err
		}
	}
	if err := os.Remove(begun); err != nil {
		return nil, err
	}
	return done("written", in.Text)
}

func print(context.Context, self.Reporter, noInput) (*self.Report, error) {
	os.Stdout.WriteString("stray output\n")
	println("and more")
	return done("printed", "yes")
}
