package checkout

import "strings"

// knownRoot returns how many segments of an absolute path lead to the checkout, by the
// usual places of build services, or 0. sure is false for places that are also those of a
// part of the checkout: the work folder of a container.
func knownRoot(segs []string, drive bool) (n int, sure bool) {
	n, sure = serviceRoot(segs, drive)
	if n == 0 {
		n, sure = containerRoot(segs), false
	}
	if n >= len(segs) {
		return 0, false
	}
	return n, sure
}

// serviceRoot knows the work folders of build services.
func serviceRoot(segs []string, drive bool) (n int, sure bool) {
	is := func(i int, names ...string) bool {
		for k, s := range names {
			if i+k >= len(segs) || segs[i+k] != s && (!drive || !strings.EqualFold(segs[i+k], s)) {
				return false
			}
		}
		return true
	}
	if drive && is(0, "a") { // D:\a\repo\repo, D:\a\1\s
		return 3, true
	}
	for _, prefix := range []struct {
		names []string
		more  int // segments that follow
	}{
		{[]string{"home", "runner", "work"}, 2},         // GitHub
		{[]string{"Users", "runner", "work"}, 2},        // GitHub on macOS
		{[]string{"__w"}, 2},                            // GitHub and Azure in containers
		{[]string{"github", "workspace"}, 0},            // GitHub in Docker actions
		{[]string{"home", "vsts", "work"}, 2},           // Azure
		{[]string{"home", "circleci", "project"}, 0},    // CircleCI
		{[]string{"root", "project"}, 0},                // CircleCI as root
		{[]string{"home", "travis", "build"}, 2},        // Travis
		{[]string{"opt", "atlassian", "pipelines"}, 2},  // Bitbucket: agent/build
		{[]string{"drone", "src"}, 0},                   // Drone
		{[]string{"woodpecker", "src"}, 3},              // Woodpecker: host/owner/repository
		{[]string{"workspaces"}, 1},                     // development containers
		{[]string{"go", "src", "github.com"}, 2},        // GOPATH
		{[]string{"opt", "buildagent", "work"}, 1},      // TeamCity
		{[]string{"data", "teamcity_agent", "work"}, 1}, // TeamCity
		{[]string{"var", "lib", "buildkite-agent", "builds"}, 3},
	} {
		if is(0, prefix.names...) {
			return len(prefix.names) + prefix.more, true
		}
	}
	for i := range segs {
		switch {
		case is(i, "_work"): // a runner of one's own: _work/repo/repo
			return i + 3, true
		case is(i, "workspace") && i > 0 && jenkins(segs[:i]):
			return i + 2, true
		case is(i, "builds") && (i == 0 || strings.Contains(strings.ToLower(segs[i-1]), "gitlab")):
			if i+2 < len(segs) && number(segs[i+2]) { // builds/RUNNER/0/group/project
				return i + 5, true
			}
			return i + 3, true
		}
	}
	return 0, false
}

// jenkins reports whether a folder is one that Jenkins works in.
func jenkins(dir []string) bool {
	for _, s := range dir {
		if strings.Contains(strings.ToLower(s), "jenkins") || s == "agent" {
			return true
		}
	}
	return false
}

// containerRoot knows the usual work folders of containers.
func containerRoot(segs []string) int {
	switch segs[0] {
	case "usr":
		if len(segs) > 2 && segs[1] == "src" {
			return 3
		}
		return 2
	case "opt", "srv", "home", "var":
		if len(segs) > 1 && generic(segs[1]) {
			return 2
		}
		return 0
	}
	if generic(segs[0]) {
		return 1
	}
	return 0
}

// generic reports whether a folder is called as work folders are, whatever the project.
func generic(dir string) bool {
	switch dir {
	case "app", "src", "code", "work", "workdir", "workspace", "project", "repo", "build", "source", "checkout",
		"repository":
		return true
	}
	return false
}

func number(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
