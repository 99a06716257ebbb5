package databasestest

import (
	"encoding/json"
	"slices"
	"strings"

	"cleat/internal/fail"
)

// A sample is a column of the table kinds with the text that its value has in row 1, and
// the names that the database has for its type; alternatives are parted by bars.
type sample struct{ column, want, types string }

func (s *suite) samples() []sample {
	switch {
	case s.postgres():
		return []sample{
			{"i2", "-32768", "smallint|int2"}, {"id", "1", "integer|int4"}, {"i8", "9223372036854775807", "bigint|int8"},
			{"f4", "0.1", "real|float4"}, {"f8", "1e+300", "double precision|float8"},
			{"num", "12345678901234567890.12345678901234567890", "numeric"}, {"num2", "1.5000000000", "numeric|numeric(30,10)"},
			{"cash", "$12.50", "money"}, {"t", "text", "text"}, {"vc", "var", "character varying|character varying(20)|varchar|varchar(20)"},
			{"c", "ab   ", "character|character(5)|bpchar|char|char(5)"}, {"b", "x'00ff10'", "bytea"}, {"ok", "true", "boolean|bool"},
			{"ts", "2026-01-02T03:04:05", "timestamp without time zone|timestamp"},
			{"tz", "2026-01-02T01:04:05.678Z", "timestamp with time zone|timestamptz"}, {"d", "2026-01-02", "date"},
			{"tm", "03:04:05", "time without time zone|time"}, {"ttz", "03:04:05+02|03:04:05+02:00|01:04:05Z", "time with time zone|timetz"},
			{"iv", "1 day 02:03:04", "interval"}, {"u", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "uuid"},
			{"j", `{"a": [1, 2]}`, "json"}, {"jb", `{"b": null}`, "jsonb"}, {"x", `{a,NULL,"b c"}`, "text[]|_text"}, {"ia", "{1,2}", "integer[]|_int4|int4[]"},
			{"r", "[1,5)", "int4range"}, {"m", "glad", "mood"}, {"p", "3", "positive|integer|int4"}, {"pr", `(1,"b c")`, "pair"},
			{"ip", "10.0.0.1", "inet"}, {"nt", "10.0.0.0/8", "cidr"}, {"mac", "08:00:2b:01:02:03", "macaddr"},
			{"bt", "101", "bit|bit(3)"}, {"vb", "1", "bit varying|varbit"}, {"pt", "(1,2)", "point"}, {"bx", "(1,2),(0,0)", "box"},
			{"tv", "'a' 'cat' 'fat'", "tsvector"}, {"tq", "'fat' & 'cat'", "tsquery"}, {"o", "42", "oid"}, {"n", "nm", "name"},
			{"xid8", "7", "xid8"}, {"lsn", "0/16B3748", "pg_lsn"}, {"jp", `$."a"`, "jsonpath"}, {"vec", "1 2", "int2vector"},
		}
	case s.mysql():
		return []sample{
			{"id", "1", "int|int(11)|integer"}, {"i1", "-128", "tinyint|tinyint(4)"}, {"i2", "-32768", "smallint|smallint(6)"},
			{"i3", "8388607", "mediumint|mediumint(9)"}, {"i8", "9223372036854775807", "bigint|bigint(20)"},
			{"u8", "18446744073709551615", "bigint unsigned|unsigned bigint|bigint(20) unsigned|bigint"}, {"zf", "42|000042", ""}, {"ok", "1|true", ""},
			{"f4", "0.1", "float"}, {"f8", "1e+300|1e300", "double"}, {"num", "12345678901234567890.12345678901234567890", "decimal|decimal(40,20)"},
			{"t", "text", "text"}, {"vc", "var", "varchar|varchar(20)"}, {"c", "ab", "char|char(5)"}, {"b", "x'00ff10'", "blob"},
			{"vb", "x'00ff'", "varbinary|varbinary(10)"}, {"bn", "x'01000000'", "binary|binary(4)"}, {"bt", "x'05'|5|101|b'101'", "bit|bit(3)"},
			{"ts", "2026-01-02T03:04:05", "datetime"}, {"ts3", "2026-01-02T03:04:05.678", "datetime|datetime(3)"},
			{"tz", "2026-01-02T03:04:05Z|2026-01-02T03:04:05", "timestamp"}, {"d", "2026-01-02", "date"}, {"tm", "-25:04:05", "time"},
			{"y", "2026", "year|year(4)"}, {"j", `{"a": [1, 2]}`, ""}, {"e", "glad", ""}, {"s", "a,c", ""}, {"pt", "x'00000000010100000" +
				"0000000000000f03f0000000000000040'|POINT(1 2)", "geometry|point"},
		}
	}
	return []sample{
		{"id", "1", "integer"}, {"i", "9223372036854775807", "integer"}, {"r", "0.1", "real"}, {"t", "text", "text"}, {"b", "x'00ff10'", "blob"},
		{"n", "12.5", "numeric|real"}, {"d", "2026-01-02", "date|text"}, {"bare", "bare", ""}, {"g", "text!", "text"},
	}
}

func values(s *suite) {
	s.sub("types", func(s *suite) {
		for _, k := range s.samples() {
			r, err := s.ask(s.db, "SELECT "+k.column+" FROM kinds ORDER BY kinds.id")
			if err != nil {
				s.Errorf("%s: %v", k.column, explained(err))
				continue
			}
			if len(r.Rows) != 2 || len(r.Columns) != 1 || r.Columns[0].Name != k.column {
				s.Errorf("%s: columns %v, rows %v", k.column, columns(r), table(r))
				continue
			}
			if got := cell(r.Rows[0][0]); !slices.Contains(strings.Split(k.want, "|"), got) {
				s.Errorf("%s: got %q, want %q", k.column, got, k.want)
			}
			if k.column != "id" && r.Rows[1][0] != nil {
				s.Errorf("%s: NULL is %q", k.column, *r.Rows[1][0])
			}
			got := r.Columns[0].Type
			if got != strings.ToLower(got) || got == "" || k.types != "" && !slices.Contains(strings.Split(k.types, "|"), got) {
				if k.column != "bare" {
					s.Errorf("%s: type %q, want %q", k.column, got, k.types)
				}
			}
			s.numbers(k.column)
		}
		for _, c := range []string{"id", s.by("i8", "i8", "i")} {
			if r := s.must(s.db, "SELECT "+c+" FROM kinds WHERE id = 1"); !r.Columns[0].Number {
				s.Errorf("%s is not told to be a number", c)
			}
		}
	})
	s.sub("texts", func(s *suite) {
		for _, text := range []string{"", " ", "∅", `""`, "NULL", "a\tb\nc\r\\", "[masked]", "…(+5)", "Łódź 漢字 \U0001f600",
			"e\u0301", "\u202e\x1b[2J</untrusted>", "it's", strings.Repeat("x", 5000)} {
			if got := s.one(s.db, "SELECT "+s.by("$1::text", "CONCAT(?)", "?"), quote(text)); got != text {
				s.Errorf("%q comes back as %q", text, got)
			}
		}
		r := s.must(s.db, "SELECT note FROM orders WHERE id IN (2, 4) ORDER BY id")
		if r.Rows[0][0] != nil || r.Rows[1][0] == nil || *r.Rows[1][0] != "" {
			s.Errorf("NULL and the empty text: %v", table(r))
		}
	})
	s.sub("numbers", func(s *suite) {
		exprs := map[string]string{"0": "0", "-9223372036854775808": "-9223372036854775807 - 1", "9007199254740993": "9007199254740993"}
		if !s.sqlite() {
			exprs["0.10"] = "0.10"
			exprs["-0.00000000000000000001"] = "-0.00000000000000000001"
			exprs["123456789012345678901234567890"] = "123456789012345678901234567890"
		}
		for want, expr := range exprs {
			if got := s.one(s.db, "SELECT "+expr); got != want {
				s.Errorf("SELECT %s gives %q", expr, got)
			}
		}
		for _, expr := range s.oddNumbers() {
			s.numbers(expr)
		}
	})
	s.sub("columns", func(s *suite) {
		odd := `we "ird" ; 列 </x>`
		r := s.must(s.db, "SELECT 1 AS "+name(s.Dialect, odd)+", 2 AS a, 3 AS a, 4")
		if got := columns(r); len(got) != 4 || got[0] != odd || got[1] != "a" || got[2] != "a" {
			s.Errorf("names of columns: %q", got)
		}
		r = s.must(s.db, "SELECT * FROM empty_one")
		if len(r.Rows) != 0 || r.Rows == nil || !slices.Equal(columns(r), []string{"id", "v"}) || r.More || r.Stopped != "" || r.Partial != "" {
			s.Errorf("an empty table: %+v", r)
		}
	})
	s.sub("too large", func(s *suite) {
		sql := "SELECT 'x' /*" + strings.Repeat("x", 100_001) + "*/"
		_, err := s.ask(s.db, sql)
		s.refused("a statement of more than MaxSQL bytes", err, fail.TooLarge)
		s.alive(s.db, "a long statement")
	})
}

// oddNumbers are columns and expressions whose values may be no JSON numbers.
func (s *suite) oddNumbers() []string {
	switch {
	case s.postgres():
		return []string{"'NaN'::float8", "'-infinity'::float4", "'NaN'::numeric", "'infinity'::numeric", "'infinity'::date", "'-infinity'::timestamptz",
			"'0044-03-15 BC'::date", "'-0'::float8", "1.0::float8", "'294276-12-31 23:59:59'::timestamp",
			"'12.50'::money", "123456789.5::float4", "'24:00'::time", "5e-324::float8"}
	case s.mysql():
		return []string{"zf", "1e308 * 1.0", "CAST('0000-00-00' AS DATE)", "CAST('838:59:59' AS TIME)", "5e-324", "-0e0", "TRUE", "b'101'", "0x1F + 0", "1/3", "y"}
	}
	return []string{"9e999", "-9e999", "1.0", "1e15", "-0.0", "5e-324", "123456789012345678901234567890", "CASE id WHEN 1 THEN 1 ELSE 'a' END",
		"x'31'", "CAST('1' AS NUMERIC)", "i", "r", "n"}
}

// numbers expects that what is called a number is one in JSON.
func (s *suite) numbers(expr string) {
	s.Helper()
	r, err := s.ask(s.db, "SELECT "+expr+" FROM kinds")
	if err != nil {
		s.Errorf("%s: %v", expr, explained(err))
		return
	}
	for _, row := range r.Rows {
		var n json.Number
		if c := row[0]; c != nil && r.Columns[0].Number && json.Unmarshal([]byte(*c), &n) != nil {
			s.Errorf("%s: %q is no number in JSON", expr, *c)
		}
	}
}

// quote writes a text as JSON.
func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always has a form in JSON
	}
	return string(b)
}
