package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPasswords(t *testing.T) {
	for secret, want := range map[string][]string{
		"postgres://app:horse-battery@db.example/shop":             {"horse-battery"},
		"postgres://app:ho%40rse%2F@db.example/shop":               {"ho%40rse%2F", "ho@rse/"},
		"app:p@ss:w0rd@tcp(db.example:3306)/shop":                  {"p@ss:w0rd"},
		"host=db user=app password=horse-battery dbname=shop":      {"horse-battery"},
		`host=db password='it\'s a horse' user=app`:                {"it's a horse"},
		"postgres://db.example/shop?user=app&password=horse%2Bbat": {"horse%2Bbat", "horse+bat"},
		"a-token-without-any-form":                                 nil,
		"postgres://app@db.example/shop":                           nil,
	} {
		if diff := cmp.Diff(want, passwords(secret)); diff != "" {
			t.Errorf("passwords(%q) (-want +got):\n%s", secret, diff)
		}
	}
}
