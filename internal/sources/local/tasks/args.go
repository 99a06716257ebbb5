package tasks

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"cleat/internal/fail"
)

// With returns the program and arguments of the task with args added, each of them one
// element, or what the program's own option makes of them:
//
//   - "go test" takes packages of the module ("./...", "./x") and tests ("run=TestName",
//     "run=TestName/sub"); other tasks of go take packages
//   - pytest takes files and node ids ("tests/test_a.py::test_x")
//   - cargo test takes a test's name, mvn and gradle take names of tests
//   - scripts of package.json, and recipes and tasks that take arguments, pass them through a
//     shell: only letters, digits and _ . / : @ , + = - are let through
//   - scripts take anything
//
// No argument may begin with "-", be empty, or have control characters. A make task takes
// none: another target is another task, and a variable may be any command. With fails with
// fail.Invalid.
func (t Task) With(args []string) ([]string, error) {
	argv := slices.Clone(t.Argv)
	if len(args) == 0 {
		return argv, nil
	}
	if !t.Args {
		e := fail.Errorf(fail.Invalid, "the task %q takes no arguments", t.Name)
		if t.Kind == Make {
			e = e.Because("another target is another task, and variables cannot be set")
		}
		return nil, e.Then("start it without args")
	}
	most := MaxArgs
	if t.most > 0 {
		most = min(most, t.most)
	}
	if len(args) > most {
		return nil, fail.Errorf(fail.Invalid, "the task %q takes at most %d arguments, not %d", t.Name, most, len(args)).
			Then("pass fewer")
	}
	for i, a := range args {
		if why := refused(a); why != "" {
			return nil, badArg(i, why).Then("pass an argument that is no option and is one line of text")
		}
	}
	switch t.Kind {
	case Go:
		return t.withGo(argv, args)
	case NPM:
		if argv[0] == NPM {
			argv = append(argv, "--")
		}
		return each(argv, args, isPlain, plainWords)
	case Just:
		return each(argv, args, isPlain, plainWords)
	case GoTask:
		return each(append(argv, "--"), args, isPlain, plainWords)
	case Cargo:
		return each(argv, args, isTestName, "is no name of a test, such as module::name")
	case Pytest:
		return each(argv, args, isNodeID, "is no test, such as tests/test_a.py or tests/test_a.py::test_x")
	case Maven:
		tests, err := each(nil, args, isTestName, "is no test, such as FooTest or FooTest#bar")
		if err != nil {
			return nil, err
		}
		return append(argv, "-Dtest="+strings.Join(tests, ","), "-Dsurefire.failIfNoSpecifiedTests=false"), nil
	case Gradle:
		for i, a := range args {
			if !isTestName(a) {
				return nil, badArg(i, "is no test, such as FooTest or com.acme.FooTest.bar").Then("pass names of tests")
			}
			argv = append(argv, "--tests", a)
		}
		return argv, nil
	}
	return append(argv, args...), nil
}

const plainWords = "has a character that a shell could act on: letters, digits and _./:@,+=- are let through"

func badArg(i int, why string) *fail.Error {
	return fail.Errorf(fail.Invalid, "args[%d] %s", i, why)
}

// each appends args, all of which have to be ok.
func each(argv, args []string, ok func(string) bool, why string) ([]string, error) {
	for i, a := range args {
		if !ok(a) {
			return nil, badArg(i, why).Then("correct it, or start the task without args")
		}
	}
	return append(argv, args...), nil
}

// refused says why no task takes the argument a, or "".
func refused(a string) string {
	switch {
	case a == "":
		return "is empty"
	case len(a) > MaxArg:
		return "is over 4096 bytes"
	case !utf8.ValidString(a):
		return "is not UTF-8"
	case strings.ContainsFunc(a, isHidden):
		return "has a control or formatting character"
	case strings.HasPrefix(strings.TrimSpace(a), "-"):
		return `begins with "-"`
	}
	return ""
}

// isHidden reports whether r is not seen, or changes how its neighbors are. Unlike
// unicode.IsPrint it lets odd spaces pass, which names of files may have.
func isHidden(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Cs, unicode.Co)
}

// withGo puts packages in the place of "./...", and tests before them.
func (t Task) withGo(argv, args []string) ([]string, error) {
	var packages, tests []string
	for i, a := range args {
		name, isRun := strings.CutPrefix(a, "run=")
		switch {
		case isRun && slices.Contains(argv, "test"):
			if !isGoTest(name) {
				return nil, badArg(i, "is no test, such as run=TestName or run=TestName/sub").Then("pass the test's full name")
			}
			tests = append(tests, exactly(name))
		case !isGoPackage(a):
			return nil, badArg(i, "is no package of this module, such as ./... or ./internal/x").
				Then("pass paths of packages; a single test is run=TestName")
		default:
			packages = append(packages, a)
		}
	}
	if len(packages) > 0 {
		argv = argv[:len(argv)-1] // ./...
	} else {
		packages, argv = argv[len(argv)-1:], argv[:len(argv)-1]
	}
	if len(tests) > 0 {
		argv = append(argv[:len(argv):len(argv)], "-run="+strings.Join(tests, "|"))
	}
	return append(argv[:len(argv):len(argv)], packages...), nil
}

// exactly returns the pattern of -run for one test or subtest. Go has replaced the spaces in
// the names of subtests.
func exactly(name string) string {
	parts := strings.Split(strings.ReplaceAll(name, " ", "_"), "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return strings.Join(parts, "/")
}

// isGoTest reports whether s is the name of a test function, and maybe a subtest.
func isGoTest(s string) bool {
	fn, sub, _ := strings.Cut(s, "/")
	for _, prefix := range [...]string{"Test", "Fuzz", "Example"} {
		if strings.HasPrefix(fn, prefix) && !strings.ContainsFunc(fn, notWord) {
			// An empty element would match everything.
			return s == fn || sub != "" && !strings.Contains("/"+sub+"/", "//")
		}
	}
	return false
}

func notWord(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// isGoPackage reports whether s is a path or pattern of packages below the task's folder.
func isGoPackage(s string) bool {
	rest, ok := strings.CutPrefix(s, "./")
	if s == "." {
		return true
	}
	if !ok || strings.ContainsFunc(rest, func(r rune) bool { return notWord(r) && !strings.ContainsRune("./-+,", r) }) {
		return false
	}
	for seg := range strings.SplitSeq(rest, "/") {
		if seg == ".." || strings.HasPrefix(seg, "-") {
			return false
		}
	}
	return true
}

// isPlain reports whether no shell finds anything in s to act on.
func isPlain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return notWord(r) && !strings.ContainsRune("./:@,+=-", r) })
}

// isTestName reports whether s may be the name of a class, method or function.
func isTestName(s string) bool {
	first, _ := utf8.DecodeRuneInString(s)
	return !notWord(first) && !strings.ContainsFunc(s, func(r rune) bool { return notWord(r) && !strings.ContainsRune(".:#*$", r) })
}

// isNodeID reports whether s is a file or folder below the task's folder, and maybe a test
// in it.
func isNodeID(s string) bool {
	file, test, hasTest := strings.Cut(s, "::")
	if hasTest && (test == "" || !strings.HasSuffix(file, ".py")) {
		return false
	}
	if file == "" || path.IsAbs(file) || strings.ContainsFunc(file, func(r rune) bool { return notWord(r) && !strings.ContainsRune("./- +", r) }) {
		return false
	}
	p := path.Clean(file)
	return p != ".." && !strings.HasPrefix(p, "../")
}
