package document

import "strings"

// nearest returns the name in keys that is spelt most like name.
func nearest(name string, keys []string) string {
	best, least := "", 1<<30
	for _, k := range keys {
		d := distance(strings.ToLower(name), strings.ToLower(k))
		if d < least {
			best, least = k, d
		}
	}
	return best
}

// distance returns how many letters have to change to make b of a. Only the first 64
// bytes of each count.
func distance(a, b string) int {
	a, b = a[:min(len(a), 64)], b[:min(len(b), 64)]
	var rows [2][65]int
	for j := range len(b) + 1 {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		last, row := &rows[(i-1)%2], &rows[i%2]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
		}
	}
	return rows[len(a)%2][len(b)]
}
