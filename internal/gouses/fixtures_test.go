package gouses_test

import "maps"

// fixtures are archives for TestFind and others, by what they are about.
func fixtures() map[string]string {
	all := ofLanguage()
	maps.Copy(all, ofTrees())
	return all
}

// ofLanguage are about what names mean in Go.
func ofLanguage() map[string]string {
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
	}
}
