package forge

import (
	"strconv"

	"cleat/internal/cursor"
	"cleat/internal/systems/code"
)

// A position is where a search goes on: in an archive, with the cursor of the package that
// searches it, or in the pages of an index.
type position struct {
	archive string // "" in an index

	page int    // as Page.Next; 0 is the first
	at   int    // candidate of the page
	key  uint64 // of that candidate, to know it again; 0 for none
	line int    // of the candidate's file, after which to go on
}

// sum is the fingerprint of what is searched for; how much of it is shown at once may
// change between pages.
func sum(q code.Query) uint64 {
	return cursor.Sum(append([]string{string(q.Mode), q.Pattern, q.Lang, string(q.Case), strconv.FormatBool(q.Word), q.Repo, q.Ref}, q.Paths...)...)
}

// encode writes a position, sealed to q.
func (p position) encode(q code.Query) string {
	return cursor.Encode(sum(q), p.archive, strconv.Itoa(p.page), strconv.Itoa(p.at), strconv.FormatUint(p.key, 16), strconv.Itoa(p.line))
}

// readCursor reads q.Cursor. What it says of an archive is checked by whoever reads that.
func readCursor(q code.Query) (position, error) {
	if q.Cursor == "" {
		return position{}, nil
	}
	f, err := cursor.Decode(q.Cursor, sum(q), 5)
	if err != nil {
		return position{}, err
	}
	p := position{archive: f[0]}
	for i, to := range [...]*int{&p.page, &p.at, nil, &p.line} {
		if to == nil {
			continue
		}
		n, err := strconv.ParseUint(f[1+i], 10, 30)
		if err != nil {
			return position{}, cursor.Stale("it is damaged")
		}
		*to = int(n)
	}
	if p.key, err = strconv.ParseUint(f[3], 16, 64); err != nil {
		return position{}, cursor.Stale("it is damaged")
	}
	return p, nil
}
