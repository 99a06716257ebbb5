package mysql

import (
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/sqltext"
	"cleat/internal/systems/databases"
)

// A statement is one that was accepted by what it is.
type statement struct {
	body    string // without comments and without what is behind it
	verb    string
	tokens  []sqltext.Token
	limited bool // it says itself how many rows it wants
	show    bool // it is a SHOW or DESCRIBE
	plain   bool // it tells nothing of tables: allowed with masks and lists too
}

func (st statement) at(i int) sqltext.Token {
	if i < 0 || i >= len(st.tokens) {
		return sqltext.Token{Kind: sqltext.Op}
	}
	return st.tokens[i]
}

// word reports whether token i is one of the words, as a keyword.
func (st statement) word(i int, words ...string) bool {
	t := st.at(i)
	return t.Kind == sqltext.Word && slices.Contains(words, t.Text) && !st.op(i-1, ".", "@", "@@")
}

// op reports whether token i is one of the marks.
func (st statement) op(i int, marks ...string) bool {
	t := st.at(i)
	return t.Kind == sqltext.Op && slices.Contains(marks, t.Text)
}

// name reports whether token i can be the name of something.
func (st statement) name(i int) bool {
	k := st.at(i).Kind
	return k == sqltext.Word || k == sqltext.Quoted
}

// parse takes a statement apart, whatever it does. It fails with fail.Invalid for none, or
// more than one.
func parse(sql string) (statement, error) {
	if len(sql) > databases.MaxSQL {
		return statement{}, fail.Errorf(fail.TooLarge, "the statement has %d bytes, the limit is %d", len(sql), databases.MaxSQL)
	}
	body, err := sqltext.Single(sqltext.MySQL, sql)
	if err != nil {
		return statement{}, err
	}
	st := statement{body: body}
	if st.verb, err = sqltext.Verb(sqltext.MySQL, body); err != nil {
		return statement{}, err
	}
	if st.tokens, err = sqltext.Tokens(sqltext.MySQL, body); err != nil {
		return statement{}, err
	}
	for i, t := range st.tokens {
		switch {
		case t.Kind == sqltext.Executable || t.Kind == sqltext.Comment || t.Kind == sqltext.Hint:
			return statement{}, fail.Errorf(fail.Denied, "the statement has a comment that the server could run").Then("leave the comment out")
		case st.word(i, "limit", "fetch"):
			st.limited = true
		}
	}
	return st, nil
}

// accept takes a statement that only reads. It fails with fail.Denied for any other.
func accept(sql string) (statement, error) {
	st, err := parse(sql)
	if err != nil {
		return st, err
	}
	switch st.verb {
	case "SELECT", "WITH", "VALUES", "TABLE":
		class, err := sqltext.Class(sqltext.MySQL, st.body)
		if err != nil {
			return st, err
		}
		if class == "other" {
			return st, fail.Errorf(fail.Invalid, "what this statement does cannot be told").Because("behind WITH a SELECT has to follow")
		}
		if class != "read" {
			return st, fail.Errorf(fail.Denied, "the statement does not only read").Then("use db_write, where it is allowed")
		}
	case "SHOW", "DESCRIBE", "DESC":
		st.show = true
		if st.plain, err = show(st); err != nil {
			return st, err
		}
	case "EXPLAIN", "ANALYZE":
		return st, fail.Errorf(fail.Denied, "%s is not a statement to run here", st.verb).Then("pass the statement itself with explain=true")
	default:
		return st, fail.Errorf(fail.Denied, "%s is not accepted: statements that read begin with SELECT, WITH, VALUES or TABLE", verb(st.verb)).
			Then("use db_write for a statement that changes data, where it is allowed")
	}
	for i := range st.tokens {
		if err := effect(st, i); err != nil {
			return st, err
		}
	}
	return st, calls(st, nil)
}

// verb shows the first word of a statement, which may be anything.
func verb(s string) string {
	if s == "" || len(s) > 30 {
		return "this statement"
	}
	return s
}

// effect refuses a token by which a statement that reads does more than read.
func effect(st statement, i int) error {
	deny := func(what, why string) error {
		return fail.Errorf(fail.Denied, "%s is not accepted in a statement that reads", what).Because("%s", why)
	}
	switch {
	case st.word(i, "into", "outfile", "dumpfile"):
		return deny("INTO", "it writes to a file of the server or to a variable")
	case st.word(i, "procedure") && !st.show:
		return deny("PROCEDURE", "it runs code on the rows")
	case st.word(i, "for") && st.word(i+1, "update", "share"):
		return deny("FOR "+strings.ToUpper(st.at(i+1).Text), "it locks rows")
	case st.word(i, "lock") && st.word(i+1, "in"):
		return deny("LOCK IN SHARE MODE", "it locks rows")
	case st.op(i-1, ".") && st.named(i, "nextval", "currval", "lastval"):
		return deny(strings.ToUpper(st.at(i).Text), "sequences move outside of transactions")
	case st.word(i, "next", "previous") && st.word(i+1, "value") && st.word(i+2, "for"):
		return deny(strings.ToUpper(st.at(i).Text)+" VALUE FOR", "sequences move outside of transactions")
	}
	return nil
}

// show judges a SHOW or DESCRIBE. plain tells that it says nothing of tables and rows.
func show(st statement) (plain bool, err error) {
	if st.verb != "SHOW" {
		// DESCRIBE table [column]; before a statement it would be EXPLAIN.
		n := len(st.tokens)
		if st.op(2, ".") {
			n -= 2
		}
		if n < 2 || n > 3 || !st.name(1) || st.word(1, "select", "with", "values", "table", "insert", "update", "delete", "replace", "analyze", "extended", "format") {
			return false, fail.Errorf(fail.Denied, "%s is accepted with the name of a table alone", st.verb).Then("pass a statement with explain=true for its plan")
		}
		return false, nil
	}
	i := 1
	for st.word(i, "full", "global", "session", "local", "extended") {
		i++
	}
	for k := i; k < len(st.tokens); k++ {
		// The condition of a SHOW may hold queries of its own.
		if st.word(k, "select", "table", "values", "with") && !(k == i+1 && st.word(i, "create")) && !(k == i && st.word(k, "table")) {
			return false, fail.Errorf(fail.Denied, "SHOW is accepted without another statement inside").Then("use db_schema, or information_schema")
		}
	}
	switch {
	case st.word(i, "variables", "status", "warnings", "errors", "engines", "collation", "charset", "character"):
		return true, nil
	case st.word(i, "tables", "columns", "fields", "index", "indexes", "keys", "databases", "schemas", "triggers"),
		st.word(i, "table") && st.word(i+1, "status"),
		st.word(i, "create") && st.word(i+1, "table", "view", "database", "schema", "trigger", "sequence"):
		return false, nil
	}
	return false, fail.Errorf(fail.Denied, "this form of SHOW is not accepted").
		Because("accepted are SHOW VARIABLES, STATUS, WARNINGS, ENGINES, TABLES, COLUMNS, INDEX, DATABASES and CREATE TABLE or VIEW").
		Then("use db_schema, or information_schema")
}

// A call is a name before an opening parenthesis that is not the name of a query or of a
// table with columns.
type call struct{ schema, name string }

// called returns what looks like a call of a function.
func called(st statement) []call {
	var out []call
	for i := range st.tokens {
		if !st.name(i) || !st.op(i+1, "(") {
			continue
		}
		c := call{name: strings.ToLower(st.at(i).Text)}
		if st.op(i-1, ".") && st.name(i-2) {
			c.schema = st.at(i - 2).Text
		}
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// reaching reports whether a function reaches out of the transaction, and how.
func reaching(name string) (why string) {
	switch name {
	case "load_file":
		return "it reads files of the server"
	case "get_lock", "release_lock", "release_all_locks":
		return "it takes or gives up locks"
	case "nextval", "setval", "lastval":
		return "sequences move outside of transactions"
	case "master_pos_wait", "master_gtid_wait", "source_pos_wait", "wait_for_executed_gtid_set", "wait_until_sql_thread_after_gtids":
		return "it waits for replication"
	case "asynchronous_connection_failover_add_source", "asynchronous_connection_failover_delete_source",
		"asynchronous_connection_failover_add_managed", "asynchronous_connection_failover_delete_managed", "asynchronous_connection_failover_reset",
		"group_replication_set_as_primary", "group_replication_switch_to_multi_primary_mode", "group_replication_switch_to_single_primary_mode",
		"group_replication_set_write_concurrency", "group_replication_set_communication_protocol",
		"keyring_key_fetch", "keyring_key_store", "keyring_key_remove", "keyring_key_generate",
		"audit_log_read", "audit_log_filter_set_filter", "audit_log_filter_remove_filter", "audit_log_filter_flush", "audit_log_rotate",
		"audit_log_encryption_password_get", "audit_log_encryption_password_set",
		"version_tokens_set", "version_tokens_edit", "version_tokens_delete", "version_tokens_lock_exclusive", "version_tokens_lock_shared",
		"service_get_read_locks", "service_get_write_locks", "service_release_locks", "spider_direct_sql", "spider_bg_direct_sql",
		"spider_copy_tables", "spider_flush_table_mon_cache", "wsrep_sync_wait_upto_gtid":
		return "it changes the server or reaches beyond it"
	}
	for _, prefix := range []string{"sys_exec", "sys_eval", "sys_get", "sys_set", "sys_bineval", "do_system", "lib_mysqludf", "http_get", "http_post",
		"http_put", "http_delete", "myfile_", "shell_", "fileio_", "preg_rlike_exec", "gman_", "memc_", "redis_"} {
		if strings.HasPrefix(name, prefix) {
			return "it is known as a function that runs programs or reaches beyond the server"
		}
	}
	return ""
}

// calls refuses functions that reach out of the transaction; but lists those that may.
func calls(st statement, but []string) error {
	for _, c := range called(st) {
		if why := reaching(c.name); why != "" && !slices.Contains(but, c.name) {
			return fail.Errorf(fail.Denied, "the function %s is not accepted", strings.ToUpper(c.name)).Because("%s", why)
		}
	}
	return nil
}
