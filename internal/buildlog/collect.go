package buildlog

// A collector puts together what Search returns, from blocks in order.
type collector struct {
	around int
	keep   int
	last   bool

	c      cleaner
	lines  int    // before the block
	hits   int    // that were counted
	kept   int    // hits in out
	out    []Line // hits and those around them
	size   int    // bytes of text in out
	after  int    // lines of context that are still to come
	full   bool   // there is no room for more
	recent []Line // the last lines before the block, where context is wanted
}

// add takes the next block.
func (c *collector) add(b *scanned) {
	most := c.keep + 1
	hits := b.hits
	if c.last {
		hits = hits[max(len(hits)-most, 0):]
	}
	at, n := 0, 0 // the first line that was not looked at: where it begins, its number from 0
	for i, h := range hits {
		at, n = c.follow(b, at, n, h.n)
		if c.full || !c.last && c.kept == c.keep {
			c.after, c.full = 0, true
			break
		}
		if i == 0 && len(hits) == most && c.last {
			// Only where the wanted ones begin.
			at, n, c.after = min(h.end+1, len(b.data)), h.n+1, 0
			continue
		}
		c.before(b, at, n, h)
		c.put(h.n, b, h.start, h.end, true)
		at, n, c.after = min(h.end+1, len(b.data)), h.n+1, c.around
	}
	if !c.full {
		c.follow(b, at, n, b.lines)
	}
	c.hits += b.count
	c.remember(b)
	c.lines += b.lines
	if c.last {
		c.trim()
	}
}

// follow adds the context after the last hit, from line n, which begins at at, to before
// line end.
func (c *collector) follow(b *scanned, at, n, end int) (int, int) {
	for ; c.after > 0 && n < end; c.after-- {
		stop := lineEnd(b.data, at)
		c.put(n, b, at, stop, false)
		at, n = min(stop+1, len(b.data)), n+1
	}
	return at, n
}

// before adds the context before a hit, no further back than to line n, which begins at at.
func (c *collector) before(b *scanned, at, n int, h span) {
	start, first := h.start, h.n
	for start > at && h.n-first < c.around {
		start, first = lineStart(b.data, start-1), first-1
	}
	if left := c.around - (h.n - first); start == 0 && n == 0 && left > 0 {
		seen := 0
		if len(c.out) > 0 {
			seen = c.out[len(c.out)-1].N
		}
		for _, l := range c.recent[max(len(c.recent)-left, 0):] {
			if l.N > seen {
				c.append(l)
			}
		}
	}
	for ; first < h.n; first++ {
		stop := lineEnd(b.data, start)
		c.put(first, b, start, stop, false)
		start = stop + 1
	}
}

// put adds line n of the block.
func (c *collector) put(n int, b *scanned, start, end int, hit bool) {
	c.append(Line{N: c.lines + n + 1, Text: string(c.c.show(b.data[start:end], b.skipped)), Hit: hit})
}

func (c *collector) append(l Line) {
	if c.full {
		return
	}
	if c.size += len(l.Text); c.size > MaxText && !c.last && len(c.out) > 0 {
		c.full = true
		return
	}
	c.out = append(c.out, l)
	if l.Hit {
		c.kept++
	}
}

// remember keeps the last lines of the block, as context for hits in the next one.
func (c *collector) remember(b *scanned) {
	if c.around == 0 || c.full {
		return
	}
	keep := min(c.around, b.lines)
	start := len(b.data)
	for range keep {
		if start > 0 && b.data[start-1] == '\n' {
			start--
		}
		start = lineStart(b.data, start)
	}
	if most := c.around - keep; len(c.recent) > most {
		c.recent = c.recent[:copy(c.recent, c.recent[len(c.recent)-most:])]
	}
	for n := b.lines - keep; n < b.lines; n++ {
		end := lineEnd(b.data, start)
		c.recent = append(c.recent, Line{N: c.lines + n + 1, Text: string(c.c.show(b.data[start:end], b.skipped))})
		start = end + 1
	}
}

// trim drops the first lines where only the last hits are wanted.
func (c *collector) trim() {
	from := 0
	for from < len(c.out) && (c.kept > c.keep || c.size > MaxText && from < len(c.out)-1) {
		l := c.out[from]
		if l.Hit && c.kept == 1 && c.keep > 0 {
			break
		}
		if from++; l.Hit {
			c.kept--
		}
		c.size -= len(l.Text)
	}
	if from == 0 {
		return
	}
	// What is left of the context of the dropped ones.
	first := from
	for first < len(c.out) && !c.out[first].Hit {
		first++
	}
	for ; from < len(c.out) && (first == len(c.out) || c.out[from].N < c.out[first].N-c.around); from++ {
		c.size -= len(c.out[from].Text)
	}
	c.out = c.out[:copy(c.out, c.out[from:])]
	if len(c.out) == 0 {
		c.after = 0
	}
}

// found returns the result.
func (c *collector) found(apart bool) *Found {
	f := &Found{Hits: c.hits, More: c.hits - c.kept, Lines: c.lines}
	for i := 0; i < len(c.out); {
		end := i + 1
		for end < len(c.out) && c.out[end].N == c.out[end-1].N+1 {
			end++
		}
		block := c.out[i:end:end]
		if !apart {
			block = foldEqual(block)
		}
		f.Blocks = append(f.Blocks, block)
		i = end
	}
	return f
}
