// Package sourcegraph implements code.Searcher on a Sourcegraph instance, by its stream
// API (/.api/search/stream).
//
// The instance proposes lines with their surroundings; which of them match is decided
// here, so that a query means what it means for files on this machine. All modes are
// served. Definitions are those of the instance's symbol search: they have a line and a
// kind, and no signature. What lies around a match is asked for generously, so that a
// secret of several lines is known as one.
//
// The key token takes an access token: Settings, Access tokens, "Generate new token". The
// scope user:all is the least there is; the user it belongs to should see nothing but the
// repositories that are to be searched. A service account is better than a person's.
package sourcegraph

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/host"
	"cleat/internal/rest"
	"cleat/internal/rest/candidates"
	"cleat/internal/systems/code"
)

// Config are the keys of [sources.NAME] with kind = "sourcegraph".
type Config struct {
	rest.Config
}

// A Source asks one instance. It is safe for concurrent use.
type Source struct {
	c    *rest.Client
	host host.Host
}

var _ code.Searcher = (*Source)(nil)

// Open makes a source; it connects to nothing. It fails with fail.Invalid for a
// configuration that Config.Validate refuses.
func Open(_ context.Context, cfg Config, h host.Host) (*Source, error) {
	c, err := rest.New(rest.Options{Name: "sourcegraph", Config: cfg.Config, Host: h, Auth: rest.TokenAuth})
	if err != nil {
		return nil, err
	}
	return &Source{c: c, host: h}, nil
}

// Health implements systems.Healthy.
func (s *Source) Health() string { return s.c.Health() }

// Close gives the connections back.
func (s *Source) Close() error { return s.c.Close() }

const (
	mostMatches = 10_000   // of one search; reading stops when there is enough
	mostRepos   = 1000     // that are looked through for a name like one that is not there
	around      = 30       // lines before and after a match, for secrets of several lines
	maxAnswer   = 64 << 20 // bytes
)

// Search implements code.Searcher.
func (s *Source) Search(ctx context.Context, q code.Query) (*code.Result, error) {
	began := s.host.Now()
	c, err := candidates.New(q, candidates.Options{Source: "sourcegraph", Redact: s.host.Redact, Closed: s.host.Closed()})
	if err != nil {
		return nil, err
	}
	if err := checkRef(q.Ref); err != nil {
		return nil, err
	}
	sr := &search{s: s, q: q, c: c}
	err = sr.run(ctx)
	took := s.host.Now().Sub(began)
	var res *code.Result
	switch {
	case ctx.Err() != nil:
		c.Partial(fail.WhyEnded(ctx, began))
		res = c.Result(c.Found() > 0, took)
	case err == nil:
		res = c.Result(sr.more, took)
	case c.Found() > 0:
		c.Partial("the search broke off: " + fail.From(err).What)
		res = c.Result(false, took)
	default:
		return nil, err
	}
	res.Scope = sr.scope()
	return res, nil
}

// checkRef refuses what is no name of one revision.
func checkRef(ref string) error {
	if strings.Contains(ref, "..") {
		return fail.Errorf(fail.Unsupported, "this source does not compare refs").
			Then("give one branch, tag or commit, or leave ref out")
	}
	bad := strings.ContainsFunc(ref, func(r rune) bool {
		return r <= ' ' || r == 0x7f || strings.ContainsRune(`*?[\:^~"'(){}@`, r)
	})
	if bad || strings.HasPrefix(ref, "-") {
		return fail.Errorf(fail.Invalid, "%q is not the name of a branch, tag or commit", ref)
	}
	return nil
}

// A search is one Search under way.
type search struct {
	s     *Source
	q     code.Query
	c     *candidates.Collector
	repos []string // that Query.Repo means; nil if it is empty
	more  bool     // there is more than was read
}

// scope says what was searched.
func (sr *search) scope() string {
	ref := "default branch"
	if sr.q.Ref != "" {
		ref = sr.q.Ref
	}
	switch {
	case len(sr.repos) == 1:
		return sr.repos[0] + "@" + ref
	case sr.repos != nil:
		return strconv.Itoa(len(sr.repos)) + " repositories, " + ref
	}
	return "all repositories of the instance, " + ref
}

// run asks for everything that the query needs.
func (sr *search) run(ctx context.Context) error {
	if sr.q.Repo != "" {
		if err := sr.findRepos(ctx); err != nil {
			return err
		}
	}
	switch sr.q.Mode {
	case code.Symbol:
		return sr.ask(ctx, sr.query("symbol", "^"+quoteMeta(sr.c.Name())+"$"), sr.addSymbols)
	case code.Refs:
		if err := sr.ask(ctx, sr.query("symbol", "^"+quoteMeta(sr.c.Name())+"$"), sr.define); err != nil {
			return err
		}
		return sr.ask(ctx, sr.query("file", word(sr.c.Name())), sr.addContent)
	case code.Files:
		return sr.ask(ctx, sr.pathQuery(), sr.addPath)
	case code.Regex:
		re, err := lineRegexp(sr.q.Pattern)
		if err != nil {
			return err
		}
		return sr.ask(ctx, sr.query("file", re), sr.addContent)
	}
	re := quoteMeta(sr.q.Pattern)
	if sr.q.Word {
		re = word(sr.q.Pattern)
	}
	return sr.ask(ctx, sr.query("file", re), sr.addContent)
}

// findRepos finds out which repositories Query.Repo means.
func (sr *search) findRepos(ctx context.Context) error {
	repos, err := sr.list(ctx, candidates.RepoRegexp(sr.q.Repo), 100)
	if err != nil || len(repos) > 0 {
		sr.repos = repos
		return err
	}
	e := fail.Errorf(fail.NotFound, "the instance has no repository %q, or the token does not see it", sr.q.Repo)
	all, err := sr.list(ctx, ".", mostRepos)
	if err != nil {
		return e // what was asked for is not there; why the search for others failed is beside the point
	}
	return e.Then("%s", candidates.NearRepos(sr.q.Repo, all))
}

// list returns the names of repositories that match the expression.
func (sr *search) list(ctx context.Context, re string, most int) ([]string, error) {
	var out []string
	seen := map[string]bool{}
	l := &search{s: sr.s, q: code.Query{}, c: sr.c}
	err := l.ask(ctx, "type:repo "+filter("repo", re)+" fork:yes archived:yes count:"+strconv.Itoa(most), func(_ context.Context, m match) error {
		if m.Type == "repo" && !seen[m.Repository] {
			seen[m.Repository] = true
			out = append(out, m.Repository)
		}
		return nil
	})
	return out, err
}

// ask sends one search and gives each match to add, until the collector is full.
func (sr *search) ask(ctx context.Context, text string, add func(context.Context, match) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	body, _, err := sr.s.c.Stream(ctx, rest.Request{
		Path: "/.api/search/stream",
		Query: url.Values{
			"q": {text}, "v": {"V3"}, "t": {"regexp"}, "display": {strconv.Itoa(mostMatches)},
			"cm": {"true"}, "cl": {strconv.Itoa(max(around, min(sr.q.Context, 100)))},
		},
		Want: rest.Want{Types: []string{"text/event-stream"}, MaxBody: maxAnswer, Timeout: time.Minute},
	})
	if err != nil {
		return err
	}
	defer body.Close()
	r := &reader{sr: sr, add: add}
	err = rest.Events(body, func(e rest.Event) error { return r.event(ctx, e) })
	if err != nil {
		return err
	}
	return r.end()
}
