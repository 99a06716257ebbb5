package tasks

import (
	"os"
	"path"
	"runtime"
	"strings"
)

// languages says which languages a folder has a project of.
type languages struct{ gowork, cargo, pytest, maven, gradle bool }

// languages finds the tasks that projects of a language have, in dir. It sets what it finds
// in have, and leaves out what is set already.
func (f *finder) languages(dir string, have *languages) error {
	for _, find := range [...]func(dir string, have *languages) error{f.golang, f.cargo, f.pytest, f.maven, f.gradle} {
		if err := find(dir, have); err != nil {
			return err
		}
	}
	return nil
}

// golang finds the module in dir, or those of the root's go.work.
func (f *finder) golang(dir string, have *languages) error {
	if have.gowork {
		return nil // it names all modules that go would take
	}
	if dir == "." {
		s, err := f.file("go.work")
		if err != nil {
			return err
		}
		if s.ok() {
			have.gowork = true
			dirs := used(s.data)
			for _, d := range dirs[:min(len(dirs), MaxFolders)] {
				if p, ok := inRoot(".", d); ok {
					if err := f.module(p); err != nil {
						return err
					}
				}
			}
			return nil
		}
	}
	return f.module(dir)
}

// module adds the tasks of the Go module in dir.
func (f *finder) module(dir string) error {
	name, _, err := f.first(dir, "go.mod")
	if err != nil || name == "" {
		return err
	}
	return f.builtin(dir, Go, name,
		command{name: "go test", argv: []string{"go", "test", "-json", "./..."}, about: "the tests of the Go module", args: true},
		command{name: "go vet", argv: []string{"go", "vet", "./..."}, about: "look for mistakes in the Go module", args: true},
		// Without -o, the program of a module that has one only would be written there.
		command{name: "go build", argv: []string{"go", "build", "-o", os.DevNull, "./..."}, about: "compile the Go module", args: true})
}

// used returns the folders that a go.work names.
func used(data []byte) (dirs []string) {
	block := false
	lines(data, func(_ int, line string) bool {
		line, _, _ = strings.Cut(line, "//")
		fields := strings.Fields(strings.ReplaceAll(line, "(", " ( "))
		switch {
		case len(fields) == 0:
		case block && fields[0] == ")":
			block = false
		case block:
			dirs = append(dirs, strings.Trim(fields[0], "\"`"))
		case fields[0] == "use" && len(fields) > 1 && fields[1] == "(":
			block = true
		case fields[0] == "use" && len(fields) > 1:
			dirs = append(dirs, strings.Trim(fields[1], "\"`"))
		}
		return true
	})
	return dirs
}

// A command is a task before it is complete.
type command struct {
	name, about string
	argv        []string
	args        bool
	most        int // arguments, 0 for no bound of its own
}

// builtin adds tasks that no file declares: trust is bound to what runs, and where.
func (f *finder) builtin(dir, kind, file string, commands ...command) error {
	for _, c := range commands {
		err := f.add(Task{Name: c.name, Argv: c.argv, Dir: dir, Kind: kind, Args: c.args, most: c.most}, c.about, file, 0)
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *finder) cargo(dir string, have *languages) error {
	if have.cargo {
		return nil
	}
	name, _, err := f.first(dir, "Cargo.toml")
	if err != nil || name == "" {
		return err
	}
	have.cargo = true
	return f.builtin(dir, Cargo, name,
		command{name: "cargo test", argv: []string{"cargo", "test"}, about: "the tests of the Rust package", args: true, most: 1},
		command{name: "cargo build", argv: []string{"cargo", "build"}, about: "compile the Rust package"},
		command{name: "cargo clippy", argv: []string{"cargo", "clippy"}, about: "look for mistakes in the Rust package"})
}

func (f *finder) pytest(dir string, have *languages) error {
	if have.pytest {
		return nil
	}
	for _, by := range [...][2]string{{"pytest.ini", "[pytest]"}, {".pytest.ini", "[pytest]"}, {"pytest.toml", "[pytest]"}, {"pyproject.toml", "[tool.pytest"},
		{"tox.ini", "[pytest]"}, {"setup.cfg", "[tool:pytest]"}} {
		s, err := f.file(path.Join(dir, by[0]))
		if err != nil {
			return err
		}
		if !s.ok() || !hasSection(s.data, by[1]) && !strings.HasSuffix(by[0], "pytest.ini") {
			continue
		}
		argv := []string{"pytest"}
		for _, m := range [...][2]string{{"uv.lock", "uv"}, {"poetry.lock", "poetry"}, {"pdm.lock", "pdm"}} {
			there, err := f.exists(dir, m[0])
			if err != nil {
				return err
			}
			if there {
				argv = []string{m[1], "run", "pytest"}
				break
			}
		}
		have.pytest = true
		return f.builtin(dir, Pytest, path.Join(dir, by[0]),
			command{name: strings.Join(argv, " "), argv: argv, about: "the Python tests", args: true})
	}
	return nil
}

// hasSection reports whether a line of data begins with the header of a section.
func hasSection(data []byte, header string) (found bool) {
	lines(data, func(_ int, line string) bool {
		found = strings.HasPrefix(strings.TrimSpace(line), header)
		return !found
	})
	return found
}

// maven finds a pom.xml. Its plugins run what it says, so it counts as a file that declares.
func (f *finder) maven(dir string, have *languages) error {
	if have.maven {
		return nil
	}
	name, _, err := f.first(dir, "pom.xml")
	if err != nil || name == "" {
		return err
	}
	have.maven = true
	title, program, files, err := f.wrapper(dir, "mvn", "mvnw", ".mvn/wrapper/maven-wrapper.properties", ".mvn/wrapper/maven-wrapper.jar",
		".mvn/maven.config", ".mvn/jvm.config", ".mvn/extensions.xml", "pom.xml")
	if err != nil {
		return err
	}
	return f.add(Task{Name: title + " test", Argv: []string{program, "-B", "test"}, Dir: dir, Kind: Maven, Args: true, Files: files},
		"the tests of the Maven project", name, 0)
}

// gradle finds a build.gradle or a settings.gradle, which are programs.
func (f *finder) gradle(dir string, have *languages) error {
	if have.gradle {
		return nil
	}
	name, _, err := f.first(dir, "settings.gradle", "settings.gradle.kts", "build.gradle", "build.gradle.kts")
	if err != nil || name == "" {
		return err
	}
	have.gradle = true
	title, program, files, err := f.wrapper(dir, "gradle", "gradlew", "gradle/wrapper/gradle-wrapper.properties",
		"gradle/wrapper/gradle-wrapper.jar", "gradle.properties", "settings.gradle", "settings.gradle.kts", "build.gradle",
		"build.gradle.kts")
	if err != nil {
		return err
	}
	return f.add(Task{Name: title + " test", Argv: []string{program, "--console=plain", "test"}, Dir: dir, Kind: Gradle, Args: true,
		Files: files}, "the tests of the Gradle project", name, 0)
}

// wrapper returns the project's own script that fetches the program, if it is there and can
// be run here, or the program, as it is typed in dir and as it is run; and those of files
// and the script that are there.
func (f *finder) wrapper(dir, program, script string, files ...string) (title, argv0 string, there []string, err error) {
	there, err = f.existing(dir, append(files, script)...)
	if err != nil {
		return "", "", nil, err
	}
	s, err := f.file(path.Join(dir, script))
	if err == nil && s.ok() && s.exec && runtime.GOOS != "windows" {
		return "./" + script, "./" + path.Join(dir, script), there, nil
	}
	return program, program, there, err
}
