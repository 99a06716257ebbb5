package databases

import "fmt"

// longText is how many characters of SQL, defaults and comments are left where they are
// clipped to fit.
const longText = 160

// Shrink implements text.Shrinker: long texts of Full are clipped, then it becomes Summary,
// then Names, then objects are left out, the last first; one stays.
func (s *Schema) Shrink(keep float64) bool {
	switch {
	case len(s.Objects) == 0:
		return false
	case s.Detail == Full:
		if keep > 0.3 && s.clip() {
			s.fitted("long texts are clipped: name fewer objects in pattern")
			return true
		}
		for i := range s.Objects {
			s.Objects[i].toSummary()
		}
		s.Detail = Summary
		s.fitted("shown in summary, not in full: name fewer objects in pattern")
		return true
	case s.Detail == Summary:
		for i := range s.Objects {
			o := &s.Objects[i]
			o.Columns, o.Primary, o.Foreign = nil, nil, nil
		}
		s.Detail = Names
		s.fitted("names only: name fewer objects in pattern, or pass a limit, for their columns")
		return true
	case len(s.Objects) == 1:
		return false
	}
	n := len(s.Objects)
	left := max(1, min(int(float64(n)*keep*0.95), n-1))
	s.dropped += n - left
	s.Objects = s.Objects[:left]
	s.Cursor = "" // it would go on after what was left out
	return true
}

// fitMark begins the note that says what the budget had cost.
const fitMark = "… to fit the budget, "

// fitted says what was done to fit, instead of what was said before.
func (s *Schema) fitted(what string) { s.Notes = replaceFit(s.Notes, what) }

// clip cuts the long texts of all objects, and reports whether there were any.
func (s *Schema) clip() bool {
	cut := false
	shorten := func(p *string) {
		if head, left := clip(*p, longText); left > 0 && !looksClipped(*p) {
			*p, cut = fmt.Sprintf("%s…(+%d)", head, left), true
		}
	}
	for i := range s.Objects {
		o := &s.Objects[i]
		shorten(&o.Comment)
		shorten(&o.SQL)
		for k := range o.Checks {
			shorten(&o.Checks[k])
		}
		for k := range o.Columns {
			shorten(&o.Columns[k].Comment)
			shorten(&o.Columns[k].Default)
		}
		for k := range o.Indexes {
			shorten(&o.Indexes[k].Where)
			for n := range o.Indexes[k].Columns {
				shorten(&o.Indexes[k].Columns[n])
			}
		}
	}
	return cut
}

// toSummary leaves of an object what Summary tells.
func (o *Object) toSummary() {
	o.Comment, o.SQL, o.Bytes, o.Indexes, o.Checks = "", "", 0, nil, nil
	for k := range o.Columns {
		o.Columns[k].Comment, o.Columns[k].Default = "", ""
	}
}
