package forgetest

import (
	"net/http"
	"path"
	"regexp"
	"strings"
	"testing"
)

type object map[string]any

// GitHub starts a fake of api.github.com.
func GitHub(t *testing.T, repos ...Repo) *Server {
	return newServer(t, "", repos, (*Server).gitHub)
}

func (s *Server) gitHub(w http.ResponseWriter, r *http.Request) {
	segs := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	missing := func() { s.json(w, http.StatusNotFound, object{"message": "Not Found", "status": "404"}) }
	switch {
	case r.URL.Path == "/search/code":
		s.searchGitHub(w, r)
		return
	case len(segs) == 3 && segs[2] == "repos", r.URL.Path == "/user/repos":
		owner := segs[1]
		if segs[0] == "user" {
			owner = ""
		}
		found := s.owned(owner)
		if len(found) == 0 || segs[0] == "orgs" && strings.HasPrefix(owner, "user-") {
			missing()
			return
		}
		var list []object
		for _, f := range found {
			list = append(list, s.gitHubRepo(f))
		}
		s.json(w, http.StatusOK, page(s, w, r.URL.Path, r.URL.Query(), list, "per_page"))
		return
	case len(segs) < 3 || segs[0] != "repos":
		s.t.Errorf("GitHub has no %s", r.URL.Path)
		missing()
		return
	}
	repo := s.find(segs[1] + "/" + segs[2])
	for _, m := range s.Moved {
		if strings.EqualFold(m, segs[1]+"/"+segs[2]) {
			repo = s.repos[0]
		}
	}
	if repo == nil {
		missing()
		return
	}
	what, rest := "", ""
	if len(segs) > 3 {
		what, rest = segs[3], strings.Join(segs[4:], "/")
	}
	switch what {
	case "":
		s.json(w, http.StatusOK, s.gitHubRepo(repo))
	case "commits":
		id := repo.Commit(rest)
		if id == "" {
			s.json(w, http.StatusUnprocessableEntity, object{"message": "No commit found for SHA: " + rest, "status": "422"})
			return
		}
		w.Header().Set("Content-Type", "application/vnd.github.v3.sha; charset=utf-8")
		s.write(w, []byte(id))
	case "branches":
		var list []object
		for ref := range repo.Refs {
			list = append(list, object{"name": ref, "commit": object{"sha": repo.Commit(ref)}, "protected": false})
		}
		s.json(w, http.StatusOK, list)
	case "git":
		if commit, ok := strings.CutPrefix(rest, "trees/"); ok {
			s.treeGitHub(w, r, repo, commit)
			return
		}
		for _, files := range repo.Refs {
			for _, content := range files {
				if rest == "blobs/"+BlobID(content) {
					w.Header().Set("Content-Type", "application/vnd.github.v3.raw; charset=utf-8")
					s.write(w, []byte(content))
					return
				}
			}
		}
		missing()
	case "contents":
		s.contents(w, r, repo, rest)
	case "tarball":
		w.Header().Set("Location", "http://"+s.Files+"/"+repo.Name+"/"+rest+"?token=SIGNED")
		w.WriteHeader(http.StatusFound)
	default:
		s.t.Errorf("GitHub has no %s", r.URL.Path)
		missing()
	}
}

func (s *Server) gitHubRepo(r *Repo) object {
	owner, name, _ := strings.Cut(r.Name, "/")
	return object{"id": 1 + len(r.Name), "name": name, "full_name": r.Name, "private": true, "owner": object{"login": owner},
		"default_branch": r.Branch, "html_url": "https://github.example/" + r.Name}
}

// searchGitHub answers code search as the index does: whole words in any case. It knows
// one quoted phrase and qualifiers; anything else fails the test, for then a pattern has
// become syntax.
func (s *Server) searchGitHub(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query().Get("q")
	form := regexp.MustCompile(`^(?:"([^"\\:]*)"|filename:([\w.-]+)|extension:([\w.-]+))(?: path:"([^"\\:]*)")?(?: language:(\w+))?((?: (?:repo|user):[\w./-]+)*)$`)
	m := form.FindStringSubmatch(q)
	if m == nil {
		s.t.Errorf("GitHub cannot make sense of %q", q)
		s.json(w, http.StatusUnprocessableEntity, object{"message": "Validation Failed"})
		return
	}
	var repos []*Repo
	for scope := range strings.FieldsSeq(m[6]) {
		kind, name, _ := strings.Cut(scope, ":")
		switch found := s.find(name); {
		case kind == "repo" && found != nil:
			repos = append(repos, found)
		case kind == "user" && len(s.owned(name)) > 0:
			repos = append(repos, s.owned(name)...)
		default:
			s.json(w, http.StatusUnprocessableEntity, object{"message": "Validation Failed", "errors": []object{{"message": "The listed users and repositories cannot be searched"}}})
			return
		}
	}
	if m[6] == "" {
		repos = s.repos
	}
	var items []object
	for _, repo := range repos {
		files, paths := repo.files()
		for _, p := range paths {
			hit := strings.Contains(words(files[p]), words(m[1]))
			switch {
			case m[2] != "":
				hit = strings.Contains(words(path.Base(p)), words(m[2]))
			case m[3] != "":
				hit = path.Ext(p) == "."+m[3]
			}
			if !hit || m[4] != "" && !strings.HasPrefix(p, m[4]+"/") || m[5] == "go" && path.Ext(p) != ".go" {
				continue
			}
			items = append(items, object{"name": path.Base(p), "path": p, "sha": BlobID(files[p]), "repository": s.gitHubRepo(repo), "score": 1.0})
		}
	}
	total := len(items)
	s.json(w, http.StatusOK, object{"total_count": total, "incomplete_results": false,
		"items": page(s, w, r.URL.Path, r.URL.Query(), items, "per_page")})
}

// words is text as an index of words knows it.
func words(text string) string {
	f := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9') && r < 0x80
	})
	return " " + strings.Join(f, " ") + " "
}
