package config

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/zalando/go-keyring"

	"cleat/internal/fail"
)

const (
	// The most bytes of a secret.
	maxSecret = 64 << 10
	// How long a keyring or a command may take.
	secretTimeout = 10 * time.Second
	// The service under which cleat keeps its secrets in the keyring.
	keyringService = "cleat"
)

// A Resolver gets the values of secrets. It is safe for concurrent use and keeps
// nothing: who asks twice gets the value as it is then.
type Resolver struct {
	Env  func(string) (string, bool) // as os.LookupEnv
	Root string                      // of the repository: files in it are never reached through a link out of it; "" if none
	Warn func(string)                // is told of a secret file that others can read; may be nil

	keyring func(service, name string) (string, error) // nil: the system's
	timeout time.Duration                              // 0: secretTimeout
}

// Secret resolves what SecretRef.Ref returned. It fails with fail.Unavailable, or
// fail.Invalid for what is not a reference. Its signature is that of
// host.Host.Secret.
func (r *Resolver) Secret(ctx context.Context, ref string) (string, error) {
	s, err := ParseSecretRef(ref)
	if err != nil {
		return "", fail.Errorf(fail.Invalid, "not a reference to a secret: %w", err)
	}
	return s.Resolve(ctx, r)
}

// Resolve returns the secret. Neither an error nor a warning holds any of it, or of
// what a command printed. The error is a fail.Unavailable.
func (s SecretRef) Resolve(ctx context.Context, r *Resolver) (string, error) {
	timeout := r.timeout
	if timeout == 0 {
		timeout = secretTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	var value, next string
	var err error
	switch s.kind {
	case envSecret:
		value, _ = r.Env(s.arg)
		next = "Ask the user to set the variable " + s.arg + " in the environment of the client that starts cleat."
	case keyringSecret:
		value, err = r.fromKeyring(ctx, s.arg)
		next = "Ask the user to store it in the system's keyring, service cleat, user " + s.arg
	case fileSecret:
		value, err = r.fromFile(s.arg)
		next = "Ask the user to look at the file."
	case commandSecret:
		value, err = r.fromCommand(ctx, s.argv)
		next = "Ask the user to run the command in a terminal and to mend what it says."
	case literalSecret:
		value = s.arg
	default:
		err = errors.New("there is no reference")
		next = "Ask the user to add the secret to the source in cleat's configuration."
	}
	switch {
	case err == nil && value == "":
		err = errors.New("it is not set, or empty")
	case err == nil && strings.ContainsRune(value, 0):
		err = errors.New("it contains a NUL")
	}
	if err != nil {
		return "", fail.Errorf(fail.Unavailable, "cannot get the secret %s", s).Because("%s", err).Then("%s", next)
	}
	return value, nil
}

func (r *Resolver) fromKeyring(ctx context.Context, name string) (string, error) {
	get := r.keyring
	if get == nil {
		if err := r.keyringThere(); err != nil {
			return "", err
		}
		get = keyring.Get
	}
	type answer struct {
		value string
		err   error
	}
	// The keyring takes no context, and may wait for a person who unlocks it. The
	// goroutine ends when it answers.
	done := make(chan answer, 1)
	go func() {
		v, err := get(keyringService, name)
		done <- answer{v, err}
	}()
	select {
	case a := <-done:
		switch {
		case errors.Is(a.err, keyring.ErrNotFound):
			return "", errors.New("the keyring has no such entry")
		case a.err != nil:
			return "", errors.New("the keyring cannot be used")
		case len(a.value) > maxSecret:
			return "", errTooLong()
		}
		return a.value, nil
	case <-ctx.Done():
		return "", errors.New("the keyring did not answer in time; it may be locked")
	}
}

// keyringThere fails where asking the keyring would start a message bus, which the
// D-Bus library does by running dbus-launch.
func (r *Resolver) keyringThere() error {
	switch runtime.GOOS {
	case "darwin", "windows":
		return nil
	}
	if bus, _ := r.Env("DBUS_SESSION_BUS_ADDRESS"); bus != "" {
		return nil
	}
	if dir, _ := r.Env("XDG_RUNTIME_DIR"); dir != "" {
		if _, err := os.Stat(filepath.Join(dir, "bus")); err == nil {
			return nil
		}
	}
	return errors.New("this session has no keyring")
}

func errTooLong() error { return fmt.Errorf("it is longer than %d bytes", maxSecret) }

func (r *Resolver) fromFile(path string) (string, error) {
	f, err := r.openSecret(path)
	if err != nil {
		return "", errors.New(openError(err).Error())
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", errors.New(openError(err).Error())
	}
	if !info.Mode().IsRegular() {
		return "", errors.New("it is " + typeName(info.Mode()) + ", not a file")
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", errors.New(openError(err).Error())
	}
	if len(data) > maxSecret {
		return "", errTooLong()
	}
	if r.Warn != nil && (readableByOthers(info) || writableByOthers(info)) {
		r.Warn("the secret file " + path + " can be read or written by others: run chmod 600 on it")
	}
	return trimNewline(data), nil
}

// openSecret opens path; within the repository, without leaving it.
func (r *Resolver) openSecret(path string) (*os.File, error) {
	if r.Root != "" {
		if rel, err := filepath.Rel(r.Root, path); err == nil && filepath.IsLocal(rel) {
			root, err := os.OpenRoot(r.Root)
			if err != nil {
				return nil, err
			}
			defer root.Close()
			return root.OpenFile(rel, os.O_RDONLY|openFlags, 0)
		}
	}
	return os.OpenFile(path, os.O_RDONLY|openFlags, 0)
}

func trimNewline(b []byte) string {
	b = bytes.TrimSuffix(b, []byte("\n"))
	return string(bytes.TrimSuffix(b, []byte("\r")))
}

// fromCommand runs argv without a shell, and without anything of ours but the
// variables that a credential program needs.
func (r *Resolver) fromCommand(ctx context.Context, argv []string) (string, error) {
	program, err := exec.LookPath(argv[0])
	if err != nil {
		return "", errors.New("the program is not found, or cannot be run")
	}
	if program, err = filepath.Abs(program); err != nil {
		return "", errors.New("the program is not found")
	}
	if r.Root != "" {
		real, err := filepath.EvalSymlinks(program)
		if err != nil {
			return "", errors.New("the program is not found")
		}
		for _, p := range [...]string{program, real} {
			if rel, err := filepath.Rel(r.Root, p); err == nil && filepath.IsLocal(rel) {
				return "", errors.New("the program lies in the repository")
			}
		}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	out := &limited{stop: stop}
	cmd := exec.CommandContext(ctx, program, argv[1:]...)
	cmd.Args[0] = argv[0]
	cmd.Env = r.commandEnv()
	cmd.Dir = filepath.VolumeName(program) + string(filepath.Separator) // not the repository
	cmd.Stdout = out
	cmd.WaitDelay = time.Second // for what keeps stdout open after its parent's end
	err = runGroup(cmd)
	printed, ok := out.bytes()
	switch {
	case !ok:
		return "", errTooLong()
	case ctx.Err() != nil:
		return "", errors.New("the program did not end in time")
	case err != nil:
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() >= 0 {
			return "", fmt.Errorf("the program ended with exit status %d", exit.ExitCode())
		}
		return "", errors.New("the program could not be run to its end")
	}
	return trimNewline(printed), nil
}

// commandEnv is what programs such as gh, op, pass and secret-tool need to find
// their own state: no tokens, and nothing that makes a program run another.
func (r *Resolver) commandEnv() []string {
	var env []string
	for _, name := range [...]string{
		"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ",
		"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR",
		"DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "GNUPGHOME", "PASSWORD_STORE_DIR",
		"SystemRoot", "SystemDrive", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "ProgramData", "PATHEXT", "TEMP", "TMP", "USERNAME",
	} {
		if v, ok := r.Env(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// limited keeps what is written to it, and calls stop beyond maxSecret bytes. It is
// locked, since a program that is given up on may still be writing.
type limited struct {
	stop func()

	mu   sync.Mutex
	buf  []byte
	over bool
}

func (l *limited) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.buf)+len(p) > maxSecret {
		l.over = true
		l.stop()
		return 0, errTooLong()
	}
	l.buf = append(l.buf, p...)
	return len(p), nil
}

func (l *limited) bytes() (b []byte, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf, !l.over
}
