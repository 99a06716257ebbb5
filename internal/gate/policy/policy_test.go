package policy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// parse makes layers from lines such as "user read_only", "project -db_*" (deny)
// and "managed +ticket_write(source=gh)" (allow).
func parse(t testing.TB, lines ...string) *Policy {
	t.Helper()
	layers := []Layer{
		{Origin: Managed, File: "/etc/cleat/managed.toml"},
		{Origin: User, File: "/home/u/cleat.toml"},
		{Origin: Project, File: "cleat.toml"},
		{Origin: Flag},
	}
	for n, line := range lines {
		origin, rest, _ := strings.Cut(line, " ")
		for i := range layers {
			l := &layers[i]
			if l.Origin != origin {
				continue
			}
			switch {
			case rest == "read_only" || rest == "writable":
				on := rest == "read_only"
				l.ReadOnly, l.ReadOnlyLine = &on, n+1
			default:
				r, err := ParseRule(rest[1:])
				if err != nil {
					t.Fatal(err)
				}
				r.File, r.Line = l.File, n+1
				if rest[0] == '-' {
					l.Deny = append(l.Deny, r)
				} else {
					l.Allow = append(l.Allow, r)
				}
			}
		}
	}
	return New(layers)
}

func call(access Access, name, source, op string) Query {
	return Query{Names: []string{name}, Access: access, Source: source, Op: op, Local: source == "local"}
}

func TestCheck(t *testing.T) {
	var (
		read    = call(Read, "db_query", "app", "")
		local   = call(Write, "ticket_write", "local", "create")
		remote  = call(Write, "ticket_write", "gh", "comment")
		dml     = call(Destructive, "db_write", "app", "dml")
		merge   = call(Destructive, "pr_merge", "gh", "")
		texture = Query{Names: []string{"read", "text"}, Access: Read, Source: "workspace", Local: true}
		tasks   = Query{Names: []string{"ci_run"}, Access: Write, Source: "local", Local: true,
			Args: map[string][]string{"task": {"lint"}, "args": {"-v", "--fix"}}}
		unknown = Query{Names: []string{"new_tool"}, Source: "gh"}
	)
	for _, tt := range []struct {
		name  string
		lines []string
		q     Query
		want  bool
	}{
		{"default: read", nil, read, true},
		{"default: local write", nil, local, true},
		{"default: remote write", nil, remote, false},
		{"default: destructive", nil, dml, false},
		{"default: local destructive", nil, call(Destructive, "db_write", "local", "dml"), false},
		{"default: undeclared access is a write", nil, unknown, false},

		{"deny wins over allow in the same layer", []string{"user +*", "user -ticket_write"}, remote, false},
		{"deny wins over a higher allow", []string{"managed +*", "project -ticket_*"}, remote, false},
		{"deny wins over a lower allow", []string{"managed -ticket_*", "user +*"}, remote, false},
		{"deny refuses a read", []string{"project -db_*(source=app)"}, read, false},
		{"deny of another source", []string{"user -db_*(source=prod)"}, read, true},
		{"deny of another case is another name", []string{"user -DB_*"}, read, true},
		{"deny by source needs one", []string{"user -find(source=app)"}, call(Read, "find", "", ""), true},
		{"deny by any source does not", []string{"user -find(source=*)"}, call(Read, "find", "", ""), false},
		{"deny by op needs one", []string{"user -pr_merge(op=x)", "user +pr_merge"}, merge, true},
		{"deny by the governing name", []string{"user -text"}, texture, false},
		{"deny by the governing name and source", []string{"user -text(source=workspace)"}, texture, false},
		{"deny of a whole source", []string{"project -*(source=workspace)"}, texture, false},
		{"deny by an argument", []string{"user -ci_run(task=li*)"}, tasks, false},
		{"deny by any element of a list", []string{"user -ci_run(args=--fix)"}, tasks, false},
		{"deny by an argument that is not there", []string{"user -ci_run(inputs=x)"}, tasks, true},

		{"user allow grants", []string{"user +ticket_write(source=gh, op=comment)"}, remote, true},
		{"managed allow grants", []string{"managed +ticket_write"}, remote, true},
		{"project allow never grants", []string{"project +*"}, remote, false},
		{"project allow never grants a destructive call", []string{"project +db_write(op=dml)"}, dml, false},
		{"allow of another op", []string{"user +ticket_write(op=create)"}, remote, false},
		{"allow with an op needs one", []string{"user +pr_merge(op=x)"}, merge, false},
		{"allow of another source", []string{"user +ticket_write(source=gl)"}, remote, false},
		{"allow has to name the capability itself", []string{"user +text"}, Query{Names: []string{"new", "text"}}, false},
		{"read_only = false grants nothing", []string{"user writable"}, remote, false},

		{"destructive without op", []string{"user +pr_merge"}, merge, true},
		{"destructive by a glob", []string{"user +pr_*(source=gh)"}, merge, true},
		{"destructive with its op", []string{"user +db_write(source=app, op=dml)"}, dml, true},
		{"destructive with the other op", []string{"user +db_write(source=app, op=ddl)"}, dml, false},
		{"destructive: the op has to be stated", []string{"user +db_write(source=app)"}, dml, false},
		{"destructive: a glob for all does not state it", []string{"managed +*"}, dml, false},
		{"destructive: a later rule states it", []string{"user +*", "user +db_write(op=d?l)"}, dml, true},

		{"read_only refuses a local write", []string{"user read_only"}, local, false},
		{"read_only allows a read", []string{"managed read_only", "project read_only"}, read, true},
		{"read_only with an exception", []string{"user read_only", "user +ticket_write(source=local)"}, local, true},
		{"an exception of another layer does not count", []string{"managed read_only", "user +*"}, local, false},
		{"nor that of a higher one", []string{"managed +*", "user read_only"}, local, false},
		{"all layers must agree", []string{"managed read_only", "managed +*", "user read_only"}, local, false},
		{"and then it passes", []string{"managed read_only", "managed +*", "user read_only", "user +ticket_*"}, local, true},
		{"a lower layer cannot switch it off", []string{"managed read_only", "user writable", "project writable"}, local, false},
		{"the user's exception grants as well", []string{"user read_only", "user +ticket_write(op=comment)"}, remote, true},
		{"a project's exception does not", []string{"project read_only", "project +ticket_write"}, remote, false},
		{"a project's exception is for local writes", []string{"project read_only", "project +ticket_write"}, local, true},
		{"--read-only has no exceptions", []string{"managed +*", "user +*", "flag read_only"}, local, false},
		{"--read-only allows reads", []string{"flag read_only"}, read, true},

		{"allow by an argument", []string{"user read_only", "user +ci_run(task=lint)"}, tasks, true},
		{"allow by an argument that is not there", []string{"user read_only", "user +ci_run(inputs=x)"}, tasks, false},
		{"allow by all elements of a list", []string{"user read_only", "user +ci_run(args=-*)"}, tasks, true},
		{"not by one element of a list", []string{"user read_only", "user +ci_run(args=-v)"}, tasks, false},
		{"a call without a name", []string{"user +*"}, Query{Access: Read}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := parse(t, tt.lines...)
			d := p.Check(tt.q)
			if d.Allow != tt.want {
				t.Errorf("Check = %+v, want Allow %t", d, tt.want)
			}
			if d.Rule == "" || d.Origin == "" {
				t.Errorf("Check = %+v, want a rule and its origin", d)
			}
			// The explanation has to come to the same decision.
			refused := false
			for _, s := range p.Explain(tt.q) {
				refused = refused || s.Effect == "refuses"
			}
			if refused == tt.want {
				t.Errorf("Explain refuses: %t, Check allows: %t", refused, d.Allow)
			}
		})
	}
}

func TestNilPolicyRefuses(t *testing.T) {
	var p *Policy
	q := call(Read, "find", "", "")
	if d := p.Check(q); d.Allow || d.Mend == "" {
		t.Errorf("Check = %+v, want a refusal with advice", d)
	}
	if p.Visible(q) || Narrow(New(nil), nil).Check(q).Allow || Narrow(nil, New(nil)).Check(q).Allow {
		t.Error("a policy that could not be read allows something")
	}
	if !New(nil).Check(q).Allow {
		t.Error("no layers: a read is refused")
	}
}

func TestRefusalNamesTheWayOut(t *testing.T) {
	remote := call(Write, "ticket_write", "gh", "comment")
	const line = `"ticket_write(source=gh, op=comment)"`
	for _, tt := range []struct {
		name  string
		lines []string
		q     Query
		want  Decision
	}{
		{"default", nil, remote, Decision{
			Rule: "writes on remote sources need an allow rule", Origin: "default",
			Mend: "add allow = [" + line + "] under [policy] in /home/u/cleat.toml",
		}},
		{"the list exists", []string{"user +pr_create"}, remote, Decision{
			Rule: "writes on remote sources need an allow rule", Origin: "default",
			Mend: "add " + line + " to allow under [policy] in /home/u/cleat.toml",
		}},
		{"read_only", []string{"user read_only"}, remote, Decision{
			Rule: "read_only = true", Origin: "user", Where: "/home/u/cleat.toml:1",
			Mend: "add allow = [" + line + "] under [policy] in /home/u/cleat.toml",
		}},
		{"project's read_only and no grant", []string{"project read_only"}, remote, Decision{
			Rule: "read_only = true", Origin: "project", Where: "cleat.toml:1",
			Mend: "add allow = [" + line + "] under [policy] in /home/u/cleat.toml; and add allow = [" + line + "] under [policy] in cleat.toml",
		}},
		{"managed read_only", []string{"managed read_only", "user read_only"}, remote, Decision{
			Rule: "read_only = true", Origin: "managed", Where: "/etc/cleat/managed.toml:1",
			Mend: "only whoever manages /etc/cleat/managed.toml can allow it",
		}},
		{"deny", []string{"user +*", "project -ticket_*(source=gh)"}, remote, Decision{
			Rule: "ticket_*(source=gh)", Origin: "project", Where: "cleat.toml:2",
			Mend: "take ticket_*(source=gh) out of deny in cleat.toml:2",
		}},
		{"managed deny", []string{"managed -ticket_*"}, remote, Decision{
			Rule: "ticket_*", Origin: "managed", Where: "/etc/cleat/managed.toml:1",
			Mend: "only whoever manages /etc/cleat/managed.toml can allow it",
		}},
		{"flag", []string{"flag read_only", "user +*"}, remote, Decision{
			Rule: "read_only = true", Origin: "flag", Mend: "start cleat without --read-only",
		}},
		{"words of the model are not repeated", nil, call(Write, "ticket_write", "gh", `x")] evil`), Decision{
			Rule: "writes on remote sources need an allow rule", Origin: "default",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, parse(t, tt.lines...).Check(tt.q)); diff != "" {
				t.Errorf("Check (-want +got):\n%s", diff)
			}
		})
	}
}

// TestMendWorks follows the advice for a refusal and asks again.
func TestMendWorks(t *testing.T) {
	for _, q := range []Query{
		call(Write, "ticket_write", "gh", "comment"),
		call(Destructive, "db_write", "app", "ddl"),
		call(Destructive, "pr_merge", "gh", ""),
	} {
		for _, lines := range [][]string{nil, {"user read_only"}, {"project read_only"}} {
			d := parse(t, lines...).Check(q)
			if d.Allow {
				t.Fatalf("%v is allowed under %v", q, lines)
			}
			for _, part := range strings.Split(d.Mend, "; and ") {
				rule := strings.Split(part, `"`)[1]
				origin := "project"
				if strings.Contains(part, "/home/u/") {
					origin = "user"
				}
				lines = append(lines, origin+" +"+rule)
			}
			if d := parse(t, lines...).Check(q); !d.Allow {
				t.Errorf("after the advice: %+v under %v", d, lines)
			}
		}
	}
}

func TestNarrow(t *testing.T) {
	remote := call(Write, "ticket_write", "gh", "comment")
	open, closed := parse(t, "user +ticket_write"), parse(t, "user +ticket_write", "project -ticket_*")
	for _, tt := range []struct {
		name string
		p    *Policy
		want bool
	}{
		{"unchanged", Narrow(open, open), true},
		{"deny added", Narrow(open, closed), false},
		{"deny removed", Narrow(closed, open), false},
		{"deny added and removed again", Narrow(Narrow(open, closed), open), false},
		{"allow removed", Narrow(open, parse(t)), false},
		{"read_only added", Narrow(open, parse(t, "user +ticket_write", "managed read_only")), false},
		{"read_only removed", Narrow(parse(t, "managed read_only"), open), false},
		{"another tool allowed", Narrow(open, parse(t, "user +ticket_write", "user +pr_create")), true},
	} {
		if got := tt.p.Check(remote).Allow; got != tt.want {
			t.Errorf("%s: Allow = %t, want %t", tt.name, got, tt.want)
		}
	}
	want := "restart cleat: the configuration allows it now, but an edit loosens nothing before a restart"
	if d := Narrow(closed, open).Check(remote); d.Mend != want || d.Where != "cleat.toml:2" {
		t.Errorf("deny removed: %+v, want the advice to restart", d)
	}

	p := open
	for range 50 {
		p = Narrow(Narrow(p, closed), open)
	}
	if len(p.sets) != 2 {
		t.Errorf("%d states after going to and fro between two", len(p.sets))
	}
}

func TestListing(t *testing.T) {
	p := parse(t,
		"user +ticket_write(source=gh, op=comment)",
		"user +ci_run(source=gh, task=lint)",
		"user +db_write(source=app, op=dml)",
		"user -db_query(source=prod)",
		"project -*(source=secret)",
		"project -code_history(op=blame)",
		"project -code_search(path=*.env)",
	)
	sources := []Source{{"local", true}, {"gh", false}, {"secret", true}}
	dbs := []Source{{"app", false}, {"prod", false}}
	for _, tt := range []struct {
		tool        string
		access      Access
		ops         []string
		sources     []Source
		wantOps     []string
		wantSources []Source
		want        bool
	}{
		{"ticket_write", Write, []string{"create", "comment"}, sources[1:2], []string{"comment"}, sources[1:2], true},
		{"ticket_write", Write, []string{"create", "comment"}, sources, []string{"create", "comment"}, sources[:2], true},
		{"ci_run", Write, []string{"start", "cancel"}, sources[1:2], []string{"start", "cancel"}, sources[1:2], true},
		{"db_write", Destructive, []string{"dml", "ddl"}, dbs, []string{"dml"}, dbs[:1], true},
		{"db_query", Read, nil, dbs, nil, dbs[:1], true},
		{"db_query", Read, nil, dbs[1:], nil, nil, false},
		{"code_history", Read, []string{"log", "blame"}, sources[:1], []string{"log"}, sources[:1], true},
		{"code_search", Read, nil, sources[:1], nil, sources[:1], true}, // only some arguments are denied
		{"pr_merge", Destructive, nil, sources, nil, nil, false},
		{"find", Read, nil, nil, nil, nil, true},
	} {
		q := Query{Names: []string{tt.tool}, Access: tt.access}
		ops, srcs, ok := p.Offer(q, tt.ops, tt.sources)
		if diff := cmp.Diff(tt.wantOps, ops); diff != "" {
			t.Errorf("%s: ops (-want +got):\n%s", tt.tool, diff)
		}
		if diff := cmp.Diff(tt.wantSources, srcs); diff != "" {
			t.Errorf("%s: sources (-want +got):\n%s", tt.tool, diff)
		}
		if ok != tt.want {
			t.Errorf("%s: ok = %t, want %t", tt.tool, ok, tt.want)
		}
	}
	if got := p.Ops(Query{Names: []string{"ticket_write"}, Source: "gh"}, []string{"create", "comment"}); !cmp.Equal(got, []string{"comment"}) {
		t.Errorf("Ops = %v, want comment", got)
	}
	if p.Visible(Query{Names: []string{"pr_merge"}, Access: Destructive}) || !p.Visible(Query{Names: []string{"db_write"}, Access: Destructive}) {
		t.Error("Visible: want db_write, not pr_merge")
	}
}

// TestListedIffCallable: what Offer lists can be called with some argument, and
// what Check allows is listed.
func TestListedIffCallable(t *testing.T) {
	rules := []string{"user +t", "user +t(op=a)", "user +t(source=s)", "user -t(op=a)", "user -*(source=s)", "user read_only", "project read_only", "project +t(op=b)", "managed -t(source=*)"}
	ops, sources := []string{"a", "b"}, []Source{{"s", false}, {"l", true}}
	for bits := range 1 << len(rules) {
		var lines []string
		for i, r := range rules {
			if bits>>i&1 == 1 {
				lines = append(lines, r)
			}
		}
		p := parse(t, lines...)
		for _, access := range []Access{Read, Write, Destructive} {
			okOps, okSources, ok := p.Offer(Query{Names: []string{"t"}, Access: access}, ops, sources)
			var wantOps []string
			wantSources := 0
			for _, s := range sources {
				some := false
				for _, op := range ops {
					some = p.Check(Query{Names: []string{"t"}, Access: access, Source: s.Name, Local: s.Local, Op: op}).Allow || some
				}
				if some {
					wantSources++
				}
			}
			for _, op := range ops {
				for _, s := range sources {
					if p.Check(Query{Names: []string{"t"}, Access: access, Source: s.Name, Local: s.Local, Op: op}).Allow {
						wantOps = append(wantOps, op)
						break
					}
				}
			}
			if !cmp.Equal(wantOps, okOps) || len(okSources) != wantSources || ok != (len(wantOps) > 0) {
				t.Fatalf("%v, %s: Offer = %v %v %t, callable %v", lines, access, okOps, okSources, ok, wantOps)
			}
		}
	}
}

func TestShowAndConflicts(t *testing.T) {
	p := parse(t, "managed read_only", "user writable", "user -db_*", "project +ticket_write", "project writable")
	var got []string
	for _, l := range p.Show() {
		got = append(got, fmt.Sprintf("%s %s %s %s", l.Origin, l.Where, l.Kind, l.Text))
	}
	want := []string{
		"managed /etc/cleat/managed.toml:1 read_only read_only = true",
		"user /home/u/cleat.toml:2 read_only read_only = false",
		"user /home/u/cleat.toml:3 deny db_*",
		"project cleat.toml:5 read_only read_only = false",
		"project cleat.toml:4 allow ticket_write",
		"default  default reads are allowed",
		"default  default writes on local sources are allowed",
		"default  default writes on remote sources need an allow rule",
		"default  default destructive calls need an allow rule that names them, and their op if they have one",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Show (-want +got):\n%s", diff)
	}
	want = []string{
		"/home/u/cleat.toml:2: read_only = false is overruled by read_only = true of the managed layer (/etc/cleat/managed.toml:1)",
		"cleat.toml:5: read_only = false is overruled by read_only = true of the managed layer (/etc/cleat/managed.toml:1)",
		"cleat.toml:4: allow of a project file makes exceptions to its own read_only and grants nothing",
	}
	if diff := cmp.Diff(want, p.Conflicts()); diff != "" {
		t.Errorf("Conflicts (-want +got):\n%s", diff)
	}
}

func TestCheckAllocatesNothing(t *testing.T) {
	p := benchPolicy(t)
	q := call(Write, "ticket_write", "gh", "comment")
	if n := testing.AllocsPerRun(100, func() { p.Check(q) }); n != 0 {
		t.Errorf("an allowed call allocates %v times", n)
	}
}

func benchPolicy(tb testing.TB) *Policy {
	lines := []string{"user read_only", "user +ticket_write(source=gh, op=comment)"}
	for i := range 20 {
		lines = append(lines, fmt.Sprintf("managed -db_*(source=prod%d)", i), fmt.Sprintf("project -*_%d", i))
	}
	return parse(tb, lines...)
}

func BenchmarkCheck(b *testing.B) {
	p := benchPolicy(b)
	q := call(Write, "ticket_write", "gh", "comment")
	b.ReportAllocs()
	for b.Loop() {
		p.Check(q)
	}
}
