//go:build unix

package config

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestSpecialFiles: opening what is not a file neither blocks nor passes for absent.
func TestSpecialFiles(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func(path string) error
		want string
	}{
		{"FIFO", func(path string) error { return syscall.Mkfifo(path, 0o644) }, "it is a named pipe, not a file"},
		{"link to a FIFO", func(path string) error {
			if err := syscall.Mkfifo(path+".fifo", 0o644); err != nil {
				return err
			}
			return os.Symlink(filepath.Base(path)+".fifo", path)
		}, "it is a named pipe, not a file"},
		{"socket", func(path string) error {
			l, err := net.Listen("unix", path)
			if err == nil {
				t.Cleanup(func() { l.Close() })
			}
			return err
		}, "the file cannot be read: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, of := range []func(Options) string{
				func(o Options) string { return o.Managed },
				func(o Options) string { return o.User },
				func(o Options) string { return filepath.Join(o.Root, ProjectFile) },
			} {
				o := setup(t, "", "", "")
				check(t, tt.make(of(o)))
				_, problems := Load(o)
				if len(problems) != 1 || !strings.HasPrefix(problems[0].What, tt.want) {
					t.Errorf("%s: problems %v, want %q", of(o), problems, tt.want)
				}
			}
		})
	}
	o := setup(t, "", "", "")
	o.User = "/dev/null"
	if _, problems := Load(o); len(problems) != 1 || problems[0].What != "it is a device, not a file" {
		t.Errorf("device: problems %v", problems)
	}
}

// TestManagedOwner: a managed file that others can change is broken.
func TestManagedOwner(t *testing.T) {
	const (
		owner  = "the managed file is not owned by root"
		others = "the managed file can be written by its group or by anyone"
		folder = "the folder of the managed file can be changed by others than root"
	)
	rules := "[policy]\nread_only = true"
	for _, tt := range []struct {
		name string
		edit func(t *testing.T, o *Options)
		want string
	}{
		{"fine", func(*testing.T, *Options) {}, ""},
		{"another's", func(_ *testing.T, o *Options) { o.ManagedUID++ }, owner},
		{"group", func(t *testing.T, o *Options) { check(t, os.Chmod(o.Managed, 0o664)) }, others},
		{"world", func(t *testing.T, o *Options) { check(t, os.Chmod(o.Managed, 0o602)) }, others},
		{"folder for its group", func(t *testing.T, o *Options) { check(t, os.Chmod(filepath.Dir(o.Managed), 0o775)) }, folder},
		{"folder for the world", func(t *testing.T, o *Options) { check(t, os.Chmod(filepath.Dir(o.Managed), 0o777|os.ModeSticky)) }, folder},
		{"link into a folder for the world", func(t *testing.T, o *Options) {
			dir := t.TempDir()
			check(t, os.Rename(o.Managed, filepath.Join(dir, "x.toml")))
			check(t, os.Symlink(filepath.Join(dir, "x.toml"), o.Managed))
			check(t, os.Chmod(dir, 0o777))
		}, folder},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := setup(t, rules, "", "")
			tt.edit(t, &o)
			_, problems := Load(o)
			got := ""
			if len(problems) > 0 {
				got = problems[0].What
			}
			if got != tt.want {
				t.Errorf("problems %v, want %q", problems, tt.want)
			}
		})
	}
	t.Run("given away", func(t *testing.T) {
		if os.Getuid() != 0 {
			t.Skip("needs root to give a file away")
		}
		o := setup(t, rules, "", "")
		check(t, os.Chown(o.Managed, 1000, 0))
		if _, problems := Load(o); len(problems) != 1 || problems[0].What != owner {
			t.Errorf("problems %v, want %q", problems, owner)
		}
	})
}
