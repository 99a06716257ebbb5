package tree

import (
	"path"
	"slices"
	"strings"
)

// Langs returns the names of the languages that Lang knows, sorted.
func Langs() []string {
	return []string{
		"ada", "asm", "awk", "bazel", "c", "clojure", "cmake", "cobol", "cpp", "crystal", "csharp",
		"css", "csv", "cuda", "d", "dart", "diff", "docker", "dotenv", "elixir", "elm", "erlang",
		"fortran", "fsharp", "gleam", "glsl", "go", "gomod", "graphql", "groovy", "haskell", "hcl",
		"html", "ini", "java", "javascript", "json", "jsonnet", "julia", "kotlin", "latex", "less",
		"lisp", "lua", "make", "markdown", "nim", "nix", "objectivec", "ocaml", "pascal", "perl",
		"php", "powershell", "prolog", "proto", "python", "r", "rst", "ruby", "rust", "sass",
		"scala", "scheme", "shell", "solidity", "sql", "starlark", "svelte", "swift", "tcl", "text",
		"thrift", "toml", "typescript", "vbnet", "verilog", "vhdl", "vim", "vue", "xml", "yaml",
		"zig",
	}
}

// LangName returns the name that Langs has for what people call a language, such as
// "go" for "golang" or "typescript" for "tsx", and whether there is one.
func LangName(name string) (string, bool) {
	name = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, ".")))
	switch name {
	case "assembly":
		return "asm", true
	case "bzl":
		return "bazel", true
	case "h":
		return "c", true
	case "clj":
		return "clojure", true
	case "c++", "cc", "cxx":
		return "cpp", true
	case "c#", "cs":
		return "csharp", true
	case "dockerfile":
		return "docker", true
	case "ex":
		return "elixir", true
	case "erl":
		return "erlang", true
	case "f#":
		return "fsharp", true
	case "golang":
		return "go", true
	case "gql":
		return "graphql", true
	case "hs":
		return "haskell", true
	case "terraform", "tf":
		return "hcl", true
	case "htm":
		return "html", true
	case "js", "jsx", "node":
		return "javascript", true
	case "jl":
		return "julia", true
	case "kt":
		return "kotlin", true
	case "tex":
		return "latex", true
	case "makefile", "mk":
		return "make", true
	case "md":
		return "markdown", true
	case "objc", "objective-c":
		return "objectivec", true
	case "ml":
		return "ocaml", true
	case "pl":
		return "perl", true
	case "ps1":
		return "powershell", true
	case "protobuf":
		return "proto", true
	case "py", "python3":
		return "python", true
	case "rb":
		return "ruby", true
	case "rs":
		return "rust", true
	case "scss":
		return "sass", true
	case "bash", "sh", "zsh":
		return "shell", true
	case "txt":
		return "text", true
	case "ts", "tsx":
		return "typescript", true
	case "vb":
		return "vbnet", true
	case "yml":
		return "yaml", true
	}
	_, ok := slices.BinarySearch(Langs(), name)
	return name, ok
}

// Lang returns the language of a file, judged by its name alone, or "".
func Lang(file string) string {
	name := path.Base(file)
	if l := langOfName(name); l != "" {
		return l
	}
	i := strings.LastIndexByte(name, '.')
	if i < 0 || len(name)-i > 16 {
		return ""
	}
	return langOfEnding(strings.ToLower(name[i+1:]))
}

// langOfName knows the files that have a language by their whole name.
func langOfName(name string) string {
	switch name {
	case "go.mod", "go.sum", "go.work", "go.work.sum":
		return "gomod"
	case "Makefile", "makefile", "GNUmakefile", "Kbuild":
		return "make"
	case "CMakeLists.txt":
		return "cmake"
	case "Dockerfile", "Containerfile":
		return "docker"
	case "Gemfile", "Rakefile", "Vagrantfile", "Podfile", "Brewfile", "Fastfile":
		return "ruby"
	case "Jenkinsfile":
		return "groovy"
	case "BUILD", "WORKSPACE", "MODULE.bazel", "BUCK":
		return "bazel"
	case "Cargo.lock", "Pipfile", "poetry.lock", "uv.lock", "Gopkg.lock":
		return "toml"
	case ".bashrc", ".bash_profile", ".profile", ".zshrc", ".envrc", "PKGBUILD":
		return "shell"
	case ".gitconfig", ".gitmodules", ".npmrc":
		return "ini"
	case ".babelrc", ".eslintrc", ".prettierrc", "composer.lock", "flake.lock", "Pipfile.lock":
		return "json"
	case ".vimrc":
		return "vim"
	case "SConstruct", "SConscript", "wscript":
		return "python"
	}
	if strings.HasPrefix(name, "Dockerfile.") {
		return "docker"
	}
	return ""
}

// langOfEnding knows what follows the last dot of a name, in lower case. Endings that
// several languages share go to the one that most files have: .h to C, .m to
// Objective-C, .v to Verilog.
func langOfEnding(ext string) string {
	switch ext {
	case "adb", "ads":
		return "ada"
	case "s", "asm":
		return "asm"
	case "awk":
		return "awk"
	case "bzl", "bazel":
		return "bazel"
	case "c", "h":
		return "c"
	case "clj", "cljs", "cljc", "edn":
		return "clojure"
	case "cmake":
		return "cmake"
	case "cob", "cbl", "cpy":
		return "cobol"
	case "cc", "cpp", "cxx", "c++", "hh", "hpp", "hxx", "h++", "ipp", "inl", "tpp":
		return "cpp"
	case "cr":
		return "crystal"
	case "cs", "csx":
		return "csharp"
	case "css":
		return "css"
	case "csv", "tsv":
		return "csv"
	case "cu", "cuh":
		return "cuda"
	case "d", "di":
		return "d"
	case "dart":
		return "dart"
	case "diff", "patch":
		return "diff"
	case "dockerfile":
		return "docker"
	case "env":
		return "dotenv"
	case "ex", "exs", "heex":
		return "elixir"
	case "elm":
		return "elm"
	case "erl", "hrl":
		return "erlang"
	case "f", "f77", "f90", "f95", "f03", "f08", "for":
		return "fortran"
	case "fs", "fsi", "fsx":
		return "fsharp"
	case "gleam":
		return "gleam"
	case "glsl", "vert", "frag", "comp", "wgsl", "hlsl":
		return "glsl"
	case "go":
		return "go"
	case "graphql", "gql", "graphqls":
		return "graphql"
	case "groovy", "gradle", "gvy":
		return "groovy"
	case "hs", "lhs":
		return "haskell"
	case "hcl", "tf", "tfvars", "nomad":
		return "hcl"
	case "html", "htm", "xhtml":
		return "html"
	case "ini", "cfg", "conf", "properties", "editorconfig":
		return "ini"
	case "java":
		return "java"
	case "js", "jsx", "mjs", "cjs":
		return "javascript"
	case "json", "jsonc", "json5", "jsonl", "ndjson", "geojson", "webmanifest", "avsc":
		return "json"
	case "jsonnet", "libsonnet":
		return "jsonnet"
	case "jl":
		return "julia"
	case "kt", "kts":
		return "kotlin"
	case "tex", "sty", "cls", "bib":
		return "latex"
	case "less":
		return "less"
	case "lisp", "lsp", "cl", "el":
		return "lisp"
	case "lua":
		return "lua"
	case "mk", "mak":
		return "make"
	case "md", "markdown", "mdown", "mkd", "mdx":
		return "markdown"
	case "nim", "nims":
		return "nim"
	case "nix":
		return "nix"
	case "m", "mm":
		return "objectivec"
	case "ml", "mli", "mll", "mly":
		return "ocaml"
	case "pas", "pp", "dpr", "lpr":
		return "pascal"
	case "pl", "pm", "t", "pod":
		return "perl"
	case "php", "phtml", "php5", "phps":
		return "php"
	case "ps1", "psm1", "psd1":
		return "powershell"
	case "pro", "plg":
		return "prolog"
	case "proto":
		return "proto"
	case "py", "pyi", "pyw", "pyx", "pxd":
		return "python"
	case "r", "rmd":
		return "r"
	case "rst":
		return "rst"
	case "rb", "rake", "gemspec", "ru", "erb":
		return "ruby"
	case "rs":
		return "rust"
	case "sass", "scss":
		return "sass"
	case "scala", "sc", "sbt":
		return "scala"
	case "scm", "ss", "rkt":
		return "scheme"
	case "sh", "bash", "zsh", "ksh", "fish", "bats":
		return "shell"
	case "sol":
		return "solidity"
	case "sql", "ddl", "psql", "pgsql":
		return "sql"
	case "star":
		return "starlark"
	case "svelte":
		return "svelte"
	case "swift":
		return "swift"
	case "tcl":
		return "tcl"
	case "txt", "text", "log":
		return "text"
	case "thrift":
		return "thrift"
	case "toml":
		return "toml"
	case "ts", "tsx", "mts", "cts":
		return "typescript"
	case "vb", "vbs":
		return "vbnet"
	case "v", "sv", "svh", "vh":
		return "verilog"
	case "vhd", "vhdl":
		return "vhdl"
	case "vim":
		return "vim"
	case "vue":
		return "vue"
	case "xml", "xsd", "xsl", "xslt", "svg", "plist", "csproj", "fsproj", "vcxproj", "props", "targets", "resx", "wsdl":
		return "xml"
	case "yaml", "yml":
		return "yaml"
	case "zig":
		return "zig"
	}
	return ""
}

// MIMEType says what a file is to a client, by its ending; text/plain if that is not known.
func MIMEType(name string) string {
	switch path.Ext(name) {
	case ".md", ".markdown":
		return "text/markdown"
	case ".json":
		return "application/json"
	case ".html", ".htm":
		return "text/html"
	case ".csv":
		return "text/csv"
	case ".yaml", ".yml":
		return "application/yaml"
	case ".toml":
		return "application/toml"
	}
	return "text/plain"
}
