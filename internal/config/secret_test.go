package config

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zalando/go-keyring"

	"cleat/internal/fail"
)

// TestMain lets the test binary be the program of a command reference.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "as" {
		helper(os.Args[2], os.Args[3:])
	}
	os.Exit(m.Run())
}

func helper(what string, args []string) {
	switch what {
	case "print":
		fmt.Println(args[0])
	case "env":
		fmt.Print(strings.Join(os.Environ(), "\n"))
	case "stdin":
		n, err := os.Stdin.Read(make([]byte, 1))
		fmt.Print(n, err)
	case "cwd":
		dir, _ := os.Getwd()
		fmt.Print(dir)
	case "fail":
		fmt.Println(canary)
		fmt.Fprintln(os.Stderr, canary)
		os.Exit(3)
	case "much":
		for {
			if _, err := fmt.Print(strings.Repeat(canary, 1000)); err != nil {
				os.Exit(1)
			}
		}
	case "hang":
		fmt.Print(canary)
		time.Sleep(time.Hour)
	}
	os.Exit(0)
}

func command(t *testing.T, args ...string) SecretRef {
	t.Helper()
	exe, err := os.Executable()
	check(t, err)
	return SecretRef{kind: commandSecret, argv: append([]string{exe, "as"}, args...)}
}

func resolver(env map[string]string) *Resolver {
	return &Resolver{Env: func(k string) (string, bool) { v, ok := env[k]; return v, ok }}
}

func TestSecretRefTexts(t *testing.T) {
	for _, tt := range []struct {
		ref       SecretRef
		text, all string
	}{
		{SecretRef{kind: envSecret, arg: "GITHUB_TOKEN"}, "env:GITHUB_TOKEN", "env:GITHUB_TOKEN"},
		{SecretRef{kind: keyringSecret, arg: "gh@work"}, "keyring:gh@work", "keyring:gh@work"},
		{SecretRef{kind: fileSecret, arg: "/run/secrets/x"}, "file:/run/secrets/x", "file:/run/secrets/x"},
		{SecretRef{kind: commandSecret, argv: []string{"op", "read", canary + `"`}}, "command:op", `command:["op","read","` + canary + `\""]`},
		{SecretRef{kind: literalSecret, arg: "env:" + canary}, "literal", "literal:env:" + canary},
	} {
		b, err := json.Marshal(tt.ref)
		check(t, err)
		for _, got := range []string{tt.ref.String(), fmt.Sprintf("%v", tt.ref), fmt.Sprintf("%#v", tt.ref), tt.ref.LogValue().String(), strings.Trim(string(b), `"`)} {
			if got != tt.text {
				t.Errorf("shown as %s, want %s", got, tt.text)
			}
		}
		if tt.ref.Ref() != tt.all {
			t.Errorf("Ref() = %s, want %s", tt.ref.Ref(), tt.all)
		}
		again, err := ParseSecretRef(tt.all)
		if err != nil || !cmp.Equal(again, tt.ref, cmp.AllowUnexported(SecretRef{})) {
			t.Errorf("ParseSecretRef(%s) = %v, %v", tt.all, again, err)
		}
	}
	for _, bad := range []string{"", canary, "env:", "env:A-B", "ENV:A", "file:", "file:relative", "literal:", "command:gh auth", "command:[]", `command:["../x"]`, "vault:" + canary} {
		if s, err := ParseSecretRef(bad); err == nil || strings.Contains(err.Error(), canary) || !s.IsZero() {
			t.Errorf("ParseSecretRef(%q) = %v, %v", bad, s, err)
		}
	}
}

func TestUnmarshalTOML(t *testing.T) {
	var s SecretRef
	for _, good := range []any{"env:X", "keyring:x", "file:/x", map[string]any{"command": []any{"gh", "auth", "token"}}} {
		if err := s.UnmarshalTOML(good); err != nil {
			t.Errorf("%v: %v", good, err)
		}
	}
	if s.Ref() != `command:["gh","auth","token"]` {
		t.Errorf("Ref() = %s", s.Ref())
	}
	for _, bad := range []any{7, canary, "literal:" + canary, `command:["` + canary + `"]`, map[string]any{"command": canary},
		map[string]any{"command": []any{1}}, map[string]any{"command": []any{"x"}, "env": canary}, map[string]any{}} {
		if err := s.UnmarshalTOML(bad); err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%v: error %v", bad, err)
		}
	}
}

// unavailable checks that err is for the model and keeps the secret.
func unavailable(t *testing.T, err error, why string) {
	t.Helper()
	var fe *fail.Error
	if !errors.As(err, &fe) || fe.Code != fail.Unavailable || fe.Why != why || fe.Next == "" {
		t.Errorf("error %+v, want unavailable because %q", fe, why)
	}
	if err != nil && strings.Contains(fail.Show(err)+fmt.Sprintf("%+v", err), canary) {
		t.Errorf("error %v holds the secret", err)
	}
}

func TestResolveEnv(t *testing.T) {
	r := resolver(map[string]string{"T": "v\n", "EMPTY": "", "NUL": canary + "\x00"})
	if v, err := r.Secret(t.Context(), "env:T"); v != "v\n" || err != nil {
		t.Errorf("env:T = %q, %v", v, err)
	}
	for _, name := range []string{"EMPTY", "ABSENT"} {
		_, err := r.Secret(t.Context(), "env:"+name)
		unavailable(t, err, "it is not set, or empty")
	}
	_, err := r.Secret(t.Context(), "env:NUL")
	unavailable(t, err, "it contains a NUL")
	_, err = SecretRef{}.Resolve(t.Context(), r)
	unavailable(t, err, "there is no reference")
	var fe *fail.Error
	if _, err := r.Secret(t.Context(), canary); !errors.As(err, &fe) || fe.Code != fail.Invalid || strings.Contains(fail.Show(err), canary) {
		t.Errorf("no reference: %v", err)
	}
	if v, err := r.Secret(t.Context(), "literal:dsn"); v != "dsn" || err != nil {
		t.Errorf("literal: %q, %v", v, err)
	}
}

func TestResolveKeyring(t *testing.T) {
	keyring.MockInit()
	check(t, keyring.Set(keyringService, "gh", "from the ring"))
	r := resolver(nil)
	r.keyring = keyring.Get
	if v, err := r.Secret(t.Context(), "keyring:gh"); v != "from the ring" || err != nil {
		t.Errorf("keyring:gh = %q, %v", v, err)
	}
	_, err := r.Secret(t.Context(), "keyring:other")
	unavailable(t, err, "the keyring has no such entry")

	keyring.MockInitWithError(errors.New(canary))
	_, err = r.Secret(t.Context(), "keyring:gh")
	unavailable(t, err, "the keyring cannot be used")

	locked := make(chan struct{})
	defer close(locked)
	r.keyring = func(string, string) (string, error) { <-locked; return canary, nil }
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = r.Secret(ctx, "keyring:gh")
	unavailable(t, err, "the keyring did not answer in time; it may be locked")
}

func TestResolveFile(t *testing.T) {
	dir := t.TempDir()
	repo := filepath.Join(dir, "repo")
	check(t, os.Mkdir(repo, 0o755))
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		check(t, os.WriteFile(path, []byte(text), mode))
		check(t, os.Chmod(path, mode))
		return "file:" + path
	}
	link := func(name, target string) string {
		path := filepath.Join(dir, name)
		check(t, os.Symlink(target, path))
		return "file:" + path
	}
	for _, tt := range []struct {
		name, ref, want, why string
		warns                bool
	}{
		{"plain", file("a", "v\n", 0o600), "v", "", false},
		{"only the last line end goes", file("b", "v\n\r\n", 0o600), "v\n", "", false},
		{"world-readable", file("c", "v", 0o644), "v", "", true},
		{"group-readable", file("d", "v", 0o640), "v", "", true},
		{"largest", file("e", strings.Repeat("x", maxSecret), 0o600), strings.Repeat("x", maxSecret), "", false},
		{"too large", file("f", strings.Repeat("x", maxSecret+1), 0o600), "", "it is longer than 65536 bytes", false},
		{"empty", file("g", "\n", 0o600), "", "it is not set, or empty", false},
		{"absent", "file:" + filepath.Join(dir, "none"), "", "it is a link to nothing", false},
		{"folder", "file:" + repo, "", "it is a folder, not a file", false},
		{"in the repository", file("repo/a", "v", 0o600), "v", "", false},
		{"link out of the repository", link("repo/b", "../a"), "", "it is a link that leaves the repository", false},
		{"link elsewhere", link("l", "a"), "v", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := resolver(nil)
			r.Root = repo
			warned := 0
			r.Warn = func(string) { warned++ }
			v, err := r.Secret(t.Context(), tt.ref)
			if tt.why != "" {
				unavailable(t, err, tt.why)
			} else if err != nil || v != tt.want {
				t.Errorf("value %q, error %v, want %q", v, err, tt.want)
			}
			if (warned > 0) != tt.warns {
				t.Errorf("%d warnings", warned)
			}
		})
	}
}

func TestResolveCommand(t *testing.T) {
	r := resolver(map[string]string{"HOME": "/home/u", "GITHUB_TOKEN": canary, "LD_PRELOAD": "x", "GIT_SSH_COMMAND": "x", "PATH": os.Getenv("PATH")})
	get := func(args ...string) string {
		t.Helper()
		v, err := command(t, args...).Resolve(t.Context(), r)
		check(t, err)
		return v
	}
	if v := get("print", "$(id) ; `id` * \n"); v != "$(id) ; `id` * \n" {
		t.Errorf("argument came back as %q: a shell was there", v)
	}
	if v := get("env"); strings.Contains(v, canary) || strings.Contains(v, "LD_PRELOAD") || strings.Contains(v, "GIT_") || !strings.Contains(v, "HOME=/home/u") {
		t.Errorf("environment:\n%s", v)
	}
	if v := get("stdin"); v != "0 EOF" {
		t.Errorf("stdin: %s, want its end", v)
	}
	if v := get("cwd"); v != filepath.VolumeName(v)+string(filepath.Separator) {
		t.Errorf("working directory %s, want the root", v)
	}
	for _, tt := range []struct{ what, why string }{
		{"fail", "the program ended with exit status 3"},
		{"much", "it is longer than 65536 bytes"},
		{"nothing", "it is not set, or empty"},
	} {
		_, err := command(t, tt.what).Resolve(t.Context(), r)
		unavailable(t, err, tt.why)
	}
	_, err := SecretRef{kind: commandSecret, argv: []string{"no-such-program-at-all"}}.Resolve(t.Context(), r)
	unavailable(t, err, "the program is not found, or cannot be run")

	r.timeout = 300 * time.Millisecond
	_, err = command(t, "hang").Resolve(t.Context(), r)
	unavailable(t, err, "the program did not end in time")

	exe, err := os.Executable()
	check(t, err)
	r.Root = filepath.Dir(exe)
	_, err = command(t, "print", "x").Resolve(t.Context(), r)
	unavailable(t, err, "the program lies in the repository")
}
