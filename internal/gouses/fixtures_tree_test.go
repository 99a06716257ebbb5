package gouses_test

// ofTrees are about which files belong together, and about what is not there.
func ofTrees() map[string]string {
	return map[string]string{
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
