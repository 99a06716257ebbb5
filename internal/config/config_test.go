package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/gate/policy"
	"cleat/internal/size"
)

// canary stands where a secret could stand. It must not show up in any message.
const canary = "CANARY0f3a"

type jira struct {
	URL      string        `toml:"url"`
	Projects []string      `toml:"projects"`
	Token    SecretRef     `toml:"token"`
	Timeout  time.Duration `toml:"timeout"`
	Max      int           `toml:"max_rows"`
	Fields   map[string]string
	Nested   struct {
		On      bool     `toml:"on"`
		Ratio   float64  `toml:"ratio"`
		Command []string `toml:"command"`
	} `toml:"nested"`
	Login []string `toml:"password_command"`
}

type postgres struct {
	DSN     string    `toml:"dsn"`
	Cert    string    `toml:"cert"`
	Size    size.Size `toml:"size"`
	Timeout *time.Duration
}

func (p *postgres) Validate() error {
	if p.DSN == "" {
		return errors.New("the key dsn is missing")
	}
	return nil
}

func kinds() []Kind {
	return []Kind{
		{Name: "github", New: func() any { return new(jira) }, Hosts: []string{"url"}},
		{Name: "jira", New: func() any { return &jira{Max: 100} }, Hosts: []string{"url"}, Exec: []string{"projects_from"}},
		{Name: "postgres", New: func() any { return new(postgres) }, Secrets: []string{"dsn", "cert"}, Literals: []string{"dsn"}},
		{Name: "workspace", New: func() any {
			return new(struct {
				Root string `toml:"root"`
			})
		}, Local: true},
	}
}

// setup writes the files, an absent one for "", and returns options for them.
func setup(t testing.TB, managed, user, project string) Options {
	t.Helper()
	dir := t.TempDir()
	o := Options{
		Managed:    filepath.Join(dir, "etc", "managed.toml"),
		ManagedUID: os.Getuid(),
		User:       filepath.Join(dir, "home", "cleat.toml"),
		Root:       filepath.Join(dir, "repo"),
		Environ:    []string{"HOME=" + filepath.Join(dir, "home")},
		Trust:      NewTrust(filepath.Join(dir, "state")),
		Kinds:      kinds(),
	}
	for path, text := range map[string]string{o.Managed: managed, o.User: user, filepath.Join(o.Root, ProjectFile): project} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if text != "" {
			write(t, path, text)
		}
	}
	return o
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func trust(t testing.TB, o Options) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(o.Root, ProjectFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Trust.Grant(o.Root, ProjectFile, data); err != nil {
		t.Fatal(err)
	}
}

func mustLoad(t testing.TB, o Options) *Config {
	t.Helper()
	c, problems := Load(o)
	if len(problems) > 0 {
		t.Fatalf("problems: %v", problems)
	}
	return c
}

// texts renders problems, with the test's folder as $DIR.
func texts(o Options, problems []Problem) []string {
	var out []string
	for _, p := range problems {
		out = append(out, strings.ReplaceAll(p.String(), filepath.Dir(o.Root), "$DIR"))
	}
	return out
}

func TestNoFiles(t *testing.T) {
	c := mustLoad(t, setup(t, "", "", ""))
	if len(c.Notes) > 0 || len(c.Sources) > 0 || c.Project.Present || c.Format != "text" {
		t.Errorf("config = %+v, want the defaults", c)
	}
	want := Limits{Call: 30 * time.Second, Budget: 6000, InFlight: 64, Queue: 10000}
	if c.Limits != want || c.Audit != (Audit{Rotate: 64e6}) {
		t.Errorf("limits %+v, audit %+v, want the defaults", c.Limits, c.Audit)
	}
	d := c.Policy.Check(policy.Query{Names: []string{"ticket_write"}, Source: "gh", Op: "comment"})
	if !strings.Contains(d.Mend, filepath.Join("home", "cleat.toml")) {
		t.Errorf("advice %q does not name the user's file", d.Mend)
	}
}

func TestSources(t *testing.T) {
	o := setup(t, "", `
[sources.tracker]
kind = "jira"
url = "https://jira.example.com/"
projects = ["ENG", "OPS"]
token = { command = ["op", "read", "x"] }
timeout = "20s"
nested.on = true
nested.ratio = 0.5
fields = { a = "b" }

[sources.app]
kind = "postgres"
dsn = "env:APP_DSN"
cert = "file:certs/app.pem"
size = "64MB"
timeout = "1m"

[sources.lit]
kind = "postgres"
dsn = "postgres://app:`+canary+`@localhost/db"

[sources.docs]
kind = "workspace"
root = "/srv/docs"
`, "")
	c := mustLoad(t, o)
	minute := time.Minute
	wantJira := &jira{
		URL: "https://jira.example.com/", Projects: []string{"ENG", "OPS"}, Timeout: 20 * time.Second, Max: 100,
		Token:  SecretRef{kind: commandSecret, argv: []string{"op", "read", "x"}},
		Fields: map[string]string{"a": "b"},
	}
	wantJira.Nested.On, wantJira.Nested.Ratio = true, 0.5
	want := []Source{
		{Name: "app", Kind: "postgres", Line: 12, Secrets: []string{"env:APP_DSN", "file:$HOME/certs/app.pem"}, Config: &postgres{
			DSN: "env:APP_DSN", Cert: "file:" + filepath.Join(filepath.Dir(o.User), "certs/app.pem"), Size: 64e6, Timeout: &minute,
		}},
		{Name: "docs", Kind: "workspace", Line: 23, Local: true, Config: &struct {
			Root string `toml:"root"`
		}{"/srv/docs"}},
		{Name: "lit", Kind: "postgres", Line: 19, Secrets: []string{"literal"}, Config: &postgres{
			DSN: "literal:postgres://app:" + canary + "@localhost/db",
		}},
		{Name: "tracker", Kind: "jira", Line: 2, Secrets: []string{"command:op"}, Hosts: []string{"jira.example.com"}, Config: wantJira},
	}
	for i := range want {
		want[i].Origin, want[i].File = policy.User, o.User
	}
	for _, s := range c.Sources {
		for i := range s.Secrets {
			s.Secrets[i] = strings.ReplaceAll(s.Secrets[i], filepath.Dir(o.User), "$HOME")
		}
	}
	if diff := cmp.Diff(want, c.Sources, cmp.AllowUnexported(SecretRef{})); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
}

func TestProblems(t *testing.T) {
	const kindList = "github, jira, postgres, workspace"
	const reference = `want a reference: "env:NAME", "keyring:NAME", "file:PATH" or { command = ["PROGRAM", "ARGUMENT"] }`
	const jiraKeys = "fields, kind, max_rows, nested, password_command, projects, timeout, token, url"
	for _, tt := range []struct {
		name, toml string
		want       []string
	}{
		{"unknown kind", "\n[sources.jira]\nkind = \"jra\"", []string{`3:1: sources.jira: unknown kind "jra", want one of ` + kindList + "; did you mean jira?"}},
		{"kind that could be a secret", "[sources.j]\nkind = \"" + canary + "\"", []string{"2:1: sources.j: unknown kind, want one of " + kindList}},
		{"kind missing", "[sources.j]\nurl = 1", []string{"1:10: sources.j: the key kind is missing, want one of " + kindList}},
		{"kind of a wrong type", "[sources.j]\nkind = 1", []string{"2:1: sources.j.kind: want a string, not an integer"}},
		{"unknown section", "[polcy]\nread_only = true", []string{`1:2: unknown key "polcy", want one of audit, limits, output, policy, sources; did you mean policy?`}},
		{"key in no section", "read_only = true", []string{`1:1: unknown key "read_only", want one of audit, limits, output, policy, sources`}},
		{"misspelt safety switch", "[policy]\nreadonly = true", []string{`2:1: policy: unknown key "readonly", want one of allow, deny, read_only; did you mean read_only?`}},
		{"another spelling of case", "[policy]\nRead_Only = true", []string{`2:1: policy: unknown key "Read_Only", want one of allow, deny, read_only; did you mean read_only?`}},
		{"section of another case", "[Policy]\nread_only = true", []string{`1:2: unknown key "Policy", want one of audit, limits, output, policy, sources; did you mean policy?`}},
		{"string for a boolean", "[policy]\nread_only = \"true\"", []string{"2:1: policy.read_only: want a boolean, not a string"}},
		{"number for a boolean", "[policy]\nread_only = 1", []string{"2:1: policy.read_only: want a boolean, not an integer"}},
		{"string for a list", "[policy]\ndeny = \"*\"", []string{"2:1: policy.deny: want an array of rules, not a string"}},
		{"wrong rules", "[policy]\ndeny = [\"db_*(source=prod\", 7,\n  'x(y)']", []string{
			`2:26: policy.deny[0]: the rule is wrong at its byte 16: ")" is missing`,
			"2:29: policy.deny: want a rule as a string, not an integer",
			`3:7: policy.deny[2]: the rule is wrong at its byte 3: want "=" after y`,
		}},
		{"section of a wrong type", "policy = 1\nlimits = []\nsources = \"x\"", []string{
			"1:1: policy: want a table, not an integer", "2:1: limits: want a table, not an array", "3:1: sources: want tables [sources.NAME], not a string",
		}},
		{"key twice", "[policy]\nread_only = true\nread_only = false", []string{"3:1: policy.read_only: given twice, first in line 2"}},
		{"key twice by dots", "policy.read_only = true\n[policy]\ndeny = []", []string{"2:2: policy: given twice, first in line 1"}},
		{"key twice by quotes", "[policy]\nread_only = true\n\"read_\\u006fnly\" = false", []string{"3:1: policy.read_only: given twice, first in line 2"}},
		{"section twice", "[policy]\nread_only = true\n[policy]\nread_only = false", []string{"3:2: policy: given twice, first in line 1"}},
		{"inline table and section", "policy = { read_only = true }\n[policy]\nread_only = false", []string{"2:2: policy: given twice, first in line 1"}},
		{"key twice in an inline table", "policy = { read_only = true, read_only = false }", []string{"1:30: policy.read_only: given twice"}},
		{"array of tables", "[[sources]]\nkind = \"jira\"", []string{"1:3: sources: arrays of tables do not occur in this file; write [sources] once for each name"}},
		{"syntax", "[policy]\nread_only = tru\n", []string{"2:13: syntax error: expected keyword \"true\""}},
		{"syntax, and what stands before", "[policy]\nreadonly = true\ndeny = [\"a\"\nx", []string{
			`2:1: policy: unknown key "readonly", want one of allow, deny, read_only; did you mean read_only?`,
			"4:1: syntax error: expected ',' or ']' after array value",
		}},
		{"string without quotes", "[sources.j]\ntoken = " + canary, []string{
			"1:10: sources.j: the key kind is missing, want one of " + kindList, "2:9: syntax error: unexpected character"}},
		{"several at once", "[policy]\nx = 1\n[limits]\ncall = 30\ny = 2\n[output]\nformat = \"xml\"", []string{
			`2:1: policy: unknown key "x", want one of allow, deny, read_only`,
			"4:1: limits.call: want a string, not an integer",
			`5:1: limits: unknown key "y", want one of budget, call, in_flight, queue`,
			`7:1: output.format: unknown format "xml", want one of text, json`,
		}},
		{"limits out of range", "[limits]\ncall = \"2h\"\nbudget = 10001\nin_flight = 0\nqueue = -1", []string{
			"2:1: limits.call: want a value from 10ms to 1h0m0s", "3:1: limits.budget: want a value from 1 to 10000",
			"4:1: limits.in_flight: want a value from 1 to 1024", "5:1: limits.queue: want a value from 1 to 1000000",
		}},
		{"limits wrong", "[limits]\ncall = \"30\"\nbudget = 99999999999999999999\nqueue = 1.5", []string{
			`2:1: limits.call: want a duration such as "30s" or "5m"`, "3:1: limits.budget: the number is too large", "4:1: limits.queue: want an integer, not a float",
		}},
		{"sizes", "[audit]\nrotate = \"64\"\nrequired = 1", []string{
			`2:1: audit.rotate: want a size such as "500kB", "64MB" or "1GiB"`, "3:1: audit.required: want a boolean, not an integer",
		}},
		{"size out of range", "[audit]\nrotate = \"1B\"", []string{"2:1: audit.rotate: want a value from 4KiB to 16GiB"}},
		{"unknown key of a kind", "[sources.j]\nkind = \"jira\"\nproject = [\"A\"]", []string{
			`3:1: sources.j: unknown key "project", want one of ` + jiraKeys + "; did you mean projects?",
		}},
		{"unknown key within a key", "[sources.j]\nkind = \"jira\"\nnested.onn = true", []string{
			`3:8: sources.j.nested: unknown key "onn", want one of command, on, ratio; did you mean on?`,
		}},
		{"wrong types of a kind", "[sources.j]\nkind = \"jira\"\nurl = 7\nprojects = [\"A\", 1]\nmax_rows = \"5\"\ntimeout = -1", []string{
			"3:1: sources.j.url: want a string, not an integer", "4:18: sources.j.projects: want a string, not an integer",
			"5:1: sources.j.max_rows: want an integer, not a string", "6:1: sources.j.timeout: want a string, not an integer",
		}},
		{"the kind's own check", "[sources.p]\nkind = \"postgres\"", []string{"1:10: sources.p: the key dsn is missing"}},
		{"names", "[sources.\"A b\"]\nkind = \"github\"\n[sources.9]\nkind = \"github\"\n[sources.cleat]\nkind = \"github\"\n[sources.local]\nkind = \"github\"", []string{
			`1:10: sources."A b": the name of a source is a small letter and up to 31 more of a-z, 0-9, _ and -`,
			`3:10: sources.9: the name of a source is a small letter and up to 31 more of a-z, 0-9, _ and -`,
			"5:10: sources.cleat: this name is reserved; choose another",
			"7:10: sources.local: this name is reserved; choose another",
		}},
		{"name that cannot be seen", "[sources.\"a\\u202eb\"]\nkind = \"github\"", []string{
			`1:10: sources."a\u202eb": the name of a source is a small letter and up to 31 more of a-z, 0-9, _ and -`}},
		{"literal secret", "[sources.j]\nkind = \"jira\"\ntoken = \"" + canary + "\"", []string{
			"3:1: sources.j.token: a secret does not stand in the file itself; " + reference}},
		{"literal secret with a colon", "[sources.j]\nkind = \"jira\"\ntoken = \"user:" + canary + "\"", []string{
			"3:1: sources.j.token: a secret does not stand in the file itself; " + reference}},
		{"literal secret in a string field", "[sources.p]\nkind = \"postgres\"\ndsn = \"env:X\"\ncert = \"" + canary + "\"", []string{
			"4:1: sources.p.cert: a secret does not stand in the file itself; " + reference}},
		{"wrong variable", "[sources.j]\nkind = \"jira\"\ntoken = \"env:" + canary + "-x\"", []string{
			"3:1: sources.j.token: after env: comes the name of a variable: letters, digits and _"}},
		{"wrong keyring name", "[sources.j]\nkind = \"jira\"\ntoken = \"keyring:\"", []string{
			"3:1: sources.j.token: after keyring: comes a name of letters, digits and _ - . @ /"}},
		{"shell command", "[sources.j]\nkind = \"jira\"\ntoken = { command = \"echo " + canary + "\" }", []string{"3:1: sources.j.token: " + reference}},
		{"command with more", "[sources.j]\nkind = \"jira\"\ntoken = { command = [\"x\"], env = \"" + canary + "\" }", []string{"3:1: sources.j.token: " + reference}},
		{"empty command", "[sources.j]\nkind = \"jira\"\ntoken = { command = [] }", []string{"3:1: sources.j.token: a command needs a program"}},
		{"relative program", "[sources.j]\nkind = \"jira\"\ntoken = { command = [\"./x\"] }", []string{
			"3:1: sources.j.token: a program is a name that is looked up in PATH, or an absolute path"}},
		{"interpolation", "[sources.j]\nkind = \"jira\"\nurl = \"https://x/${" + canary + "}\"\nprojects = [\"$(" + canary + ")\"]\nfields.a = \"a${HOME}\"", []string{
			"3:7: sources.j.url: nothing is expanded in a value, neither ${…} nor $(…); where a secret is wanted, write a reference such as \"env:NAME\"",
			"4:13: sources.j.projects: nothing is expanded in a value, neither ${…} nor $(…); where a secret is wanted, write a reference such as \"env:NAME\"",
			"5:12: sources.j.fields.a: nothing is expanded in a value, neither ${…} nor $(…); where a secret is wanted, write a reference such as \"env:NAME\"",
		}},
		{"credentials in a URL", "[sources.j]\nkind = \"jira\"\nurl = \"https://" + canary + "@x/\"\nfields.u = \"ssh://a:" + canary + "@x\"", []string{
			"3:1: sources.j.url: a user or password does not stand in a URL; use the key for the secret, with a reference",
			"4:8: sources.j.fields.u: a user or password does not stand in a URL; use the key for the secret, with a reference",
		}},
		{"too deep", "a" + strings.Repeat(".a", 20) + " = 1", []string{
			`1:1: unknown key "a", want one of audit, limits, output, policy, sources`,
			"1:31: " + "a" + strings.Repeat(".a", 15) + ": nested more than 16 levels deep",
		}},
		{"too deep an array", "[sources.j]\nkind = \"jira\"\nprojects = " + strings.Repeat("[", 50) + strings.Repeat("]", 50), []string{
			"3:1: sources.j.projects: nested more than 16 levels deep", "3:1: sources.j.projects: want a string, not an array",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := setup(t, "", tt.toml, "")
			c, problems := Load(o)
			var got []string
			for _, text := range texts(o, problems) {
				text, ok := strings.CutPrefix(text, "$DIR/home/cleat.toml:")
				if !ok {
					t.Errorf("%q does not begin with the file", text)
				}
				if strings.Contains(text, canary) {
					t.Errorf("%q quotes a value", text)
				}
				got = append(got, text)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if c.Policy.Check(policy.Query{Names: []string{"find"}, Access: policy.Read}).Allow {
				t.Error("a broken configuration allows something")
			}
		})
	}
}

// TestAllFilesAtOnce: problems of one file do not hide those of another.
func TestAllFilesAtOnce(t *testing.T) {
	o := setup(t, "[policy]\nreadonly = true", "[limits]\ncalls = 1", "x")
	_, problems := Load(o)
	want := []string{
		`$DIR/etc/managed.toml:2:1: policy: unknown key "readonly", want one of allow, deny, read_only; did you mean read_only?`,
		`$DIR/home/cleat.toml:2:1: limits: unknown key "calls", want one of budget, call, in_flight, queue; did you mean call?`,
		"cleat.toml:1:1: syntax error: expected '=' after key",
	}
	if diff := cmp.Diff(want, texts(o, problems)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestManyProblems(t *testing.T) {
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, "k%d = 1\n", i)
	}
	_, problems := Load(setup(t, "", "", b.String()))
	if n := len(problems); n != maxProblems+1 || problems[n-1].What != "950 more problems" {
		t.Errorf("%d problems, the last %v", n, problems[n-1])
	}
}

func TestLimitsOnlyNarrow(t *testing.T) {
	for _, tt := range []struct {
		name                   string
		managed, user, project string
		want                   Limits
		notes                  []string
	}{
		{"user may raise", "", "[limits]\nbudget = 9000\ncall = \"5m\"", "", Limits{5 * time.Minute, 9000, 64, 10000}, nil},
		{"user may not raise over managed", "[limits]\nbudget = 2000", "[limits]\nbudget = 3000\nqueue = 20000", "", Limits{30 * time.Second, 2000, 64, 20000},
			[]string{"$DIR/home/cleat.toml:2: limits.budget is above what a higher layer or the default allows, and is ignored"}},
		{"user may lower", "[limits]\nbudget = 2000", "[limits]\nbudget = 1000", "", Limits{30 * time.Second, 1000, 64, 10000}, nil},
		{"project may lower", "", "[limits]\nbudget = 9000", "[limits]\nbudget = 8000\nin_flight = 2", Limits{30 * time.Second, 8000, 2, 10000}, nil},
		{"project may not raise", "", "[limits]\nbudget = 3000", "[limits]\nbudget = 4000\nqueue = 10001\ncall = \"31s\"", Limits{30 * time.Second, 3000, 64, 10000}, []string{
			"cleat.toml:4: limits.call is above what a higher layer or the default allows, and is ignored",
			"cleat.toml:2: limits.budget is above what a higher layer or the default allows, and is ignored",
			"cleat.toml:3: limits.queue is above what a higher layer or the default allows, and is ignored",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := setup(t, tt.managed, tt.user, tt.project)
			c := mustLoad(t, o)
			if c.Limits != tt.want {
				t.Errorf("limits = %+v, want %+v", c.Limits, tt.want)
			}
			var notes []string
			for _, n := range c.Notes {
				notes = append(notes, strings.ReplaceAll(n, filepath.Dir(o.Root), "$DIR"))
			}
			if diff := cmp.Diff(tt.notes, notes); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAuditAndOutput(t *testing.T) {
	o := setup(t, "[audit]\nrequired = true\nrotate = \"1MiB\"", "[audit]\nrequired = false\nrotate = \"2MiB\"\n[output]\nformat = \"json\"", "[audit]\nrotate = \"4kB\"\n[output]\nformat = \"text\"")
	write(t, filepath.Join(o.Root, ProjectFile), "[audit]\nrotate = \"5kB\"\n[output]\nformat = \"text\"")
	c := mustLoad(t, o)
	if c.Audit != (Audit{Required: true, Rotate: 1 << 20}) || c.Format != "json" || len(c.Notes) != 4 {
		t.Errorf("audit %+v, format %s, notes %q", c.Audit, c.Format, c.Notes)
	}
	o = setup(t, "", "", "[audit]\nrequired = true\n[output]\nformat = \"json\"")
	if c = mustLoad(t, o); !c.Audit.Required || c.Format != "text" {
		t.Errorf("untrusted project: audit %+v, format %s", c.Audit, c.Format)
	}
	trust(t, o)
	if c = mustLoad(t, o); c.Format != "json" {
		t.Errorf("trusted project: format %s", c.Format)
	}
}

func TestUserFile(t *testing.T) {
	for _, tt := range []struct {
		goos string
		env  map[string]string
		want string
		fail bool
	}{
		{"linux", map[string]string{"HOME": "/home/u"}, "/home/u/.config/cleat/cleat.toml", false},
		{"linux", map[string]string{"HOME": "/home/u", "XDG_CONFIG_HOME": "/x"}, "/x/cleat/cleat.toml", false},
		{"linux", map[string]string{"HOME": "/home/u", "XDG_CONFIG_HOME": "x"}, "", true},
		{"darwin", map[string]string{"HOME": "/Users/u"}, "/Users/u/Library/Application Support/cleat/cleat.toml", false},
		{"linux", nil, "", false},
		{"linux", map[string]string{"HOME": "."}, "", false},
	} {
		got, err := userFile(tt.goos, func(k string) (string, bool) { v, ok := tt.env[k]; return v, ok })
		if filepath.ToSlash(got) != tt.want || (err != nil) != tt.fail {
			t.Errorf("userFile(%s, %v) = %q, %v, want %q", tt.goos, tt.env, got, err, tt.want)
		}
	}
	o := setup(t, "", "", "")
	o.User, o.Environ = "", []string{"XDG_CONFIG_HOME=relative"}
	if _, problems := Load(o); len(problems) != 1 {
		t.Errorf("a relative XDG_CONFIG_HOME: problems %v, want one", problems)
	}
}

// BenchmarkLoadNothing is the start without any file, the common case.
func BenchmarkLoadNothing(b *testing.B) {
	o := setup(b, "", "", "")
	b.ReportAllocs()
	for b.Loop() {
		Load(o)
	}
}

func BenchmarkLoadThree(b *testing.B) {
	o := setup(b, "[policy]\ndeny = [\"db_*(source=prod)\"]", "[sources.j]\nkind = \"jira\"\nurl = \"https://x\"\ntoken = \"env:T\"\n[policy]\nread_only = true\nallow = [\"ticket_write(source=j)\"]", "[policy]\ndeny = [\"pr_*\"]")
	b.ReportAllocs()
	for b.Loop() {
		Load(o)
	}
}
