package linear

import (
	"strconv"
	"time"

	"cleat/internal/systems/tickets"
)

// Data are the roots that the queries of this package ask for.
type data struct {
	Issue      *issue        `json:"issue"`
	Issues     *issues       `json:"issues"`
	Teams      *teams        `json:"teams"`
	Users      *users        `json:"users"`
	Viewer     *user         `json:"viewer"`
	Labels     *labels       `json:"issueLabels"`
	States     *states       `json:"workflowStates"`
	Milestones *milestones   `json:"projectMilestones"`
	Projects   *namedList    `json:"projects"`
	Cycles     *cycles       `json:"cycles"`
	Comment    *comment      `json:"comment"`
	Create     *issuePayload `json:"issueCreate"`
	Update     *issuePayload `json:"issueUpdate"`
	Remark     *struct {
		Success bool     `json:"success"`
		Comment *comment `json:"comment"`
	} `json:"commentCreate"`
	Relate *struct {
		Success  bool      `json:"success"`
		Relation *relation `json:"issueRelation"`
	} `json:"issueRelationCreate"`
	Part *struct {
		Success bool `json:"success"`
	} `json:"issueRelationDelete"`
}

type issuePayload struct {
	Success bool   `json:"success"`
	Issue   *issue `json:"issue"`
}

type pageInfo struct {
	More bool   `json:"hasNextPage"`
	End  string `json:"endCursor"`
}

// next is the cursor of the next page, "" if there is none.
func (p pageInfo) next() string {
	if p.More {
		return p.End
	}
	return ""
}

type issues struct {
	Nodes []issue  `json:"nodes"`
	Page  pageInfo `json:"pageInfo"`
}

type named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type namedList struct {
	Nodes []named `json:"nodes"`
}

type cycle struct {
	ID     string  `json:"id"`
	Name   string  `json:"name"`
	Number float64 `json:"number"`
}

// label is a cycle's name, or its number where it has none.
func (c cycle) label() string {
	if c.Name != "" {
		return c.Name
	}
	return strconv.FormatFloat(c.Number, 'f', -1, 64)
}

type cycles struct {
	Nodes []cycle `json:"nodes"`
}

type team struct {
	ID     string `json:"id"`
	Key    string `json:"key"`
	States states `json:"states"`
}

type teams struct {
	Nodes []team   `json:"nodes"`
	Page  pageInfo `json:"pageInfo"`
}

type user struct {
	ID     string `json:"id"`
	Handle string `json:"displayName"`
	Name   string `json:"name"`
	Guest  bool   `json:"guest"`
}

// name is how a person is called here.
func (u *user) name() string {
	if u == nil {
		return ""
	}
	return clip(u.Handle, maxName)
}

type users struct {
	Nodes []user `json:"nodes"`
}

type label struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Group  bool   `json:"isGroup"`
	Parent *named `json:"parent"`
}

type labels struct {
	Nodes []label  `json:"nodes"`
	Page  pageInfo `json:"pageInfo"`
}

type state struct {
	ID       string  `json:"id"`
	Name     string  `json:"name"`
	Type     string  `json:"type"`
	Position float64 `json:"position"`
}

type states struct {
	Nodes []state `json:"nodes"`
}

// status is the status of a type of state.
func (s state) status() tickets.Status {
	switch s.Type {
	case "started":
		return tickets.Active
	case "completed", "canceled", "duplicate":
		return tickets.Done
	}
	return tickets.Todo // triage, backlog, unstarted
}

type milestone struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Project *named `json:"project"`
}

type milestones struct {
	Nodes []milestone `json:"nodes"`
}

// A relation leads from Issue to Related.
type relation struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Issue   *issue `json:"issue"`
	Related *issue `json:"relatedIssue"`
}

type relations struct {
	Nodes []relation `json:"nodes"`
	Page  pageInfo   `json:"pageInfo"`
}

type comment struct {
	ID       string     `json:"id"`
	Body     string     `json:"body"`
	Created  time.Time  `json:"createdAt"`
	Edited   *time.Time `json:"editedAt"`
	User     *user      `json:"user"`
	External *named     `json:"externalUser"`
	Bot      *named     `json:"botActor"`
	Issue    *issue     `json:"issue"`
}

type attachment struct {
	Title  string `json:"title"`
	URL    string `json:"url"`
	Source string `json:"sourceType"`
}

// An issue is what is used of one. Much of it is asked for only where it is needed.
type issue struct {
	ID          string     `json:"id"`
	Identifier  string     `json:"identifier"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	URL         string     `json:"url"`
	Branch      string     `json:"branchName"`
	Priority    float64    `json:"priority"`
	State       state      `json:"state"`
	Team        team       `json:"team"`
	Assignee    *user      `json:"assignee"`
	Creator     *user      `json:"creator"`
	External    *named     `json:"externalUserCreator"`
	Bot         *named     `json:"botActor"`
	Through     string     `json:"integrationSourceType"`
	Parent      *issue     `json:"parent"`
	Labels      labels     `json:"labels"`
	Milestone   *milestone `json:"projectMilestone"`
	Project     *named     `json:"project"`
	Cycle       *cycle     `json:"cycle"`
	Estimate    *float64   `json:"estimate"`
	Due         string     `json:"dueDate"`
	Created     time.Time  `json:"createdAt"`
	Updated     time.Time  `json:"updatedAt"`
	Completed   *time.Time `json:"completedAt"`
	Canceled    *time.Time `json:"canceledAt"`

	Comments *struct {
		Nodes []comment `json:"nodes"`
		Page  pageInfo  `json:"pageInfo"`
	} `json:"comments"`
	History *struct {
		Nodes []change `json:"nodes"`
		Page  pageInfo `json:"pageInfo"`
	} `json:"history"`
	Relations   relations `json:"relations"`
	Inverse     relations `json:"inverseRelations"`
	Children    issues    `json:"children"`
	Attachments struct {
		Nodes []attachment `json:"nodes"`
		Page  pageInfo     `json:"pageInfo"`
	} `json:"attachments"`
}

// A change is an entry of the history: several things may have changed at once.
type change struct {
	Created       time.Time  `json:"createdAt"`
	Actor         *user      `json:"actor"`
	Bot           *named     `json:"botActor"`
	FromState     *state     `json:"fromState"`
	ToState       *state     `json:"toState"`
	FromAssignee  *user      `json:"fromAssignee"`
	ToAssignee    *user      `json:"toAssignee"`
	FromTitle     string     `json:"fromTitle"`
	ToTitle       string     `json:"toTitle"`
	FromPriority  *float64   `json:"fromPriority"`
	ToPriority    *float64   `json:"toPriority"`
	FromParent    *issue     `json:"fromParent"`
	ToParent      *issue     `json:"toParent"`
	FromTeam      *team      `json:"fromTeam"`
	ToTeam        *team      `json:"toTeam"`
	FromMilestone *milestone `json:"fromProjectMilestone"`
	ToMilestone   *milestone `json:"toProjectMilestone"`
	Added         []label    `json:"addedLabels"`
	Removed       []label    `json:"removedLabels"`
	Described     bool       `json:"updatedDescription"`
}
