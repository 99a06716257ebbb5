//go:build unix

package tunnel

import (
	"io"
	"testing"
)

// BenchmarkEcho measures what a round trip and a megabyte cost once a connection stands.
func BenchmarkEcho(b *testing.B) {
	s := serve(b)
	d := s.dialer(b, testHost(b), "client_config")
	address := listen(b, echo)
	for name, size := range map[string]int{"round trip": 1, "megabyte": 1 << 20} {
		b.Run(name, func(b *testing.B) {
			c := connect(b, b.Context(), d, address)
			exchange(b, c, "hello")
			sent, got := make([]byte, size), make([]byte, size)
			b.SetBytes(int64(size))
			for b.Loop() {
				written := make(chan error, 1)
				go func() {
					_, err := c.Write(sent)
					written <- err
				}()
				if _, err := io.ReadFull(c, got); err != nil {
					b.Fatal(err)
				}
				if err := <-written; err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("connect", func(b *testing.B) {
		for b.Loop() {
			c := connect(b, b.Context(), d, address)
			exchange(b, c, "hello")
			c.Close()
		}
	})
}
