// Package issues serves the issues of GitHub and GitHub Enterprise as tickets: it implements
// tickets.Writer and tickets.Finder over the REST API.
//
// A ticket is known by its number, #12; one of another repository than the checkout's by
// OWNER/NAME#12. Pull requests, which the API lists among issues, are no tickets. Issues are
// listed by GitHub's own filters; just a search for words, or in GitHub's search language,
// asks the index, whose limit is 30 requests a minute and which knows of a change some seconds
// later. Whatever came is checked once more against what was asked for. A native query is
// kept to issues of the one repository.
//
// Sub-issues are children, dependencies what blocks, and state reasons the states of what is
// done. Labels, people, milestones and types that do not exist are refused before anything is
// sent: GitHub would make the labels, and leave out the people, without a word.
//
// A token needs of the repository "Issues: read", and "Issues: write" to write; for the types
// of issues "Issue types: read" of the organization.
package issues

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/host"
	"cleat/internal/issues"
	"cleat/internal/rest"
	"cleat/internal/systems/tickets"
)

const (
	title    = "GitHub"
	version  = "2022-11-28" // of the API; see docs.github.com/rest/about-the-rest-api/api-versions
	perPage  = 100
	maxQuery = 1000 // bytes of a native query
)

// New returns the tracker over c, whose address is that of the REST API. It asks nobody.
//
// repo returns the repository of the checkout as owner/name; its error is what calls fail with
// that name no other. allowed fails for a repository that the source may not touch; it is
// asked for every repository before the first request about it, and again for the one where
// GitHub says that an issue is now. outgoing is what the configuration lets go out, for
// Traits.Allowed.
func New(c *rest.Client, repo func(ctx context.Context) (string, error), allowed func(repo string) error, outgoing []string, _ host.Host) *issues.Tracker {
	web := webOf(c.URL())
	t := &issues.Tracker{
		Keys:    issues.Keys{Form: issues.Form{Title: title, Web: web, Words: []string{"issues", "pull"}}, Here: repo, Allowed: allowed},
		Client:  c,
		Service: service{},
		Header:  http.Header{"X-Github-Api-Version": {version}},
		States: []issues.State{
			{Name: "open", Status: tickets.Todo},
			{Name: "completed", Status: tickets.Done, Reason: "completed"},
			{Name: "not planned", Status: tickets.Done, Reason: "not_planned"},
			{Name: "duplicate", Status: tickets.Done, Reason: "duplicate"},
		},
		Kinds: []string{"blocks", "blocked_by", "parent", "child"},
		Size:  "per_page", Most: perPage,
		Its: tickets.Traits{
			Kind: "github", Native: "GitHub search", Key: "#12", MaxTitle: 256, MaxBody: 65536,
			Fields: []string{"key", "title", "status", "state", "type", "assignee", "author", "labels", "project", "parent", "milestone",
				"created", "updated", "closed", "comments", "body", "url"},
			Ready: true, Mentions: true, Keywords: true, Allowed: outgoing,
		},
	}
	if u, err := url.Parse(web); err == nil {
		t.Its.Host = u.Hostname()
	}
	return t
}

// webOf returns the address of the pages of a GitHub whose API has the address.
func webOf(api string) string {
	if rest, ok := strings.CutPrefix(api, "https://api."); ok {
		return "https://" + rest
	}
	return strings.TrimSuffix(api, "/api/v3")
}

// A service is what is GitHub's own.
type service struct{}

// Page implements issues.Service.
func (service) Page(repo string, f *issues.Filter, page int) (path string, query url.Values, found bool, err error) {
	sort := "updated"
	if f.ByAge {
		sort = "created"
	}
	q := url.Values{"sort": {sort}, "per_page": {strconv.Itoa(f.Size)}, "page": {strconv.Itoa(page)}}
	if len(f.Words) > 0 || f.Native != "" {
		s, err := search(repo, f)
		if err != nil {
			return "", nil, false, err
		}
		if strings.HasPrefix(s, "(") {
			q.Set("advanced_search", "true")
		}
		q.Set("q", s)
		q.Set("order", "desc")
		return "/search/issues", q, true, nil
	}
	q.Set("direction", "desc")
	q.Set("state", f.State)
	if f.Login != "" {
		q.Set("assignee", f.Login)
	} else if f.Nobody {
		q.Set("assignee", "none")
	}
	if f.Creator != "" {
		q.Set("creator", f.Creator)
	}
	var labels []string
	for _, l := range f.Labels {
		if !strings.Contains(l, ",") { // which GitHub would take for two
			labels = append(labels, l)
		}
	}
	if len(labels) > 0 {
		q.Set("labels", strings.Join(labels, ","))
	}
	if !f.Since.IsZero() {
		q.Set("since", f.Since.UTC().Format(time.RFC3339))
	}
	path, err = issues.At{Repo: repo}.Path("issues")
	return path, q, false, err
}

// search writes a query for the index.
func search(repo string, f *issues.Filter) (string, error) {
	scope := "repo:" + repo + " is:issue"
	if f.Native != "" {
		native, err := scoped(f.Native)
		return native + " " + scope, err
	}
	var q []string
	for _, w := range f.Words {
		q = append(q, `"`+w+`"`)
	}
	q = append(q, "in:title,body", scope)
	if f.State != "all" {
		q = append(q, "is:"+f.State)
	}
	if f.Reason != "" {
		q = append(q, `reason:"`+strings.ReplaceAll(f.Reason, "_", " ")+`"`)
	}
	if f.Login != "" {
		q = append(q, "assignee:"+f.Login)
	} else if f.Nobody {
		q = append(q, "no:assignee")
	}
	for _, l := range f.Labels {
		if !strings.ContainsAny(l, `"\,`) {
			q = append(q, `label:"`+l+`"`)
		}
	}
	if !f.Since.IsZero() {
		q = append(q, "updated:>="+f.Since.UTC().Format(time.RFC3339))
	}
	if f.Ready {
		q = append(q, "-is:blocked")
	}
	return strings.Join(q, " "), nil
}

// scoped checks a native query, and returns it so that conditions added to it hold for all
// of it.
func scoped(native string) (string, error) {
	if len(native) > maxQuery {
		return "", fail.Errorf(fail.TooLarge, "the query has %d bytes, and may have %d", len(native), maxQuery)
	}
	native = strings.Join(strings.Fields(native), " ")
	depth, quoted, group := 0, false, false
	for _, c := range native {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth, group = depth+1, true
		case c == ')':
			depth--
		}
		if depth < 0 {
			break
		}
	}
	if depth != 0 || quoted || native == "" {
		return "", fail.Errorf(fail.Invalid, "the native query is empty, or its parentheses or quotes are not in pairs")
	}
	for w := range strings.FieldsFuncSeq(strings.ToLower(native), func(r rune) bool { return strings.ContainsRune(` ()"`, r) }) {
		w = strings.TrimLeft(w, "-")
		switch key, value, ok := strings.Cut(w, ":"); {
		case !ok:
			group = group || w == "or" || w == "and" || w == "not"
		case key == "repo" || key == "org" || key == "user" || key == "owner" || key == "enterprise" || key == "project":
			return "", fail.Errorf(fail.Denied, "a native query cannot say %s: it is kept to one repository", key+":").Then("name the repository with project=OWNER/NAME")
		case (key == "is" || key == "type") && (value == "pr" || value == "pull-request" || value == "pullrequest"):
			return "", fail.Errorf(fail.Invalid, "pull requests are no tickets").Then("use pr_search")
		}
	}
	if group {
		native = "(" + native + ")"
	}
	return native, nil
}

// Types implements issues.Service.
func (service) Types(ctx context.Context, t *issues.Tracker, repo string) ([]string, error) {
	owner, _, _ := strings.Cut(repo, "/")
	path, err := rest.Path("orgs", owner, "issue-types")
	if err != nil {
		return nil, err
	}
	list, _, err := issues.Get[[]issues.Named](ctx, t, path, nil)
	if s := rest.Status(err); s == http.StatusNotFound || s == http.StatusForbidden {
		return nil, fail.Errorf(fail.Unsupported, "issues of %s have no types: %w", owner, err).
			Because("it is no organization, or the token may not see its issue types").Then("leave the type out, or use a label")
	}
	var names []string
	for _, n := range list {
		names = append(names, issues.Clip(n.Name, 200))
	}
	return names, err
}

// fields are what GitHub takes for an issue.
type fields struct {
	Title     *string         `json:"title,omitempty"`
	Body      *string         `json:"body,omitempty"`
	State     string          `json:"state,omitempty"`
	Reason    string          `json:"state_reason,omitempty"`
	Type      *string         `json:"type,omitempty"`
	Milestone json.RawMessage `json:"milestone,omitempty"`
	Assignees *[]string       `json:"assignees,omitempty"`
	Labels    *[]string       `json:"labels,omitempty"`
}

// Save implements issues.Service.
func (service) Save(at issues.At, i *issues.Issue, s *issues.Set) ([]issues.Step, error) {
	f := fields{Title: s.Title, Body: s.Body, Type: s.Type, Assignees: s.Assignees}
	if s.State != nil {
		f.State, f.Reason = "closed", s.State.Reason
		if s.State.Status != tickets.Done {
			f.State, f.Reason = "open", "reopened"
		}
	}
	switch {
	case s.Milestone == nil:
	case s.Milestone.Number == 0 && i == nil:
	case s.Milestone.Number == 0:
		f.Milestone = json.RawMessage("null")
	default:
		f.Milestone = strconv.AppendInt(nil, s.Milestone.Number, 10)
	}
	if s.Labels != nil {
		names := []string{}
		for _, l := range *s.Labels {
			names = append(names, l.Name)
		}
		f.Labels = &names
	}
	method, done := http.MethodPatch, "the ticket is changed"
	var below []string
	if i == nil {
		method, done, below = http.MethodPost, "the ticket is made", []string{"issues"}
	}
	path, err := at.Path(below...)
	if err != nil {
		return nil, err
	}
	step, err := issues.NewStep(method, path, rest.JSON(f), done)
	return []issues.Step{step}, err
}

// Link implements issues.Service.
func (service) Link(kind string, from, to issues.Place, remove bool) (issues.Step, error) {
	switch kind {
	case "blocks":
		from, to = to, from
	case "parent":
		from, to = to, from
	}
	done := fmt.Sprintf("the link %s is made", kind)
	if remove {
		done = fmt.Sprintf("the link %s is taken away", kind)
	}
	id := strconv.FormatInt(to.ID, 10)
	var value json.Marshaler = json.RawMessage(id)
	if to.ID < 0 {
		value = json.RawMessage(`"{id}"`)
	}
	var method, key string
	var below []string
	switch kind {
	case "parent", "child":
		method, key, below = http.MethodPost, "sub_issue_id", []string{"sub_issues"}
		if remove {
			method, below = http.MethodDelete, []string{"sub_issue"}
		}
	default:
		method, key, below = http.MethodPost, "issue_id", []string{"dependencies", "blocked_by"}
		if remove {
			method, key, below = http.MethodDelete, "", append(below, id)
		}
	}
	path, err := from.Path(below...)
	if err != nil {
		return issues.Step{}, err
	}
	if key == "" {
		return issues.NewStep(method, path, nil, done)
	}
	return issues.NewStep(method, path, rest.JSON(map[string]json.Marshaler{key: value}), done)
}
