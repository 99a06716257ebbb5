// Package audit keeps the record of what cleat was asked and what it did: an
// append-only file of JSON lines, chained by hashes, that any number of processes share.
//
// # Files
//
// Below the state folder, all of them 0600 in folders of 0700:
//
//	audit/audit.jsonl               the records, the newest last
//	audit/audit-000000000001.jsonl  older records, named after the first they hold
//	audit.head                      the head: how far the log goes; also the lock
//
// A record is one line. Its hash is the lower-case hex SHA-256 of the 64 characters of
// its prev, followed by the line without its hash member and line feed; prev is the hash
// of the record before, or 64 zeros. So a shell can check a line:
//
//	body=${line%,\"hash\":*}; body="$body}"
//	printf '%s%s' "$prev" "$body" | sha256sum
//
// Lines hold nothing but printable ASCII; everything else is a JSON escape, so that a log
// can be shown on a terminal. Lines are at most 16 KiB long.
//
// # The head
//
// A chain proves that nothing within it was changed, but not that it was not cut. What
// transparency logs solve with signed checkpoints, a second file does here: the head names
// the last record, its hash and the size of the file. Writing a record takes three steps
// under one lock: the head announces the record with its hash; the line is written; the
// head confirms it. A line that was never announced is a forgery; an announced line that
// is missing or torn is a crash, which the next Append mends and records. What was
// confirmed and is gone was cut. The head has two checksummed slots that are written in
// turn, so that no crash leaves it without a valid one.
//
// When Append finds that the log was changed behind cleat's back, it does not stop and
// does not mend: it writes a record that says so (MethodBreak), chained to what the head
// knows, and goes on. Verify names it ever after.
//
// The head is no secret and holds no signature. Who may write both files can forge both;
// only a process that was running then notices. To be safe against that, note
// Report.Checkpoint elsewhere. After a loss of power, records that were not synced may be
// missing; this cannot be told from a cut, and is reported as one.
//
// # Safety of the files
//
// Links of both kinds, FIFOs, devices and files or folders of other users are refused, not
// followed; the folders are pinned handles. What is ours but open to others is tightened,
// with a warning. Where the system is Windows, access is left to the folder's ACL.
package audit

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"cleat/internal/fail"
)

// DefaultRotate is the size in bytes beyond which a log file is set aside.
const DefaultRotate = 64 << 20

// defaultWait is how long Append waits for another process.
const defaultWait = 5 * time.Second

// Options says where a log is and how it is kept.
type Options struct {
	Dir      string                   // the state folder, absolute; made when the first record is written
	Rotate   int64                    // bytes; 0 means DefaultRotate
	Required bool                     // only kept for the caller, see Log.Required
	Wait     time.Duration            // longest wait for another process's lock; 0 means 5 s
	Now      func() time.Time         // nil means time.Now
	Log      *slog.Logger             // nil means silent
	Redact   func(text []byte) []byte // last net, applied to every text that a caller gives but the session; may be nil
}

// A Log appends to the audit log of one state folder. It is safe for concurrent use, and
// any number of processes may have one for the same folder.
type Log struct {
	opt Options

	// turn holds a token while one call works on the files; everything in files is
	// guarded by it. A channel, because waiting for it must be able to end.
	turn  chan struct{}
	files files

	mu     sync.Mutex // guards health
	health Health
}

// Health is what a Log can say about itself.
type Health struct {
	Seq     uint64 // the last record that this process wrote or saw, 0 before the first
	Written uint64 // records that this process wrote
	Failed  uint64 // records that this process could not write
	Broken  string // what was found changed behind cleat's back, or ""
	Err     error  // why the last Append failed, nil if it did not
}

// Open returns the log of a state folder. It touches no file: the first Append does.
// It fails with fail.Invalid when the options make no sense.
func Open(opt Options) (*Log, error) {
	if !filepath.IsAbs(opt.Dir) {
		return nil, fail.Errorf(fail.Invalid, "the audit log needs an absolute folder, not %q", opt.Dir)
	}
	if opt.Rotate < 0 || opt.Wait < 0 {
		return nil, fail.Errorf(fail.Invalid, "the audit log's rotate size and wait must not be negative")
	}
	if opt.Rotate == 0 {
		opt.Rotate = DefaultRotate
	}
	if opt.Wait == 0 {
		opt.Wait = defaultWait
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	dir := filepath.Clean(opt.Dir)
	return &Log{
		opt:   opt,
		turn:  make(chan struct{}, 1),
		files: files{dir: dir, path: filepath.Join(dir, folder, current), log: opt.Log},
	}, nil
}

// Required reports whether a call must not go on when its record cannot be written.
func (l *Log) Required() bool { return l.opt.Required }

// Append writes rec as the next record and returns its number. Seq, Prev and Hash of rec
// are ignored; an empty ID and a zero Time are filled in. A record with a phase, which is
// to say one of a write, is on the disk when Append returns without error; of others the
// operating system knows, so that they outlive the process but not a loss of power.
//
// ctx bounds only the time that Append waits for others. The record of a canceled call
// needs a context of its own (context.WithoutCancel).
//
// Append fails with fail.Busy when another process holds the lock for too long or there
// are no descriptors left, and with fail.Unavailable when the files cannot be written.
// Then the record does not count; at worst, after an error in the last of the three steps,
// it is in the log nonetheless.
func (l *Log) Append(ctx context.Context, rec Record) (uint64, error) {
	rec = l.prepare(rec)
	body := rec.body()
	select {
	case l.turn <- struct{}{}:
	default:
		select {
		case l.turn <- struct{}{}:
		case <-ctx.Done():
			err := fail.Errorf(fail.Busy, "too many calls wait for the audit log: %w", context.Cause(ctx)).After(time.Second)
			l.note(place{}, err)
			return 0, err
		}
	}
	defer func() { <-l.turn }()

	// A folder that vanishes between the checks and the write is made anew, a few times.
	err := error(errMoved)
	var at place
	for try := 0; try < 3 && errors.Is(err, errMoved); try++ {
		at, err = l.append(ctx, body, rec.Phase != "")
	}
	if errors.Is(err, errMoved) {
		err = fail.Errorf(fail.Unavailable, "the audit log in %s is replaced while it is written", l.files.dir).
			Then("ask the user to find out what removes or replaces %s", filepath.Join(l.files.dir, folder))
	}
	l.note(at, err)
	if err != nil {
		return 0, err
	}
	return at.Seq, nil
}

// note keeps the outcome of an Append for Health.
func (l *Log) note(at place, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.health.Err = err
	if err != nil {
		l.health.Failed++
		return
	}
	l.health.Written++
	l.health.Seq = at.Seq
}

// Health returns what the log can say about itself.
func (l *Log) Health() Health {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.health
}

// Close closes the files after the Append that is at work. Appends after that open them again.
func (l *Log) Close() error {
	l.turn <- struct{}{}
	defer func() { <-l.turn }()
	return l.files.close()
}
