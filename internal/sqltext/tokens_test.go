package sqltext

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
)

// spell renders tokens for comparing: w is a word, q a quoted name, s a string, n a
// number, p a parameter, c a comment, x an executable one, h a hint; operators are bare.
func spell(tokens []Token) string {
	var out []string
	for _, t := range tokens {
		if t.Kind == Op {
			out = append(out, t.Text)
			continue
		}
		out = append(out, fmt.Sprintf("%c‹%s›", "wqsnp-cxh"[t.Kind], t.Text))
	}
	return strings.Join(out, " ")
}

// code of err, "" for nil.
func codeOf(err error) fail.Code {
	var e *fail.Error
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return "not a fail.Error"
	}
	return ""
}

func TestTokens(t *testing.T) {
	for _, c := range []struct {
		d         Dialect
		sql, want string // "" for an error
	}{
		// PostgreSQL
		{PostgreSQL, `SELECT "A""b", É`, `w‹select› q‹A"b› , w‹É›`},
		{PostgreSQL, `'it''s' 'a\'`, `s‹it's› s‹a\›`},
		{PostgreSQL, `'a' 'b'`, `s‹a› s‹b›`},
		{PostgreSQL, "'a'\n'b'", `s‹ab›`},
		{PostgreSQL, "'a' -- x\n 'b'", `s‹ab›`},
		{PostgreSQL, "'a' /* x */\n 'b'", `s‹a› c‹/* x */› s‹b›`},
		{PostgreSQL, `e'a\'b'`, `s‹a\'b›`},
		{PostgreSQL, "E'a'\n'\\';'", `s‹a\';›`},
		{PostgreSQL, "'a'\n'\\'", `s‹a\›`},
		{PostgreSQL, "E'\\'", ``},
		{PostgreSQL, `B'01' x'1f' N'n'`, `s‹01› s‹1f› s‹n›`},
		{PostgreSQL, `U&"pg\005fread_file"(1)`, `q‹pg_read_file› ( n‹1› )`},
		{PostgreSQL, `u&"pg!005fread" /* c */ UESCAPE '!' (`, `q‹pg_read› (`},
		{PostgreSQL, `U&'d\0061t\+000061' u`, `s‹data› w‹u›`},
		{PostgreSQL, `U&"\\" U&"\D83D\DE00"`, `q‹\› q‹😀›`},
		{PostgreSQL, `U&"\D83D"`, ``},
		{PostgreSQL, `U&"\00"`, ``},
		{PostgreSQL, `U&"\0000"`, ``},
		{PostgreSQL, `U&"a" UESCAPE 'ab'`, ``},
		{PostgreSQL, `U&"a" UESCAPE '+'`, ``},
		{PostgreSQL, `U & "a"`, `w‹u› & q‹a›`},
		{PostgreSQL, `$$it's; $x$ $$ $tag$ $$ $t$ $tag$`, `s‹it's; $x$ › s‹ $$ $t$ ›`},
		{PostgreSQL, `$é1$;$é1$`, `s‹;›`},
		{PostgreSQL, `$1a$ x $1a$`, ``},
		{PostgreSQL, `a$$b$$`, `w‹a$$b$$›`},
		{PostgreSQL, `$a-b$`, ``},
		{PostgreSQL, `$1+$22`, `p‹$1› + p‹$22›`},
		{PostgreSQL, `$1$x$;$x$`, ``},
		{PostgreSQL, `0xA$x$;$x$`, ``},
		{PostgreSQL, `1E'\''`, ``},
		{PostgreSQL, `1e5 1.5e-3 .5 1. 0x1F 1_000 1..2`, `n‹1e5› n‹1.5e-3› n‹.5› n‹1.› n‹0x1F› n‹1_000› n‹1› .. n‹2›`},
		{PostgreSQL, `a/* /* */ ; */b`, `w‹a› c‹/* /* */ ; */› w‹b›`},
		{PostgreSQL, `/*/ */*/ x`, `c‹/*/ */› */ w‹x›`},
		{PostgreSQL, `/*/*/ */ x`, ``},
		{PostgreSQL, `/* /* */`, ``},
		{PostgreSQL, "a--b\rc", `w‹a› c‹--b› w‹c›`},
		{PostgreSQL, "a--b\u2028c", `w‹a› c‹--b` + "\u2028" + `c›`},
		{PostgreSQL, `a+--b`, `w‹a› + c‹--b›`},
		{PostgreSQL, `a@/*b*/-1`, `w‹a› @ c‹/*b*/› - n‹1›`},
		{PostgreSQL, `a=-1 @-1 *-1`, `w‹a› = - n‹1› @- n‹1› * - n‹1›`},
		{PostgreSQL, `a#>>'{b}'::text # 1`, `w‹a› #>> s‹{b}› :: w‹text› # n‹1›`},
		{PostgreSQL, "a`b", "w‹a› ` w‹b›"},
		{PostgreSQL, `x[1:2]`, `w‹x› [ n‹1› : n‹2› ]`},
		{PostgreSQL, `f(a => 1, b := 2)`, `w‹f› ( w‹a› => n‹1› , w‹b› := n‹2› )`},
		{PostgreSQL, "\u00a0x", "w‹\u00a0x›"},
		{PostgreSQL, `'a`, ``},
		{PostgreSQL, `"a`, ``},
		{PostgreSQL, `$$a`, ``},
		{PostgreSQL, `\d x`, ``},
		{PostgreSQL, `{`, ``},
		// MySQL and MariaDB
		{MySQL, "SELECT `A``b`, \"it\"\"s\", 'a\\'b', 'c''d'", "w‹select› q‹A`b› , s‹it\"s› , s‹a\\'b› , s‹c'd›"},
		{MySQL, "a#b;\nc -- d;\ne--1 --\nf", `w‹a› c‹#b;› w‹c› c‹-- d;› w‹e› - - n‹1› c‹--› w‹f›`},
		{MySQL, "1 --\x7fx", "n‹1› c‹--\x7fx›"},
		{MySQL, "a#b\rc", "w‹a› c‹#b\rc›"},
		{MySQL, `a/* /* */b`, `w‹a› c‹/* /* */› w‹b›`},
		{MySQL, `5 /*/ 1 */`, `n‹5› c‹/*/ 1 */›`},
		{MySQL, `a /*! b */ c`, `w‹a› x‹/*! b */ c›`},
		{MySQL, `a /*50000 b */ /*M!b`, `w‹a› c‹/*50000 b */› x‹/*M!b›`},
		{MySQL, `SELECT /*+ NO_ICP(t) */ 1`, `w‹select› h‹/*+ NO_ICP(t) */› n‹1›`},
		{MySQL, `/* a`, ``},
		{MySQL, `N'a' n'b' x'1f' B'01' _utf8mb4'c' N"d"`, `s‹a› s‹b› s‹1f› s‹01› w‹_utf8mb4› s‹c› w‹n› s‹d›`},
		{MySQL, `x'1'`, ``},
		{MySQL, `0x1F 0b12 0xg 1e5 1e 1abc 1.5e3 .5 1e1from`, `n‹0x1F› w‹0b12› w‹0xg› n‹1e5› w‹1e› w‹1abc› n‹1.5e3› n‹.5› n‹1e1› w‹from›`},
		{MySQL, `1.e(2)`, ``},
		{MySQL, `t.1e5 t .5`, `w‹t› . w‹1e5› w‹t› n‹.5›`},
		{MySQL, "`t`.1e5", `q‹t› n‹.1e5›`},
		{MySQL, "@a.b @`c` @'d' @@x @@global.y @e:=1", "@ w‹a.b› @ q‹c› @ s‹d› @@ w‹x› @@ w‹global› . w‹y› @ w‹e› := n‹1›"},
		{MySQL, `$a $1 a$b$`, `w‹$a› w‹$1› w‹a$b$›`},
		{MySQL, `$$ a $$`, ``},
		{MySQL, `$x$ a $x$`, ``},
		{MySQL, `a<=>b->>'$.c' && \N ?`, `w‹a› <=> w‹b› ->> s‹$.c› && \N p‹?›`},
		{MySQL, `{d '2026-01-01'}`, `{ w‹d› s‹2026-01-01› }`},
		{MySQL, "a\x1ab", ``},
		{MySQL, "'a\x1ab'", "s‹a\x1ab›"},
		{MySQL, `'a\'`, ``},
		// SQLite
		{SQLite, "SELECT [a]]b], \"c\"\"d\", `e``f`, 'g''h'", ``},
		{SQLite, "SELECT [a b], \"c\"\"d\", `e``f`, 'g''h'", "w‹select› q‹a b› , q‹c\"d› , q‹e`f› , s‹g'h›"},
		{SQLite, `'a\' 1`, `s‹a\› n‹1›`},
		{SQLite, "a--b\rc\nd", "w‹a› c‹--b\rc› w‹d›"},
		{SQLite, `a /* b`, `w‹a› c‹/* b›`},
		{SQLite, `a /*`, ``},
		{SQLite, `a /*/ b`, `w‹a› c‹/*/ b›`},
		{SQLite, `? ?12 :a @b $c $d::e::f(g) #h`, ``},
		{SQLite, `? ?12 :a @b $c $d::e::f(g) x$y`, `p‹?› p‹?12› p‹:a› p‹@b› p‹$c› p‹$d::e::f(g)› w‹x$y›`},
		{SQLite, `:`, ``},
		{SQLite, `$a(b`, ``},
		{SQLite, `x'1f' X'' x`, `s‹1f› s‹› w‹x›`},
		{SQLite, `x'1'`, ``},
		{SQLite, `1 1.5e3 .5 0x1F 1. 1_000`, `n‹1› n‹1.5e3› n‹.5› n‹0x1F› n‹1.› n‹1_000›`},
		{SQLite, `1a`, ``},
		{SQLite, `a||b->>'$.c'<>1!=2`, `w‹a› || w‹b› ->> s‹$.c› <> n‹1› != n‹2›`},
		{SQLite, "\ufeffSELECT a\ufeffb", "w‹select› w‹a\ufeffb›"},
		{SQLite, `a!b`, ``},
		{SQLite, `{`, ``},
	} {
		tokens, err := Tokens(c.d, c.sql)
		if got := spell(tokens); got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("Tokens(%v, %q)\n got %s, %v\nwant %s", c.d, c.sql, got, err, c.want)
		}
		if err != nil && codeOf(err) != fail.Invalid {
			t.Errorf("Tokens(%v, %q): %v, want fail.Invalid", c.d, c.sql, err)
		}
	}
}

func TestTokensRefusesEverywhere(t *testing.T) {
	deep := strings.Repeat("(", MaxDepth+1)
	for _, d := range []Dialect{PostgreSQL, MySQL, SQLite} {
		for sql, want := range map[string]fail.Code{
			"SELECT 1\x00":                  fail.Invalid,
			"SELECT '\x00'":                 fail.Invalid,
			"SELECT '\xff'":                 fail.Invalid,
			"SELECT '\xed\xa0\x80'":         fail.Invalid,
			deep:                            fail.Invalid,
			deep[1:] + ")" + deep[:1]:       "",
			deep[1:] + "')('":               "",
			strings.Repeat(" ", MaxBytes+1): fail.TooLarge,
			strings.Repeat(" ", MaxBytes):   "",
		} {
			_, err := Tokens(d, sql)
			if got := codeOf(err); got != want {
				t.Errorf("Tokens(%v, %.20q): %v, want %q", d, sql, err, want)
			}
		}
	}
}

func TestTokensSaysWhere(t *testing.T) {
	_, err := Tokens(PostgreSQL, "SELECT 1,\n é 'x")
	if diff := cmp.Diff("invalid: a string has no end\nline 2, column 4 of the SQL\n"+
		"next: correct the argument named above and call again\nretry: no", fail.Show(err)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
