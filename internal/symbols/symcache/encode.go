package symcache

import (
	"encoding/binary"
	"math"

	"cleat/internal/symbols"
)

// encode writes symbols as a record. Lines are given as distances; a container that is
// that of the symbol before is written as 0, any other as its length plus one.
func encode(list []symbols.Symbol) []byte {
	b := binary.AppendUvarint(make([]byte, 0, 64*len(list)+2), uint64(len(list)))
	text := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	line, container := 0, ""
	for _, s := range list {
		b = binary.AppendUvarint(b, uint64(s.Line-line))
		b = binary.AppendUvarint(b, uint64(s.EndLine-s.Line))
		line = s.Line
		text(s.Name)
		text(string(s.Kind))
		if s.Container == container {
			b = append(b, 0)
		} else {
			container = s.Container
			b = binary.AppendUvarint(b, uint64(len(container))+1)
			b = append(b, container...)
		}
		text(s.Signature)
	}
	return b
}

// A decoder reads a record. Once it has met what cannot be, it is not ok any more.
type decoder struct {
	rest []byte
	ok   bool
}

func (d *decoder) number(most uint64) int {
	n, size := binary.Uvarint(d.rest)
	if size <= 0 || n > most {
		d.ok, d.rest = false, nil
		return 0
	}
	d.rest = d.rest[size:]
	return int(n)
}

func (d *decoder) text(n int) string {
	if n > len(d.rest) {
		d.ok, d.rest = false, nil
		return ""
	}
	s := string(d.rest[:n])
	d.rest = d.rest[n:]
	return s
}

// decode reads what encode wrote, and nothing else: it is not ok for a record that could
// not be what a scan returned.
func decode(rec []byte) ([]symbols.Symbol, bool) {
	const most = math.MaxInt32
	d := decoder{rest: rec, ok: true}
	n := d.number(uint64(len(rec))) // a symbol takes several bytes
	list := make([]symbols.Symbol, 0, min(n, len(rec)/6))
	line, container := 0, ""
	for range n {
		line += d.number(most)
		s := symbols.Symbol{Line: line, EndLine: line + d.number(most)}
		s.Name = d.text(d.number(most))
		s.Kind = symbols.Kind(d.text(d.number(most)))
		if size := d.number(most); size > 0 {
			container = d.text(size - 1)
		}
		s.Container = container
		s.Signature = d.text(d.number(most))
		if !d.ok || s.Name == "" || line < 1 {
			return nil, false
		}
		list = append(list, s)
	}
	if len(d.rest) > 0 || !d.ok {
		return nil, false
	}
	if n == 0 {
		return nil, true
	}
	return list, true
}
