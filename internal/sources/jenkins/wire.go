package jenkins

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"cleat/internal/builds"
	"cleat/internal/systems/ci"
)

// buildTree names what is used of a build.
const buildTree = "number,building,result,timestamp,duration,description,changeSets[items[commitId,msg]{0,50}],changeSet[items[commitId,msg]{0,50}]," +
	"actions[_class,lastBuiltRevision[SHA1,branch[name]],causes[_class]]"

// A build is what is used of the builds that the API has.
type build struct {
	Number      int64
	Building    bool
	Result      string
	Timestamp   int64 // ms
	Duration    int64 // ms
	Description string
	ChangeSets  []changes // of a pipeline
	ChangeSet   changes   // of a freestyle job
	Actions     []action
}

type changes struct {
	Items []struct {
		Commit  string `json:"commitId"`
		Message string `json:"msg"`
	}
}

// An action is a thing that a plugin attached to a build.
type action struct {
	Class    string `json:"_class"`
	Revision struct {
		Commit string `json:"SHA1"`
		Branch []struct{ Name string }
	} `json:"lastBuiltRevision"`
	Causes     []cause
	Parameters []struct {
		Name  string
		Value json.RawMessage
	}
}

// A cause is what started or ended a build.
type cause struct {
	Class string `json:"_class"`
}

// Check implements rest.Checker.
func (b build) Check() error {
	if b.Number <= 0 || b.Timestamp <= 0 {
		return errors.New("it is no build")
	}
	return nil
}

// public returns b, a build of the job at p, as ci has it.
func (b build) public(p place) ci.Run {
	p.number = b.Number
	out := ci.Run{ID: p.id(), Task: p.task, Started: time.UnixMilli(b.Timestamp).UTC()}
	if p.child != "" {
		out.Branch, out.PR = p.branch()
		out.Branch = builds.Clip(out.Branch)
	}
	out.Status, out.Said = b.status()
	if !b.Building {
		out.Finished = out.Started.Add(time.Duration(max(b.Duration, 0)) * time.Millisecond)
	}
	for _, a := range b.Actions {
		commit := strings.ToLower(a.Revision.Commit)
		if !isHash(commit) || len(a.Revision.Branch) == 0 {
			continue
		}
		name := branchOf(a.Revision.Branch[0].Name)
		mine := name != "" && (name == out.Branch || name == p.child)
		if out.Commit == "" || mine {
			// Libraries are checked out too: the branch of the job tells which is its own.
			out.Commit = commit
			if p.child == "" {
				out.Branch = builds.Clip(name)
			}
		}
		if mine {
			break
		}
	}
	out.Event = b.event()
	out.Title = b.title(out.Commit)
	if b.Result == "UNSTABLE" {
		out.Notes = append(out.Notes, "Jenkins calls it unstable: the build passed, and tests or checks failed")
	}
	return out
}

// branchOf is the branch that the git plugin means: without the remote.
func branchOf(s string) string {
	for _, before := range []string{"refs/remotes/origin/", "refs/heads/", "remotes/origin/", "origin/"} {
		if b, ok := strings.CutPrefix(s, before); ok {
			return b
		}
	}
	if s == "detached" {
		return ""
	}
	return s
}

// status returns what the result of a build means, and its word if cleat does not know it.
func (b build) status() (ci.Status, string) {
	switch b.Result {
	case "SUCCESS":
		return ci.Passed, ""
	case "FAILURE", "UNSTABLE":
		if b.Building {
			return ci.Running, "" // it is known already, and more runs
		}
		return ci.Failed, ""
	case "ABORTED":
		for _, a := range b.Actions {
			for _, c := range a.Causes {
				if strings.HasSuffix(c.Class, "$ExceededTimeout") {
					return ci.TimedOut, ""
				}
			}
		}
		return ci.Canceled, ""
	case "NOT_BUILT":
		return ci.Skipped, ""
	}
	if b.Building {
		return ci.Running, ""
	}
	return ci.Unknown, builds.Clip(b.Result)
}

// event is what started the build.
func (b build) event() string {
	for _, a := range b.Actions {
		for _, c := range a.Causes {
			name := c.Class[strings.LastIndexAny(c.Class, ".$")+1:]
			switch {
			case name == "UserIdCause":
				return "manual"
			case name == "TimerTriggerCause":
				return "schedule"
			case name == "ReplayCause", name == "UpstreamCause", name == "RebuildCause", name == "RemoteCause":
				return strings.ToLower(strings.TrimSuffix(name, "Cause"))
			case name == "SCMTriggerCause", name == "BranchEventCause", name == "BranchIndexingCause", strings.HasSuffix(name, "PushCause"):
				return "push"
			}
		}
	}
	return ""
}

// title is what the commit says, or the build's description.
func (b build) title(commit string) string {
	for _, set := range append(b.ChangeSets, b.ChangeSet) {
		for _, item := range set.Items {
			if commit != "" && strings.EqualFold(item.Commit, commit) {
				return builds.Clip(item.Message)
			}
		}
	}
	return builds.Clip(b.Description)
}

func isHash(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}
