package local

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"cleat/internal/systems/ci"
)

// A record is what is kept of a run. Its supervisor writes it, and nobody else.
type record struct {
	ID       string    `json:"id"`
	Task     string    `json:"task"` // as it is found again
	Args     []string  `json:"args,omitempty"`
	Argv     []string  `json:"argv"`
	Dir      string    `json:"dir,omitempty"` // below the root
	Status   ci.Status `json:"status"`
	Reason   string    `json:"reason,omitempty"`
	Exit     *int      `json:"exit,omitempty"`
	Branch   string    `json:"branch,omitempty"`
	Commit   string    `json:"commit,omitempty"`
	Notes    []string  `json:"notes,omitempty"`
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished,omitzero"`
}

// Names in the state folder.
const (
	runsFolder  = "runs"
	locksFolder = "runs/locks" // one file for each task and folder that ran, and one for each place
	recordName  = "run.json"
	lockName    = "lock"
	cancelName  = "cancel"
	maxRecord   = 1 << 20 // bytes
)

// newID returns an id that sorts by time.
func newID(now time.Time) string {
	return now.UTC().Format("060102-150405") + "-" + strings.ToLower(rand.Text()[:5])
}

// isID reports whether newID may have made id.
func isID(id string) bool {
	const like = "000000-000000-aaaaa"
	if len(id) != len(like) {
		return false
	}
	for i := range len(id) {
		c := id[i]
		switch like[i] {
		case '0':
			if c < '0' || c > '9' {
				return false
			}
		case '-':
			if c != '-' {
				return false
			}
		default:
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
				return false
			}
		}
	}
	return true
}

// readRecord reads the record of the run whose folder dir is.
func readRecord(dir *os.Root) (record, error) {
	f, err := dir.OpenFile(recordName, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return record{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxRecord))
	if err != nil {
		return record{}, err
	}
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return record{}, fmt.Errorf("the record of a run is damaged: %w", err)
	}
	return r, nil
}

// write replaces the record as a whole.
func (r record) write(dir *os.Root) error {
	data, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encoding the record of a run: %w", err)
	}
	const temp = recordName + ".new" // there is one writer
	f, err := dir.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return dir.Rename(temp, recordName)
}

// settled returns the record as it is true now: a run that is said to run, though nobody
// holds its lock, was interrupted together with its supervisor.
func settled(dir *os.Root) (record, error) {
	r, err := readRecord(dir)
	if err != nil || r.Status.Ended() {
		return r, err
	}
	alive, err := isHeld(dir, lockName)
	if err != nil || alive {
		return r, err
	}
	// It may have ended between the two looks.
	r, err = readRecord(dir)
	if err != nil || r.Status.Ended() {
		return r, err
	}
	r.Status, r.Reason = ci.Interrupted, "what ran it was ended before the task was"
	return r, nil
}

// openRun opens the folder of a run.
func openRun(state *os.Root, id string) (*os.Root, error) {
	if !isID(id) {
		return nil, fs.ErrNotExist
	}
	name := runsFolder + "/" + id
	info, err := state.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fs.ErrNotExist
	}
	return state.OpenRoot(name)
}

// runIDs lists the runs that have a folder, in no order.
func runIDs(state *os.Root) ([]string, error) {
	d, err := state.Open(runsFolder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	ids := names[:0]
	for _, name := range names {
		if isID(name) {
			ids = append(ids, name)
		}
	}
	return ids, nil
}
