// Package policy decides which calls are allowed.
//
// Rules come in layers: managed, user, project, and the --read-only flag. A rule
// is a glob over names of capabilities, with conditions in parentheses:
//
//	db_*
//	ticket_write(source=gh, op=comment)
//	ci_run(task="lint, fast")
//
// The decision has four steps, and each can only refuse:
//
//  1. A deny rule of any layer that matches refuses. Nothing overrides it.
//  2. A read is allowed.
//  3. A layer with read_only = true refuses a write that none of its own allow
//     rules matches. All layers must agree.
//  4. A write on a remote source, and every destructive call, needs an allow rule
//     in the managed or the user layer. A project's allow rules never grant; they
//     make exceptions to the project's own read_only.
//
// What is not declared is a write: the zero Access says so. A nil *Policy refuses
// everything, so that a configuration that could not be read is closed.
package policy
