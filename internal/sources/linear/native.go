package linear

import (
	"encoding/json"

	"cleat/internal/fail"
	"cleat/internal/strict"
)

// Limits of a native query: bytes, and levels.
const (
	maxNative = 16 << 10
	maxDepth  = 20
)

// native checks a native query, which is an IssueFilter as JSON. It stands in a list of which
// everything has to hold, beside the teams that are allowed. Where those are not all, it may
// not speak of other issues than those that are found: that they are found would tell of them.
func (s *Source) native(query string) (string, error) {
	bad := fail.Errorf(fail.Invalid, "native is not an IssueFilter of Linear: want one JSON object").
		Then(`write it such as {"labels":{"name":{"eq":"bug"}}}`)
	if len(query) > maxNative || strict.Check([]byte(query), maxDepth) != nil {
		return "", bad
	}
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(query), &object) != nil || object == nil {
		return "", bad
	}
	if key := elsewhere(json.RawMessage(query)); key != "" && len(s.teams) > 0 {
		return "", fail.Errorf(fail.Denied, "native may not ask about other issues, by %s, where the source is limited to teams", key).
			Then("leave it out; ticket_read view=links shows the issues that one is linked to")
	}
	return query, nil
}

// elsewhere returns a key of a filter that leads to other issues than the one that is filtered,
// "" if there is none.
func elsewhere(filter json.RawMessage) string {
	var object map[string]json.RawMessage
	var list []json.RawMessage
	if json.Unmarshal(filter, &object) != nil && json.Unmarshal(filter, &list) != nil {
		return ""
	}
	for key, inner := range object {
		switch key {
		case "children", "parent", "issue", "issues", "assignedIssues", "suggestions":
			return key
		}
		list = append(list, inner)
	}
	for _, inner := range list {
		if key := elsewhere(inner); key != "" {
			return key
		}
	}
	return ""
}
