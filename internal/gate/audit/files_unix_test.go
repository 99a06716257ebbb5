//go:build unix

package audit

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"cleat/internal/fail"
)

// What stands in the place of a file or folder of the log is refused, not followed, not
// waited for and not changed, by writers and by readers.
func TestRefused(t *testing.T) {
	victim := func(t *testing.T) string {
		path := filepath.Join(t.TempDir(), "bashrc")
		if err := os.WriteFile(path, []byte("alias ls=ls\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	plant := []struct {
		name   string
		reader bool // readers refuse it too
		do     func(path, victim string) error
	}{
		{"symbolic link", true, func(path, victim string) error { return os.Symlink(victim, path) }},
		{"dangling link", true, func(path, victim string) error { return os.Symlink(victim+"-none", path) }},
		{"link within the folder", true, func(path, _ string) error {
			if err := os.WriteFile(path+".other", nil, 0o600); err != nil {
				return err
			}
			return os.Symlink(filepath.Base(path)+".other", path)
		}},
		{"hard link", false, func(path, victim string) error { return os.Link(victim, path) }},
		{"FIFO", true, func(path, _ string) error { return syscall.Mkfifo(path, 0o600) }},
		{"socket", true, func(path, _ string) error {
			fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
			if err != nil {
				return err
			}
			defer syscall.Close(fd)
			return syscall.Bind(fd, &syscall.SockaddrUnix{Name: path})
		}},
		{"folder", true, func(path, _ string) error { return os.Mkdir(path, 0o700) }},
		{"another's file", false, func(path, _ string) error {
			if os.Getuid() != 0 {
				return errors.ErrUnsupported
			}
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				return err
			}
			return os.Chown(path, 65534, 65534)
		}},
	}
	for _, name := range []string{folder + "/" + current, headFile, folder} {
		for _, p := range plant {
			for _, running := range []bool{false, true} {
				when := "before"
				if running {
					when = "while running"
				}
				t.Run(p.name+" as "+name+" "+when, func(t *testing.T) {
					if name == folder && (p.name == "folder" || p.name == "hard link") {
						t.Skip("that is what belongs there, or cannot be")
					}
					base, err := os.MkdirTemp("", "a") // short: a socket's path has at most 104 bytes
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { os.RemoveAll(base) })
					dir, v := filepath.Join(base, "s"), victim(t)
					l := newLog(t, Options{Dir: dir})
					if running {
						fill(t, l, 3)
					}
					path := filepath.Join(dir, name)
					remove(t, path)
					if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
						t.Fatal(err)
					}
					if err := p.do(path, v); errors.Is(err, errors.ErrUnsupported) {
						t.Skip("needs root")
					} else if err != nil {
						t.Fatal(err)
					}
					_, err = l.Append(t.Context(), sample())
					var e *fail.Error
					if !errors.As(err, &e) || e.Code != fail.Unavailable || !strings.Contains(e.What, path) || e.Next == "" {
						t.Errorf("Append = %v, want a refusal of %s", err, path)
					}
					if b, err := os.ReadFile(v); err != nil || string(b) != "alias ls=ls\n" {
						t.Errorf("the victim is now %q (%v)", b, err)
					}
					if _, err := os.Lstat(v + "-none"); !os.IsNotExist(err) {
						t.Error("the link's target was made")
					}
					if !p.reader {
						return
					}
					if rep, err := Verify(t.Context(), dir); err == nil {
						t.Errorf("Verify = %+v, want a refusal", rep)
					}
					if recs, err := Tail(t.Context(), dir, 3, nil); err == nil {
						t.Errorf("Tail = %v, want a refusal", recs)
					}
				})
			}
		}
	}
}

// Modes are 0700 and 0600 whatever the umask, and are tightened when they were opened up.
func TestModes(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o277} {
		old := syscall.Umask(umask)
		dir := filepath.Join(t.TempDir(), "state")
		err := os.Mkdir(dir, 0o700)
		if err == nil {
			err = os.Chmod(dir, 0o755)
		}
		if err == nil {
			err = os.Mkdir(filepath.Join(dir, folder), 0o700)
		}
		if err == nil {
			err = os.Chmod(filepath.Join(dir, folder), 0o777)
		}
		if err != nil {
			t.Fatal(err)
		}
		l := newLog(t, Options{Dir: dir, Rotate: 1000})
		fill(t, l, 3)
		syscall.Umask(old)
		check := func() {
			t.Helper()
			err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
				if err != nil {
					return err
				}
				info, err := d.Info()
				want := os.FileMode(0o600)
				if d.IsDir() {
					want = 0o700
				}
				if err == nil && info.Mode().Perm() != want {
					t.Errorf("umask %o: %s has mode %v, want %v", umask, path, info.Mode().Perm(), want)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		}
		check()
		for _, name := range []string{headFile, folder, folder + "/" + current} {
			if err := os.Chmod(filepath.Join(dir, name), 0o777); err != nil {
				t.Fatal(err)
			}
			l.opt.Rotate = 1 << 20 // a file that was set aside would keep its mode
			fill(t, l, 1)
			check()
		}
		mustVerify(t, dir, 6)
	}
}

// Folders and files that vanish while the process runs are made anew, and the loss is
// recorded; what was acknowledged after is there.
func TestRemovedWhileRunning(t *testing.T) {
	tests := []struct {
		name, path string
		seq        uint64 // of the first problem, 0 for none
	}{
		{"log", folder + "/" + current, 1},
		{"folder", folder, 1},
		{"head", headFile, 6},
		{"state folder", ".", 1},
	}
	for _, tt := range tests {
		for _, move := range []bool{false, true} {
			l := newLog(t, Options{})
			fill(t, l, 5)
			path := filepath.Join(l.opt.Dir, tt.path)
			if move {
				if err := os.Rename(path, filepath.Join(t.TempDir(), "away")); err != nil {
					t.Fatal(err)
				}
			} else {
				remove(t, path)
			}
			rec := sample()
			rec.Phase = Intent
			seq, err := l.Append(t.Context(), rec)
			if err != nil || seq != 7 { // 6 says what happened
				t.Errorf("%s, moved %t: Append = %d, %v, want 7", tt.name, move, seq, err)
			}
			rep := verify(t, l.opt.Dir)
			if rep.OK() || rep.Problems[0].Seq != tt.seq || rep.Seq != 7 {
				t.Errorf("%s, moved %t: last %d, problems %v, want one with record %d", tt.name, move, rep.Seq, rep.Problems, tt.seq)
			}
		}
	}
}

// The folder vanishes between the checks and the end of the write: the record is written
// again into the new folder, never acknowledged in the old one.
func TestRemovedInTheMiddle(t *testing.T) {
	for _, step := range []string{"announced", "written"} {
		l := newLog(t, Options{})
		fill(t, l, 2)
		var once sync.Once
		l.files.reached = func(s string) {
			if s == step {
				once.Do(func() { remove(t, filepath.Join(l.opt.Dir, folder)) })
			}
		}
		rec := sample()
		rec.ID = "kept"
		if _, err := l.Append(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
		recs, err := Tail(t.Context(), l.opt.Dir, 1, nil)
		if err != nil || len(recs) != 1 || recs[0].ID != "kept" {
			t.Errorf("%s: the last record is %v (%v)", step, recs, err)
		}
	}
	// Removed every time: an error, no success.
	l := newLog(t, Options{})
	l.files.reached = func(s string) {
		if s == "announced" {
			remove(t, filepath.Join(l.opt.Dir, folder))
		}
	}
	_, err := l.Append(t.Context(), sample())
	var e *fail.Error
	if !errors.As(err, &e) || e.Code != fail.Unavailable {
		t.Errorf("Append = %v, want unavailable", err)
	}
}

// As an ordinary user in a folder that must not be written; and with no space left.
func TestCannotWrite(t *testing.T) {
	tests := []struct {
		name, mode string
		setup      func(t *testing.T, dir string)
		say        string
		acked      bool
	}{
		{"state folder read-only", "user", func(t *testing.T, dir string) { chmod(t, dir, 0o500) }, "writable", false},
		{"folder read-only", "user", func(t *testing.T, dir string) { mkdir(t, dir, folder, 0o500) }, "writable", false},
		{"no more space", "space", nil, "free space", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			base, err := os.MkdirTemp("", "audit")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(base) })
			chmod(t, base, 0o755)
			dir := filepath.Join(base, "state")
			mkdir(t, base, "state", 0o700)
			if tt.setup != nil {
				tt.setup(t, dir)
			}
			if tt.mode == "user" && os.Getuid() == 0 {
				for _, p := range []string{dir, filepath.Join(dir, folder)} {
					if err := os.Chown(p, 65534, 65534); err != nil && !os.IsNotExist(err) {
						t.Fatal(err)
					}
				}
			}
			out, err := command(t, tt.mode, dir, 0).Output()
			if err != nil {
				t.Fatal(err)
			}
			acked := strings.Count(string(out), "ok\n")
			if got := string(out); !strings.Contains(got, "unavailable: ") || !strings.Contains(got, "next: ask the user to") || !strings.Contains(got, tt.say) {
				t.Errorf("the child said %s", got)
			}
			if (acked > 0) != tt.acked {
				t.Errorf("%d records were acknowledged", acked)
			}
			rep := mustVerify(t, dir, acked)
			if len(rep.Notes) > 0 {
				t.Errorf("notes: %q", rep.Notes)
			}
			if tt.acked { // with space again, it goes on
				fill(t, newLog(t, Options{Dir: dir}), 2)
				mustVerify(t, dir, acked+2)
			}
		})
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func mkdir(t *testing.T, dir, name string, mode os.FileMode) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
		t.Fatal(err)
	}
	chmod(t, filepath.Join(dir, name), mode)
}
