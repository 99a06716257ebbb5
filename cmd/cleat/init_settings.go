package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"unicode/utf8"

	"cleat/internal/fail"
)

const (
	// allowPrefix begins Claude Code's names of the tools of the server cleat. By itself
	// it stands for all of them.
	allowPrefix = "mcp__cleat"

	settingsDir  = ".claude"
	settingsFile = "settings.local.json"
	maxSettings  = 1 << 20 // bytes
)

// allowTools adds the tools that are missing to permissions.allow in Claude Code's local
// settings of the project at root, and returns them. Everything else in the file stays, in
// its order. With dry, nothing is written.
//
// It fails, having changed nothing, when the file or its folder is not what it should be:
// a link, a folder, not JSON, or changed by somebody else meanwhile.
func allowTools(root *os.Root, tools []string, dry bool) ([]string, error) {
	dir, err := openSettingsDir(root, !dry)
	if err != nil {
		return nil, err
	}
	if dir == nil { // only a dry run makes no folder
		return tools, nil
	}
	defer dir.Close()
	old, info, err := readSettings(dir)
	if err != nil {
		return nil, err
	}
	if info == nil {
		old = []byte("{}")
	}
	data, added, err := mergeAllow(old, tools)
	if err != nil || len(added) == 0 || dry {
		return added, err
	}
	return added, replaceSettings(dir, info, data)
}

// byHand is the way out where cleat does not touch a file.
const byHand = "or add the entries that `cleat init --print-allow` prints to permissions.allow yourself"

func settingsError(code fail.Code, what, mend string) error {
	return fail.Errorf(code, "%s", what+"; nothing was changed").Then("%s, %s", mend, byHand)
}

// openSettingsDir opens the folder, and makes it if it is asked to; nil if there is none.
func openSettingsDir(root *os.Root, create bool) (*os.Root, error) {
	info, err := root.Lstat(settingsDir)
	if errors.Is(err, fs.ErrNotExist) {
		if !create {
			return nil, nil
		}
		if err := root.Mkdir(settingsDir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, settingsError(fail.Unavailable, "the folder "+settingsDir+" cannot be made: "+bareError(err).Error(),
				"make the repository's folder writable for you")
		}
		info, err = root.Lstat(settingsDir)
	}
	if err != nil {
		return nil, settingsError(fail.Unavailable, settingsDir+" cannot be examined: "+bareError(err).Error(), "make it readable for you")
	}
	if !info.IsDir() {
		return nil, settingsError(fail.Invalid, settingsDir+" is not a folder, or is a link to one", "put a folder in its place")
	}
	dir, err := root.OpenRoot(settingsDir)
	if err != nil {
		return nil, settingsError(fail.Unavailable, "the folder "+settingsDir+" cannot be opened: "+bareError(err).Error(), "make it readable for you")
	}
	if now, err := dir.Stat("."); err != nil || !os.SameFile(info, now) {
		dir.Close()
		return nil, changedMeanwhile()
	}
	return dir, nil
}

func changedMeanwhile() error {
	return settingsError(fail.Conflict, settingsDir+"/"+settingsFile+" was changed by another program just now", "run `cleat init` again")
}

// readSettings returns the file's content and metadata; nil and nil if it is not there.
func readSettings(dir *os.Root) ([]byte, fs.FileInfo, error) {
	const file = settingsDir + "/" + settingsFile
	info, err := dir.Lstat(settingsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	unreadable := func(err error) error {
		return settingsError(fail.Unavailable, file+" cannot be read: "+bareError(err).Error(), "make it a readable file")
	}
	switch {
	case err != nil:
		return nil, nil, unreadable(err)
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, nil, settingsError(fail.Invalid, file+" is a link", "put the file itself in its place")
	case !info.Mode().IsRegular():
		return nil, nil, settingsError(fail.Invalid, file+" is not a regular file", "move it away")
	}
	f, err := dir.OpenFile(settingsFile, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil, nil, unreadable(err)
	}
	defer f.Close()
	if now, err := f.Stat(); err != nil || !os.SameFile(info, now) {
		return nil, nil, changedMeanwhile()
	}
	data, err := readRegular(f, maxSettings)
	if err != nil {
		return nil, nil, unreadable(err)
	}
	return data, info, nil
}

// replaceSettings puts data in the place of the file that info is of, or of none. Readers
// see the old file or the new one.
func replaceSettings(dir *os.Root, info fs.FileInfo, data []byte) (err error) {
	mode := fs.FileMode(0o644)
	if info != nil {
		mode = info.Mode().Perm()
	}
	temp := "." + settingsFile + "." + rand.Text()
	f, err := dir.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err == nil {
		defer func() {
			if err != nil {
				err = errors.Join(err, dir.Remove(temp))
			}
		}()
		_, err = f.Write(data)
		if err == nil {
			err = f.Sync()
		}
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return settingsError(fail.Unavailable, settingsDir+"/"+settingsFile+" cannot be written: "+bareError(err).Error(),
			"make the folder writable for you")
	}
	now, err := dir.Lstat(settingsFile)
	absent := errors.Is(err, fs.ErrNotExist)
	if info == nil && !absent || info != nil && (absent || err != nil || !os.SameFile(info, now) ||
		now.Size() != info.Size() || !now.ModTime().Equal(info.ModTime())) {
		return changedMeanwhile()
	}
	if err := dir.Rename(temp, settingsFile); err != nil {
		return settingsError(fail.Unavailable, settingsDir+"/"+settingsFile+" cannot be replaced: "+bareError(err).Error(),
			"make the folder writable for you")
	}
	return nil
}

// mergeAllow adds the tools that are missing to permissions.allow of a settings file, and
// returns the new text and what was added. Names, their order, and values keep their
// spelling; white space becomes Claude Code's own, two spaces.
func mergeAllow(data []byte, tools []string) (merged []byte, added []string, err error) {
	const file = settingsDir + "/" + settingsFile
	wrong := func(what string) error {
		return settingsError(fail.Invalid, file+" "+what, "mend the file")
	}
	if !utf8.Valid(data) {
		return nil, nil, wrong("is not UTF-8")
	}
	var check json.RawMessage
	if err := json.Unmarshal(data, &check); err != nil {
		return nil, nil, wrong("is not JSON" + atLine(data, err))
	}
	settings, err := parseObject(data)
	if err != nil {
		return nil, nil, wrong("is not a JSON object")
	}
	permissions := object{}
	raw, err := settings.get("permissions")
	if err == nil && raw != nil {
		permissions, err = parseObject(raw)
	}
	if err != nil {
		return nil, nil, wrong(`has "permissions" twice, or not as an object`)
	}
	var allow []json.RawMessage
	raw, err = permissions.get("allow")
	if err == nil && raw != nil {
		if raw[0] != '[' {
			err = errNotObject
		} else {
			err = json.Unmarshal(raw, &allow)
		}
	}
	if err != nil {
		return nil, nil, wrong(`has "permissions.allow" twice, or not as an array`)
	}
	if added = missing(allow, tools); len(added) == 0 {
		return data, nil, nil
	}
	for _, name := range added {
		quoted, err := json.Marshal(name)
		if err != nil {
			return nil, nil, err
		}
		allow = append(allow, quoted)
	}
	permissions.set("allow", slices.Concat([]byte("["), bytes.Join(asBytes(allow), []byte(",")), []byte("]")))
	settings.set("permissions", permissions.encode())
	var out bytes.Buffer
	if err := json.Indent(&out, settings.encode(), "", "  "); err != nil {
		return nil, nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), added, nil
}

// missing returns the tools that the list does not let be called.
func missing(allow []json.RawMessage, tools []string) []string {
	var have []string
	for _, raw := range allow {
		var s string
		if raw[0] == '"' && json.Unmarshal(raw, &s) == nil {
			have = append(have, s)
		}
	}
	if slices.Contains(have, allowPrefix) || slices.Contains(have, allowPrefix+"__*") {
		return nil // the whole server
	}
	var out []string
	for _, name := range tools {
		if !slices.Contains(have, name) {
			out = append(out, name)
		}
	}
	return out
}

func asBytes(raw []json.RawMessage) [][]byte {
	out := make([][]byte, len(raw))
	for i, r := range raw {
		out[i] = r
	}
	return out
}

// An object is a JSON object whose members keep their order and spelling.
type object []member

type member struct {
	name       string
	key, value []byte // as they are written
}

var errNotObject = errors.New("not a JSON object")

// parseObject splits data, which is valid JSON, into its members.
func parseObject(data []byte) (object, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errNotObject
	}
	o := object{}
	for d.More() {
		before := d.InputOffset()
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, errNotObject
		}
		m := member{name: name, key: bytes.TrimLeft(data[before:d.InputOffset()], ", \t\r\n")}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, errNotObject
		}
		m.value = value
		o = append(o, m)
	}
	return o, nil
}

// get returns the value of a member, nil if there is none. One that is there twice has no
// value.
func (o object) get(name string) ([]byte, error) {
	var value []byte
	for _, m := range o {
		if m.name != name {
			continue
		}
		if value != nil {
			return nil, errNotObject
		}
		value = m.value
	}
	return value, nil
}

// set changes a member, or adds it at the end.
func (o *object) set(name string, value []byte) {
	for i, m := range *o {
		if m.name == name {
			(*o)[i].value = value
			return
		}
	}
	*o = append(*o, member{name: name, key: []byte(`"` + name + `"`), value: value})
}

func (o object) encode() []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(m.key)
		b.WriteByte(':')
		b.Write(m.value)
	}
	b.WriteByte('}')
	return b.Bytes()
}
