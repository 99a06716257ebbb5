package jira

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/text"
)

// lacks is the error for an answer without what was asked for.
func lacks(what string) *fail.Error {
	return fail.Errorf(fail.Unavailable, "unexpected response of %s: it has no %s", title, what).
		Then("tell the user to check the keys url and api of this source")
}

// version returns the version of the API, "3" on Cloud, "2" on Data Center. It asks once.
func (s *Source) version(ctx context.Context) (string, error) {
	s.mu.Lock()
	api := s.api
	s.mu.Unlock()
	if api != "" {
		return api, nil
	}
	var a answer
	if err := s.send(ctx, rest.Request{Path: "/rest/api/2/serverInfo"}, &a); err != nil {
		return "", err
	}
	if api = "2"; strings.EqualFold(a.Deployment, "cloud") {
		api = "3"
	} else if a.Deployment == "" {
		return "", lacks("type of deployment")
	}
	s.mu.Lock()
	s.api = api
	s.mu.Unlock()
	return api, nil
}

// cloud reports whether the service is Cloud, after version.
func (s *Source) cloud() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.api == "3"
}

// get asks for what is below the address of the API.
func (s *Source) get(ctx context.Context, path string, query url.Values, into any) error {
	api, err := s.version(ctx)
	if err != nil {
		return err
	}
	return s.send(ctx, rest.Request{Path: "/rest/api/" + api + path, Query: query}, into)
}

// send sends a request and decodes its answer, or expects one that says nothing where into is
// nil.
func (s *Source) send(ctx context.Context, r rest.Request, into any) error {
	if into == nil {
		r.Want = rest.Want{Types: []string{"*"}, Empty: true}
	}
	data, a, err := s.rest.Bytes(ctx, r)
	if err != nil {
		return err
	}
	bad := false
	switch {
	case into != nil:
		bad = json.Unmarshal(data, into) != nil
	case a.Status != http.StatusNoContent:
		// A page of a proxy is no answer of Jira's.
		bad = len(data) > 0 && !json.Valid(data)
	}
	switch {
	case !bad:
		return nil
	case r.Method == "" || r.Repeatable:
		return lacks("answer to what was asked")
	}
	return fail.Errorf(fail.UnknownOutcome, "it is not known whether %s did what was asked: its answer does not say so", title).
		Then("check whether it happened before repeating it")
}

// segment escapes a key, an id or a name for a path.
//
//go:noinline
func segment(s string) string { return "/" + url.PathEscape(s) }

// me returns whose the token is.
func (s *Source) me(ctx context.Context) (*thing, error) {
	var u thing
	if err := s.get(ctx, "/myself", nil, &u); err != nil {
		return nil, err
	}
	if u.Account == "" && u.Name == "" {
		return nil, lacks("account")
	}
	return &u, nil
}

// id is how a person is named in a request.
//
//go:noinline
func (u *thing) id() string {
	if u.Account != "" {
		return u.Account
	}
	return u.Name
}

const maxPeople = 50 // that an answer lists

// findPerson finds somebody by name, e-mail address or id; "me" is whose the token is. In a
// project it is somebody whom issues can be assigned to.
func (s *Source) findPerson(ctx context.Context, name, project string) (*thing, error) {
	name = strings.TrimPrefix(name, "@")
	if name == "me" {
		return s.me(ctx)
	}
	list, err := s.people(ctx, name, project)
	if err != nil {
		return nil, err
	}
	var hits []*thing
	for n := range list {
		u := &list[n]
		if u.id() == name {
			return u, nil
		}
		if strings.EqualFold(u.Name, name) || strings.EqualFold(u.Display, name) || u.Email != "" && strings.EqualFold(u.Email, name) {
			hits = append(hits, u)
		}
	}
	var ids []string
	for _, u := range hits {
		ids = append(ids, clip(u.id(), maxName))
	}
	switch {
	case len(hits) == 1:
		return hits[0], nil
	case len(hits) > 1:
		return nil, fail.Errorf(fail.Invalid, "several people are called %.100q", name).Because("their ids are: %s", listed(ids)).Then("give the id")
	case len(list) == 0 && project != "":
		if list, err = s.people(ctx, "", project); err != nil {
			return nil, err
		}
	}
	var names []string
	for n := range list {
		names = append(names, s.person(&list[n]))
	}
	return nil, unknown("person", name, names)
}

// people looks for people.
func (s *Source) people(ctx context.Context, name, project string) ([]thing, error) {
	if _, err := s.version(ctx); err != nil {
		return nil, err
	}
	// An id of an account is found by itself alone.
	path, q := "/user/search", url.Values{"maxResults": {strconv.Itoa(maxPeople)}}
	if project != "" {
		path = "/user/assignable/search"
		q.Set("project", project)
	}
	if s.cloud() {
		q.Set("query", name)
	} else {
		q.Set("username", name)
	}
	var list []thing
	err := s.get(ctx, path, q, &list)
	if err != nil || len(list) > 0 || !s.cloud() || name == "" || strings.ContainsAny(name, " @") {
		return list, err
	}
	q.Del("query")
	q.Set("accountId", name)
	list = nil
	if err := s.get(ctx, path, q, &list); err != nil && fail.From(err).Code != fail.Invalid && fail.From(err).Code != fail.NotFound {
		return nil, err
	}
	return list, nil
}

// allFields returns the fields that there are, as of a while ago.
func (s *Source) allFields(ctx context.Context) ([]field, error) {
	s.mu.Lock()
	list, fresh := s.fields, s.host.Now().Sub(s.asked) < 10*time.Minute
	s.mu.Unlock()
	if fresh && list != nil {
		return list, nil
	}
	list = nil // the one that is there is others' too
	if err := s.get(ctx, "/field", nil, &list); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fields, s.asked = list, s.host.Now()
	return list, nil
}

// listed joins foreign names for an error.
func listed(names []string) string { return text.Line(strings.Join(names, ", ")) }

const maxNames = 40 // that an error lists

// unknown is the error for a name that is not there, with those that are.
func unknown(what, name string, names []string) *fail.Error {
	e := fail.Errorf(fail.Invalid, "there is no %s %.100q", what, name)
	if near := fail.Near(name, names); len(near) > 0 {
		return e.Because("nearest are: %s", listed(near)).Then("give one of them")
	}
	if len(names) == 0 {
		return e.Because("there are none")
	}
	rest := ""
	if n := len(names) - maxNames; n > 0 {
		rest = " and " + strconv.Itoa(n) + " more"
	}
	return e.Because("there are: %s%s", listed(names[:min(len(names), maxNames)]), rest).Then("give one of them")
}
