package workspace

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/git"
	"cleat/internal/systems/documents"
	"cleat/internal/text"
	"cleat/internal/tree"
	"cleat/internal/uri"
)

// Sizes of an overview.
const (
	overviewTime    = 2 * time.Second
	overviewEntries = 60
	overviewCommits = 8
	openingLines    = 12
	openingBytes    = 64 << 10
)

// Overview implements documents.Overviewer. What cannot be had (a repository without
// commits, a folder that is none) is said in Partial, and the rest is there.
func (s *Source) Overview(ctx context.Context) (*documents.Overview, error) {
	if s.own == nil {
		return s.overviewOfMany(), nil
	}
	v := &documents.Overview{Name: s.own.name}
	walkCtx, cancel := context.WithTimeout(ctx, overviewTime)
	defer cancel()
	list, whole, err := s.paths(walkCtx, s.own, false, func(string) bool { return true })
	if err != nil {
		return nil, err
	}
	var missing []string
	if !whole {
		missing = append(missing, fmt.Sprintf("only %s counted in %s", text.Count(len(list), "file"), overviewTime))
	}
	top, langs := map[string]bool{}, map[string]int{}
	for _, f := range list {
		name, _, folder := strings.Cut(f.path, "/")
		if folder {
			name += "/"
		}
		top[name] = true
		if l := tree.Lang(f.path); l != "" {
			langs[l]++
		}
		if !folder && v.Readme == "" && strings.HasPrefix(strings.ToLower(name), "readme") {
			v.Readme = name
		}
	}
	v.Entries = slices.Sorted(maps.Keys(top))
	if n := len(v.Entries); n > overviewEntries {
		missing = append(missing, fmt.Sprintf("%d more entries at the top level", n-overviewEntries))
		v.Entries = v.Entries[:overviewEntries]
	}
	names := slices.SortedFunc(maps.Keys(langs), func(a, b string) int { return cmp.Or(langs[b]-langs[a], cmp.Compare(a, b)) })
	for _, l := range names[:min(len(names), 6)] {
		v.Languages = append(v.Languages, fmt.Sprintf("%s %d", l, langs[l]))
	}
	if err := s.history(ctx, v); err != nil {
		missing = append(missing, "no history: "+fail.From(err).What)
	}
	if err := s.opening(ctx, v); err != nil {
		missing = append(missing, "no opening of "+v.Readme+": "+fail.From(err).What)
	}
	v.Partial = strings.Join(missing, "; ")
	return v, nil
}

// overviewOfMany names the repositories of a source that has no folder of its own.
func (s *Source) overviewOfMany() *documents.Overview {
	list, _ := s.repositories()
	v := &documents.Overview{Name: text.Count(len(list), "repository")}
	for _, u := range list[:min(len(list), overviewEntries)] {
		v.Entries = append(v.Entries, u.name)
	}
	if n := len(list) - len(v.Entries); n > 0 {
		v.Partial = text.Count(n, "more repository")
	}
	return v
}

func (s *Source) history(ctx context.Context, v *documents.Overview) error {
	repo, err := s.own.git()
	if err != nil {
		return err
	}
	head, err := repo.Head(ctx)
	if err != nil {
		return err
	}
	if v.Branch = head.Branch(); head.Hash == "" {
		return fail.Errorf(fail.NotFound, "there is no commit yet")
	}
	commits, _, err := repo.Log(ctx, git.LogOptions{Commit: head.Hash, N: overviewCommits})
	if err != nil {
		return err
	}
	for _, c := range commits {
		v.Commits = append(v.Commits, fmt.Sprintf("%.9s %s %s (%s)", c.Hash, c.Committed.Format(time.DateOnly), c.Subject, c.Author.Name))
	}
	return nil
}

// opening reads the first lines of the README.
func (s *Source) opening(ctx context.Context, v *documents.Overview) error {
	if v.Readme == "" {
		return nil
	}
	doc, err := s.Open(ctx, uri.New("text", s.Address("", v.Readme).Path))
	if err != nil {
		return err
	}
	defer doc.Body.Close()
	var b strings.Builder
	lines := bufio.NewReader(io.LimitReader(doc.Body, openingBytes))
	for range openingLines {
		line, err := lines.ReadString('\n')
		b.WriteString(line[:min(len(line), 400)])
		if err != nil {
			break // a README of fewer lines; what was read is what there is
		}
	}
	v.Opening = strings.ToValidUTF8(b.String(), "")
	return nil
}
