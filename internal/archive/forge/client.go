package forge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"cleat/internal/fail"
	"cleat/internal/outgoing"
	"cleat/internal/rest"
)

// Config are the keys that the sources over forges share. They embed it in theirs.
type Config struct {
	rest.Config

	// Repos are the repositories that may be touched, as owner/name; "*" and "?" stand
	// for parts of a name and "**" for any parts between slashes. All that the token can
	// see if empty.
	Repos []string `toml:"repos"`

	// Outgoing is what texts that are written there may have; see package outgoing.
	Outgoing []string `toml:"outgoing"`
}

// Validate returns what is wrong, each problem with a method Key() string.
func (c Config) Validate() error {
	errs := []error{c.Config.Validate()}
	if err := CheckRepos(c.Repos); err != nil {
		errs = append(errs, keyError{"repos", err})
	}
	if bad := outgoing.Validate(c.Outgoing); len(bad) > 0 {
		errs = append(errs, keyError{"outgoing", fmt.Errorf("want some of %q, not %q", outgoing.Allowances(), bad[0])})
	}
	return errors.Join(errs...)
}

// A keyError is a problem of one key of a configuration.
type keyError struct {
	key string
	err error
}

func (e keyError) Error() string { return e.key + ": " + e.err.Error() }

// Key returns the key that is wrong.
func (e keyError) Key() string { return e.key }

// Limits of the download of an archive.
const (
	maxDownload  = 256 << 20 // bytes, compressed
	downloadTime = 5 * time.Minute
)

// Download streams an archive from below the client's URL. The forge may send it from
// another host, which gets no credential.
func Download(ctx context.Context, c *rest.Client, path string, query url.Values) (io.ReadCloser, error) {
	body, _, err := c.Download(ctx, rest.Request{Path: path, Query: query,
		Want: rest.Want{Types: []string{"*"}, MaxBody: maxDownload, Timeout: downloadTime}})
	return body, err
}

// Next returns the number of the page after the given one, as the Link header of an answer
// has it. more says that there is one; its number is 0 then if it makes no sense.
func Next(c *rest.Client, h http.Header, page int) (next int, more bool, err error) {
	u, err := c.Next(h)
	if err != nil || u == nil {
		return 0, false, err
	}
	if next, err = strconv.Atoi(u.Query().Get("page")); err != nil || next <= page {
		return 0, true, nil
	}
	return next, true, nil
}

// Pages reads a listing of at most limit pages: each is a T, out of which names takes the
// names. Of paths the first that is there is listed. more says that there are other names.
func Pages[T any](ctx context.Context, c *rest.Client, paths []string, query url.Values, limit int, names func(T) []string) (all []string, more bool, err error) {
	for page := 1; limit > 0; {
		query.Set("page", strconv.Itoa(page))
		got, answer, err := rest.GetJSON[T](ctx, c, paths[0], query)
		if rest.Status(err) == http.StatusNotFound && page == 1 && len(paths) > 1 {
			paths = paths[1:]
			continue
		}
		if err != nil {
			return nil, false, err
		}
		all = append(all, names(got)...)
		if page, more, err = Next(c, answer.Header, page); err != nil || page == 0 {
			return all, more, err
		}
		limit--
	}
	return all, true, nil
}

// Lack is the problem of an answer that is JSON, but not what was asked for, as Check of a
// rest.Checker returns it.
func Lack(what string) error { return errors.New("it has no " + what) }

// Lacks is the error for such an answer that only the caller could tell.
func Lacks(title, what string) error {
	return fail.Errorf(fail.Unavailable, "unexpected response of %s: it has no %s", title, what).
		Then("tell the user to check the key url of this source")
}
