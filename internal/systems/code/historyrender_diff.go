package code

import (
	"cmp"
	"fmt"
	"path"
	"strconv"
	"strings"

	"cleat/internal/sorting"
	"cleat/internal/text"
)

// Why the hunks of a file are not shown, and the status of what stands for all files of a
// folder, where a budget has taken the list of them.
const (
	foldedBudget = "budget"
	folderStatus = "folder"
)

// Text implements text.Renderer: the commit, then its changes.
func (s *Show) Text(w *text.Writer) {
	c := &s.Commit
	var b strings.Builder
	fmt.Fprintf(&b, "commit %s", c.Hash)
	if len(c.Refs) > 0 {
		fmt.Fprintf(&b, " [%s]", text.Line(strings.Join(c.Refs, ", ")))
	}
	fmt.Fprintf(&b, "\nauthor: %s", text.Line(c.Author))
	if c.Email != "" {
		fmt.Fprintf(&b, " <%s>", text.Line(c.Email))
	}
	when := "no date"
	if !c.Time.IsZero() {
		when = c.Time.UTC().Format("2006-01-02 15:04:05Z")
	}
	fmt.Fprintf(&b, ", %s\n", when)
	if len(c.Parents) > 0 {
		fmt.Fprintf(&b, "parents: %s\n", strings.Join(c.Parents, ", "))
	}
	fmt.Fprintf(&b, "\n%s\n", text.Line(c.Subject))
	if c.Body != "" {
		fmt.Fprintf(&b, "\n%s\n", c.Body)
	}
	w.Quote(text.Origin{}, b.String())
	if len(c.Parents) > 1 {
		w.Say("a merge: what differs from its first parent")
	}
	s.Diff.Text(w)
}

// Shrink implements text.Shrinker: the changes go first, as in Diff, save that a long
// message is clipped before.
func (s *Show) Shrink(keep float64) bool {
	c := &s.Commit
	const long, short = 2000, 200
	if len(c.Body) > long+100 {
		c.Body = clip(c.Body, long)
		return true
	}
	if s.Diff.Shrink(keep) {
		return true
	}
	refs := c.clipRefs()
	if len(c.Body) > short+100 || len(c.Subject) > short+100 || refs {
		c.Body, c.Subject = clip(c.Body, short), clip(c.Subject, short)
		return true
	}
	return false
}

// Text implements text.Renderer: the list of files, then the hunks file by file.
func (d *Diff) Text(w *text.Writer) {
	files := d.Omitted
	budget, folded := 0, 0
	for i := range d.Files {
		f := &d.Files[i]
		if f.Status != folderStatus {
			files++
		}
		switch f.Folded {
		case "", "mode":
		case foldedBudget:
			budget++
		default:
			if f.Status != folderStatus {
				folded++
			}
		}
	}
	what := text.Count(files, "file")
	if files == 0 {
		what = "no difference"
	}
	w.Say("%s, +%d -%d, from %q to %q", what, d.Added, d.Deleted, text.Line(d.From), text.Line(d.To))
	var b strings.Builder
	for i := range d.Files {
		d.Files[i].row(&b)
	}
	for i := range d.Files {
		d.Files[i].hunks(&b)
	}
	w.Quote(text.Origin{}, b.String())
	if d.Denied > 0 {
		w.Say("%s left out: policy closes them", text.Count(d.Denied, "file"))
	}
	if d.Omitted > 0 {
		w.Say("… %s shown as counts per folder to fit the budget: narrow with path", text.Count(d.Omitted, "file"))
	}
	if budget > 0 {
		or := ""
		if d.Cursor != "" {
			or = "go on with the cursor, or "
		}
		w.Say("… hunks of %s are left out, in part or all, to fit the budget: %spass one of them as path", text.Count(budget, "file"), or)
	}
	if folded > 0 {
		w.Say("… hunks of %s are folded for what they are: pass one of them as path", text.Count(folded, "file"))
	}
	if d.Partial != "" {
		w.Say("partial: %s", d.Partial)
	}
	w.Cursor(d.Cursor)
}

// row writes the file as a line of the list: "M path +3 -1 (why it is folded)".
func (f *FileDiff) row(b *strings.Builder) {
	mark := "M"
	switch f.Status {
	case "added", "deleted", "renamed", "copied", "type":
		mark = strings.ToUpper(f.Status[:1])
	case folderStatus:
		fmt.Fprintf(b, "%s: %s, +%d -%d\n", text.Line(f.Path), f.Folded, f.Added, f.Deleted)
		return
	}
	name := text.Line(f.Path)
	if f.Old != "" {
		name = text.Line(f.Old) + " → " + name
	}
	fmt.Fprintf(b, "%s %s", mark, name)
	switch {
	case f.Binary:
		b.WriteString(" (binary)")
	case f.Folded == "mode":
		b.WriteString(" (only whether it is executable)")
	default:
		fmt.Fprintf(b, " +%d -%d", f.Added, f.Deleted)
		if f.Folded != "" && (f.Folded != foldedBudget || len(f.Hunks) == 0) {
			fmt.Fprintf(b, " (%s)", text.Line(f.Folded))
		}
	}
	b.WriteByte('\n')
}

func (f *FileDiff) hunks(b *strings.Builder) {
	if len(f.Hunks) == 0 {
		return
	}
	fmt.Fprintf(b, "=== %s\n", text.Line(f.Path))
	for i := range f.Hunks {
		h := &f.Hunks[i]
		fmt.Fprintf(b, "@@ -%s +%s @@", span(h.OldLine, h.OldLines), span(h.NewLine, h.NewLines))
		if h.In != "" {
			b.WriteString(" " + text.Line(h.In))
		}
		b.WriteString("\n" + h.Text)
	}
	if f.Folded == foldedBudget {
		b.WriteString("(more hunks)\n")
	}
}

func span(line, lines int) string {
	if lines == 1 {
		return strconv.Itoa(line)
	}
	return fmt.Sprintf("%d,%d", line, lines)
}

// Shrink implements text.Shrinker: first common lines go, then the ends of long lines,
// then the hunks of the largest files, then the list of files for one of folders.
func (d *Diff) Shrink(keep float64) bool {
	return d.narrow(1) || d.clip(160) || d.fold(keep) || d.folders(keep)
}

// narrow leaves no more than n common lines around a change, and reports whether there
// were more.
func (d *Diff) narrow(n int) bool {
	cut := false
	for i := range d.Files {
		f := &d.Files[i]
		var hunks []Hunk
		for _, h := range f.Hunks {
			parts := h.narrow(n)
			cut = cut || len(parts) != 1 || len(parts[0].Text) != len(h.Text)
			hunks = append(hunks, parts...)
		}
		f.Hunks = hunks
	}
	return cut
}

// narrow returns the hunk with no more than n common lines around a change, which may make
// several of it.
func (h *Hunk) narrow(n int) []Hunk {
	lines := strings.SplitAfter(h.Text, "\n")
	lines = lines[:len(lines)-1]
	keep := make([]bool, len(lines))
	for i, l := range lines {
		if l[0] == '-' || l[0] == '+' {
			for k := max(0, i-n); k <= min(i+n, len(lines)-1); k++ {
				keep[k] = true
			}
		}
	}
	oldAt, newAt := h.OldLine, h.NewLine
	if h.OldLines == 0 {
		oldAt++
	}
	if h.NewLines == 0 {
		newAt++
	}
	var out []Hunk
	var part *Hunk
	for i, l := range lines {
		if l[0] == '\\' { // it belongs to the line before
			if part != nil {
				part.Text += l
			}
			continue
		}
		if !keep[i] {
			part = nil
		} else {
			if part == nil {
				out = append(out, Hunk{OldLine: oldAt, NewLine: newAt, In: h.In})
				part = &out[len(out)-1]
			}
			part.Text += l
		}
		if l[0] != '+' {
			oldAt++
		}
		if l[0] != '-' {
			newAt++
		}
		if part != nil {
			part.OldLines, part.NewLines = oldAt-part.OldLine, newAt-part.NewLine
		}
	}
	for i := range out {
		if out[i].OldLines == 0 {
			out[i].OldLine--
		}
		if out[i].NewLines == 0 {
			out[i].NewLine--
		}
	}
	return out
}

// clip shortens the lines of hunks.
func (d *Diff) clip(width int) bool {
	clipped := false
	for i := range d.Files {
		for k := range d.Files[i].Hunks {
			h := &d.Files[i].Hunks[k]
			var b strings.Builder
			for line := range strings.Lines(h.Text) {
				b.WriteString(cut(strings.TrimSuffix(line, "\n"), width) + "\n")
			}
			clipped = clipped || b.Len() < len(h.Text)
			h.Text = b.String()
		}
	}
	return clipped
}

// fold leaves out the hunks of the largest files, until about keep of the text is left. Of
// the last file that has any, hunks go from the end.
func (d *Diff) fold(keep float64) bool {
	size, total := make([]int, len(d.Files)), 0
	var with []int
	for i := range d.Files {
		for _, h := range d.Files[i].Hunks {
			size[i] += len(h.Text) + len(h.In) + 20
		}
		if total += size[i]; size[i] > 0 {
			with = append(with, i)
		}
	}
	if len(with) == 0 {
		return false
	}
	sorting.Sort(with, func(a, b int) int { return cmp.Compare(size[b], size[a]) })
	most := int(float64(total) * keep * 0.95)
	for len(with) > 1 && total > most {
		f := &d.Files[with[0]]
		f.Hunks, f.Folded = nil, foldedBudget
		total -= size[with[0]]
		with = with[1:]
	}
	if total <= most {
		return true
	}
	f := &d.Files[with[0]]
	n := fewer(len(f.Hunks), keep)
	f.Hunks, f.Folded = f.Hunks[:n], foldedBudget
	d.Cursor = "" // it would pass over them
	return true
}

// folders makes of the list of files one of folders, with about keep of its length.
func (d *Diff) folders(keep float64) bool {
	n := fewer(len(d.Files), keep*0.9)
	if n < 1 {
		return false
	}
	depth := 0
	for _, f := range d.Files {
		depth = max(depth, strings.Count(f.Path, "/"))
	}
	var groups []FileDiff
	for ; ; depth-- {
		if groups = d.group(depth); len(groups) <= n || depth == 0 {
			break
		}
	}
	d.Files, d.Omitted, d.Cursor = groups, 0, ""
	for i := range groups {
		d.Omitted += groups[i].count()
	}
	return true
}

// group adds up files by the first depth folders of their path.
func (d *Diff) group(depth int) []FileDiff {
	var out []FileDiff
	at := map[string]int{}
	counts := []int{}
	for i := range d.Files {
		f := &d.Files[i]
		dir := path.Dir(f.Path)
		if f.Status == folderStatus {
			dir = strings.TrimSuffix(f.Path, "/")
		}
		if parts := strings.SplitN(dir, "/", depth+1); len(parts) > depth {
			dir = strings.Join(parts[:depth], "/")
		}
		if dir == "" {
			dir = "."
		}
		k, ok := at[dir]
		if !ok {
			k = len(out)
			at[dir] = k
			out = append(out, FileDiff{Path: dir + "/", Status: folderStatus})
			counts = append(counts, 0)
		}
		out[k].Added += f.Added
		out[k].Deleted += f.Deleted
		counts[k] += f.count()
	}
	for k := range out {
		out[k].Folded = text.Count(counts[k], "file")
	}
	return out
}

// count is how many files f stands for.
func (f *FileDiff) count() int {
	if f.Status != folderStatus {
		return 1
	}
	digits, _, _ := strings.Cut(f.Folded, " ")
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 1 // a folder that is none of ours
	}
	return n
}
