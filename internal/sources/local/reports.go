package local

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cleat/internal/report"
	"cleat/internal/systems/ci"
)

// Limits on looking for report files.
const (
	maxReportEntries = 50_000    // files and folders looked at
	maxReportDepth   = 10        // folders below the task's
	maxReports       = 200       // files
	maxReportBytes   = 256 << 20 // of all files
	reportSlack      = 50 * time.Millisecond
)

// Failures implements ci.Reporter. It reads the JUnit and SARIF files that were written while
// the task ran, where tools put them: those that a later run has overwritten are not there any
// more. Files that cannot be read are passed over.
func (s *Source) Failures(ctx context.Context, run *ci.Run, _ *ci.Job) ([]report.Failure, error) {
	rec, err := s.record(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	until := rec.Finished
	switch {
	case !rec.Status.Ended():
		until = s.h.Now()
	case until.IsZero():
		return nil, nil // interrupted: which files are its own cannot be told
	}
	top, err := os.OpenRoot(s.root)
	if err != nil {
		return nil, unusable(err)
	}
	defer top.Close()
	dir, err := top.OpenRoot(filepath.FromSlash(path.Clean("./" + rec.Dir)))
	if err != nil {
		return nil, nil // the folder is gone, and the files with it
	}
	defer dir.Close()
	// The clock of a file system is coarser than ours.
	files, err := findReports(ctx, dir.FS(), rec.Started.Add(-reportSlack), until.Add(reportSlack))
	if err != nil {
		return nil, err
	}
	var out []report.Failure
	for _, name := range files {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		found, err := readReport(dir, name)
		if err != nil {
			s.h.Log.Debug("a report is passed over", "file", name, "error", err)
			continue
		}
		out = append(out, found.Failures...)
		if len(out) >= report.MaxFailures {
			return out[:report.MaxFailures], nil
		}
	}
	return out, nil
}

// findReports lists the report files in tree that were last written in the given time, by
// name.
func findReports(ctx context.Context, tree fs.FS, from, until time.Time) ([]string, error) {
	var files []string
	seen, total := 0, int64(0)
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		seen++
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return fs.SkipDir // what cannot be read has no report for us
		case seen > maxReportEntries || len(files) == maxReports:
			return fs.SkipAll
		case d.IsDir():
			if name != "." && (skipFolder(d.Name()) || strings.Count(name, "/") >= maxReportDepth) {
				return fs.SkipDir
			}
			return nil
		case !d.Type().IsRegular() || !isReport(name):
			return nil
		}
		info, err := d.Info()
		if err != nil || info.ModTime().Before(from) || info.ModTime().After(until) {
			return nil // gone, or of another run
		}
		if total += info.Size(); total > maxReportBytes {
			return fs.SkipAll
		}
		files = append(files, name)
		return nil
	})
	return files, err
}

// skipFolder reports whether a folder holds nothing that a task of the project reports in.
func skipFolder(name string) bool {
	return strings.HasPrefix(name, ".") || name == "node_modules" || name == "vendor"
}

// isReport reports whether a file is where tools put results of tests and of linters.
func isReport(name string) bool {
	dir, base := path.Split(strings.ToLower(name))
	if strings.HasSuffix(base, ".sarif") || strings.HasSuffix(base, ".sarif.json") {
		return true
	}
	if path.Ext(base) != ".xml" {
		return false
	}
	if strings.HasPrefix(base, "test-") || strings.Contains(base, "junit") || strings.Contains(base, "test-results") {
		return true
	}
	return slices.ContainsFunc(strings.Split(dir, "/"), func(folder string) bool {
		return strings.HasSuffix(folder, "reports") || strings.HasPrefix(folder, "test-results") || strings.HasPrefix(folder, "junit")
	})
}

func readReport(dir *os.Root, name string) (*report.Report, error) {
	f, err := dir.OpenFile(filepath.FromSlash(name), os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, errors.New("it is no regular file"))
	}
	if path.Ext(strings.ToLower(name)) == ".xml" {
		return report.JUnit(f)
	}
	return report.SARIF(f)
}
