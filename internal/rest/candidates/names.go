package candidates

import (
	"fmt"
	"regexp"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/text"
	"cleat/internal/tree"
)

// Paths returns the paths of the query.
func (c *Collector) Paths() *Paths { return c.paths }

// Looked notes how much the service looked at, where it says more than was seen of it.
func (c *Collector) Looked(files int, bytes int64) {
	c.res.Stats.Files = max(c.res.Stats.Files, files)
	c.res.Stats.Bytes = max(c.res.Stats.Bytes, bytes)
}

// FileRegexp returns an expression for the paths that a pattern of mode files is about,
// when letter case does not count; "" for one that cannot be written.
func FileRegexp(pattern string) string {
	if tree.HasMeta(pattern) {
		p := strings.TrimPrefix(pattern, "./")
		rest, top := strings.CutPrefix(p, "/")
		body, _, ok := globRegexp(rest)
		if !ok {
			return ""
		}
		if top || strings.Contains(p, "/") {
			return "^" + body + "$"
		}
		return "(?:^|/)" + body + "$"
	}
	p, anchored := strings.CutPrefix(pattern, "./")
	if strings.HasPrefix(p, "/") {
		p, anchored = strings.TrimLeft(p, "/"), true
	}
	if anchored {
		return "^" + regexp.QuoteMeta(p)
	}
	return regexp.QuoteMeta(p)
}

// RepoRegexp returns an expression for the names of repositories that Query.Repo means: a
// name or a glob, whole or behind a slash ("shop" means github.com/acme/shop).
func RepoRegexp(name string) string {
	name = strings.Trim(name, "/")
	body, _, ok := globRegexp(name)
	if !ok {
		body = regexp.QuoteMeta(name)
	}
	return "(?:^|/)" + body + "$"
}

// Word turns re, an expression for the text s, into one for s as a whole word; where \b does
// not help, it stays one for more than that.
func Word(re, s string) string {
	if isWordByte(s[0]) {
		re = `\b` + re
	}
	if isWordByte(s[len(s)-1]) {
		re += `\b`
	}
	return re
}

func isWordByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// NearRepos says which of the known repositories may have been meant.
func NearRepos(name string, known []string) string {
	last := name[strings.LastIndexByte(name, '/')+1:]
	var lasts []string
	whole := map[string]string{}
	for _, k := range known {
		l := k[strings.LastIndexByte(k, '/')+1:]
		lasts = append(lasts, l)
		whole[l] = k
	}
	near := fail.Near(last, lasts)
	if len(near) == 0 {
		return fmt.Sprintf("leave repo out to search all %d of the index, or give another name or glob", len(known))
	}
	var names []string
	for _, n := range near {
		names = append(names, fmt.Sprintf("%q", text.Line(whole[n])))
	}
	return "did you mean " + strings.Join(names, " or ") + "?"
}

// LangRegexp returns an expression for the paths of files that may be of the language,
// which is a name that tree.LangName takes; "" if none is known.
func LangRegexp(lang string) string {
	want, ok := tree.LangName(lang)
	if lang == "" || !ok {
		return ""
	}
	var alts []string
	for e := range strings.FieldsSeq(endings) {
		if tree.Lang("x."+e) == want {
			alts = append(alts, `\.`+regexp.QuoteMeta(e))
		}
	}
	for n := range strings.FieldsSeq(fileNames) {
		if tree.Lang(n) == want {
			alts = append(alts, `(?:^|/)`+regexp.QuoteMeta(n))
		}
	}
	if want == "docker" {
		alts = append(alts, `(?:^|/)Dockerfile\.[^/]*`)
	}
	if len(alts) == 0 {
		return ""
	}
	return "(?i:(?:" + strings.Join(alts, "|") + ")$)"
}

// endings are those that tree.Lang knows; a test compares them.
const endings = `adb ads s asm awk bzl bazel c h clj cljs cljc edn cmake cob cbl cpy cc cpp cxx c++ hh hpp hxx h++ ipp
inl tpp cr cs csx css csv tsv cu cuh d di dart diff patch dockerfile env ex exs heex elm erl hrl f f77 f90 f95 f03 f08
for fs fsi fsx gleam glsl vert frag comp wgsl hlsl go graphql gql graphqls groovy gradle gvy hs lhs hcl tf tfvars nomad
html htm xhtml ini cfg conf properties editorconfig java js jsx mjs cjs json jsonc json5 jsonl ndjson geojson
webmanifest avsc jsonnet libsonnet jl kt kts tex sty cls bib less lisp lsp cl el lua mk mak md markdown mdown mkd mdx
nim nims nix m mm ml mli mll mly pas pp dpr lpr pl pm t pod php phtml php5 phps ps1 psm1 psd1 pro plg proto py pyi pyw
pyx pxd r rmd rst rb rake gemspec ru erb rs sass scss scala sc sbt scm ss rkt sh bash zsh ksh fish bats sol sql ddl psql
pgsql star svelte swift tcl txt text log thrift toml ts tsx mts cts vb vbs v sv svh vh vhd vhdl vim vue xml xsd xsl xslt
svg plist csproj fsproj vcxproj props targets resx wsdl yaml yml zig`

// fileNames are the whole names that tree.Lang knows.
const fileNames = `go.mod go.sum go.work go.work.sum Makefile makefile GNUmakefile Kbuild CMakeLists.txt Dockerfile
Containerfile Gemfile Rakefile Vagrantfile Podfile Brewfile Fastfile Jenkinsfile BUILD WORKSPACE MODULE.bazel BUCK
Cargo.lock Pipfile poetry.lock uv.lock Gopkg.lock .bashrc .bash_profile .profile .zshrc .envrc PKGBUILD .gitconfig
.gitmodules .npmrc .babelrc .eslintrc .prettierrc composer.lock flake.lock Pipfile.lock .vimrc SConstruct SConscript
wscript`
