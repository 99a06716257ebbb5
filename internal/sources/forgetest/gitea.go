package forgetest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Gitea starts a fake of a Gitea or Forgejo, which has no search of code.
func Gitea(t *testing.T, repos ...Repo) *Server {
	return newServer(t, "/api/v1", repos, (*Server).gitea)
}

func (s *Server) gitea(w http.ResponseWriter, r *http.Request) {
	segs := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	missing := func() {
		s.json(w, http.StatusNotFound, object{"message": "The target couldn't be found.", "errors": []string{}, "url": s.URL + "/api/swagger"})
	}
	list := func(repos []*Repo) []object {
		var out []object
		for _, p := range repos {
			out = append(out, s.giteaRepo(p))
		}
		return page(s, w, "/api/v1"+r.URL.Path, r.URL.Query(), out, "limit")
	}
	switch {
	case r.URL.Path == "/repos/search":
		s.json(w, http.StatusOK, object{"ok": true, "data": list(s.repos)})
		return
	case len(segs) == 3 && segs[2] == "repos" && (segs[0] == "orgs" || segs[0] == "users"):
		if found := s.owned(segs[1]); len(found) > 0 && (segs[0] == "users" || !strings.HasPrefix(segs[1], "user-")) {
			s.json(w, http.StatusOK, list(found))
			return
		}
		missing()
		return
	case len(segs) < 3 || segs[0] != "repos":
		s.t.Errorf("Gitea has no %s", r.URL.Path)
		missing()
		return
	}
	repo := s.find(segs[1] + "/" + segs[2])
	if repo == nil {
		missing()
		return
	}
	what, rest := "", ""
	if len(segs) > 3 {
		what, rest = segs[3], strings.Join(segs[4:], "/")
	}
	rest, err := url.PathUnescape(rest)
	if err != nil {
		s.t.Error(err)
	}
	switch what {
	case "":
		s.json(w, http.StatusOK, s.giteaRepo(repo))
	case "raw":
		content, ok := repo.at(r.URL.Query().Get("ref"))[rest]
		if !ok {
			missing()
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if strings.Contains(content, "\x00") {
			w.Header().Set("Content-Type", "application/octet-stream")
		}
		s.write(w, []byte(content))
	case "git":
		if commit, ok := strings.CutPrefix(rest, "trees/"); ok {
			s.treeGitea(w, r, repo, commit)
			return
		}
		commit := repo.Commit(strings.TrimPrefix(rest, "commits/"))
		if commit == "" || strings.Count(rest, "/") != 1 {
			missing()
			return
		}
		s.json(w, http.StatusOK, object{"sha": commit, "url": s.URL, "created": "2026-01-02T03:04:05Z"})
	case "branches":
		if rest == "" {
			var names []object
			for ref := range repo.Refs {
				names = append(names, object{"name": ref})
			}
			s.json(w, http.StatusOK, names)
			return
		}
		if repo.Commit(rest) == "" || strings.HasPrefix(rest, "v") {
			missing()
			return
		}
		s.json(w, http.StatusOK, object{"name": rest, "commit": object{"id": repo.Commit(rest)}})
	case "tags":
		if repo.Commit(rest) == "" {
			missing()
			return
		}
		s.json(w, http.StatusOK, object{"name": rest, "commit": object{"sha": repo.Commit(rest)}})
	case "archive":
		s.archive(w, repo, strings.TrimSuffix(rest, ".tar.gz"))
	default:
		s.t.Errorf("Gitea has no %s", r.URL.Path)
		missing()
	}
}

func (s *Server) giteaRepo(r *Repo) object {
	_, name, _ := strings.Cut(r.Name, "/")
	return object{"id": 1, "name": name, "full_name": r.Name, "private": true, "empty": len(r.Refs) == 0, "default_branch": r.Branch}
}
