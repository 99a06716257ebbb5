package gouses_test

func fixtures() map[string]string {
	return map[string]string{
		"forms": `
Resolve Repo.Resolve git.Resolve git.Repo.Resolve internal/git.Resolve m/internal/git.(*Repo).Resolve other.Resolve
-- go.mod --
module m // the module
-- internal/git/git.go --
package git

type Repo struct{}

func (r *Repo) /*D1*//*D2*//*D4*//*D6*/Resolve() {}

func /*D1*//*D3*//*D5*/Resolve() {}
-- main.go --
package main

import (
	"m/internal/git"
	second "m/other/git"
)

func main() {
	r := &git.Repo{}
	r./*U1*//*U2*//*U4*//*U6*/Resolve()
	git./*U1*//*U3*//*U5*/Resolve()
	second./*U1*//*U3*/Resolve()
	f := r./*U1*//*U2*//*U4*//*U6*/Resolve
	f()
	_ = (*git.Repo)./*U1*//*U2*//*U4*//*U6*/Resolve // not Resolve in a comment
	_ = "Resolve"
}
-- other/git/git.go --
package git

func /*D1*//*D3*/Resolve() {}
`,
		"embedding": `
Base.Run Outer.Run Outer.Base Base.Count
-- go.mod --
module m
-- a.go --
package m

type Base struct{ /*D4*/Count int }

func (b Base) /*D1*//*D2*/Run() { b./*U4*/Count++ }

type Mid struct{ *Base }

type Outer struct {
	Mid
	/*D3*/Base // at less depth than that of Mid
}

type Hides struct{ Base }

func (Hides) Run() {}

func f(m Mid, o Outer, h Hides) {
	m./*U1*//*U2*/Run()
	o./*U1*//*U2*/Run()
	o./*U3*/Base./*U1*//*U2*/Run()
	h.Run()
	h.Base./*U1*//*U2*/Run()
	m./*U4*/Count = o./*U4*/Count
	_ = Base{/*U4*/Count: 1}
}
`,
		"generics": `
Box.Get Map Box.val
-- go.mod --
module m
-- a.go --
package m

type Box[T any] struct{ /*D3*/val T }

func (b *Box[T]) /*D1*/Get() T { return b./*U3*/val }

type Getter[T any] interface{ Get() T }

func /*D2*/Map[A, B any](a []A, f func(A) B) (out []B) {
	for _, x := range a {
		out = append(out, f(x))
	}
	return out
}

func f(a *Box[int], b Box[Box[string]]) {
	_ = a./*U1*/Get()
	in := b./*U1*/Get()
	_ = in./*U1*/Get() + in./*U3*/val
	_ = /*U2*/Map([]int{1}, func(i int) string { return "" })
	_ = /*U2*/Map[int, *Box[int]](nil, nil)[0]./*U1*/Get()
	_ = Box[int]{/*U3*/val: 1}
}

func g[T any](x Getter[T]) { x./*X1*/Get() }

type Alias = Box[bool]

var _ = new(Alias)./*U1*/Get()
`,
		"types that lead to themselves": `
List.Len
-- go.mod --
module m
-- a.go --
package m

type Adder[A Adder[A]] interface{ Add(A) A }

type Box[T any] struct{ p *T }

type List[T any] struct {
	next *List[T]
	in   Box[List[T]]
	all  map[string]List[T]
	fn   func(List[T]) List[T]
	tail *Tail
}

type Tail struct{ List[int] }

type Ref = *Tail

type Tails []Tails

func (l *List[T]) /*D*/Len() int { return l.next./*U*/Len() + l.tail./*U*/Len() + l.all[""].in.p./*U*/Len() }

func f(r Ref) int { return r./*U*/Len() }
`,
		"interfaces": `
Closer.Close File.Close Pipe.Close
-- go.mod --
module m
-- a/a.go --
package a

type Closer interface{ /*D1*/Close() error }

type Both interface {
	Closer
	Flush()
}

func Shut(c Closer, b Both) {
	c./*U1*//*X2*/Close()
	b./*U1*//*X2*/Close()
}
-- b/b.go --
package b

type File struct{}

func (*File) /*X1*//*D2*/Close() error { return nil }

type Pipe struct{}

func (Pipe) /*D3*/Close() {}

func f() {
	new(File)./*X1*//*U2*/Close()
	Pipe{}./*U3*/Close()
}
`,
		"shadowing": `
Name
-- go.mod --
module m
-- a.go --
package m

var /*D*/Name = 1

func f(Name string) { _ = Name }

func g() int {
	if Name := 2; Name > 1 {
		return Name
	}
	{
		type Name int
		var _ Name
	}
	return /*U*/Name
}

func h[Name any](n Name) {
Name:
	for {
		break Name
	}
}
`,
		"same method on two types": `
A.M B.M M
-- go.mod --
module m
-- a.go --
package m

type A struct{}
type B struct{}

func (A) /*D1*//*D3*/M() {}
func (B) /*D2*//*D3*/M() {}

func f(a A, b *B) {
	a./*U1*//*U3*/M()
	b./*U2*//*U3*/M()
}
`,
		"aliases and dots": `
p.Thing Alias.Do
-- go.mod --
module m
-- p/p.go --
package p

type /*D1*/Thing struct{}

func (/*U1*/Thing) /*D2*/Do() {}
-- q/q.go --
package q

import . "m/p"
import other "m/p"

type Alias = /*U1*/Thing

var (
	a /*U1*/Thing
	b other./*U1*/Thing
	c Alias
)

func f() {
	a./*U2*/Do()
	b./*U2*/Do()
	c./*U2*/Do()
}
`,
		"vendor": `
dep.Call dep.T.M
-- go.mod --
module m
-- vendor/example.com/dep/dep.go --
package dep

import "example.com/inner"

type T = inner.T

func /*D1*/Call() T { return T{} }
-- vendor/example.com/inner/inner.go --
package inner

type T struct{}

func (T) /*D2*/M() {}
-- main.go --
package main

import "example.com/dep"

func main() { dep./*U1*/Call()./*U2*/M() }
`,
		"nested modules and replace": `
lib.Do
-- go.mod --
module example.com/m

require example.com/lib v1.0.0

replace (
	example.com/lib v1.0.0 => ./third/lib // here
)
-- main.go --
package main

import "example.com/lib"

func main() { lib./*U*/Do() }
-- third/lib/go.mod --
module "example.com/fork"
-- third/lib/lib.go --
package lib

func /*D*/Do() {}
-- elsewhere/go.mod --
module example.com/elsewhere
-- elsewhere/main.go --
package main

import lib "example.com/fork"

func main() { lib./*U*/Do() }
`,
		"go.work": `
b.F
-- go.work --
go 1.26

use (
	./a
	./b
)
-- a/go.mod --
module example.com/a
-- a/a.go --
package a

import "example.com/b"

var _ = b./*U*/F
-- b/go.mod --
module example.com/b
-- b/b.go --
package b

func /*D*/F() {}
-- old/b/go.mod --
module example.com/b
-- old/b/b.go --
package b

func /*D*/F() {}
`,
		"build tags": `
Open
-- go.mod --
module m
-- open_linux.go --
package m

func /*D*/Open() {}
-- open_windows.go --
package m

func /*D*/Open() { helper() }
-- helper_windows.go --
package m

func helper() { /*U*/Open() }
-- open_other.go --
//go:build !linux && !windows && !wasip1

package m

func /*D*/Open() {}
-- open_tag.go --
//go:build special && wasip1

package m

func /*D*/Open() { _ = /*U*/Open }
-- never.go --
//go:build linux && !linux

package m

func /*D*/Open() {}
-- gen.go --
//go:build ignore

package main

func main() { /*U*/Open() }

func /*D*/Open() {}
-- use.go --
package m

func use() { /*U*/Open() }
-- use_test.go --
package m

func test() { /*U*/Open() }
`,
		"cgo": `
Sum
-- go.mod --
module m
-- a.go --
package m

// int Sum(int a) { return a; }
import "C"

func /*D*/Sum() int { return int(C.Sum(C.int(1))) }

var _ = /*U*/Sum()
`,
		"test packages": `
p.T.M p.Exported
-- go.mod --
module m
-- p/p.go --
package p

type T struct{}

func (T) /*D1*/M() {}
-- p/p_test.go --
package p

import "m/q"

func helper() T { return T{} }

func test() { helper()./*U1*/M(); q.New()./*U1*/M() }
-- p/export_test.go --
package p

func /*D2*/Exported() T { return T{} }
-- p/x_test.go --
package p_test

import (
	"m/p"
	"m/q"
)

func test() {
	p./*U2*/Exported()./*U1*/M()
	q.New()./*U1*/M()
}
-- q/q.go --
package q

import "m/p"

func New() p.T { return p.T{} }
`,
		"import cycles": `
a.F
-- go.mod --
module m
-- a/a.go --
package a

import "m/b"

func /*D*/F() { b.G() }
-- b/b.go --
package b

import "m/a"

func G() { a./*X*/F() }
-- c/c.go --
package c

import "m/a"

var _ = a./*U*/F
-- self/self.go --
package self

import "m/self"

var _ = self.F
`,
		"two packages in a folder": `
one.F two.F
-- go.mod --
module m
-- x/a.go --
package one

func /*D1*/F() { /*U1*/F() }
-- x/a2.go --
package one
-- x/b.go --
package two

func /*D2*/F() { /*U2*/F() }
-- y/y.go --
package y

import one "m/x"

var _ = one./*U1*/F
`,
		"outside the tree": `
http.Get net/http.Get yaml.Marshal
-- go.mod --
module m
-- a.go --
package m

import (
	"net/http"
	other "example.com/http"
	"gopkg.in/yaml.v3"
)

type fake struct{}

func (fake) Get() {}

func f(http2 fake) {
	http./*U1*//*U2*/Get("")
	other./*U1*/Get("")
	http2.Get()
	yaml./*U3*/Marshal(nil)
	{
		http := http2
		http.Get()
	}
}
`,
		"no module": `
sub.F F
-- main.go --
package main

import "github.com/me/repo/sub"

func main() { sub./*U1*//*X2*/F() }
-- sub/sub.go --
package sub

func /*D1*//*D2*/F() { /*U1*//*U2*/F() }
`,
		"bodies that are left out": `
T.used
-- go.mod --
module m
-- a.go --
package m

type T struct{ /*D*/used, other int }

func (t T) plain() struct{ x int } { return struct{ x int }{t.other} }

func (t T) quoted() interface{ M() } {
	_ = "{" + ` + "`}\n}`" + ` // }
	return nil
}

func (t T) uses() int { return func() int { return t./*U*/used }() }
-- b.go --
package m

func make() (t struct{ T T }, err error) {
	/* } */
	return t, nil
}
-- c.go --
package m

func f() {
	v, _ := make()
	v.T./*U*/used++
}
`,
	}
}
