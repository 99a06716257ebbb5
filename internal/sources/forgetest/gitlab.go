package forgetest

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// GitLab starts a fake of a GitLab.
func GitLab(t *testing.T, repos ...Repo) *Server {
	return newServer(t, "/api/v4", repos, (*Server).gitLab)
}

func (s *Server) gitLab(w http.ResponseWriter, r *http.Request) {
	segs := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	for i := range segs {
		seg, err := url.PathUnescape(segs[i])
		if err != nil {
			s.t.Error(err)
		}
		segs[i] = seg
	}
	kind, id, what := segs[0], "", ""
	if len(segs) > 1 {
		id, what = segs[1], strings.Join(segs[2:], "/")
	}
	missing := func(what string) { s.json(w, http.StatusNotFound, object{"message": "404 " + what + " Not Found"}) }
	switch {
	case kind == "search" && id == "":
		s.searchGitLab(w, r, s.repos, false)
		return
	case kind == "projects" && id == "":
		s.projects(w, r, s.repos)
		return
	case kind == "groups" || kind == "users":
		found := s.owned(id)
		switch {
		case len(found) == 0 || kind == "groups" && strings.HasPrefix(id, "user-"):
			missing("Group")
		case what == "search" || what == "-/search":
			s.searchGitLab(w, r, found, false)
		case what == "projects":
			s.projects(w, r, found)
		default:
			s.t.Errorf("GitLab has no %s", r.URL.Path)
		}
		return
	case kind != "projects":
		s.t.Errorf("GitLab has no %s", r.URL.Path)
		missing("Page")
		return
	}
	repo := s.find(id)
	if n, err := strconv.Atoi(id); err == nil && n > 0 && n <= len(s.repos) {
		repo = s.repos[n-1]
	}
	if repo == nil {
		missing("Project")
		return
	}
	s.gitLabProject(w, r, repo, what)
}

func (s *Server) gitLabProject(w http.ResponseWriter, r *http.Request, repo *Repo, what string) {
	missing := func(what string) { s.json(w, http.StatusNotFound, object{"message": "404 " + what + " Not Found"}) }
	ref, isCommit := strings.CutPrefix(what, "repository/commits/")
	file, isFile := strings.CutPrefix(what, "repository/files/")
	switch {
	case what == "":
		s.json(w, http.StatusOK, s.project(repo))
	case what == "search":
		s.searchGitLab(w, r, []*Repo{repo}, true)
	case what == "repository/archive.tar.gz":
		s.archive(w, repo, r.URL.Query().Get("sha"))
	case what == "repository/branches":
		var list []object
		for ref := range repo.Refs {
			list = append(list, object{"name": ref, "commit": object{"id": repo.Commit(ref)}})
		}
		s.json(w, http.StatusOK, list)
	case isCommit:
		commit := repo.Commit(ref)
		if commit == "" {
			missing("Commit")
			return
		}
		s.json(w, http.StatusOK, object{"id": commit, "short_id": commit[:8], "title": "a commit"})
	case what == "repository/tree":
		s.treeGitLab(w, r, repo)
	case isFile:
		content, ok := repo.at(r.URL.Query().Get("ref"))[strings.TrimSuffix(file, "/raw")]
		if !ok {
			missing("File")
			return
		}
		sum := sha256.Sum256([]byte(content))
		w.Header().Set("X-Gitlab-Content-Sha256", hex.EncodeToString(sum[:]))
		w.Header().Set("X-Gitlab-Blob-Id", BlobID(content))
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		s.write(w, []byte(content))
	default:
		s.t.Errorf("GitLab has no %s", what)
		missing("Page")
	}
}

func (s *Server) id(repo *Repo) int {
	for i, r := range s.repos {
		if r == repo {
			return i + 1
		}
	}
	return 0
}

func (s *Server) project(r *Repo) object {
	return object{"id": s.id(r), "name": path.Base(r.Name), "path_with_namespace": r.Name, "default_branch": r.Branch, "visibility": "private"}
}

func (s *Server) projects(w http.ResponseWriter, r *http.Request, repos []*Repo) {
	var list []object
	for _, p := range repos {
		list = append(list, s.project(p))
	}
	s.json(w, http.StatusOK, page(s, w, "/api/v4"+r.URL.Path, r.URL.Query(), list, "per_page"))
}

// searchGitLab answers a search of code. Basic search finds any part of a line in any case;
// what is found comes in chunks of some lines. A text with anything in it that could be
// syntax fails the test.
func (s *Server) searchGitLab(w http.ResponseWriter, r *http.Request, repos []*Repo, one bool) {
	q := r.URL.Query()
	m := regexp.MustCompile(`^([\pL\pN_. ]+?)(?: path:([\w./-]+))?$`).FindStringSubmatch(q.Get("search"))
	if m == nil || q.Get("scope") != "blobs" || one != (q.Get("search_type") == "basic") {
		s.t.Errorf("GitLab cannot make sense of %v", q)
		s.json(w, http.StatusBadRequest, object{"error": "search is invalid"})
		return
	}
	if !one && !s.Advanced {
		s.json(w, http.StatusBadRequest, object{"message": object{"error": "Scope supported only with advanced search or exact code search"}})
		return
	}
	list := []object{}
	for _, repo := range repos {
		files, paths := repo.files()
		for _, p := range paths {
			if m[2] != "" && !strings.Contains(p, m[2]) {
				continue
			}
			lines := strings.SplitAfter(files[p], "\n")
			for i, l := range lines {
				hit := strings.Contains(strings.ToLower(l), strings.ToLower(m[1]))
				if !one {
					hit = strings.Contains(words(l), words(m[1]))
				}
				if hit {
					from := max(i-2, 0)
					list = append(list, object{"basename": strings.TrimSuffix(p, path.Ext(p)), "data": strings.Join(lines[from:min(i+3, len(lines))], ""),
						"path": p, "filename": p, "id": nil, "ref": repo.Branch, "startline": from + 1, "project_id": s.id(repo)})
				}
			}
		}
	}
	s.json(w, http.StatusOK, page(s, w, "/api/v4"+r.URL.Path, q, list, "per_page"))
}
