package gouses

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"path"
	"slices"
	"time"
)

// The streams between the processes are numbers of four bytes, the high one first, and
// texts with their length before them. There is one way to write each request and each
// report, and nothing may follow.
//
//	request: magic, name, work and rest in milliseconds,
//	         number of manifests, each: path, text,
//	         number of sources, each: flags (one byte), path, text
//	report:  magic, flags (one byte), the six numbers of the tally,
//	         number of files, each: source, number of marks, each: offset, verdict (one byte)
const (
	requestMagic = "cleat gouses 1 request\n"
	reportMagic  = "cleat gouses 1 report\n"

	maxPath    = 64 << 10
	maxRequest = maxBytes + 128<<20 // paths and lengths are besides
	maxAnswer  = 32 << 20
)

// Flags of a source and of a report.
const (
	flagHas = 1 << iota
	flagOwner
	flagWanted

	flagDeclared = 1
	flagEnded    = 2
)

var (
	errDamaged  = errors.New("its answer is damaged")
	errRequest  = errors.New("the request is damaged")
	errTooLarge = errors.New("the answer is too large")
)

// reasons are the reasons of verdicts, by the number that stands for them.
func reasons() []Reason {
	return []Reason{"", UnknownType, UnknownName, UnknownKey, ViaInterface, Implements, NotParsed, NotChecked, TooElaborate, TooManyBuilds}
}

// newRequest returns the request to check in. The texts are not copied.
func newRequest(name string, work, rest time.Duration, in *input) io.Reader {
	var r request
	r.raw(requestMagic)
	r.text([]byte(name))
	r.number(int(work / time.Millisecond))
	r.number(int(rest / time.Millisecond))
	r.number(len(in.manifests))
	for _, m := range in.manifests {
		r.text([]byte(m.path))
		r.text(m.data)
	}
	r.number(len(in.sources))
	for _, s := range in.sources {
		flags := byte(0)
		for i, set := range [...]bool{s.has, s.owner, s.wanted} {
			if set {
				flags |= 1 << i
			}
		}
		r.raw(string([]byte{flags}))
		r.text([]byte(s.path))
		r.text(s.data)
	}
	return &r
}

// A request is a stream that is put together as it is read.
type request struct{ parts [][]byte }

// small is up to what length texts are joined.
const small = 1 << 10

func (r *request) raw(s string) {
	if n := len(r.parts); n > 0 && len(r.parts[n-1]) < small {
		r.parts[n-1] = append(r.parts[n-1], s...)
		return
	}
	r.parts = append(r.parts, append(make([]byte, 0, 2*small), s...))
}

func (r *request) number(n int) {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], uint32(n))
	r.raw(string(b[:]))
}

func (r *request) text(b []byte) {
	r.number(len(b))
	if len(b) < small {
		r.raw(string(b))
		return
	}
	r.parts = append(r.parts, slices.Clip(b))
}

// Read implements io.Reader.
func (r *request) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) && len(r.parts) > 0 {
		k := copy(b[n:], r.parts[0])
		n += k
		if r.parts[0] = r.parts[0][k:]; len(r.parts[0]) == 0 {
			r.parts = r.parts[1:]
		}
	}
	if n == 0 && len(b) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// A task is a request that has arrived.
type task struct {
	name       string
	work, rest time.Duration
	input
}

// readRequest fails with errRequest for what newRequest does not write.
func readRequest(in io.Reader) (*task, error) {
	d := &decoder{r: bufio.NewReaderSize(in, 64<<10), left: maxRequest}
	d.magic(requestMagic)
	t := &task{name: string(d.text(maxName))}
	t.work = time.Duration(d.number(uint32(maxTime/time.Millisecond))) * time.Millisecond
	t.rest = time.Duration(d.number(uint32(maxTime/time.Millisecond))) * time.Millisecond
	for n := d.number(maxFiles); n > 0 && !d.bad; n-- {
		t.manifests = append(t.manifests, manifest{d.path(), d.text(maxManifest)})
	}
	for n := d.number(maxFiles); n > 0 && !d.bad; n-- {
		flags := d.byte(flagHas | flagOwner | flagWanted)
		s := &source{has: flags&flagHas != 0, owner: flags&flagOwner != 0, wanted: flags&flagWanted != 0}
		s.path = d.path()
		s.dir = path.Dir(s.path)
		s.data = d.text(maxFile)
		t.sources = append(t.sources, s)
	}
	if !d.end() {
		return nil, errRequest
	}
	return t, nil
}

// write returns the report as it is sent. It fails with errTooLarge.
func (r *report) write() ([]byte, error) {
	b := []byte(reportMagic)
	number := func(n uint32) { b = binary.BigEndian.AppendUint32(b, n) }
	flags := byte(0)
	if r.declared {
		flags |= flagDeclared
	}
	if r.ended {
		flags |= flagEnded
	}
	b = append(b, flags)
	for _, n := range r.numbers() {
		number(*n)
	}
	all := reasons()
	number(uint32(len(r.files)))
	for _, f := range r.files {
		number(uint32(f.source))
		number(uint32(len(f.marks)))
		if len(b)+5*len(f.marks) > maxAnswer {
			return nil, errTooLarge
		}
		for _, m := range f.marks {
			number(uint32(m.off))
			b = append(b, byte(m.is)|byte(slices.Index(all, m.why))<<2)
		}
	}
	return b, nil
}

// numbers are the numbers of the tally in the order in which they are sent.
func (t *tally) numbers() [6]*uint32 {
	return [...]*uint32{&t.elaborate, &t.broken, &t.unreached, &t.notParsed, &t.cutShort, &t.untried}
}

// readReport fails with errDamaged for what no check of the input can have said: each mark
// is at the identifier in a file that was asked about.
func readReport(b []byte, n name, in *input) (*report, error) {
	d := &decoder{r: bufio.NewReader(bytes.NewReader(b)), left: maxAnswer}
	d.magic(reportMagic)
	flags := d.byte(flagDeclared | flagEnded)
	r := &report{declared: flags&flagDeclared != 0, ended: flags&flagEnded != 0}
	for _, n := range r.numbers() {
		*n = d.number(maxUnits + maxFiles)
	}
	all := reasons()
	last := -1
	for files := d.number(uint32(len(in.sources))); files > 0 && !d.bad; files-- {
		f := fileReport{source: int(d.number(maxFiles))}
		if f.source <= last || f.source >= len(in.sources) {
			return nil, errDamaged
		}
		last = f.source
		s := in.sources[f.source]
		marks := d.number(uint32(len(s.data)))
		if marks == 0 || !s.has || !s.wanted {
			return nil, errDamaged
		}
		from := 0
		for ; marks > 0 && !d.bad; marks-- {
			m := mark{off: int(d.number(uint32(len(s.data))))}
			v := d.byte(0xff)
			if int(v>>2) >= len(all) {
				return nil, errDamaged
			}
			m.verdict = verdict{is(v & 3), all[v>>2]}
			if m.is == other || (m.is == unsure) == (m.why == "") || m.off < from || !bytes.HasPrefix(s.data[m.off:], []byte(n.last)) {
				return nil, errDamaged
			}
			from = m.off + len(n.last)
			f.marks = append(f.marks, m)
		}
		r.files = append(r.files, f)
	}
	if !d.end() {
		return nil, errDamaged
	}
	return r, nil
}

// A decoder reads a stream. After what is not well formed all reads give zero.
type decoder struct {
	r    *bufio.Reader
	left int // bytes that may follow
	bad  bool
}

// full fills b.
func (d *decoder) full(b []byte) bool {
	if d.left -= len(b); d.left < 0 {
		d.bad = true
	}
	if !d.bad {
		_, err := io.ReadFull(d.r, b)
		d.bad = err != nil
	}
	return !d.bad
}

func (d *decoder) magic(want string) {
	b := make([]byte, len(want))
	if !d.full(b) || string(b) != want {
		d.bad = true
	}
}

// byte reads a byte that has no other bits than those of mask.
func (d *decoder) byte(mask byte) byte {
	var b [1]byte
	if !d.full(b[:]) || b[0]&^mask != 0 {
		d.bad = true
		return 0
	}
	return b[0]
}

func (d *decoder) number(most uint32) uint32 {
	var b [4]byte
	if !d.full(b[:]) {
		return 0
	}
	n := binary.BigEndian.Uint32(b[:])
	if n > most {
		d.bad = true
		return 0
	}
	return n
}

func (d *decoder) text(most uint32) []byte {
	n := int(d.number(most))
	// A length is believed once the text has begun to come.
	if _, err := d.r.Peek(min(n, d.r.Size())); d.bad || err != nil {
		d.bad = true
		return nil
	}
	b := make([]byte, n)
	if !d.full(b) {
		return nil
	}
	return b
}

// path reads the path of a file below the root.
func (d *decoder) path() string {
	p := string(d.text(maxPath))
	d.bad = d.bad || p == "" || p[0] == '/'
	return p
}

// end reports whether all was well formed, and nothing follows.
func (d *decoder) end() bool {
	if d.bad {
		return false
	}
	_, err := d.r.ReadByte()
	return err == io.EOF
}
