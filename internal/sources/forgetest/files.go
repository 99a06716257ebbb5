package forgetest

import (
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
)

// An entry is one of a tree: a file, or a folder.
type entry struct {
	path    string
	dir     bool
	content string
}

func (e entry) id() string {
	if e.dir {
		return BlobID("tree " + e.path)
	}
	return BlobID(e.content)
}

// shape is the entry as trees have it.
func (e entry) shape() object {
	if e.dir {
		return object{"path": e.path, "name": path.Base(e.path), "mode": "040000", "type": "tree", "sha": e.id(), "id": e.id()}
	}
	return object{"path": e.path, "name": path.Base(e.path), "mode": "100644", "type": "blob", "sha": e.id(), "id": e.id(), "size": len(e.content)}
}

// entries returns what is in the folder dir of files, or also in the folders below it.
func entries(files map[string]string, dir string, deep bool) []entry {
	found := map[string]entry{}
	for p, content := range files {
		found[p] = entry{path: p, content: content}
		for d := path.Dir(p); d != "."; d = path.Dir(d) {
			found[d] = entry{path: d, dir: true}
		}
	}
	var out []entry
	for _, p := range slices.Sorted(maps.Keys(found)) {
		if parent := path.Dir(p); parent == dir || deep && (dir == "." || strings.HasPrefix(parent+"/", dir+"/")) {
			out = append(out, found[p])
		}
	}
	return out
}

func shapes(list []entry) []object {
	out := []object{}
	for _, e := range list {
		out = append(out, e.shape())
	}
	return out
}

// contents answers for what is at a path of GitHub: a list of a folder's first thousand
// entries, an object for a file.
func (s *Server) contents(w http.ResponseWriter, r *http.Request, repo *Repo, name string) {
	name, err := url.PathUnescape(name)
	if err != nil {
		s.t.Error(err)
	}
	files := repo.at(r.URL.Query().Get("ref"))
	shape := func(e entry) object {
		o := e.shape()
		o["type"] = map[bool]string{true: "dir", false: "file"}[e.dir]
		o["size"] = len(e.content)
		return o
	}
	if content, ok := files[name]; ok {
		o := shape(entry{path: name, content: content})
		o["encoding"], o["content"] = "base64", ""
		s.json(w, http.StatusOK, o)
		return
	}
	list := []object{}
	for _, e := range entries(files, path.Clean(name), false) {
		list = append(list, shape(e))
	}
	switch {
	case files == nil:
		s.json(w, http.StatusNotFound, object{"message": "No commit found for the ref " + r.URL.Query().Get("ref")})
	case len(list) == 0:
		s.json(w, http.StatusNotFound, object{"message": "Not Found", "status": "404"})
	default:
		s.json(w, http.StatusOK, list[:min(len(list), 1000)])
	}
}

func (s *Server) treeGitHub(w http.ResponseWriter, r *http.Request, repo *Repo, commit string) {
	files := repo.at(commit)
	if files == nil {
		s.json(w, http.StatusNotFound, object{"message": "Not Found", "status": "404"})
		return
	}
	s.json(w, http.StatusOK, object{"sha": commit, "truncated": false,
		"tree": shapes(entries(files, ".", r.URL.Query().Get("recursive") != ""))})
}

func (s *Server) treeGitea(w http.ResponseWriter, r *http.Request, repo *Repo, commit string) {
	files := repo.at(commit)
	if files == nil {
		s.json(w, http.StatusNotFound, object{"message": "object does not exist"})
		return
	}
	q := r.URL.Query()
	all := shapes(entries(files, ".", q.Get("recursive") == "true"))
	s.json(w, http.StatusOK, object{"sha": commit, "page": 1, "total_count": len(all), "truncated": len(all) > 1000,
		"tree": page(s, w, "/api/v1"+r.URL.Path, q, all, "per_page")})
}

func (s *Server) treeGitLab(w http.ResponseWriter, r *http.Request, repo *Repo) {
	q := r.URL.Query()
	list := shapes(entries(repo.at(q.Get("ref")), path.Clean(q.Get("path")), q.Get("recursive") == "true"))
	if len(list) == 0 {
		s.json(w, http.StatusNotFound, object{"message": "404 Tree Not Found"})
		return
	}
	s.json(w, http.StatusOK, page(s, w, "/api/v4"+r.URL.Path, q, list, "per_page"))
}
