package gouses

import "bytes"

// strip returns Go source without the bodies of its top-level functions, which cost the
// parser most and say nothing about types. What it does not understand it leaves as it is.
func strip(src []byte) []byte {
	out := make([]byte, 0, len(src)/2)
	from := 0 // what src[from:] has not been copied yet
	for i := 0; i < len(src); {
		if (i == 0 || src[i-1] == '\n') && bytes.HasPrefix(src[i:], []byte("func")) && i+4 < len(src) && !wordByte(src[i+4]) {
			open := bodyOf(src, i+4)
			if open < 0 {
				i += 4
				continue
			}
			end := closing(src, open)
			if end < 0 {
				break
			}
			out = append(append(out, src[from:open]...), "{}"...)
			from, i = end, end
			continue
		}
		switch src[i] {
		case '{':
			end := closing(src, i)
			if end < 0 {
				return append(out, src[from:]...)
			}
			i = end
		default:
			i = skip(src, i)
		}
	}
	return append(out, src[from:]...)
}

func wordByte(b byte) bool {
	return b == '_' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b >= 0x80
}

// skip returns where what begins at i ends: a comment, a literal, or one byte.
func skip(src []byte, i int) int {
	after := func(from int, end string) int {
		if n := bytes.Index(src[from:], []byte(end)); n >= 0 {
			return from + n + len(end)
		}
		return len(src)
	}
	switch c := src[i]; c {
	case '/':
		if bytes.HasPrefix(src[i:], []byte("//")) {
			if n := bytes.IndexByte(src[i:], '\n'); n >= 0 {
				return i + n
			}
			return len(src)
		}
		if bytes.HasPrefix(src[i:], []byte("/*")) {
			return after(i+2, "*/")
		}
	case '`':
		return after(i+1, "`")
	case '"', '\'':
		for j := i + 1; j < len(src); j++ {
			switch src[j] {
			case '\\':
				j++
			case c:
				return j + 1
			case '\n':
				return j
			}
		}
		return len(src)
	}
	return i + 1
}

// bodyOf returns where the body of the function begins whose receiver or name begins at
// i, or -1 if it has none.
func bodyOf(src []byte, i int) int {
	depth := 0
	for i < len(src) {
		switch src[i] {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		case '\n':
			if depth == 0 {
				return -1
			}
		case '{':
			if depth == 0 && !ofType(src[:i]) {
				return i
			}
			end := closing(src, i)
			if end < 0 {
				return -1
			}
			i = end
			continue
		}
		i = skip(src, i)
	}
	return -1
}

// ofType reports whether a brace after src is that of a struct or an interface.
func ofType(src []byte) bool {
	src = bytes.TrimRight(src, " \t\r\n")
	for _, word := range []string{"struct", "interface"} {
		if rest, ok := bytes.CutSuffix(src, []byte(word)); ok && (len(rest) == 0 || !wordByte(rest[len(rest)-1])) {
			return true
		}
	}
	return false
}

// closing returns where the brace that opens at i is closed, behind it, or -1.
func closing(src []byte, i int) int {
	depth := 0
	for i < len(src) {
		switch src[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		i = skip(src, i)
	}
	return -1
}
