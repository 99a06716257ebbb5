// Package prompts links every prompt into the binary that imports it.
package prompts

import (
	_ "cleat/prompts/onboard" // onboard
)
