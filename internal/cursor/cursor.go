// Package cursor makes the opaque values with which a caller asks for the following page:
// some fields, bound to the question that they belong to, and proof against typing errors.
// They are no secret and no proof of anything: whoever reads one checks what it says as if
// the caller had written it.
package cursor

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"hash/fnv"
	"strings"

	"cleat/internal/fail"
)

// Max is the length, in bytes, beyond which a cursor is refused unread.
const Max = 16 << 10

const version = 2 // of the form below

// Sum is the fingerprint of a question: of all that must not change between pages.
func Sum(parts ...string) uint64 {
	h := fnv.New64a()
	for _, s := range parts {
		h.Write(binary.AppendUvarint(nil, uint64(len(s))))
		h.Write([]byte(s))
	}
	return h.Sum64()
}

// Encode returns the cursor of the fields for the question that sum is of. It has letters,
// digits, "-" and "_" only.
func Encode(sum uint64, fields ...string) string {
	b := binary.LittleEndian.AppendUint64([]byte{version}, sum)
	for _, f := range fields {
		b = binary.AppendUvarint(b, uint64(len(f)))
		b = append(b, f...)
	}
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	return base64.RawURLEncoding.EncodeToString(b)
}

// Decode returns the fields of a cursor that Encode made for sum, which must be n. It fails
// with fail.Invalid for any other.
func Decode(s string, sum uint64, n int) ([]string, error) {
	broken := Stale("it is damaged, or of another version of cleat")
	if len(s) > Max {
		return nil, broken
	}
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimSpace(s))
	if err != nil || len(b) < 1+8+4 || b[0] != version {
		return nil, broken
	}
	end := len(b) - 4
	if binary.LittleEndian.Uint32(b[end:]) != crc32.ChecksumIEEE(b[:end]) {
		return nil, broken
	}
	if binary.LittleEndian.Uint64(b[1:]) != sum {
		return nil, Stale("it was given for other arguments")
	}
	var fields []string
	for b = b[9:end]; len(b) > 0; {
		size, k := binary.Uvarint(b)
		if k <= 0 || size > uint64(len(b)-k) {
			return nil, broken
		}
		fields = append(fields, string(b[k:k+int(size)]))
		b = b[k+int(size):]
	}
	if len(fields) != n {
		return nil, broken
	}
	return fields, nil
}

// Stale is the error for a cursor that is no good, with the reason.
func Stale(why string) error {
	return fail.Errorf(fail.Invalid, "the cursor is not good for this call").Because("%s", why).
		Then("repeat the call without a cursor")
}
