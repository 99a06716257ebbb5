package tasks

import (
	"fmt"
	"strings"

	"cleat/internal/fail"
)

const maxListed = 20 // names in an error

// Lookup returns the task of that name. "npm run test" is found as "npm test" is, "./x" as
// "x", and one word, such as "test", as the only task of the root whose name ends in it, or if
// the root has none, of all folders. Lookup fails with fail.NotFound, which names those that
// are near and those that there are, up to 20.
func Lookup(tasks []Task, name string) (Task, error) {
	typed := normal(name)
	for _, t := range tasks {
		if t.Name == name {
			return t, nil
		}
	}
	var same, ending, below []Task
	for _, t := range tasks {
		if typed != "" && normal(t.Name) == typed {
			same = append(same, t)
		}
		if typed == "" || strings.Contains(typed, " ") {
			continue
		}
		if in := " in " + t.Dir; strings.HasSuffix(strings.TrimSuffix(t.Name, in), " "+typed) {
			if strings.HasSuffix(t.Name, in) {
				below = append(below, t)
			} else {
				ending = append(ending, t)
			}
		}
	}
	if len(ending) == 0 {
		ending = below
	}
	switch {
	case len(same) == 1:
		return same[0], nil
	case len(same) == 0 && len(ending) == 1:
		return ending[0], nil
	}
	return Task{}, notFound(tasks, name, append(same, ending...))
}

// normal returns name without what people leave out.
func normal(name string) string {
	name = strings.Join(strings.Fields(name), " ")
	name = strings.TrimPrefix(name, "./")
	for _, m := range [...]string{NPM, "pnpm", "yarn", "bun"} {
		if rest, ok := strings.CutPrefix(name, m+" run "); ok {
			return m + " " + rest
		}
	}
	return name
}

func notFound(tasks []Task, name string, meant []Task) error {
	shown := oneLine(name, maxName)
	if len(tasks) == 0 {
		return fail.Errorf(fail.NotFound, "no task %q", shown).Because("the project declares no tasks that cleat knows").
			Then("ask the user how the project is built and tested")
	}
	all := namesOf(tasks)
	if len(meant) > 0 {
		return fail.Errorf(fail.NotFound, "%q is the name of %d tasks", shown, len(meant)).
			Because("it may mean %s", join(namesOf(meant))).Then("use one of these names")
	}
	e := fail.Errorf(fail.NotFound, "no task %q", shown).Because("the tasks are: %s", join(all)).Then("use one of these names")
	if near := fail.Near(name, all); len(near) > 0 {
		e = e.Then("did you mean %s?", join(near))
	}
	return e
}

func namesOf(tasks []Task) []string {
	names := make([]string, len(tasks))
	for i, t := range tasks {
		names[i] = t.Name
	}
	return names
}

// join lists names, up to maxListed.
func join(names []string) string {
	more := ""
	if n := len(names) - maxListed; n > 0 {
		names, more = names[:maxListed], fmt.Sprintf(" and %d more", n)
	}
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(quoted, ", ") + more
}
