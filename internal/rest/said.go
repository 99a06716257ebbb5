package rest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Limits of what is taken out of an error's body.
const (
	maxSaid      = 20 // entries of a list or an object
	maxSaidDepth = 4  // of lists and objects within each other
)

// message takes the short explanation out of an error's body: a sentence, and the problems of
// single fields that services list beside it or in its place.
func (c *Client) message(h http.Header, data []byte) string {
	if !isJSON(h) || checkJSON(data) != "" {
		return ""
	}
	var b map[string]json.RawMessage
	if json.Unmarshal(data, &b) != nil {
		return ""
	}
	var parts []string
	for _, key := range [...]string{"message", "error_description", "error", "errorMessages", "detail"} {
		if s := sentence(field(b, key), maxSaidDepth); s != "" {
			parts = append(parts, s)
			break
		}
	}
	if s := sentence(field(b, "errors"), maxSaidDepth); s != "" && !slices.Contains(parts, s) {
		parts = append(parts, s)
	}
	return c.Clean(strings.Join(parts, "; "))
}

// field returns the value of a name in any case, as services write it in several.
func field(o map[string]json.RawMessage, name string) json.RawMessage {
	if raw, ok := o[name]; ok {
		return raw
	}
	for k, raw := range o {
		if strings.EqualFold(k, name) {
			return raw
		}
	}
	return nil
}

// sentence returns what raw says, "" if nothing: a string; a list of what says something; an
// object that describes one problem, as GitHub and GraphQL have it; or one that has problems by
// the name of a field, as GitLab and Jira have it.
func sentence(raw json.RawMessage, depth int) string {
	if one := textOf(raw); one != "" || depth == 0 || len(raw) == 0 {
		return one
	}
	var parts []string
	var many []json.RawMessage
	if json.Unmarshal(raw, &many) == nil {
		for _, m := range many[:min(len(many), maxSaid)] {
			if s := sentence(m, depth-1); s != "" {
				parts = append(parts, s)
			}
		}
		return strings.Join(parts, "; ")
	}
	var named map[string]json.RawMessage
	if json.Unmarshal(raw, &named) != nil {
		return ""
	}
	if s := problem(named); s != "" {
		return s
	}
	names := slices.Sorted(maps.Keys(named))
	for _, name := range names[:min(len(names), maxSaid)] {
		if s := sentence(named[name], depth-1); s != "" {
			parts = append(parts, name+": "+s)
		}
	}
	return strings.Join(parts, "; ")
}

// problem returns what an object with a message, or a code in its place, says; "" if it has
// neither.
func problem(o map[string]json.RawMessage) string {
	message, code := textOf(o["message"]), textOf(o["code"])
	if message == "" {
		message, code = code, ""
	}
	if message == "" {
		return ""
	}
	var more struct{ Code json.RawMessage }
	if raw := o["extensions"]; len(raw) > 0 && json.Unmarshal(raw, &more) == nil && textOf(more.Code) != "" {
		code = textOf(more.Code)
	}
	if code != "" && code != "custom" {
		message += " (" + code + ")"
	}
	where := strings.Trim(textOf(o["resource"])+"."+textOf(o["field"]), ".")
	if where == "" {
		return message
	}
	return where + ": " + message
}

// textOf returns raw if it is a string, "" if not.
func textOf(raw json.RawMessage) string {
	var s string
	if len(raw) == 0 || json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return strings.TrimSpace(s)
}
