package mysql

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
)

// A rogue is a server of MySQL's protocol that greets, lets anyone in, and answers as the
// test wants.
type rogue struct {
	addr string
	mu   sync.Mutex
	got  [][]byte // the packets that the clients sent after the login
}

// packet frames a payload.
func packet(seq byte, payload []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(payload)))
	b[3] = seq
	return append(b, payload...)
}

// serve answers each command with what answer returns, the connection being closed for nil.
func serve(t *testing.T, answer func(command []byte) []byte) *rogue {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &rogue{addr: l.Addr().String()}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
	})
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				if err := r.talk(c, answer); err != nil && !errors.Is(err, io.EOF) {
					t.Logf("rogue: %v", err)
				}
			})
		}
	})
	return r
}

func (r *rogue) talk(c net.Conn, answer func([]byte) []byte) error {
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return err
	}
	const capabilities = 0x0000a20f | 0x00000080 | 0x00080000 // with LOCAL INFILE and plugin names
	greeting := append([]byte{10}, "5.5.5-10.11.0-MariaDB\x00"...)
	greeting = append(greeting, 1, 0, 0, 0)
	greeting = append(greeting, "12345678\x00"...)
	greeting = binary.LittleEndian.AppendUint16(greeting, capabilities&0xffff)
	greeting = append(greeting, 45, 2, 0)
	greeting = binary.LittleEndian.AppendUint16(greeting, capabilities>>16)
	greeting = append(greeting, 21)
	greeting = append(greeting, make([]byte, 10)...)
	greeting = append(greeting, "123456789012\x00mysql_native_password\x00"...)
	if _, err := c.Write(packet(0, greeting)); err != nil {
		return err
	}
	if _, err := read(c); err != nil {
		return err
	}
	if _, err := c.Write(packet(2, []byte{0, 0, 0, 2, 0, 0, 0})); err != nil {
		return err
	}
	for {
		command, err := read(c)
		if err != nil {
			return err
		}
		r.mu.Lock()
		r.got = append(r.got, command)
		r.mu.Unlock()
		out := answer(command)
		if out == nil {
			return nil
		}
		if _, err := c.Write(out); err != nil {
			return err
		}
	}
}

func read(c net.Conn) ([]byte, error) {
	head := make([]byte, 4)
	if _, err := io.ReadFull(c, head); err != nil {
		return nil, err
	}
	body := make([]byte, int(head[0])|int(head[1])<<8|int(head[2])<<16)
	_, err := io.ReadFull(c, body)
	return body, err
}

// MY-18: a server that asks for a file gets none, whatever the DSN says.
func TestRogueAsksForFile(t *testing.T) {
	for _, options := range []string{"", "?allowAllFiles=true"} {
		for _, first := range []bool{true, false} {
			n := 0
			r := serve(t, func(command []byte) []byte {
				if n++; first || n > 3 || len(command) > 0 && command[0] != 3 {
					return packet(1, append([]byte{0xfb}, "/etc/passwd"...))
				}
				return packet(1, []byte{0, 0, 0, 2, 0, 0, 0})
			})
			s := openDSN(t, "u:p@tcp("+r.addr+")/d"+options, databases.Config{Timeout: 5 * time.Second})
			_, err := s.Query(t.Context(), databases.Query{SQL: "SELECT 1"})
			wantCode(t, "rogue"+options, err, fail.Unavailable, fail.Invalid)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			r.mu.Lock()
			for _, p := range r.got {
				if bytes.Contains(p, []byte("root:")) || bytes.Contains(p, []byte(":0:0:")) {
					t.Errorf("the file was sent: %.80q", p)
				}
			}
			r.mu.Unlock()
		}
	}
}

// A server that never ends, sends rubbish, or sends more than anyone wants.
func TestRogueAnswers(t *testing.T) {
	flood := bytes.Repeat([]byte{1}, 0xffffff)
	for name, answer := range map[string]func([]byte) []byte{
		"nothing": func([]byte) []byte { return []byte{} },
		"rubbish": func([]byte) []byte { return []byte(strings.Repeat("\xff\x00garbage", 50)) },
		"closes":  func([]byte) []byte { return nil },
		"flood": func([]byte) []byte {
			return bytes.Join([][]byte{packet(1, flood), packet(2, flood), packet(3, flood), packet(4, flood)}, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := serve(t, answer)
			s := openDSN(t, "u:Secret-99@tcp("+r.addr+")/d", databases.Config{Timeout: 2 * time.Second})
			began := time.Now()
			_, err := s.Query(t.Context(), databases.Query{SQL: "SELECT 1"})
			wantCode(t, name, err, fail.Unavailable, fail.Timeout)
			if took := time.Since(began); took > 30*time.Second {
				t.Errorf("took %v", took)
			}
			if err != nil && strings.Contains(showErr(err), "Secret-99") {
				t.Error(showErr(err))
			}
		})
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := openDSN(t, "u:p@tcp("+l.Addr().String()+")/d", databases.Config{Timeout: time.Second})
	_, err = s.Query(t.Context(), databases.Query{SQL: "SELECT 1"})
	wantCode(t, "silent", err, fail.Unavailable, fail.Timeout)
}
