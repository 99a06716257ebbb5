package audit

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A slot comes back as it was written, even with the largest numbers, and no byte of it
// can change without being noticed.
func TestSlot(t *testing.T) {
	for _, h := range []head{
		{Gen: 1, place: place{Hash: genesis, First: 1}},
		{Gen: math.MaxUint64, place: place{math.MaxUint64, genesis, math.MaxUint64, math.MaxInt64}, Next: genesis, Len: maxLine},
	} {
		slot, err := h.slot()
		if err != nil || len(slot) != slotSize {
			t.Fatalf("slot of %d bytes, %v", len(slot), err)
		}
		got, ok := parseSlot(slot)
		if diff := cmp.Diff(h, got, cmp.AllowUnexported(head{})); !ok || diff != "" {
			t.Errorf("parseSlot = %t (-want +got):\n%s", ok, diff)
		}
		for i, c := range slot {
			if c == ' ' || c == '\n' {
				continue
			}
			slot[i] = c ^ 1
			if got, ok := parseSlot(slot); ok {
				t.Errorf("with byte %d changed from %c to %c: %+v", i, c, slot[i], got)
			}
			slot[i] = c
		}
	}
}
