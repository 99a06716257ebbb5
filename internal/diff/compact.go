package diff

// A change often can be moved: when a function is inserted between two others, the closing
// brace that is new may as well be that of the one before. compact moves the groups of
// changed lines of s to where people expect them: next to a change of the other side,
// else to where the least indented lines are at its borders, else down. Groups that meet
// become one.
func compact(s, other *side) {
	g, og := group{s: s}, group{s: other}
	g.extend()
	og.extend()
	steps := 8 * (s.len() + other.len()) // what may be spent on moving
	for {
		if g.end > g.start {
			steps -= settle(&g, &og, steps)
		}
		if steps <= 0 || !g.next() {
			return
		}
		og.next()
	}
}

// maxSlide is how far a group is looked at and moved, in lines.
const maxSlide = 500

// settle moves g, and og along with it, and returns how many steps it took.
func settle(g, og *group, most int) (steps int) {
	for {
		size := g.end - g.start
		moved := 0
		for moved < maxSlide && steps < most && g.up() {
			og.previous()
			moved++
			steps++
		}
		// From its first place down to its last.
		top := g.end
		beside, best, bestCost := -1, g.end, g.cost()
		if og.end > og.start {
			beside = g.end
		}
		for moved = 0; moved < 2*maxSlide && steps < most && g.down(); moved++ {
			og.next()
			steps++
			if og.end > og.start {
				beside = g.end
			}
			if c := g.cost(); c <= bestCost {
				best, bestCost = g.end, c
			}
		}
		if g.end-g.start != size {
			continue // it has met another: it may move farther
		}
		if beside >= 0 {
			best = beside
		}
		for g.end > max(best, top) && g.up() {
			og.previous()
			steps++
		}
		return steps + 1
	}
}

// A group is a stretch of changed lines between two that are not, possibly empty. Both
// sides have the same number of lines that are not changed, so also the same number of groups.
type group struct {
	s          *side
	start, end int
}

func (g *group) extend() {
	for g.end < len(g.s.changed) && g.s.changed[g.end] {
		g.end++
	}
}

// next goes to the group after the line that follows g.
func (g *group) next() bool {
	if g.end == len(g.s.changed) {
		return false
	}
	g.start = g.end + 1
	g.end = g.start
	g.extend()
	return true
}

// previous goes to the group before the line that g follows.
func (g *group) previous() {
	g.end = g.start - 1
	g.start = g.end
	for g.start > 0 && g.s.changed[g.start-1] {
		g.start--
	}
}

// up moves the group by a line towards the start of the text, if that is the same change.
func (g *group) up() bool {
	if g.start == 0 || g.s.id[g.start-1] != g.s.id[g.end-1] {
		return false
	}
	g.start--
	g.end--
	g.s.changed[g.start], g.s.changed[g.end] = true, false
	for g.start > 0 && g.s.changed[g.start-1] {
		g.start--
	}
	return true
}

// down moves it towards the end.
func (g *group) down() bool {
	if g.end == len(g.s.changed) || g.s.id[g.start] != g.s.id[g.end] {
		return false
	}
	g.s.changed[g.start], g.s.changed[g.end] = false, true
	g.start++
	g.end++
	g.extend()
	return true
}

// cost says how badly the group's borders cut the text.
func (g *group) cost() int {
	return 2*(g.s.indent(g.start)+g.s.indent(g.end)) + g.s.closing(g.start)
}

// indent is how far the line, or the first after it that is not blank, is indented.
func (s *side) indent(i int) int {
	const (
		tab  = 8
		look = 20 // lines and columns
	)
	for n := 0; i < s.len() && n < look; i, n = i+1, n+1 {
		depth := 0
	line:
		for _, c := range s.line(i) {
			switch {
			case c == ' ':
				depth++
			case c == '\t':
				depth += tab
			case c == '\n' || c == '\r':
				break line
			default:
				return depth
			}
			if depth > look*tab {
				return depth
			}
		}
	}
	return 0
}

// closing is 1 for a line that ends what began before it.
func (s *side) closing(i int) int {
	if i >= s.len() {
		return 0
	}
	line := s.line(i)
	for k, c := range line[:min(len(line), 200)] {
		switch c {
		case ' ', '\t':
		case '}', ')', ']':
			return 1
		default:
			return btoi(c == 'e' && len(line) >= k+3 && string(line[k:k+3]) == "end")
		}
	}
	return 0
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
