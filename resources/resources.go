// Package resources links every resource template into the binary that imports it.
package resources

import (
	_ "cleat/resources/diff"   // diff://
	_ "cleat/resources/json"   // json://
	_ "cleat/resources/query"  // query://
	_ "cleat/resources/repo"   // repo://
	_ "cleat/resources/row"    // row://
	_ "cleat/resources/run"    // run://
	_ "cleat/resources/self"   // cleat://
	_ "cleat/resources/spill"  // spill://
	_ "cleat/resources/table"  // table://
	_ "cleat/resources/text"   // text://
	_ "cleat/resources/ticket" // ticket://
)
