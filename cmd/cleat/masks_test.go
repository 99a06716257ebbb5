package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// runID is the id of a run of this machine.
var runID = regexp.MustCompile(`\b\d{6}-\d{6}-[a-z2-7]{5}\b`)

// ticketKey is the key of a ticket of this machine.
var ticketKey = regexp.MustCompile(`\bct-[0-9a-z]{4,}\b`)

// exampleKey is the one that errors show.
const exampleKey = "ct-7x2k"

// What differs from run to run, and what stands for it.
var masks = []struct {
	what *regexp.Regexp
	by   string
}{
	{regexp.MustCompile(`untrusted [a-zA-Z0-9]{8}\b`), "untrusted $$NONCE"},
	{regexp.MustCompile(`took [0-9.]+[mµn]?s\b`), "took $$TOOK"},
	{runID, "$$RUN"},
	{regexp.MustCompile(`(  |, )\d+ (ms|s|min|h|days)( ago)?\b`), "$1$$AGO"},
	{regexp.MustCompile(`"took": \d+`), `"took": "$$TOOK"`},
	{regexp.MustCompile(`spill://[A-Z2-7]{20,}`), "spill://$$ID"},
	{regexp.MustCompile(`session: [0-9a-f]{12}`), "session: $$SESSION"},
	{regexp.MustCompile(`cursor: [\w.-]{12,}`), "cursor: $$CURSOR"},
	{regexp.MustCompile(`\[redacted:([a-z0-9-]+):[0-9a-f]{6}\]`), "[redacted:$1:$$HASH]"},
	{regexp.MustCompile(`\[masked:[0-9a-f]{12}\]`), "[masked:$$HASH]"},
	{regexp.MustCompile(`\bt\d+_app\b`), "app"}, // a role of MariaDB, which are not apart as databases are
	{regexp.MustCompile(`'t\d+\.`), "'shop."},   // a database of MariaDB
	{regexp.MustCompile(`(request|began) at \d{4}-\d\d-\d\dT[0-9:]{8}Z`), "$1 at $$TIME"},
	{regexp.MustCompile(`\b(\d{4}-\d\d-\d\d )?\d\d:\d\dZ`), "$$TIME"},
	{regexp.MustCompile(`"lastModified": "[^"]*"`), `"lastModified": "$$TIME"`},
}

func (w *world) mask(s string) string {
	if id := runID.FindString(s); id != "" {
		w.lastRun = id
	}
	s = ticketKey.ReplaceAllStringFunc(s, func(key string) string {
		if key == exampleKey {
			return key
		}
		i := slices.Index(w.tickets, key)
		if i < 0 {
			i = len(w.tickets)
			w.tickets = append(w.tickets, key)
		}
		return fmt.Sprintf("$T%d", i+1)
	})
	s = strings.NewReplacer(w.dir, "$DIR", w.home, "$HOME", programVersion(), "$VERSION").Replace(s)
	if w.fake != "" {
		s = strings.ReplaceAll(s, w.fake, "$FAKE")
	}
	for _, m := range masks {
		s = m.what.ReplaceAllString(s, m.by)
	}
	return s
}
