package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestHeld(t *testing.T) {
	const secret = `CANARY+"tok/en<&'7é\x`
	r := New([]byte("key"))
	r.Add(secret + "\n")
	want := r.String(secret)
	if !strings.HasPrefix(want, "[redacted:held:") || len(want) != len("[redacted:held:123456]") {
		t.Fatalf("String of a held secret = %q", want)
	}
	js, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	nested, err := json.Marshal(string(js))
	if err != nil {
		t.Fatal(err)
	}
	forms := map[string]string{
		"as it is":       secret,
		"query":          url.QueryEscape(secret),
		"path":           url.PathEscape(secret),
		"user":           url.UserPassword("", secret).String(),
		"JSON":           strings.Trim(string(js), `"`),
		"JSON in JSON":   string(nested),
		"Go":             strings.Trim(strconv.Quote(secret), `"`),
		"HTML":           html.EscapeString(secret),
		"shell":          strings.ReplaceAll(secret, "'", `'\''`),
		"SQL":            strings.ReplaceAll(secret, "'", "''"),
		"hex":            hex.EncodeToString([]byte(secret)),
		"HEX":            strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"lower percents": lowerPercent(url.QueryEscape(secret)),
	}
	for name, form := range forms {
		for pad := range 4 {
			got := r.String(strings.Repeat(".", pad) + "<" + form + ">")
			if !strings.Contains(got, want) || strings.Contains(got, "CANARY") || strings.Contains(got, form) {
				t.Errorf("%s: %q gives %q, want it to hold %q", name, form, got, want)
			}
		}
	}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding} {
		for pad := range 4 {
			for tail := range 3 {
				in := enc.EncodeToString([]byte(strings.Repeat("u", pad) + ":" + secret + strings.Repeat("!", tail)))
				if got := r.String(in); !strings.Contains(got, want) || len(got) > len(want)+2*((pad+tail+4)*4/3) {
					t.Errorf("base64 %q after %d, before %d gives %q", in, pad, tail, got)
				}
			}
		}
	}
}

func TestAddLengths(t *testing.T) {
	r := New(nil)
	for _, v := range []string{"", "abc", "postgres", "redacted", "token", "sw0rd", "s3cr3t-1"} {
		r.Add(v)
		r.Add(v)
	}
	for in, masked := range map[string]bool{
		"abc":              false,
		"a postgres thing": false,
		"x sw0rd y":        true,
		"(sw0rd)":          true,
		"xsw0rdy":          false,
		"sw0rds":           false,
		"xxs3cr3t-1yy":     true,
		"redacted":         false,
	} {
		if got := r.String(in); (got != in) != masked {
			t.Errorf("String(%q) = %q, masked %v", in, got, masked)
		}
	}
}

func TestHeldLines(t *testing.T) {
	key := begin("PRIVATE KEY") + pem + end("PRIVATE KEY")
	r := New(nil)
	r.Add(key)
	line, _, _ := strings.Cut(pem, "\n")
	if got := r.String("found " + line + " in log"); strings.Contains(got, line[:20]) {
		t.Errorf("a line of a held key passes: %q", got)
	}
	for _, in := range []string{"a\n" + key + "b\n", strings.ReplaceAll(key, "\n", "\r\n")} {
		got := r.String(in)
		if strings.Count(got, "\n") != strings.Count(in, "\n") || strings.Contains(got, "MII") {
			t.Errorf("String(%q) = %q", in, got)
		}
	}
}

// Equal secrets look equal, whatever their form; other keys give other hashes.
func TestHash(t *testing.T) {
	a, b := New([]byte("a")), New([]byte("b"))
	s := "postgres://u:CANARY1@h/d and postgres://v:CANARY1@h/d and postgres://u:CANARY2@h/d"
	f := strings.Fields(strings.ReplaceAll(a.String(s), ":[redacted", " [redacted"))
	if f[1][:27] != f[4][:27] || f[1][:27] == f[7][:27] {
		t.Errorf("hashes in %q", f)
	}
	if a.String(s) == b.String(s) {
		t.Errorf("the key makes no difference: %q", a.String(s))
	}
	key := begin("PRIVATE KEY") + pem + end("PRIVATE KEY")
	plain, _, _ := strings.Cut(a.String(key), "]")
	escaped, _, _ := strings.Cut(a.String(strings.ReplaceAll(key, "\n", `\n`)), "]")
	if plain != escaped || !strings.HasPrefix(plain, "[redacted:private-key:") {
		t.Errorf("a key and the same key escaped: %q, %q", plain, escaped)
	}
}

func TestText(t *testing.T) {
	r := New(nil)
	clean := []byte("nothing to see\n")
	if got := r.Text("", clean); &got[0] != &clean[0] {
		t.Error("Text copies a text that it does not change")
	}
	in := []byte("password: \"hunter2\"\n")
	got := r.Text("", in)
	if string(in) != "password: \"hunter2\"\n" || !bytes.Contains(got, []byte("[redacted:password:")) {
		t.Errorf("Text(%q) = %q", in, got)
	}
}

func TestPart(t *testing.T) {
	r := New(nil)
	var file strings.Builder
	file.WriteString("package x\n\nconst key = `")
	file.WriteString(begin("RSA PRIVATE KEY"))
	for range 40 {
		file.WriteString(pem[:65])
	}
	file.WriteString(end("RSA PRIVATE KEY"))
	file.WriteString("`\n\nfunc main() {}\n")
	s := file.String()
	whole := strings.SplitAfter(r.String(s), "\n")
	lines := strings.SplitAfter(s, "\n")
	for from := range lines {
		to := min(from+5, len(lines))
		before, part, after := strings.Join(lines[:from], ""), strings.Join(lines[from:to], ""), strings.Join(lines[to:], "")
		got := string(r.Part("x.go", []byte(before), []byte(part), []byte(after)))
		if strings.Contains(got, pem[:10]) || strings.Count(got, "\n") != strings.Count(part, "\n") {
			t.Fatalf("lines %d to %d: %q", from+1, to, got)
		}
		want := strings.Join(whole[from:to], "")
		if from > 2 && from < 44 { // the key began before: its marker is repeated
			got = got[strings.IndexByte(got, ']')+1:]
		}
		if got != want {
			t.Fatalf("lines %d to %d: %q, in the whole %q", from+1, to, got, want)
		}
	}
	// A value whose name is in another part, and a secret that is cut in two.
	for _, tt := range []struct{ before, part, after, want string }{
		{"password: ", "\"hunter2\"", "\n", `"[redacted:password:`},
		{"postgres://u:CAN", "ARY", "123@h/d", "[redacted:url-password:"},
		{"x ghp_" + mix[:10], mix[10:20], mix[20:36], "[redacted:github-token:"},
	} {
		if got := r.Part("", []byte(tt.before), []byte(tt.part), []byte(tt.after)); !bytes.HasPrefix(got, []byte(tt.want)) {
			t.Errorf("Part(%q, %q, %q) = %q", tt.before, tt.part, tt.after, got)
		}
	}
}

func TestWriter(t *testing.T) {
	var out bytes.Buffer
	r := New(nil)
	r.Add("CANARY-1234")
	w := r.Writer(&out)
	key := begin("PRIVATE KEY") + pem + end("PRIVATE KEY")
	for _, s := range []string{"level=ERROR msg=\"CANA", "RY-1234\"\n", key[:40], key[40:100], key[100:150], key[150:], "after\npart"} {
		if n, err := w.Write([]byte(s)); n != len(s) || err != nil {
			t.Fatalf("Write(%q) = %d, %v", s, n, err)
		}
	}
	if got := out.String(); strings.Contains(got, "part") || !strings.Contains(got, "\nafter\n") {
		t.Errorf("before Flush: %q", got)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	got := out.String()
	if strings.Contains(got, "CANARY") || strings.Contains(got, "MII") || strings.Contains(got, "q7Rk") || strings.Contains(got, "4wEt") || !strings.HasSuffix(got, "after\npart") {
		t.Errorf("written: %q", got)
	}
	if n := strings.Count(got, "\n"); n != 1+strings.Count(key, "\n")+1 {
		t.Errorf("%d lines: %q", n, got)
	}
	out.Reset()
	long := strings.Repeat("x", maxPending+1)
	if _, err := w.Write([]byte(long)); err != nil || out.Len() < len(long) {
		t.Errorf("an endless line: %v, %d bytes", err, out.Len())
	}
	broken := r.Writer(failing{})
	if n, err := broken.Write([]byte("a\n")); n != 0 || !errors.Is(err, os.ErrClosed) {
		t.Errorf("Write to a closed file = %d, %v", n, err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestConcurrent(t *testing.T) {
	r := New(nil)
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			for i := range 20 {
				secret := fmt.Sprintf("CANARY-%d-%d-secret", n, i)
				r.Add(secret)
				if got := r.String("a " + secret); strings.Contains(got, "CANARY") {
					t.Errorf("String = %q right after Add", got)
				}
			}
		})
	}
	wg.Wait()
}

// The time is linear whatever the text says.
func TestHostile(t *testing.T) {
	r := New(nil)
	r.Add("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")
	for _, unit := range []string{
		"AKIA", "token=", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\n", "eyJ", "eyJhbGciOiJI.", "://",
		"http://a:", "://a:b@", "a@tcp(", "password", "password:", "password=\"", "\\", "password=\\", "[redacted:", "[redacted:held:abcdef]",
		"a", "sk-", "Authorization: Bearer ", "Cookie: ", "a=b; ", ".atlasv1.", ":AA", "secret_", "PuTTY-User-Key-File-", "hooks.slack.com/", "sig=",
		"&sig=", "\n", "{", "\"", "password: |\n", "://u:p/", "password\x00", "key-", "hf_", "xoxb-1", "ghp_", "github_pat_",
	} {
		for _, name := range []string{"", ".env", "secrets.json", "id_rsa", ".netrc", ".npmrc"} {
			size := 1 << 20
			if name != "" {
				size = 1 << 18
			}
			in := strings.Repeat(unit, size/len(unit))
			start := time.Now()
			out := r.Text(name, []byte(in))
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("%q repeated, as %q: %v", unit, name, took)
			}
			if bytes.Count(out, []byte("\n")) != strings.Count(in, "\n") {
				t.Errorf("%q repeated, as %q: the number of lines changes", unit, name)
			}
		}
	}
}

func FuzzText(f *testing.F) {
	for _, m := range match {
		f.Add(strings.NewReplacer("⟦", "", "⟧", "").Replace(m.text), "", "CANARY-1234")
	}
	for _, s := range pass {
		f.Add(s, "", "x9#kQ2!v")
	}
	for _, tt := range files {
		f.Add(strings.NewReplacer("⟦", "", "⟧", "").Replace(tt.text), tt.name, "hunter22-x")
	}
	f.Fuzz(func(t *testing.T, s, name, secret string) {
		r := New([]byte("key"))
		secret = strings.TrimSpace(secret)
		r.Add(secret)
		once := string(r.Text(name, []byte(s)))
		if strings.Count(once, "\n") != strings.Count(s, "\n") {
			t.Fatalf("Text(%q, %q) changes the number of lines: %q", name, s, once)
		}
		if twice := string(r.Text(name, []byte(once))); twice != once {
			t.Fatalf("Text(%q, %q) = %q, and again %q", name, s, once, twice)
		}
		// A secret made of the signs of a marker can come about where one begins or ends.
		if len(secret) >= minAny && !common(secret) && !isKind(secret) && !strings.ContainsAny(secret, "[]:") &&
			!strings.Contains(markerStart, secret) && strings.Contains(once, secret) {
			t.Fatalf("Text(%q, %q) holds %q: %q", name, s, secret, once)
		}
		half := len(s) / 2
		part := r.Part(name, []byte(s[:half]), []byte(s[half:]), nil)
		if bytes.Count(part, []byte("\n")) != strings.Count(s[half:], "\n") {
			t.Fatalf("Part of %q changes the number of lines: %q", s[half:], part)
		}
	})
}

func BenchmarkText(b *testing.B) {
	code := []byte(strings.Repeat("\t// parse reads one token; see https://go.dev/ref/spec for the grammar.\n\tif err := p.next(ctx, name); err != nil {\n\t\treturn fmt.Errorf(\"reading %s: %w\", name, err)\n\t}\n", 6000))
	prose := []byte(strings.Repeat("The order of the year is clear: nothing in the article requires a password or a secret.\n", 12000))
	random := make([]byte, 768<<10)
	g := rand.NewChaCha8([32]byte{1})
	if _, err := g.Read(random); err != nil {
		b.Fatal(err)
	}
	held := New(nil)
	for i := range 50 {
		held.Add(fmt.Sprintf("CANARY-%d-%x", i, random[i*8:i*8+8]))
	}
	for _, bb := range []struct {
		name string
		r    *Redactor
		in   []byte
	}{
		{"code", New(nil), code},
		{"prose", New(nil), prose},
		{"base64", New(nil), []byte(base64.StdEncoding.EncodeToString(random))},
		{"code with 50 held", held, code},
		{"secrets", New(nil), []byte(strings.Repeat("a line of text\nDB_PASSWORD=hunter2x9\n", 28000))},
		{"AKIA", New(nil), bytes.Repeat([]byte("AKIA"), 1<<18)},
		{"token=", New(nil), bytes.Repeat([]byte("token="), 1<<20/6)},
		{"BEGIN", New(nil), bytes.Repeat([]byte("-----BEGIN"), 1<<20/10)},
		{"short", New(nil), []byte("internal/gate/redact: 12 files")},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.SetBytes(int64(len(bb.in)))
			b.ReportAllocs()
			for b.Loop() {
				bb.r.Text("", bb.in)
			}
		})
	}
}

func ExampleRedactor() {
	r := New([]byte("a key that is kept with the state folder"))
	r.Add("s3cr3t-of-cleat")
	fmt.Println(r.String("curl -H 'X-Key: s3cr3t-of-cleat' https://bob:letmein@example.com"))
	// Output: curl -H 'X-Key: [redacted:held:2c6ddc]' https://bob:[redacted:url-password:8c5b0b]@example.com
}
