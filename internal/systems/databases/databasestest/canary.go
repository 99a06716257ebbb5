package databasestest

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"cleat/internal/fail"
)

// secrets are the values of users.ssn and what is special in those of users.email.
func secrets() []string {
	return []string{"Zq7Xv-Kp93w-Jt5Rm", "Hw2Yg-Vx84u-Qs6Nj", "Tz9Ku-Wm31y-Gv8Lp", "ann.q8wz@", "bob.k3vy@", "cyd.m7xp@", "dee.r5ju@"}
}

// traces returns texts of which none may be in an answer: pieces of the secrets, in small
// letters, also turned round and encoded. The last four characters of a secret may show.
func traces() []string {
	var out []string
	for _, s := range secrets() {
		for i := 0; i+6 <= len(s); i++ {
			piece := s[i : i+6]
			back := []byte(piece)
			slices.Reverse(back)
			out = append(out, piece, string(back), hex.EncodeToString([]byte(piece)), hex.EncodeToString(back), base64.StdEncoding.EncodeToString([]byte(piece)), base64.StdEncoding.EncodeToString(back))
		}
	}
	for i := range out {
		out[i] = strings.ToLower(out[i])
	}
	return out
}

// covered expects that neither the answer nor the error holds a trace of the secrets.
func (s *suite) covered(what string, answer any, err error) {
	s.Helper()
	text, e := json.Marshal(answer)
	if e != nil {
		s.Fatal(e)
	}
	shown := string(text)
	if err != nil {
		f := fail.From(err)
		shown = err.Error() + f.What + f.Why + f.Next + fail.Show(err)
	}
	shown = strings.ToLower(shown)
	for _, trace := range traces() {
		if i := strings.Index(shown, trace); i >= 0 {
			s.Errorf("%s: a secret is told: …%s…", short(what), shown[max(0, i-60):min(len(shown), i+60)])
			return
		}
	}
	if err != nil {
		s.tidy(what, err)
		if fail.From(err).Code == fail.Internal {
			s.Errorf("%s: %v", short(what), explained(err))
		}
	}
}
