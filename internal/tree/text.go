package tree

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// sniff is how much of a file decides whether it is text.
const sniff = 8 << 10

// isBinary reports whether a file that begins with head is not text.
func isBinary(head []byte) bool {
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return false // NULs are part of UTF-16
	}
	return bytes.IndexByte(head[:min(len(head), sniff)], 0) >= 0
}

// Text returns data as UTF-8 without a byte order mark, and whether it is text: a file
// with a NUL in its first 8 KiB is not. UTF-16 is known by its byte order mark and is
// decoded into buf, which may be nil. Bytes that are not UTF-8 stay as they are.
func Text(data, buf []byte) ([]byte, bool) {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		data = data[3:]
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		order = binary.BigEndian
	}
	if order != nil {
		data = decode16(order, data[2:], buf[:0])
	}
	return data, !isBinary(data)
}

func decode16(order binary.ByteOrder, data, out []byte) []byte {
	for len(data) >= 2 {
		r := rune(order.Uint16(data))
		data = data[2:]
		if utf16.IsSurrogate(r) {
			r2 := rune(0)
			if len(data) >= 2 {
				r2 = rune(order.Uint16(data))
			}
			if r = utf16.DecodeRune(r, r2); r != utf8.RuneError {
				data = data[2:]
			}
		}
		out = utf8.AppendRune(out, r)
	}
	if len(data) > 0 {
		out = utf8.AppendRune(out, utf8.RuneError)
	}
	return out
}
