package github

import (
	"context"
	"encoding/json"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/google/go-github/v84/github"

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
	segments := append([]string{"repos"}, strings.Split(r.Name, "/")...)
	segments = append(segments, "contents")
	if dir != "" {
		segments = append(segments, strings.Split(path.Clean(dir), "/")...)
	}
	p, err := rest.Path(segments...)
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
		case e.GetPath() != file:
		case e.GetType() != "blob":
			return nil, forge.NoFile(file, "folder")
		case e.GetMode() == modeLink:
			return nil, forge.NoFile(file, "symbolic link")
		case forge.IsHash(e.GetSHA()):
			return s.sized(ctx, r, file, e.GetSHA(), int64(e.GetSize()))
		}
	}
	if t.GetTruncated() {
		return nil, fail.Errorf(fail.Unsupported, "the folder of %q and the repository have more files than GitHub lists", file)
	}
	return nil, fail.Errorf(fail.NotFound, "no file %q", file)
}

const modeLink = "120000" // of a symbolic link, in git's trees

// tree returns all entries of a commit, or as many as GitHub gives.
func (s service) tree(ctx context.Context, r forge.Repository, commit string) (*github.Tree, error) {
	api, err := s.api()
	if err != nil {
		return nil, err
	}
	owner, repo, _ := strings.Cut(r.Name, "/")
	t, _, err := api.Git.GetTree(ctx, owner, repo, commit, true)
	if err == nil && t.SHA == nil {
		return nil, forge.Lacks(title, "tree")
	}
	return t, s.rest.Wrap(err)
}

// Paths implements forge.Service.
func (s service) Paths(ctx context.Context, r forge.Repository, commit, _ string) ([]string, error) {
	t, err := s.tree(ctx, r, commit)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range t.Entries {
		if e.GetType() == "blob" && e.GetMode() != modeLink {
			names = append(names, e.GetPath())
		}
	}
	return names, nil
}
