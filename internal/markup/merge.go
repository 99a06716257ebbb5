package markup

// merge writes the blocks of now, with the nodes of was where nothing has changed: a block of
// the same Markdown is put back as it was, and of one that has changed its attributes and
// those of its parts that have not.
func (w *adfWriter) merge(was, now *node) []adfNode {
	if was == nil {
		return w.blocks(now.kids)
	}
	if was.kind == kRow && len(was.kids) == len(now.kids) {
		return w.mergeRow(was, now)
	}
	old := map[string][]int{} // by their Markdown, those that are not used yet
	keys := make([]string, len(was.kids))
	for i, n := range was.kids {
		if n.from == nil {
			continue
		}
		keys[i] = key(n)
		if !empty(n, keys[i]) {
			old[keys[i]] = append(old[keys[i]], i)
		}
	}
	pair := make([]int, len(now.kids))
	used := make([]bool, len(was.kids))
	for i, n := range now.kids {
		pair[i] = -1
		k := key(n)
		if l := old[k]; len(l) > 0 && was.kids[l[0]].kind == n.kind || len(l) > 0 && n.kind == kParagraph {
			pair[i] = l[0]
			used[l[0]] = true
			old[k] = l[1:]
		}
	}
	var out []adfNode
	next := 0 // after the last old node that was taken
	blanks := func() {
		for ; next < len(was.kids) && was.kids[next].from != nil && empty(was.kids[next], keys[next]) && !used[next]; next++ {
			used[next] = true
			out = append(out, *was.kids[next].from)
		}
	}
	if was.kind == kDoc {
		blanks()
	}
	for i, n := range now.kids {
		if j := pair[i]; j >= 0 {
			out = append(out, *was.kids[j].from)
			for _, k := range was.kids[j].kids {
				if n.kind == kTask && !k.inline() {
					out = append(out, *k.from) // tasks under a task stand behind it
				}
			}
			next = j + 1
			if was.kind == kDoc {
				blanks()
			}
			continue
		}
		j := next
		for j < len(was.kids) && (used[j] || was.kids[j].from == nil || was.kids[j].kind != n.kind) {
			if used[j] {
				j = len(was.kids)
				break
			}
			j++
		}
		if j >= len(was.kids) {
			out = append(out, w.block(n)...)
			continue
		}
		used[j] = true
		next = j + 1
		out = append(out, w.changed(was.kids[j], n)...)
		if was.kind == kDoc {
			blanks()
		}
	}
	return out
}

// mergeRow writes the cells of a row that has as many as before. Where one reaches over
// several columns, the others are empty in Markdown, and are not there in ADF.
func (w *adfWriter) mergeRow(was, now *node) []adfNode {
	var out []adfNode
	for i, c := range now.kids {
		old := was.kids[i]
		switch {
		case old.from == nil && key(c) == "":
		case old.from == nil:
			out = append(out, w.block(c)...)
		case key(old) == key(c):
			out = append(out, *old.from)
		default:
			c.level, c.align = old.level, old.align
			out = append(out, w.changed(old, c)...)
		}
	}
	return out
}

// empty reports whether a block of the document has no Markdown.
func empty(n *node, key string) bool { return n.kind == kParagraph && key == "" }

// changed writes a block that another text has become of.
func (w *adfWriter) changed(was, now *node) []adfNode {
	made := w.block(now)
	d := &made[0]
	if d.Type != was.from.Type {
		return made
	}
	switch now.kind {
	case kBullets, kOrdered, kItem, kQuote, kTable, kRow, kBox, kCell, kTasks:
		d.Content = w.merge(was, now)
	}
	switch now.kind {
	case kParagraph, kCell, kRow, kTable, kBullets, kItem, kQuote, kTasks:
		d.Attrs, d.Marks = was.from.Attrs, was.from.Marks
	case kHeading:
		if was.level == now.level {
			d.Attrs = was.from.Attrs
		}
		d.Marks = was.from.Marks
	case kOrdered:
		if was.level == now.level {
			d.Attrs = was.from.Attrs
		}
	case kCode:
		if was.info == now.info {
			d.Attrs = was.from.Attrs
		}
		d.Marks = was.from.Marks
	case kTask:
		if was.level == now.level {
			d.Attrs = was.from.Attrs
		}
		return append(made[:1:1], w.merge(below(was), below(now))...)
	}
	return made
}

// below is a task with what stands under it only.
func below(n *node) *node {
	c := &node{kind: kTask}
	for _, k := range n.kids {
		if !k.inline() {
			c.kids = append(c.kids, k)
		}
	}
	return c
}
