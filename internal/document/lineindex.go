package document

import "bytes"

// A lineIndex tells the line of an offset. It keeps one count for each block of text.
type lineIndex struct {
	data   []byte
	counts []int
}

const lineBlock = 64 << 10

func newLineIndex(data []byte) lineIndex {
	x := lineIndex{data: data, counts: make([]int, 0, len(data)/lineBlock+1)}
	n := 1
	for i := 0; i <= len(data); i += lineBlock {
		x.counts = append(x.counts, n)
		n += bytes.Count(data[i:min(len(data), i+lineBlock)], []byte{'\n'})
	}
	return x
}

func (x lineIndex) at(offset int) int {
	b := offset / lineBlock
	return x.counts[b] + bytes.Count(x.data[b*lineBlock:offset], []byte{'\n'})
}

// last returns the number of lines of the text.
func (x lineIndex) last() int {
	if len(x.data) == 0 {
		return 0
	}
	n := x.at(len(x.data))
	if x.data[len(x.data)-1] == '\n' {
		n--
	}
	return n
}
