// Package forgetest has fakes of GitHub, GitLab and Gitea, written from the published
// shapes of their APIs, that serve repositories out of memory. A request without the
// token, or in a form that the API does not have, fails the test that made it.
package forgetest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cleat/internal/host"
	"cleat/internal/proc"
	"cleat/internal/rest"
)

// Token is what a fake wants; the reference that the host resolves is "env:FORGE".
const Token = "forge-token-CANARY-0123456789"

// A Repo is a repository of a fake.
type Repo struct {
	Name   string                       // owner/name
	Branch string                       // the default one; "main" if empty
	Refs   map[string]map[string]string // files by path, by branch or tag
}

// A Canned is an answer given instead of the fake's own.
type Canned struct {
	Status int // 0 for none at all, until the client gives up
	Header map[string]string
	Body   string
}

// A Server is a fake. Its fields are set before the first request.
type Server struct {
	URL   string // of the API, as a source's key url has it
	Files string // host and port of the second server, which has the archives of GitHub

	Closed func(path string) bool // what policy closes; nil for nothing

	Advanced bool     // GitLab: searches of groups and of everything
	Moved    []string // GitHub: repositories that answer with the first one's name

	t     *testing.T
	repos []*Repo

	mu     sync.Mutex
	asked  []string
	canned map[string][]Canned
}

// newServer starts a fake whose API is below prefix. Handlers run with the request's path
// below it.
func newServer(t *testing.T, prefix string, repos []Repo, handle func(s *Server, w http.ResponseWriter, r *http.Request)) *Server {
	s := &Server{t: t, canned: map[string][]Canned{}}
	for _, r := range repos {
		if r.Branch == "" {
			r.Branch = "main"
		}
		s.repos = append(s.repos, &r)
	}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.admit(w, r) {
			return
		}
		p, ok := strings.CutPrefix(r.URL.EscapedPath(), prefix)
		if !ok {
			s.t.Errorf("a request to %s, which is not below %s", r.URL.Path, prefix)
		}
		r.URL.Path, r.URL.RawPath = p, ""
		handle(s, w, r)
	}))
	t.Cleanup(api.Close)
	s.URL = api.URL
	files := httptest.NewServer(http.HandlerFunc(s.download))
	t.Cleanup(files.Close)
	s.Files = strings.TrimPrefix(files.URL, "http://")
	return s
}

// Config is how a source is told of the fake.
func (s *Server) Config() rest.Config {
	return rest.Config{URL: s.URL, Token: "env:FORGE", Downloads: []string{s.Files}}
}

// Host is a host that knows the token. Redact masks that and the word "hunter2".
func (s *Server) Host() host.Host {
	redact := func(_ string, text []byte) []byte {
		text = bytes.ReplaceAll(text, []byte("hunter2"), []byte("[redacted]"))
		return bytes.ReplaceAll(text, []byte(Token), []byte("[redacted]"))
	}
	return host.Host{
		Log: slog.New(slog.DiscardHandler), Now: time.Now, Redact: redact,
		RedactPart: func(_ string, _, part, _ []byte) []byte { return redact("", part) },
		Secret: func(_ context.Context, ref string) (string, error) {
			if ref != "env:FORGE" {
				s.t.Errorf("a secret %q was asked for", ref)
			}
			return Token, nil
		},
		Closed:   func() func(string) bool { return s.Closed },
		State:    func() (*os.Root, error) { return os.OpenRoot(s.t.TempDir()) },
		Children: &proc.Group{},
	}
}

// Can answers requests whose path and query contain part by the canned answers, one
// after the other, and after them as it does otherwise.
func (s *Server) Can(part string, answers ...Canned) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.canned[part] = append(s.canned[part], answers...)
}

// Asked returns the requests so far, as METHOD PATH?QUERY, and forgets them.
func (s *Server) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

// admit notes a request and answers those that have no token or a canned answer.
func (s *Server) admit(w http.ResponseWriter, r *http.Request) bool {
	a, ok := s.note(r)
	if !ok {
		return true
	}
	if a.Status == 0 {
		<-r.Context().Done()
		return false
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	for k, v := range a.Header {
		w.Header().Set(k, v)
	}
	w.WriteHeader(a.Status)
	s.write(w, []byte(a.Body))
	return false
}

// note notes a request, and returns the canned answer that it gets, if one.
func (s *Server) note(r *http.Request) (Canned, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r.Method+" "+r.URL.RequestURI())
	auth := r.Header.Get("Authorization")
	if auth != "Bearer "+Token && auth != "token "+Token {
		s.t.Errorf("%s %s: no token, or another: %q", r.Method, r.URL.Path, auth)
	}
	if r.Method != http.MethodGet {
		s.t.Errorf("%s %s: only GET is harmless", r.Method, r.URL.Path)
	}
	for part, answers := range s.canned {
		if len(answers) == 0 || !strings.Contains(r.URL.RequestURI(), part) {
			continue
		}
		s.canned[part] = answers[1:]
		return answers[0], true
	}
	return Canned{}, false
}

// download serves archives from another host than the API's.
func (s *Server) download(w http.ResponseWriter, r *http.Request) {
	for name, values := range r.Header {
		if name == "Authorization" || name == "Cookie" || strings.Contains(strings.ToLower(name), "token") ||
			strings.Contains(strings.Join(values, " "), Token) {
			s.t.Errorf("the credential was sent to another host, as %s", name)
		}
	}
	segs := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(segs) != 3 {
		http.NotFound(w, r)
		return
	}
	s.archive(w, s.find(segs[0]+"/"+segs[1]), segs[2])
}

// archive answers with the tar.gz of a commit.
func (s *Server) archive(w http.ResponseWriter, repo *Repo, commit string) {
	if repo != nil {
		for ref, files := range repo.Refs {
			if repo.Commit(ref) == commit {
				w.Header().Set("Content-Type", "application/x-gzip")
				s.write(w, TarGz(commit, files))
				return
			}
		}
	}
	s.json(w, http.StatusNotFound, map[string]string{"message": "Not Found"})
}

func (s *Server) find(name string) *Repo {
	i := slices.IndexFunc(s.repos, func(r *Repo) bool { return strings.EqualFold(r.Name, name) })
	if i < 0 {
		return nil
	}
	return s.repos[i]
}

// owned returns the repositories of an owner, of all if it is "".
func (s *Server) owned(owner string) []*Repo {
	var out []*Repo
	for _, r := range s.repos {
		if owner == "" || strings.HasPrefix(strings.ToLower(r.Name), strings.ToLower(owner)+"/") {
			out = append(out, r)
		}
	}
	return out
}

// Commit returns the id of the commit that ref names, "" if it names none.
func (r *Repo) Commit(ref string) string {
	for name := range r.Refs {
		sum := sha1.Sum([]byte(r.Name + " " + name))
		if id := hex.EncodeToString(sum[:]); ref == name || ref == id {
			return id
		}
	}
	return ""
}

// at returns the files at a ref or a commit, nil where there is none.
func (r *Repo) at(ref string) map[string]string {
	for name, files := range r.Refs {
		if id := r.Commit(name); id != "" && id == r.Commit(ref) {
			return files
		}
	}
	return nil
}

// files returns the files of the default branch and their paths in order.
func (r *Repo) files() (map[string]string, []string) {
	f := r.Refs[r.Branch]
	return f, slices.Sorted(maps.Keys(f))
}

// BlobID returns the id that git gives a file's content.
func BlobID(content string) string {
	sum := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(content), content))
	return hex.EncodeToString(sum[:])
}

// TarGz returns the archive that git makes of a commit.
func TarGz(commit string, files map[string]string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	t := tar.NewWriter(z)
	must(t.WriteHeader(&tar.Header{Typeflag: tar.TypeXGlobalHeader, Name: "pax_global_header", PAXRecords: map[string]string{"comment": commit}}))
	must(t.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: "top-" + commit[:7] + "/", Mode: 0o755}))
	for _, p := range slices.Sorted(maps.Keys(files)) {
		must(t.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "top-" + commit[:7] + "/" + p, Mode: 0o644, Size: int64(len(files[p]))}))
		_, err := io.WriteString(t, files[p])
		must(err)
	}
	must(t.Close())
	must(z.Close())
	return b.Bytes()
}

// must is for writes to memory.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func (s *Server) json(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		s.t.Error(err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	s.write(w, data)
}

// write writes what a client may have stopped reading.
func (s *Server) write(w http.ResponseWriter, data []byte) {
	if _, err := w.Write(data); err != nil {
		s.t.Logf("an answer was not read to its end: %v", err)
	}
}

// page cuts list to the page that q asks for, and links to the next one.
func page[T any](s *Server, w http.ResponseWriter, path string, q url.Values, list []T, sizeKey string) []T {
	n, size := max(number(q, "page"), 1), number(q, sizeKey)
	if size <= 0 {
		size = 30
	}
	from := min((n-1)*size, len(list))
	to := min(from+size, len(list))
	if to < len(list) {
		next := url.Values{}
		maps.Copy(next, q)
		next.Set("page", strconv.Itoa(n+1))
		w.Header().Set("Link", fmt.Sprintf(`<%s%s?%s>; rel="next", <%s%s?page=99>; rel="last"`, s.URL, path, next.Encode(), s.URL, path))
		w.Header().Set("X-Next-Page", strconv.Itoa(n+1))
	}
	return append([]T{}, list[from:to]...)
}

func number(q url.Values, key string) int {
	n, err := strconv.Atoi(q.Get(key))
	if err != nil {
		return 0
	}
	return n
}
