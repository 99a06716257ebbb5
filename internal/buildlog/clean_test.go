package buildlog

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for _, c := range []struct{ name, raw, want string }{
		{"plain", "go test ./...", "go test ./..."},
		{"empty", "", ""},
		{"tabs and spaces stay", "\ta\t b  ", "\ta\t b  "},
		{"the line's end", "text\r\n", "text"},
		{"other scripts", "✓ größer 日本", "✓ größer 日本"},

		{"colors", "\x1b[31mred\x1b[0m \x1b[1;38;5;196mbold\x1b[m", "red bold"},
		{"colors with colons", "\x1b[38:2::255:0:0mred\x1b[0m", "red"},
		{"a word cut apart", "er\x1b[1mr\x1b[0mor", "error"},
		{"private modes", "\x1b[?25lhidden cursor\x1b[?25h", "hidden cursor"},
		{"title, ended by BEL", "\x1b]0;title\x07text", "text"},
		{"title, ended by ST", "\x1b]0;title\x1b\\text", "text"},
		{"a link", "\x1b]8;;https://example.com/\x1b\\text\x1b]8;;\x1b\\.", "text."},
		{"DCS", "a\x1bPq#0;2;0\x1b\\b", "ab"},
		{"APC, as Buildkite has it", "\x1b_bk;t=1700000000000\x07text", "text"},
		{"a message without an end hides nothing", "a\x1b]0;b", "a0;b"},
		{"a message that another ends", "\x1b]0;title\x1b[31mred", "red"},
		{"C1 controls", "a\u009b31mb\u009d0;title\u009cc\u0085d", "abcd"},
		{"character sets", "\x1b(Ba\x1b)0b\x1b=c\x1b7d", "abcd"},
		{"a broken sequence", "a\x1b[3\x01b", "ab"},
		{"an escape at the end", "a\x1b", "a"},
		{"a sequence at the end", "a\x1b[31", "a"},
		{"other controls", "a\x00b\x07c\x0bd\x0ce\x7ff", "abcdef"},
		{"a line feed inside", "a\nb", "ab"},
		{"a hidden note of Jenkins", "\x1b[8mha:////4AAAAB+LCAAA=\x1b[0mStarted by user", "Started by user"},
		{"hidden text is shown", "\x1b[8mhidden\x1b[0m", "hidden"},

		{"progress", "10%\r50%\r100%", "100%"},
		{"progress that gets shorter", "Downloading 100%\rDone", "Doneloading 100%"},
		{"progress that is erased", "Downloading 100%\r\x1b[KDone", "Done"},
		{"progress overwritten with spaces", "100%\rok  ", "ok"},
		{"a carriage return at the end", "100%\r\r", "100%"},
		{"backspaces", "abc\b\bX", "aXc"},
		{"a spinner", "-\b\\\b|\b/\bok", "ok"},
		{"overstrike", "e\ber\brr\brr\br", "errr"},
		{"too many backspaces", "a\b\b\b\bb", "b"},
		{"erase the line", "gone\x1b[2K\rhere", "here"},
		{"erase to the start", "abc\x1b[1K\rX", "X"},
		{"to a column", "abc\x1b[1GX", "Xbc"},
		{"back and forward", "abc\x1b[2DX\x1b[CY", "aXcY"},
		{"far forward is one space", "a\x1b[999999Cb", "a b"},
		{"delete characters", "abcd\x1b[3D\x1b[2Pe", "ae"},
		{"erase characters", "abcd\r\x1b[2X", "  cd"},
		{"cursor up and erase", "\x1b[1A\x1b[2Kstep 2", "step 2"},
		{"overwriting wide letters", "日本\rab", "ab"},

		{"BOM", "\ufefftext", "text"},
		{"not UTF-8", "a\xffb\xc3", "a\ufffdb\ufffd"},
		{"not UTF-8, with colors", "a\xff\x1b[1mb", "a\ufffdb"},

		{"stamp of GitHub", "2026-01-02T03:04:05.1234567Z text", "text"},
		{"stamp of GitHub, empty line", "2026-01-02T03:04:05.1234567Z ", ""},
		{"stamp of GitHub, nothing behind", "2026-01-02T03:04:05.1234567Z", ""},
		{"BOM and stamp", "\ufeff2026-01-02T03:04:05.1234567Z text", "text"},
		{"stamp of GitLab", "2026-01-02T03:04:05.123456Z 00O text", "text"},
		{"stamp of GitLab, standard error", "2026-01-02T03:04:05.123456Z 01E text", "text"},
		{"stamp of GitLab, continued", "2026-01-02T03:04:05.123456Z 00O+text", "text"},
		{"stamp of GitLab, empty line", "2026-01-02T03:04:05.123456Z 00O", ""},
		{"stamp of Jenkins", "[2026-01-02T03:04:05.123Z] text", "text"},
		{"stamp of Docker", "2026-01-02T03:04:05.123456789Z text", "text"},
		{"stamp and indent", "2026-01-02T03:04:05.1234567Z     at x", "    at x"},
		{"stamp and progress", "2026-01-02T03:04:05.1234567Z 10%\r20%", "20%"},
		{"stamp and color", "2026-01-02T03:04:05.1234567Z \x1b[31mred\x1b[0m", "red"},
		{"a program's stamp stays", "2026-01-02T03:04:05.123Z INFO up", "2026-01-02T03:04:05.123Z INFO up"},
		{"a program's stamp behind one of GitHub", "2026-01-02T03:04:05.1234567Z 2026-01-02T03:04:05Z up", "2026-01-02T03:04:05Z up"},
		{"no stamp", "2026-01-02T03:04:05.1234567Zx", "2026-01-02T03:04:05.1234567Zx"},
		{"no stamp either", "2026-01-02 is a day", "2026-01-02 is a day"},

		{"group", "##[group]Run go test", "Run go test"},
		{"end of a group", "2026-01-02T03:04:05.1234567Z ##[endgroup]", ""},
		{"error", "##[error]Process completed with exit code 1.", "error: Process completed with exit code 1."},
		{"error that says so", "##[error]Error: no such file", "Error: no such file"},
		{"warning", "##[warning]old", "warning: old"},
		{"command of Azure", "##[command]git fetch", "git fetch"},
		{"unknown marker", "##[other]x", "##[other]x"},
		{"no marker", "##[error", "##[error"},
		{"colored marker", "\x1b[36;1m##[group]Run\x1b[0m", "Run"},
		{"workflow command", "::error file=a/b.go,line=3,col=5,endColumn=7,title=Vet::no%3A 100%25%0Adone", "error: a/b.go:3:5: Vet: no: 100% done"},
		{"workflow command, bare", "::warning::old", "warning: old"},
		{"workflow command with a file", "::notice file=a%2Cb.go::x", "notice: a,b.go: x"},
		{"group command", "::group::Install", "Install"},
		{"end of a group command", "::endgroup::", ""},
		{"a mask is not repeated", "::add-mask::hunter2", ""},
		{"no command", "std::vector<int>", "std::vector<int>"},
		{"no command either", "::1 is an address", "::1 is an address"},
		{"group in group", "##[group]::group::x", "x"},

		{"section of GitLab", "section_start:1560896352:my_section\r\x1b[0KHeader", "Header"},
		{"section of GitLab with options", "\x1b[0Ksection_start:1560896352:my_section[collapsed=true]\r\x1b[0K\x1b[36;1mHeader\x1b[0;m", "Header"},
		{"sections of GitLab in one line", "section_end:1560896353:a\r\x1b[0Ksection_start:1560896353:b\r\x1b[0KNext", "Next"},
		{"section without controls", "section_end:1560896353:my_section", ""},
		{"no section", "section_start:now", "section_start:now"},
		{"stamp and section", "2026-01-02T03:04:05.123456Z 00O \x1b[0Ksection_start:1:x\r\x1b[0KHeader", "Header"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(Clean([]byte(c.raw))); got != c.want {
				t.Errorf("Clean(%q) = %q, want %q", c.raw, got, c.want)
			}
		})
	}
}

// TestCleanHostile feeds lines that would be dear to a careless terminal.
func TestCleanHostile(t *testing.T) {
	for name, piece := range map[string]string{
		"returns": "\r", "backspaces": "x\b", "deletes": "ab\r\x1b[P", "erases": "abc\x1b[1K", "far": "\x1b[999999999999999999999G.",
		"messages": "\x1b]", "C1 messages": "\u009d", "notes": "\x1b[8mha:", "groups": "##[group]", "commands": "::group::",
		"marks": "\ufeff", "percents": "%25", "stamps": "2026-01-02T03:04:05.1234567Z ", "sections": "section_end:1:x\r", "bad": "\xff\x1b[m",
	} {
		t.Run(name, func(t *testing.T) {
			raw := []byte(strings.Repeat(piece, MaxLine/len(piece)))
			began := time.Now()
			check(t, raw)
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// check reports what no clean text may have.
func check(t *testing.T, raw []byte) {
	t.Helper()
	before := bytes.Clone(raw)
	got := Clean(raw)
	if !bytes.Equal(raw, before) {
		t.Errorf("Clean(%q) changed its argument", before)
	}
	if len(got) > 3*len(raw)+16 {
		t.Errorf("Clean made %d bytes of %d", len(got), len(raw))
	}
	if !utf8.Valid(got) {
		t.Errorf("Clean(%q) = %q, not UTF-8", raw, got)
	}
	for _, r := range string(got) {
		if unicode.IsControl(r) && r != '\t' {
			t.Errorf("Clean(%q) = %q has a control character", raw, got)
			break
		}
	}
	if again := Clean(bytes.Clone(got)); !bytes.Equal(again, got) {
		t.Errorf("Clean(%q) = %q, and cleaned again %q", raw, got, again)
	}
}

// FuzzClean: clean text is UTF-8 without controls but tabs, not much longer than the raw
// line, and stays as it is when it is cleaned again.
func FuzzClean(f *testing.F) {
	for _, s := range []string{
		"\x1b[31mred\x1b[0m", "a\rb\x1b[Kc\bd", "2026-01-02T03:04:05.1234567Z ##[error]x", "::error file=a,line=1::%25%0A",
		"section_start:1:x[y=z]\r\x1b[0Kt", "\ufeff\xff\u009b1m", "\x1b]8;;u\x07l\x1b]8;;\x07", "[2026-01-02T03:04:05.123Z] ##[group]::group::x",
		"2026-01-02T03:04:05.123456Z 00O+\x1b[8mha:x\x1b[0m",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) { check(t, raw) })
}
