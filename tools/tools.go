// Package tools links every tool into the binary that imports it.
package tools

import (
	_ "cleat/tools/ci/failures"   // ci_failures
	_ "cleat/tools/ci/logs"       // ci_logs
	_ "cleat/tools/ci/run"        // ci_run
	_ "cleat/tools/ci/runs"       // ci_runs
	_ "cleat/tools/code/history"  // code_history
	_ "cleat/tools/code/search"   // code_search
	_ "cleat/tools/db/query"      // db_query
	_ "cleat/tools/db/schema"     // db_schema
	_ "cleat/tools/db/write"      // db_write
	_ "cleat/tools/find"          // find
	_ "cleat/tools/read"          // read
	_ "cleat/tools/status"        // status
	_ "cleat/tools/ticket/read"   // ticket_read
	_ "cleat/tools/ticket/search" // ticket_search
	_ "cleat/tools/ticket/write"  // ticket_write
)
