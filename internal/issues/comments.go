package issues

import (
	"cmp"
	"context"
	"net/url"
	"strconv"

	"cleat/internal/cursor"
	"cleat/internal/rest"
	"cleat/internal/sorting"
	"cleat/internal/systems/tickets"
)

func commentSum(k Key) uint64 {
	return cursor.Sum("comments", k.Repo, strconv.FormatInt(k.Number, 10))
}

// readCursor returns the index of the comment before which older ones are wanted, -1 for the
// newest.
func (t *Tracker) readCursor(k Key, w tickets.Want) (int, error) {
	if w.Cursor == "" {
		return -1, nil
	}
	fields, err := cursor.Decode(w.Cursor, commentSum(k), 1)
	if err != nil {
		return 0, err
	}
	end, err := strconv.Atoi(fields[0])
	if err != nil || end < 1 || end > 1e6 {
		return 0, cursor.Stale("it is damaged")
	}
	return end, nil
}

// comments adds the comments before the one with index end, which count from the oldest.
func (t *Tracker) comments(ctx context.Context, at At, k Key, end int, w tickets.Want, out *tickets.Ticket) error {
	n := min(w.Comments, tickets.MaxComments)
	if end < 0 || end > out.CommentCount {
		end = out.CommentCount
	}
	if end <= 0 {
		return nil
	}
	from := max(0, end-n)
	var found []comment
	if t.AllComments {
		all, _, err := Below[[]comment](ctx, t, at, nil, "comments")
		if err != nil {
			return err
		}
		out.CommentCount = len(all)
		byAge(all)
		end = min(end, len(all))
		from = max(0, end-n)
		found = all[from:end]
	} else {
		size, first, last := window(from, end)
		for page := first; page <= last; page++ {
			list, _, err := Below[[]comment](ctx, t, at, url.Values{t.Size: {strconv.Itoa(size)}, "page": {strconv.Itoa(page)}}, "comments")
			if err != nil {
				return err
			}
			for i, c := range list {
				if x := (page-1)*size + i; x >= from && x < end {
					found = append(found, c)
				}
			}
		}
		byAge(found)
	}
	for i := len(found) - 1; i >= 0; i-- {
		c := found[i]
		v := tickets.Comment{ID: strconv.FormatInt(c.ID, 10), Author: c.User.Name(), Trusted: trust(c.Association), Created: c.Created}
		v.Body, v.Cut = body(c.Body)
		if c.Updated.After(c.Created) {
			v.Updated = c.Updated
		}
		out.Comments = append(out.Comments, v)
	}
	if from > 0 {
		out.Cursor = cursor.Encode(commentSum(k), strconv.Itoa(from))
	}
	return nil
}

func byAge(list []comment) {
	sorting.Sort(list, func(a, b comment) int { return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID)) })
}

// window returns the length of pages, and the first and the last one, that hold the items
// [from, end) in as few pages as can be.
func window(from, end int) (size, first, last int) {
	for size = end - from; size <= 100; size++ {
		if from/size == (end-1)/size {
			return size, from/size + 1, from/size + 1
		}
	}
	return 100, from/100 + 1, (end-1)/100 + 1
}

// Next reports whether an answer has a page after it.
func (t *Tracker) Next(a *rest.Answer) (bool, error) {
	u, err := t.Client.Next(a.Header)
	return u != nil, err
}
