package text

import (
	"strings"
	"testing"
)

func TestTokens(t *testing.T) {
	tests := []struct {
		name     string
		in       string
		min, max float64 // characters for each token
	}{
		{"English", strings.Repeat("The quick brown fox jumps over the lazy dog, and nobody in the village minds. ", 50), 3.5, 5},
		{"Go", strings.Repeat("\tif err := json.Unmarshal(data, &v); err != nil {\n\t\treturn nil, fmt.Errorf(\"reading %s: %w\", name, err)\n\t}\n", 50), 2, 3.5},
		{"hexadecimal", strings.Repeat("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n", 50), 1.3, 2.2},
		{"base64", strings.Repeat("n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=\n", 50), 1.3, 2.2},
		{"Chinese", strings.Repeat("自然语言处理是人工智能领域中的一个重要方向。", 50), 0.6, 1.2},
		{"Russian", strings.Repeat("Программа завершилась с ошибкой при чтении файла. ", 50), 1.3, 3},
		{"indentation", strings.Repeat("\n"+strings.Repeat(" ", 40)+"x", 50), 5, 20},
		{"digits", strings.Repeat("1234567890 ", 50), 1, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := Tokens(tt.in)
			if got := float64(len([]rune(tt.in))) / float64(n); got < tt.min || got > tt.max {
				t.Errorf("%d tokens, %.2f characters each, want %.2f to %.2f", n, got, tt.min, tt.max)
			}
		})
	}
	if n := Tokens(""); n != 0 {
		t.Errorf("Tokens of nothing = %d", n)
	}
	for _, s := range []string{"a", " ", "\n", "漢", "\xff", "."} {
		if n := Tokens(s); n < 1 || n > 3 {
			t.Errorf("Tokens(%q) = %d", s, n)
		}
	}
}

func TestTokensAllocates(t *testing.T) {
	s := strings.Repeat("words, 漢字 and 123 numbers\n", 100)
	if n := testing.AllocsPerRun(10, func() { Tokens(s); Clean(s) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzTokens(f *testing.F) {
	f.Add("fooBar", " baz 12\n")
	f.Add("\xe6", "\xbc\xa2")
	f.Fuzz(func(t *testing.T, a, b string) {
		na, nab := Tokens(a), Tokens(a+"\n"+b)
		if nab < na {
			t.Fatalf("Tokens(%q) = %d, but %d with %q appended", a, na, nab, b)
		}
		if max := 3 * len(a); na > max || na < 0 {
			t.Fatalf("Tokens(%q) = %d", a, na)
		}
	})
}

func BenchmarkTokens(b *testing.B) {
	s := strings.Repeat("\tif err := run(ctx, name); err != nil { // the usual\n", 20000)
	b.SetBytes(int64(len(s)))
	b.ReportAllocs()
	for b.Loop() {
		Tokens(s)
	}
}
