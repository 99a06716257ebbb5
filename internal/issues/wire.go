package issues

import (
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"cleat/internal/systems/tickets"
)

// Limits of what is taken of a service's texts, in bytes, and of its lists.
const (
	maxTitle  = 1 << 10
	maxName   = 200
	maxLabels = 100
	maxAnswer = 48 << 20 // of a page: a hundred of GitHub's longest bodies, escaped
)

// A User is who wrote something. Nil is an account that was deleted.
type User struct {
	Login string `json:"login"`
}

// Name returns the login.
func (u *User) Name() string {
	if u == nil || u.Login == "" {
		return "ghost"
	}
	return Clip(u.Login, maxName)
}

// A Label is a label of a repository.
type Label struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// A Milestone is a milestone of a repository: GitHub writes its number, Gitea its id.
type Milestone struct {
	ID     int64  `json:"id"`
	Number int64  `json:"number"`
	Title  string `json:"title"`
}

// An Issue is what is used of an issue, of GitHub's and of Gitea's.
type Issue struct {
	ID        int64      `json:"id"`
	Number    int64      `json:"number"`
	Title     string     `json:"title"`
	Body      *string    `json:"body"`
	State     string     `json:"state"`
	User      *User      `json:"user"`
	Assignees []*User    `json:"assignees"`
	Labels    []Label    `json:"labels"`
	Milestone *Milestone `json:"milestone"`
	Comments  int        `json:"comments"`
	Created   time.Time  `json:"created_at"`
	Updated   time.Time  `json:"updated_at"`
	Closed    time.Time  `json:"closed_at"`
	URL       string     `json:"html_url"`

	// What it is instead, where it is a pull request.
	Pull *struct {
		Merged *time.Time `json:"merged_at"`
	} `json:"pull_request"`

	// GitHub alone.
	Association string `json:"author_association"`
	Reason      string `json:"state_reason"`
	Locked      bool   `json:"locked"`
	RepoURL     string `json:"repository_url"`
	ParentURL   string `json:"parent_issue_url"`
	Type        *struct {
		Name string `json:"name"`
	} `json:"type"`
	Children *struct {
		Total int `json:"total"`
	} `json:"sub_issues_summary"`
	Blocks *Blocks `json:"issue_dependencies_summary"`

	// Gitea alone.
	IsLocked bool `json:"is_locked"`
	Repo     *struct {
		Name string `json:"full_name"`
	} `json:"repository"`
}

// Blocks counts what blocks an issue, and what it blocks: the open ones, and all.
type Blocks struct {
	BlockedBy      int `json:"blocked_by"`
	TotalBlockedBy int `json:"total_blocked_by"`
	TotalBlocking  int `json:"total_blocking"`
}

// Check implements rest.Checker.
func (i Issue) Check() error {
	if i.Number <= 0 || i.State == "" {
		return errors.New("it has no issue")
	}
	return nil
}

// List is a list of issues.
type List []Issue

// Check implements rest.Checker.
func (l List) Check() error {
	if l == nil {
		return errors.New("it has no list of issues")
	}
	for _, i := range l {
		if err := i.Check(); err != nil {
			return err
		}
	}
	return nil
}

// repo returns the repository of an issue, asked where the answer does not tell.
func (i *Issue) repo(asked string) string {
	name := asked
	switch {
	case i.Repo != nil && i.Repo.Name != "":
		name = i.Repo.Name
	case i.RepoURL != "":
		if j := strings.LastIndex(i.RepoURL, "/repos/"); j >= 0 {
			name = i.RepoURL[j+len("/repos/"):]
		}
	}
	if strings.EqualFold(name, asked) {
		return asked
	}
	return name
}

// A comment is what is used of a comment.
type comment struct {
	ID          int64     `json:"id"`
	User        *User     `json:"user"`
	Body        string    `json:"body"`
	Created     time.Time `json:"created_at"`
	Updated     time.Time `json:"updated_at"`
	Association string    `json:"author_association"`
}

// Check implements rest.Checker.
func (c comment) Check() error {
	if c.ID == 0 {
		return errors.New("it has no comment")
	}
	return nil
}

// trust says what GitHub's author_association says of an author.
func trust(association string) tickets.Trust {
	switch association {
	case "":
		return ""
	case "OWNER", "MEMBER", "COLLABORATOR":
		return tickets.Member
	}
	return tickets.Outside
}

// Clip cuts a foreign text so that it has at most n bytes, and says so.
func Clip(s string, n int) string {
	if len(s) > n {
		s = upTo(s, n-len("…")) + "…"
	}
	return strings.ToValidUTF8(s, "\ufffd")
}

// upTo returns at most n bytes of s, and no half of a character.
func upTo(s string, n int) string {
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// body returns a text as it may be handed on, and how many bytes are left out.
func body(s string) (string, int) {
	if len(s) <= tickets.MaxText {
		return s, 0
	}
	kept := upTo(s, tickets.MaxText)
	return kept, len(s) - len(kept)
}

// reason is the word for why an issue is closed.
func reason(word string) string { return strings.ReplaceAll(Clip(word, maxName), "_", " ") }
