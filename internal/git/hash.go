package git

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
)

// HashBlob returns the hash of the blob that data makes in this repository, in its object
// format, whether the repository has that blob or not. It runs nothing and reads no
// objects.
func (r *Repo) HashBlob(data []byte) Hash { return r.hashObject("blob", data) }

// emptyTree is the hash of the tree without entries, which git knows without having it.
func (r *Repo) emptyTree() Hash { return r.hashObject("tree", nil) }

func (r *Repo) hashObject(kind string, data []byte) Hash {
	var h hash.Hash
	if r.sha256() {
		h = sha256.New()
	} else {
		h = sha1.New() // what git calls objects by, and no protection of anything here
	}
	fmt.Fprintf(h, "%s %d\x00", kind, len(data)) // a hash never fails to write
	h.Write(data)
	return Hash(hex.EncodeToString(h.Sum(nil)))
}

// usesSHA256 reports whether objects are named by SHA-256. Git reads the format from the
// same file and follows no includes for it; a file that cannot be read has no format, and
// git says so at the first command.
func (r *Repo) usesSHA256() bool {
	entries, err := r.config()
	if err != nil {
		return false
	}
	format, _ := lastValue(entries, "extensions", "objectformat")
	return strings.EqualFold(format, "sha256")
}
