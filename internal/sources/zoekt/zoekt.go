// Package zoekt implements code.Searcher on a zoekt web server.
//
// The server is asked by its JSON API, which it has when it runs with -rpc. It proposes
// files, with their content; which lines match is decided here, so that a query means what
// it means for files on this machine. All modes are served; definitions and uses are told
// by cleat's own scanners, and by the symbols of the index (it has them when it was made
// with universal-ctags) for other languages. A ref is a branch or tag that the index has.
//
// zoekt itself knows no tokens. Where a proxy in front of it does, the key token is sent
// as a bearer token; it needs no more than to read.
package zoekt

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/host"
	"cleat/internal/rest"
	"cleat/internal/rest/candidates"
	"cleat/internal/systems/code"
)

// Config are the keys of [sources.NAME] with kind = "zoekt".
type Config struct {
	rest.Config
}

// A Source asks one server. It is safe for concurrent use.
type Source struct {
	c    *rest.Client
	host host.Host
	wall time.Duration // that a search may take there
	most int64         // bytes of an answer
}

var _ code.Searcher = (*Source)(nil)

// Open makes a source; it connects to nothing. It fails with fail.Invalid for a
// configuration that Config.Validate refuses.
func Open(_ context.Context, cfg Config, h host.Host) (*Source, error) {
	c, err := rest.New(rest.Options{Name: "zoekt", Config: cfg.Config, Host: h})
	if err != nil {
		return nil, err
	}
	wall := cfg.Timeout
	if wall <= 0 {
		wall = rest.DefaultTimeout
	}
	return &Source{c: c, host: h, wall: wall, most: maxAnswer}, nil
}

// Health implements systems.Healthy.
func (s *Source) Health() string { return s.c.Health() }

// Close gives the connections back.
func (s *Source) Close() error { return s.c.Close() }

const (
	filesAtOnce = 100      // whole files of one answer
	pathsAtOnce = 1000     // paths of one answer
	mostMatches = 100_000  // after which the server stops looking
	maxAnswer   = 64 << 20 // bytes
	maxRounds   = 5        // of files none of which match by our rules
)

// Search implements code.Searcher.
func (s *Source) Search(ctx context.Context, q code.Query) (*code.Result, error) {
	began := s.host.Now()
	c, err := candidates.New(q, candidates.Options{Source: "zoekt", Redact: s.host.Redact, Closed: s.host.Closed()})
	if err != nil {
		return nil, err
	}
	if strings.Contains(q.Ref, "..") {
		return nil, fail.Errorf(fail.Unsupported, "this source does not compare refs").
			Then("give one branch or tag that the index has, or leave ref out")
	}
	if ctx.Err() != nil {
		return s.ended(ctx, c, began), nil
	}
	sc, err := s.scope(ctx, q)
	if err != nil {
		if ctx.Err() != nil {
			return s.ended(ctx, c, began), nil
		}
		return nil, err
	}
	more, err := s.collect(ctx, q, sc, c)
	var res *code.Result
	switch {
	case err == nil:
		res = c.Result(more, s.host.Now().Sub(began))
	case ctx.Err() != nil:
		res = s.ended(ctx, c, began)
	case c.Found() > 0:
		c.Partial("the search broke off: " + fail.From(err).What)
		res = c.Result(false, s.host.Now().Sub(began))
	default:
		return nil, err
	}
	res.Scope = sc.String()
	return res, nil
}

// ended is the result of a search that ctx ended.
func (s *Source) ended(ctx context.Context, c *candidates.Collector, began time.Time) *code.Result {
	c.Partial(fail.WhyEnded(ctx, began))
	return c.Result(c.Found() > 0, s.host.Now().Sub(began))
}

// collect asks the server and gives c what it answers. more says that it has more.
func (s *Source) collect(ctx context.Context, q code.Query, sc scope, c *candidates.Collector) (more bool, err error) {
	texts, err := s.texts(q, c)
	if err != nil {
		return false, err
	}
	for i, text := range texts {
		last := i == len(texts)-1
		if !last && q.Mode == code.Refs && c.Given() > 0 {
			continue // the definitions were on the first page
		}
		if more, err = s.rounds(ctx, q, sc.query(text, q, c), sc, c); err != nil {
			return more, err
		}
		if c.Full() || q.Mode == code.Symbol && c.Found() > 0 {
			break
		}
	}
	return more, nil
}

// texts are what the server is asked for, one after the other.
func (s *Source) texts(q code.Query, c *candidates.Collector) ([]string, error) {
	switch q.Mode {
	case code.Symbol, code.Refs:
		name := regexp.QuoteMeta(c.Name())
		symbol := "sym:" + quote("^"+name+"$")
		// Where the index has no symbols, those that mention the name are looked through.
		return []string{symbol, "content:" + quote(word(c.Name()))}, nil
	case code.Files:
		return []string{"file:" + quote(filePattern(q.Pattern))}, nil
	case code.Regex:
		re, err := lineRegexp(q.Pattern)
		if err != nil {
			return nil, err
		}
		return []string{"content:" + quote(re)}, nil
	}
	if q.Word {
		return []string{"content:" + quote(word(q.Pattern))}, nil
	}
	return []string{"content:" + quote(regexp.QuoteMeta(q.Pattern))}, nil
}

// rounds asks for more and more files, until some match by our rules.
func (s *Source) rounds(ctx context.Context, q code.Query, text string, sc scope, c *candidates.Collector) (more bool, err error) {
	page := filesAtOnce
	if q.Mode == code.Files {
		page = pathsAtOnce
	} else if q.Limit > 0 {
		page = min(q.Limit, filesAtOnce)
	}
	found := c.Found()
	for round := 0; round < maxRounds; round++ {
		before := c.Given()
		var files []file
		files, more, err = s.next(ctx, q, text, page, c)
		if err != nil && fail.From(err).Code == fail.TooLarge && page > 1 {
			page = max(1, page/8)
			round--
			continue
		}
		if err != nil {
			return false, err
		}
		for _, f := range files {
			if sc.ref != "" && !sc.has(f) {
				continue
			}
			if err := c.Add(ctx, f.candidate(q.Mode)); err != nil {
				return more, err
			}
		}
		if c.Full() || !more || c.Found() > found || c.Given() == before {
			break
		}
	}
	return more, nil
}

// next returns the following files, at most page of them and perhaps one more. The server
// cannot leave out those that earlier pages had. So from the second page on it is asked
// for the names of all, which is cheap and has them in no particular order, and then for
// the content of new ones alone.
func (s *Source) next(ctx context.Context, q code.Query, text string, page int, c *candidates.Collector) (files []file, more bool, err error) {
	whole := q.Mode != code.Files && c.Given() == 0
	n := c.Given() + page + 1
	listing := text
	if !whole && q.Mode != code.Files && !strings.HasPrefix(text, "sym:") {
		listing += " type:file"
	}
	r, err := s.ask(ctx, listing, n, whole)
	if err != nil {
		return nil, false, err
	}
	r.notes(c)
	more = len(r.Files) >= n
	if whole || q.Mode == code.Files {
		return r.Files, more, nil
	}
	type place struct{ repo, path string }
	var places []place
	var repos, paths []string
	for _, f := range r.Files {
		if c.Has(f.Repository, f.FileName) {
			continue
		}
		if len(places) == page {
			more = true
			break
		}
		places = append(places, place{f.Repository, f.FileName})
		repos = append(repos, regexp.QuoteMeta(f.Repository))
		paths = append(paths, regexp.QuoteMeta(f.FileName))
	}
	if len(places) == 0 {
		return nil, false, nil
	}
	slices.Sort(repos)
	repos = slices.Compact(repos)
	named := " repo:" + quote("^(?:"+strings.Join(repos, "|")+")$") + " file:" + quote("^(?:"+strings.Join(paths, "|")+")$")
	if r, err = s.ask(ctx, text+named, len(places)*len(repos)+1, true); err != nil {
		return nil, false, err
	}
	at := map[place]file{}
	for _, f := range r.Files {
		at[place{f.Repository, f.FileName}] = f
	}
	for _, p := range places {
		if f, ok := at[p]; ok {
			files = append(files, f)
		}
	}
	return files, more, nil
}

// ask sends one search.
func (s *Source) ask(ctx context.Context, text string, files int, whole bool) (*answer, error) {
	wall := s.wall
	if end, ok := ctx.Deadline(); ok {
		wall = max(min(wall, time.Until(end)*9/10), time.Millisecond)
	}
	r, _, err := rest.Do[reply](ctx, s.c, rest.Request{
		Method: "POST", Path: "/api/search",
		Body: rest.JSON(request{Q: text, Opts: options{
			Whole: whole, MaxDocDisplayCount: files, MaxWallTime: wall,
			ShardMaxMatchCount: mostMatches, TotalMaxMatchCount: mostMatches,
		}}),
		Want: rest.Want{Repeatable: true, MaxBody: s.most},
	})
	if err != nil {
		return nil, explain(err)
	}
	return r.Result, nil
}

// explain adds what an answer that is not JSON usually means.
func explain(err error) error {
	if f := fail.From(err); f.Code == fail.Unavailable && strings.HasPrefix(f.What, "unexpected response") {
		return f.Because("zoekt-webserver has the JSON API only when it runs with -rpc")
	}
	return err
}
