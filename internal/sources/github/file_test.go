package github_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/sources/forgetest"
	"cleat/internal/sources/github"
	"cleat/internal/uri"
)

// read returns what is at a path of a repository, or the error as it is shown.
func read(t *testing.T, s *github.Source, repo, path string) (string, fail.Code) {
	t.Helper()
	doc, err := s.Open(t.Context(), uri.New("repo", repo, "HEAD", path))
	if err != nil {
		return fail.Show(err), fail.From(err).Code
	}
	defer doc.Body.Close()
	data, err := io.ReadAll(doc.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data), ""
}

// GitHub would follow a link within the repository, past the rules about where it leads.
func TestLinks(t *testing.T) {
	target := forgetest.BlobID("SECRET")
	for kind, want := range map[string]string{"symlink": "symbolic link", "dir": "folder", "submodule": "submodule"} {
		fake := forgetest.GitHub(t, repo("acme/shop", map[string]string{"a/b.go": "b", "closed/x": "SECRET"}))
		fake.Can("/contents/a", forgetest.Canned{Status: http.StatusOK,
			Body: fmt.Sprintf(`[{"type":"%s","name":"link","path":"a/link","sha":"%s","size":6}]`, kind, target)})
		text, code := read(t, open(t, fake, "acme/shop"), "acme/shop", "a/link")
		if code != fail.Unsupported || !strings.Contains(text, want) {
			t.Errorf("%s: %s %q", kind, code, text)
		}
		for _, a := range fake.Asked() {
			if strings.Contains(a, "/contents/a/link") || strings.Contains(a, target) {
				t.Errorf("a %s was followed: %s", kind, a)
			}
		}
	}
	// A folder that is a link is an object where a list is asked for.
	fake := forgetest.GitHub(t, repo("acme/shop", map[string]string{"a.go": "b"}))
	fake.Can("/contents/a", forgetest.Canned{Status: http.StatusOK, Body: fmt.Sprintf(`{"type":"symlink","name":"a","target":"closed","sha":"%s"}`, target)})
	if text, code := read(t, open(t, fake, "acme/shop"), "acme/shop", "a/x"); code != fail.NotFound {
		t.Errorf("below a link: %s %q", code, text)
	}
}

func TestFileAnswers(t *testing.T) {
	for name, body := range map[string]string{
		"null": "null", "another object": `{"message":"hello"}`, "no type": `[{"name":"a.go","sha":"` + forgetest.BlobID("x") + `"}]`,
		"no id": `[{"type":"file","name":"a.go","sha":"../x"}]`, "a number": `[{"type":"file","name":7}]`, "text": `"a.go"`,
	} {
		fake := forgetest.GitHub(t, repo("acme/shop", map[string]string{"a.go": "b"}))
		fake.Can("/contents", forgetest.Canned{Status: http.StatusOK, Body: body})
		if text, code := read(t, open(t, fake, "acme/shop"), "acme/shop", "a.go"); code != fail.Unavailable || !strings.Contains(text, "unexpected response") {
			t.Errorf("%s: %s %q", name, code, text)
		}
	}
	fake := forgetest.GitHub(t, repo("acme/shop", map[string]string{"a.go": "b"}))
	fake.Can("/git/blobs", forgetest.Canned{Status: http.StatusOK, Body: "other"})
	if text, code := read(t, open(t, fake, "acme/shop"), "acme/shop", "a.go"); code != fail.Unavailable {
		t.Errorf("another content: %s %q", code, text)
	}
}

// A folder of more than a thousand entries is not listed to its end.
func TestLargeFolder(t *testing.T) {
	files := map[string]string{}
	for i := range 1100 {
		files[fmt.Sprintf("d/f%04d.txt", i)] = fmt.Sprintf("file %d\n", i)
	}
	fake := forgetest.GitHub(t, repo("acme/shop", files))
	s := open(t, fake, "acme/shop")
	for path, want := range map[string]string{"d/f0007.txt": "file 7\n", "d/f1099.txt": "file 1099\n"} {
		if text, code := read(t, s, "acme/shop", path); text != want {
			t.Errorf("%s: %s %q", path, code, text)
		}
	}
	if text, code := read(t, s, "acme/shop", "d/f2000.txt"); code != fail.NotFound {
		t.Errorf("%s %q", code, text)
	}
	link := fmt.Sprintf(`{"sha":"%s","truncated":%%v,"tree":[{"path":"d/z","mode":"120000","type":"blob","sha":"%[1]s","size":3}]}`, forgetest.BlobID("file 7\n"))
	for path, truncated := range map[string]bool{"d/z": false, "d/zz": true} {
		fake.Can("/git/trees", forgetest.Canned{Status: http.StatusOK, Body: fmt.Sprintf(link, truncated)})
		if text, code := read(t, s, "acme/shop", path); code != fail.Unsupported {
			t.Errorf("%s: %s %q", path, code, text)
		}
	}
	for _, body := range []string{"null", "{}"} {
		fake.Can("/git/trees", forgetest.Canned{Status: http.StatusOK, Body: body})
		if text, code := read(t, s, "acme/shop", "d/zz"); code != fail.Unavailable {
			t.Errorf("%s: %s %q", body, code, text)
		}
	}
}

// What was renamed is not read by its old name, which other rules may be about.
func TestReadMoved(t *testing.T) {
	for _, test := range []struct {
		now, says string
		want      fail.Code
	}{
		{"mallory/shop", "mallory/shop", fail.Denied},
		{"acme/store", "repo://acme%2Fstore/HEAD/a.go", fail.NotFound},
	} {
		fake := forgetest.GitHub(t, repo(test.now, map[string]string{"a.go": "word"}))
		fake.Moved = []string{"acme/shop"}
		if text, code := read(t, open(t, fake, "acme/*"), "acme/shop", "a.go"); code != test.want || !strings.Contains(text, test.says) {
			t.Errorf("%s: %s %q", test.now, code, text)
		}
	}
}
