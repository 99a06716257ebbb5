package tracker

import (
	"bytes"
	"encoding/json"
	"errors"

	"cleat/internal/fail"
	"cleat/internal/strict"
)

// atLine is what is wrong with a line.
func atLine(i int, err error) error {
	e := fail.From(err)
	return fail.Errorf(fail.Invalid, "line %d: %s", i, e.What).Because("%s", e.Why).Then("correct the file; nothing was imported")
}

// parse reads and checks an export. The tickets of lines[i] are from line i+2 of the file;
// blank lines are not allowed, but for the end.
func parse(data []byte) ([]*line, error) {
	var out []*line
	keys, uids := map[string]int{}, map[string]int{}
	for i := 1; len(data) > 0; i++ {
		raw, rest, _ := bytes.Cut(data, []byte("\n"))
		data = rest
		if i == 1 {
			var h header
			if err := json.Unmarshal(raw, &h); err != nil || h.Cleat != "tickets" {
				return nil, fail.Errorf(fail.Invalid, "line 1: this is no export of tickets of cleat")
			}
			if h.Version != exportVersion {
				return nil, fail.Errorf(fail.Unsupported, "line 1: the export has version %d, and this cleat knows %d", h.Version, exportVersion)
			}
			continue
		}
		l, err := decode(raw)
		if err != nil {
			return nil, atLine(i, err)
		}
		if at := max(keys[l.Key], uids[l.UID]); at > 0 {
			return nil, atLine(i, fail.Errorf(fail.Invalid, "%s, or its uid, is in line %d already", l.Key, at))
		}
		keys[l.Key], uids[l.UID] = i, i
		out = append(out, l)
	}
	return out, nil
}

func decode(raw []byte) (*line, error) {
	if err := strict.Check(raw, 10); err != nil {
		return nil, fail.Errorf(fail.Invalid, "%w", err)
	}
	l := &line{}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(l); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return nil, fail.Errorf(fail.Invalid, "the field %q has a value of another type", wrong.Field)
		}
		return nil, fail.Errorf(fail.Invalid, "it is not a ticket: %s", quoted(err.Error()))
	}
	return l, l.check()
}
