package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// slotSize divides the sector and page sizes of all disks, so that a slot is written as a whole.
const slotSize = 512

// A place is where the log stands: its last record, and where the next line goes.
type place struct {
	Seq   uint64 `json:"seq"`
	Hash  string `json:"hash"`
	First uint64 `json:"first"` // number of the first record in audit.jsonl
	Size  int64  `json:"size"`  // bytes of audit.jsonl
}

// A head is one slot of the head file: the place that was confirmed, and the record that
// was announced since, if any.
type head struct {
	Gen uint64 `json:"gen"` // counts the writes; the higher slot holds
	place
	Next string `json:"next,omitempty"` // hash of the announced record
	Len  int64  `json:"len,omitempty"`  // bytes of its line
}

// headState says whether a head can be relied on.
type headState int

const (
	headNone headState = iota // never written
	headBad                   // written, but no slot is whole
	headOK
)

// readHead reads the newest whole slot of f.
func readHead(f io.ReaderAt) (head, headState, error) {
	buf := make([]byte, 2*slotSize)
	n, err := f.ReadAt(buf, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return head{}, headBad, err
	}
	buf = buf[:n]
	best, state := head{}, headNone
	if len(bytes.Trim(buf, "\x00")) > 0 {
		state = headBad
	}
	for i := 0; (i+1)*slotSize <= len(buf); i++ {
		h, ok := parseSlot(buf[i*slotSize : (i+1)*slotSize])
		if ok && h.Gen%2 == uint64(i) && (state != headOK || h.Gen > best.Gen) {
			best, state = h, headOK
		}
	}
	return best, state, nil
}

// writeHead writes h over the older slot of f.
func writeHead(f *os.File, h head) error {
	slot, err := h.slot()
	if err != nil {
		return err
	}
	_, err = f.WriteAt(slot, int64(h.Gen%2)*slotSize)
	return err
}

// slot renders h as JSON with a checksum as its last member, padded to slotSize.
func (h head) slot() ([]byte, error) {
	b, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	b = fmt.Appendf(b[:len(b)-1], `,"sum":"%s"}`, checksum(b[:len(b)-1]))
	if len(b) >= slotSize {
		return nil, fmt.Errorf("the head's slot is %d bytes long", len(b))
	}
	for len(b) < slotSize-1 {
		b = append(b, ' ')
	}
	return append(b, '\n'), nil
}

func parseSlot(b []byte) (head, bool) {
	const tail = len(`,"sum":""}`) + 32
	b = bytes.TrimRight(b, " \n")
	if len(b) < tail {
		return head{}, false
	}
	main, sum := b[:len(b)-tail], b[len(b)-tail:]
	if string(sum) != `,"sum":"`+checksum(main)+`"}` {
		return head{}, false
	}
	var h head
	if err := json.Unmarshal(b, &h); err != nil {
		return head{}, false
	}
	ok := len(h.Hash) == 64 && h.Size >= 0 && h.Len >= 0 && h.Len <= maxLine && (h.Next == "") == (h.Len == 0)
	return h, ok
}

func checksum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}
