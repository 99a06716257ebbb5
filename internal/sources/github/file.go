package github

import (
	"context"
	"encoding/json"
	"net/url"
	"path"
	"slices"
	"strings"

	"cleat/internal/archive/forge"
	"cleat/internal/fail"
	"cleat/internal/rest"
)

// An entry is what is used of an entry of a folder that the API has.
type entry struct {
	Type string // file, dir, symlink; that of a submodule is file too
	Name string
	SHA  string
	Size int64
}

// A folder is what is at a path: the entries of a folder, or nil for anything else.
type folder []entry

// UnmarshalJSON implements json.Unmarshaler: a file, a link and a submodule are an object.
func (f *folder) UnmarshalJSON(data []byte) error {
	if len(data) == 0 || data[0] != '{' {
		return json.Unmarshal(data, (*[]entry)(f))
	}
	var one entry
	if err := json.Unmarshal(data, &one); err != nil {
		return err
	}
	if one.Type == "" {
		*f = folder{one} // which Check refuses
	}
	return nil
}

// Check implements rest.Checker.
func (f folder) Check() error {
	for _, e := range f {
		if e.Type == "" || e.Name == "" || !forge.IsHash(e.SHA) {
			return forge.Lack("file where one belongs")
		}
	}
	return nil
}

// maxEntries is how many entries GitHub gives of a folder.
const maxEntries = 1000

// File implements forge.Service. GitHub follows a link that it is asked for, to what rules
// may be about; so the folder is asked for, and then the blob.
func (s service) File(ctx context.Context, r forge.Repository, ref, file string) ([]byte, error) {
	dir, name := path.Split(file)
	segments := []string{"contents"}
	if dir != "" {
		segments = append(segments, strings.Split(path.Clean(dir), "/")...)
	}
	p, err := at(r.Name, segments...)
	if err != nil {
		return nil, err
	}
	entries, _, err := rest.GetJSON[folder](ctx, s.rest, p, url.Values{"ref": {ref}})
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(entries, func(e entry) bool { return e.Name == name })
	switch {
	case i < 0 && len(entries) >= maxEntries:
		return s.fileOfMany(ctx, r, ref, file)
	case i < 0:
		return nil, fail.Errorf(fail.NotFound, "no file %q", file)
	}
	switch e := entries[i]; e.Type {
	case "file":
		return s.sized(ctx, r, file, e.SHA, e.Size)
	case "dir":
		return nil, forge.NoFile(file, "folder")
	case "symlink":
		return nil, forge.NoFile(file, "symbolic link")
	default:
		return nil, forge.NoFile(file, "submodule")
	}
}

// sized reads a file whose size is said to be known.
func (s service) sized(ctx context.Context, r forge.Repository, file, id string, size int64) ([]byte, error) {
	if size > forge.MaxFile {
		return nil, fail.Errorf(fail.TooLarge, "%q has %d bytes", file, size)
	}
	return s.blob(ctx, r.Name, id, forge.MaxFile)
}

// fileOfMany finds a file in the tree of a commit: its folder has more entries than GitHub
// lists of one.
func (s service) fileOfMany(ctx context.Context, r forge.Repository, ref, file string) ([]byte, error) {
	commit, err := s.Commit(ctx, r, ref)
	if err != nil {
		return nil, err
	}
	t, err := s.tree(ctx, r, commit)
	if err != nil {
		return nil, err
	}
	for _, e := range t.Entries {
		switch {
		case e.Path != file:
		case e.Type != "blob":
			return nil, forge.NoFile(file, "folder")
		case e.Mode == modeLink:
			return nil, forge.NoFile(file, "symbolic link")
		case forge.IsHash(e.SHA):
			return s.sized(ctx, r, file, e.SHA, e.Size)
		}
	}
	if t.Truncated {
		return nil, fail.Errorf(fail.Unsupported, "the folder of %q and the repository have more files than GitHub lists", file)
	}
	return nil, fail.Errorf(fail.NotFound, "no file %q", file)
}

const modeLink = "120000" // of a symbolic link, in git's trees

// A tree is what is used of the trees that the API has.
type tree struct {
	SHA       string
	Truncated bool
	Entries   []struct {
		Path, Mode, SHA string
		Type            string // blob, tree, commit
		Size            int64
	} `json:"tree"`
}

// Check implements rest.Checker.
func (t tree) Check() error {
	if t.SHA == "" {
		return forge.Lack("tree")
	}
	return nil
}

// tree returns all entries of a commit, or as many as GitHub gives.
func (s service) tree(ctx context.Context, r forge.Repository, commit string) (tree, error) {
	p, err := at(r.Name, "git", "trees", commit)
	if err != nil {
		return tree{}, err
	}
	t, _, err := rest.GetJSON[tree](ctx, s.rest, p, url.Values{"recursive": {"1"}})
	return t, err
}

// Paths implements forge.Service.
func (s service) Paths(ctx context.Context, r forge.Repository, commit, _ string) ([]string, error) {
	t, err := s.tree(ctx, r, commit)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range t.Entries {
		if e.Type == "blob" && e.Mode != modeLink {
			names = append(names, e.Path)
		}
	}
	return names, nil
}
