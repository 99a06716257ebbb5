package markup

import (
	"strconv"
	"strings"
)

// A marker begins an item of a list.
type marker struct {
	c     byte // '-', '*', '+', '.' or ')'
	start int
	width int // bytes, without the space behind it
	empty bool
}

func markerOf(s string) marker {
	m := marker{c: s[0]}
	switch n := 0; {
	case m.c == '-' || m.c == '*' || m.c == '+':
		m.width = 1
	default:
		for n < len(s) && n < 10 && '0' <= s[n] && s[n] <= '9' {
			n++
		}
		if n == 0 || n > 9 || n == len(s) || s[n] != '.' && s[n] != ')' {
			return marker{}
		}
		m.c, m.width = s[n], n+1
		m.start, _ = strconv.Atoi(s[:n])
	}
	rest := s[m.width:]
	if rest != "" && rest[0] != ' ' && rest[0] != '\t' {
		return marker{}
	}
	m.empty = blank(rest)
	return m
}

// list reads a list whose first item m begins.
func (p *parser) list(lines []string, m marker, depth int) (*node, int) {
	list := &node{kind: kBullets}
	if m.c == '.' || m.c == ')' {
		list.kind, list.level = kOrdered, m.start
	}
	tasks := list.kind == kBullets
	var boxes []byte
	at := 0
	for at < len(lines) {
		indent, s := cutIndent(lines[at])
		if s == "" || indent >= 4 || isRule(s) {
			break
		}
		next := markerOf(s)
		if next.width == 0 || next.c != m.c {
			break
		}
		inner, used := item(lines[at:], indent, s, next)
		box := byte(0)
		if t := inner[0]; len(t) > 4 && t[0] == '[' && t[2] == ']' && t[3] == ' ' && strings.IndexByte(" xX", t[1]) >= 0 {
			box = t[1]
		}
		boxes = append(boxes, box)
		tasks = tasks && box != 0
		list.kids = append(list.kids, &node{kind: kItem, text: inner[0], kids: p.blocks(inner, depth+2)})
		at += used
		// Blank lines between items belong to the list, those after it do not matter.
		for at < len(lines) && blank(lines[at]) {
			at++
		}
	}
	if tasks {
		for i, n := range list.kids {
			tasks = tasks && asTask(n, boxes[i])
		}
	}
	if tasks {
		list.kind = kTasks
		for i, n := range list.kids {
			toTask(n, boxes[i])
		}
	}
	for _, n := range list.kids {
		n.text = ""
	}
	return list, at
}

// asTask reports whether an item can be a task: a paragraph, and maybe tasks under it.
func asTask(n *node, box byte) bool {
	if len(n.kids) == 0 || n.kids[0].kind != kParagraph {
		return false
	}
	k := n.kids[0].kids
	if len(k) == 0 || k[0].kind != kText || len(k[0].text) < 4 || k[0].text[:4] != "["+string(rune(box))+"] " {
		return false
	}
	for _, c := range n.kids[1:] {
		if c.kind != kTasks {
			return false
		}
	}
	return true
}

// toTask makes a task of an item: what it says, and then the tasks under it.
func toTask(n *node, box byte) {
	first := *n.kids[0].kids[0]
	first.text = first.text[4:]
	inline := append([]*node{&first}, n.kids[0].kids[1:]...)
	n.kids = append(tidy(inline), n.kids[1:]...)
	n.kind = kTask
	if box != ' ' {
		n.level = 1
	}
}

// item returns the lines of the item that begins with lines[0], without marker and indent.
func item(lines []string, indent int, s string, m marker) (inner []string, used int) {
	pad, rest := cutIndent(s[m.width:])
	content := indent + m.width + pad
	if rest == "" || pad > 4 {
		content = indent + m.width + 1
		rest = outdent(s[m.width:], 1)
	}
	inner = append(inner, rest)
	var open fence
	text := false
	note := func(s string) {
		_, t := cutIndent(strings.TrimLeft(s, "> "))
		for u := markerOfOrNone(t); u.width > 0; u = markerOfOrNone(t) {
			_, t = cutIndent(t[u.width:])
		}
		switch {
		case open.n > 0:
			if open.closes(s) {
				open = fence{}
			}
			text = false
		case t == "":
			text = false
		default:
			open = fenceOf(t)
			text = open.n == 0 && atx(t) == nil
		}
	}
	note(rest)
	for used = 1; used < len(lines); used++ {
		in, t := cutIndent(lines[used])
		switch {
		case t == "":
			if len(inner) == 1 && blank(inner[0]) {
				return inner, used
			}
			inner = append(inner, "")
			if open.n == 0 {
				text = false
			}
		case in >= content:
			u := outdent(lines[used], content)
			inner = append(inner, u)
			note(u)
		case text && (in >= 4 || !starts(t)) && markerOf(t).width == 0:
			inner = append(inner, t)
		default:
			return inner, used
		}
	}
	return inner, used
}

func markerOfOrNone(s string) marker {
	if s == "" {
		return marker{}
	}
	return markerOf(s)
}
