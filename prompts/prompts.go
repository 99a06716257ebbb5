// Package prompts links every prompt into the binary that imports it.
package prompts

import (
	_ "cleat/prompts/explore/db" // explore_db
	_ "cleat/prompts/fix/ci"     // fix_ci
	_ "cleat/prompts/fix/ticket" // fix_ticket
	_ "cleat/prompts/onboard"    // onboard
)
