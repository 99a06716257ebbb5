package issues

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Timeline reads the first and the last pages of an issue's timeline, which has the oldest
// first: the last ones have want events or more, if there are so many on two pages. skipped
// says that there are pages between them.
func Timeline[E any](ctx context.Context, t *Tracker, at At, want int) (list []E, skipped bool, err error) {
	page := func(n int) ([]E, http.Header, error) {
		q := url.Values{t.Size: {strconv.Itoa(t.Most)}, "page": {strconv.Itoa(n)}}
		list, a, err := Below[[]E](ctx, t, at, q, "timeline")
		if err != nil {
			return nil, nil, err
		}
		return list, a.Header, nil
	}
	list, h, err := page(1)
	last := lastPage(h)
	if err != nil || last < 2 {
		return list, false, err
	}
	end, _, err := page(last)
	if err != nil {
		return nil, false, err
	}
	if len(end) < want && last > 2 {
		before, _, err := page(last - 1)
		if err != nil {
			return nil, false, err
		}
		end = append(before, end...)
		last--
	}
	return append(list, end...), last > 2, nil
}

// lastPage returns the number of the last page as the Link header has it, 1 if it has none.
func lastPage(h http.Header) int {
	for part := range strings.SplitSeq(h.Get("Link"), ",") {
		target, rel, ok := strings.Cut(part, ">")
		if !ok || !strings.Contains(rel, `rel="last"`) {
			continue
		}
		if u, err := url.Parse(strings.TrimLeft(target, " <")); err == nil {
			if n, err := strconv.Atoi(u.Query().Get("page")); err == nil && n > 0 && n < 1e6 {
				return n
			}
		}
	}
	return 1
}
