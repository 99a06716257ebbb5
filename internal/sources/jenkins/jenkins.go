// Package jenkins reads and starts builds of Jenkins: it implements ci.Runner, ci.Reporter
// and ci.Starter over the remote access API.
//
// Of a server, the jobs that the key jobs names are there and nothing else: pipelines,
// freestyle jobs, and multibranch projects with their branches and pull requests. Where the
// plugin Pipeline: REST API is installed, the stages of a run are its jobs, each with the
// log of its steps; else a run has one job with the whole console.
//
// A token: the user's page, Security, API Token. Its user needs the permissions
// Overall/Read and Job/Read, and Job/Build and Job/Cancel to start and end runs. The key
// user names the user; without it, the token is USER:TOKEN.
package jenkins

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/host"
	"cleat/internal/rest"
	"cleat/internal/systems/ci"
)

const title = "Jenkins"

// Config are the keys of [sources.NAME] with kind = "jenkins".
type Config struct {
	rest.Config
	User string   `toml:"user"` // whom the token belongs to; the token is USER:TOKEN if empty
	Jobs []string `toml:"jobs"` // by full name, as "folder/job": what cleat may see
}

// A keyError is a problem of one key.
type keyError struct{ key, what string }

func (e *keyError) Error() string { return e.key + ": " + e.what }

// Key returns the key that is wrong.
func (e *keyError) Key() string { return e.key }

// maxJobs is how many jobs a source may have.
const maxJobs = 50

// Validate returns what is wrong with the keys.
func (c Config) Validate() error {
	errs := []error{c.Config.Validate()}
	bad := func(key, what string) { errs = append(errs, &keyError{key, what}) }
	if strings.ContainsFunc(c.User, func(r rune) bool { return r <= ' ' || r == ':' || r >= 0x7f }) {
		bad("user", "want the id of the token's user, without : and spaces")
	}
	switch {
	case len(c.Jobs) == 0:
		bad("jobs", `missing; give the full names of the jobs, such as ["folder/job"]`)
	case len(c.Jobs) > maxJobs:
		bad("jobs", "want 50 at most")
	}
	seen := map[string]bool{}
	for _, j := range c.Jobs {
		if _, err := rest.Path(strings.Split(j, "/")...); err != nil || seen[j] {
			bad("jobs", `want the full names of jobs, such as "folder/job", each once`)
			break
		}
		seen[j] = true
	}
	return errors.Join(errs...)
}

// A Source is one Jenkins. It is safe for concurrent use.
type Source struct {
	rest *rest.Client
	post *http.Client // as rest.HTTP, but follows no redirect: that is how Jenkins says "done"
	host host.Host
	jobs []string
}

var (
	_ ci.Runner   = (*Source)(nil)
	_ ci.Reporter = (*Source)(nil)
	_ ci.Starter  = (*Source)(nil)
	_ ci.Planner  = (*Source)(nil)
)

// Open returns a source. It connects to nothing. It fails with fail.Invalid for a
// configuration that Validate refuses. The caller closes it.
func Open(_ context.Context, c Config, h host.Host) (*Source, error) {
	return open(c, h, nil)
}

// open is Open with the waiting of tests.
func open(c Config, h host.Host, sleep func(context.Context, time.Duration) error) (*Source, error) {
	if err := c.Validate(); err != nil {
		return nil, fail.Errorf(fail.Invalid, "the source is not configured right: %w", err)
	}
	client, err := rest.New(rest.Options{Name: title, Config: c.Config, Host: h, Auth: basic(c.User), Sleep: sleep})
	if err != nil {
		return nil, err
	}
	post := *client.HTTP()
	post.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Source{rest: client, post: &post, host: h, jobs: slices.Clone(c.Jobs)}, nil
}

// basic is the authentication of a user's token.
func basic(user string) rest.Auth {
	return func(token string) (name, value string) {
		if user != "" {
			token = user + ":" + token
		}
		return "Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(token))
	}
}

// Close gives up connections.
func (s *Source) Close() error { return s.rest.Close() }

// Health implements systems.Healthy.
func (s *Source) Health() string { return s.rest.Health() }

// get asks for what tree names at the api of a path.
func get[T any](ctx context.Context, s *Source, path, tree string, most int64) (T, error) {
	v, _, err := rest.Do[T](ctx, s.rest, rest.Request{Path: path + "/api/json", Query: url.Values{"tree": {tree}}, Want: rest.Want{MaxBody: most}})
	return v, err
}

// missing returns err, or for what is not there, an error that says so.
func missing(err error, what string, args ...any) error {
	if rest.Status(err) != http.StatusNotFound {
		return err
	}
	return fail.Errorf(fail.NotFound, what, args...).
		Because("%s has none, or the token's user may not see it", title)
}
