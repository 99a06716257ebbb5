package audit

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"cleat/internal/sorting"
)

// Limits of a Report, so that a hostile log cannot fill the memory.
const (
	maxProblems = 20
	maxOpen     = 10_000
	maxNotes    = 20
	longestSkip = 1 << 20 // bytes of one line after which the rest of the file is given up
)

// A Kind is a way in which a log can be wrong.
type Kind string

// The kinds of problems.
const (
	Changed    Kind = "changed"    // the record does not match its hash
	Replaced   Kind = "replaced"   // the record matches its hash, but is not the one that the next continues
	Missing    Kind = "missing"    // records are not there, and a later one is
	Order      Kind = "order"      // the record stands in another's place
	Forged     Kind = "forged"     // the record was put in by something other than cleat
	Cut        Kind = "cut"        // the log ends before the record that the head names
	Unreadable Kind = "unreadable" // the line is no record
	HeadLost   Kind = "head"       // the head is missing or damaged
	Break      Kind = "break"      // cleat found the log changed, and recorded it here
)

// A Problem is one thing that is wrong.
type Problem struct {
	Kind Kind
	Seq  uint64 // of the first record that is bad or missing
	File string // name of the file in the audit folder
	Line int    // of the file, from 1; where records are missing, the line that stands in their place
	What string // in words, one line
}

// String returns the problem on one line.
func (p Problem) String() string {
	return fmt.Sprintf("record %d: %s:%d: %s: %s", p.Seq, p.File, p.Line, p.Kind, p.What)
}

// A Report is what Verify found.
type Report struct {
	Files       int
	Records     int       // lines that are records, good or not
	First, Last time.Time // of the first and the last record
	Seq         uint64    // of the last record
	Hash        string    // of the last record
	Problems    []Problem // the first 20, in the order of the log; empty: the log is whole
	Bad         int       // how many problems there are
	Unfinished  []Record  // intents of writes without a result, at most 10,000: unknown outcome, or still at work
	Notes       []string  // what is no problem but worth a look, such as crashes that were mended; at most 20
}

// OK reports whether the log is whole.
func (r *Report) OK() bool { return r.Bad == 0 }

// Checkpoint is a short form of all that the log says up to its last record. Noted in
// another place, it proves later that this part was not rewritten: the record of that
// number still has that hash.
func (r *Report) Checkpoint() string { return fmt.Sprintf("%d:%s", r.Seq, r.Hash) }

// Verify reads the whole log in the state folder dir and compares it with its chain and
// its head. What is wrong with the log is in the report; the error is for what kept Verify
// from reading it. A log that does not exist is whole. Memory is bounded whatever the
// files hold. Verify changes no file, and others may write meanwhile: it looks at what was
// there when it began.
func Verify(ctx context.Context, dir string) (Report, error) {
	s, err := takeSnapshot(ctx, dir)
	if err != nil {
		return Report{}, err
	}
	defer s.close()
	v := newVerifier(s.head, s.state)
	if s.state == headBad || s.state == headNone && (s.size > 0 || len(s.names) > 1) {
		v.problem(HeadLost, 1, "the head is missing or damaged, so that a cut would not be seen")
	}
	headed := s.headed()
	for _, name := range s.names {
		file, size, err := s.open(name)
		if err != nil {
			return Report{}, err
		}
		err = v.read(ctx, name, io.NewSectionReader(file, 0, size), name == headed)
		file.Close()
		if err != nil {
			return Report{}, err
		}
	}
	return v.finish(), nil
}

// A callKey tells calls of all processes apart.
type callKey struct{ session, id string }

func keyOf(r Record) callKey { return callKey{r.Session, r.ID} }

// opened is an intent that waits for its result.
type opened struct {
	rec Record
	n   int // to keep the order
}

// seen is a line that was read, as far as later lines need it.
type seen struct {
	seq  uint64
	hash string
	line int
	file string
}

// A verifier goes through the files in order.
type verifier struct {
	rep   Report
	head  head
	state headState

	file   string
	line   int
	offset int64 // of the line in the file
	headed bool  // the head is about this file

	seq      uint64   // of the last good record
	hash     string   // of the last good record
	junk     uint64   // bad lines since then; each may have been a record
	recent   [64]seen // the last good records: n of them were seen, recent[n%64] is the next
	n        int
	accepted bool // the announced record is there
	torn     bool // a part of it is there
	over     bool // lines follow that the head does not know
	open     map[callKey]opened
	lost     int // intents that did not fit into open
}

func newVerifier(h head, state headState) *verifier {
	return &verifier{head: h, state: state, file: current, hash: genesis, open: make(map[callKey]opened)}
}

// problem reports one with the line at hand.
func (v *verifier) problem(kind Kind, seq uint64, format string, args ...any) {
	v.problemAt(v.file, v.line, kind, seq, format, args...)
}

func (v *verifier) problemAt(file string, line int, kind Kind, seq uint64, format string, args ...any) {
	v.rep.Bad++
	if len(v.rep.Problems) < maxProblems {
		v.rep.Problems = append(v.rep.Problems, Problem{kind, seq, file, line, fmt.Sprintf(format, args...)})
	}
}

func (v *verifier) remark(format string, args ...any) {
	if len(v.rep.Notes) < maxNotes {
		v.rep.Notes = append(v.rep.Notes, fmt.Sprintf(format, args...))
	}
}

// read goes through one file; headed says whether it is the one that the head is about.
func (v *verifier) read(ctx context.Context, name string, r io.Reader, headed bool) error {
	v.file, v.line, v.offset, v.headed = name, 0, 0, headed
	v.rep.Files++
	in := bufio.NewReaderSize(r, maxLine)
	for {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		v.line++
		line, err := in.ReadSlice('\n')
		size := int64(len(line))
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			if size, err = skipLine(in, size); err != nil && !errors.Is(err, io.EOF) {
				return fmt.Errorf("reading %s: %w", v.file, err)
			}
			v.spoilt(Unreadable, "the line is longer than any record")
			if size >= longestSkip {
				v.remark("%s: gave up at line %d, which is longer than %d bytes", v.file, v.line, longestSkip)
				return nil
			}
		case errors.Is(err, io.EOF):
			if len(line) > 0 {
				v.unfinished(line)
			}
			return nil
		case err != nil:
			return fmt.Errorf("reading %s: %w", v.file, err)
		default:
			v.record(line)
		}
		v.offset += size
	}
}

// skipLine reads to the end of a line of which n bytes were read, or gives up at longestSkip.
func skipLine(in *bufio.Reader, n int64) (int64, error) {
	for n < longestSkip {
		more, err := in.ReadSlice('\n')
		n += int64(len(more))
		if !errors.Is(err, bufio.ErrBufferFull) {
			return n, err
		}
	}
	return n, nil
}

// spoilt reports a line that cannot be followed further.
func (v *verifier) spoilt(kind Kind, why string) {
	v.junk++
	v.problem(kind, v.seq+v.junk, "%s", why)
}

// unfinished looks at a last line without a line feed.
func (v *verifier) unfinished(line []byte) {
	h := v.head
	if v.headed && h.Next != "" && v.offset == h.Size && int64(len(line)) < h.Len {
		v.torn = true
		v.remark("a process ended while it wrote record %d; the next record will mend that", h.Seq+1)
		return
	}
	v.spoilt(Unreadable, "the line has no end: it was cut")
}

// record looks at one whole line.
func (v *verifier) record(line []byte) {
	h := v.head
	if v.headed && v.offset >= h.Size {
		switch {
		case v.offset == h.Size && h.announced(line):
			v.accepted = true
		case !v.over:
			v.over = true
			v.problem(Forged, h.Seq+1, "cleat did not write this: the head ends with record %d (or the head is an old copy)", h.Seq)
		}
	}
	rec, err := decode(line[:len(line)-1])
	if errors.Is(err, errForm) {
		v.spoilt(Unreadable, err.Error())
		return
	}
	v.count(rec)
	if err != nil {
		v.spoilt(Changed, err.Error())
		return
	}
	v.follow(rec)
	if rec.Method == MethodBreak {
		v.problem(Break, rec.Seq, "%+q", rec.Outcome)
	}
	if rec.Method == MethodRepair {
		v.remark("record %d (%s): %+q", rec.Seq, rec.Time.Format(time.RFC3339), rec.Outcome)
	}
	v.seq, v.hash, v.junk = rec.Seq, rec.Hash, 0
	v.recent[v.n%len(v.recent)] = seen{rec.Seq, rec.Hash, v.line, v.file}
	v.n++
}

// count takes a record into the totals.
func (v *verifier) count(rec Record) {
	if v.rep.Records == 0 {
		v.rep.First = rec.Time
	}
	v.rep.Records++
	v.rep.Last = rec.Time
	switch rec.Phase {
	case Intent:
		if len(v.open) < maxOpen {
			v.open[keyOf(rec)] = opened{rec, v.rep.Records}
		} else {
			v.lost++
		}
	case Result:
		delete(v.open, keyOf(rec))
	}
}

// follow says what is wrong when rec does not continue the record before.
func (v *verifier) follow(rec Record) {
	want := v.seq + 1
	switch {
	case rec.Seq == want && rec.Prev == v.hash:
	case rec.Seq > want && rec.Seq-want <= v.junk: // the bad lines before were the records between
	case rec.Seq > want:
		missing := fmt.Sprintf("records %d to %d are", want, rec.Seq-1)
		if rec.Seq-1 == want {
			missing = fmt.Sprintf("record %d is", want)
		}
		v.problem(Missing, want, "%s not here: record %d stands in its place", missing, rec.Seq)
	case v.inserted(rec):
	case rec.Seq == want:
		file, line := v.file, v.line
		if v.n > 0 {
			last := v.recent[(v.n-1)%len(v.recent)]
			file, line = last.file, last.line
		}
		v.problemAt(file, line, Replaced, v.seq, "record %d continues another record than the one before it", rec.Seq)
	default:
		v.problem(Order, rec.Seq, "record %d stands behind record %d", rec.Seq, v.seq)
	}
}

// inserted reports whether rec continues an earlier line than the one before it, so that
// what lies between was put in, and says so.
func (v *verifier) inserted(rec Record) bool {
	for i := max(0, v.n-len(v.recent)); i < v.n-1; i++ {
		at := v.recent[i%len(v.recent)]
		if at.hash == rec.Prev && at.seq+1 == rec.Seq {
			first := v.recent[(i+1)%len(v.recent)]
			v.problemAt(first.file, first.line, Forged, first.seq,
				"record %d in line %d continues the record before this line: what lies between was put in", rec.Seq, v.line)
			return true
		}
	}
	return false
}

// finish compares the end of the log with the head and returns the report.
func (v *verifier) finish() Report {
	v.rep.Seq, v.rep.Hash = v.seq, v.hash
	v.listOpen()
	if v.state == headOK && !v.over {
		v.end()
	}
	return v.rep
}

// end compares the last record with the head.
func (v *verifier) end() {
	h := v.head
	switch {
	case v.accepted:
		h.Seq, h.Hash = h.Seq+1, h.Next
	case h.Next != "" && v.offset == h.Size && !v.torn:
		v.remark("a process ended before it wrote record %d; the next record will say so", h.Seq+1)
	}
	switch {
	case v.seq < h.Seq && h.Seq-v.seq <= v.junk: // the last lines are bad, as was said
	case v.seq < h.Seq:
		v.problem(Cut, v.seq+1, "the log ends with record %d, and the head knows records up to %d", v.seq, h.Seq)
	case v.seq > h.Seq:
		v.problem(Forged, h.Seq+1, "the log ends with record %d, and the head with record %d", v.seq, h.Seq)
	case v.hash != h.Hash:
		v.problem(Replaced, v.seq, "the last record is not the one that the head knows")
	}
}

// headed is the name of the file that the head is about. That is audit.jsonl, or the file
// that was just set aside when a process ended in the middle of a rotation.
func (s *snapshot) headed() string {
	if s.state != headOK || s.audit == nil || s.size > 0 || s.head.Size == 0 || s.head.Next != "" {
		return current
	}
	name := rotated(s.head.First)
	if info, err := s.audit.Lstat(name); err == nil && info.Size() == s.head.Size {
		return name
	}
	return current
}

func (v *verifier) listOpen() {
	order := make([]opened, 0, len(v.open))
	for _, o := range v.open {
		order = append(order, o)
	}
	sorting.Sort(order, func(a, b opened) int { return a.n - b.n })
	for _, o := range order {
		v.rep.Unfinished = append(v.rep.Unfinished, o.rec)
	}
	if v.lost > 0 {
		v.remark("%d more writes may have no result", v.lost)
	}
}
