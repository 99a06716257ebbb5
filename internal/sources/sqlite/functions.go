package sqlite

import (
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
)

// harmless are the functions that compute from their arguments, or from the rows that are
// read anyway, sorted. Left out are those that reach files or memory, and a few whose time
// grows with the square of a long value, in which nothing can stop them: jsonb_patch,
// geopoly_overlap and geopoly_within, which a configuration can name.
func harmless(name string) bool {
	_, ok := slices.BinarySearch([]string{
		"->", "->>", "abs", "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "avg", "bm25", "ceil", "ceiling", "changes",
		"char", "coalesce", "concat", "concat_ws", "cos", "cosh", "count", "cume_dist", "current_date", "current_time",
		"current_timestamp", "date", "datetime", "degrees", "dense_rank", "exp", "first_value", "floor", "format",
		"geopoly_area", "geopoly_bbox", "geopoly_blob", "geopoly_ccw", "geopoly_contains_point", "geopoly_group_bbox",
		"geopoly_json", "geopoly_regular", "geopoly_svg", "geopoly_xform", "glob", "group_concat", "hex", "highlight", "if",
		"ifnull", "iif", "instr", "json", "json_array", "json_array_insert", "json_array_length", "json_error_position",
		"json_extract", "json_group_array", "json_group_object", "json_insert", "json_object", "json_patch", "json_pretty", "json_quote",
		"json_remove", "json_replace", "json_set", "json_type", "json_valid", "jsonb", "jsonb_array", "jsonb_array_insert",
		"jsonb_extract", "jsonb_group_array", "jsonb_group_object", "jsonb_insert", "jsonb_object", "jsonb_remove",
		"jsonb_replace", "jsonb_set", "julianday", "lag", "last_insert_rowid", "last_value", "lead", "length", "like",
		"likelihood", "likely", "ln", "log", "log10", "log2", "lower", "ltrim", "match", "max", "median", "min", "mod",
		"nth_value", "ntile", "nullif", "octet_length", "percent_rank", "percentile", "percentile_cont", "percentile_disc",
		"pi", "pow", "power", "printf", "quote", "radians", "random", "randomblob", "rank", "replace", "round",
		"row_number", "rtrim", "sign", "sin", "sinh", "snippet", "soundex", "sqlite_compileoption_get",
		"sqlite_compileoption_used", "sqlite_source_id", "sqlite_version", "sqrt", "strftime", "string_agg", "substr",
		"substring", "subtype", "sum", "tan", "tanh", "time", "timediff", "total", "total_changes", "trim", "trunc",
		"typeof", "unhex", "unicode", "unistr", "unistr_quote", "unixepoch", "unlikely", "upper", "zeroblob",
	}, name)
	return ok
}

// never are functions that no configuration opens.
func never(name string) bool {
	return slices.Contains([]string{"load_extension", "readfile", "writefile", "edit", "eval", "fts3_tokenizer", "lsmode", "readlink",
		"sqlite_log", "sqlite_dbpage", "sqlar_compress", "sqlar_uncompress", "fsdir", "shell_putsnl", "sqlite_rename_column"}, name) ||
		strings.HasPrefix(name, "sqlite_rename_") || strings.HasPrefix(name, "cleat")
}

func judgeFunction(rules *databases.Rules, name string) *fail.Error {
	name = fold(name)
	switch {
	case harmless(name):
		return nil
	case never(name):
		return fail.Errorf(fail.Denied, "the function %s is not open: it reaches beyond the database", name)
	case rules.AllowsFunction("main", name):
		return nil
	}
	return fail.Errorf(fail.Denied, "the function %s is not among those known to be harmless", name).
		Then("ask the user; functions = [%q] in the source's configuration opens it", name)
}
