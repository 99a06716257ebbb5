//go:build linux

package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// letters is text that looks random, is the same at each run, and stands in no source.
func letters(n, seed int) string {
	const set = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789"
	b := make([]byte, n)
	x := uint32(seed*7919 + 12345)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = set[int(x>>16)%len(set)]
	}
	return string(b)
}

// tokens are secrets by the shape that gives them away; the value is what must never be
// seen.
func tokens() map[string]string {
	b64 := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	return map[string]string{
		"aws":       "AKIA" + strings.ToUpper(letters(16, 1)),
		"github":    "ghp_" + letters(36, 2),
		"githubpat": "github_pat_" + letters(22, 3) + "_" + letters(59, 4),
		"gitlab":    "glpat-" + letters(20, 5),
		"slack":     "xoxb-" + "123456789012-123456789012-" + letters(24, 6),
		"anthropic": "sk-ant-api03-" + letters(93, 7) + "AA",
		"jwt":       b64(`{"alg":"HS256"}`) + "." + b64(`{"sub":"1234567890","n":"`+letters(20, 8)+`"}`) + "." + letters(43, 9),
		"npm":       "npm_" + letters(36, 10),
		"google":    "AIza" + letters(35, 11),
		"linear":    "lin_api_" + letters(40, 12),
	}
}

// TestTokens: a secret that is known by its shape is nowhere in what cleat says, to anyone,
// however it is asked for: in files, at refs, in values, searches, outlines, prompts,
// arguments, names and errors.
func TestTokens(t *testing.T) {
	t.Parallel()
	for kind, token := range tokens() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := attacked(t, fmt.Sprintf("-- README.md --\n# Use %[1]s\nwith %[1]s\n-- app.go --\npackage app\n\n// %[1]s\nfunc f() string { return \"%[1]s\" }\n"+
				"-- c.json --\n{\"k\": {\"%[1]s\": \"%[1]s\"}, \"list\": [\"x %[1]s\"]}\n-- d.yaml --\nk: >-\n  %[1]s\nl: \"%[1]s\"\n-- one.txt --\n%[2]s%[1]s %[2]s\n-- t/n-%[1]s.txt --\nx\n",
				token, strings.Repeat("word ", 3000)))
			w.git(t, "commit", "-q", "--allow-empty", "-m", "Use "+token)
			w.git(t, "branch", "b-"+token)
			p := w.peer(t)
			for _, name := range []string{"README.md", "app.go", "c.json", "d.yaml", "one.txt"} {
				everyWay(t, p, name)
			}
			q := quoted(t, token)
			for _, args := range []string{`"pattern":` + q, `"mode":"regex","pattern":` + q, `"mode":"files","pattern":` + q, `"pattern":"x","lang":` + q, `"pattern":"x","paths":[` + q + `]`,
				`"pattern":"x","cursor":` + q, `"pattern":"x","mode":` + q, `"pattern":"x",` + q + `:1`, `"mode":"regex","pattern":` + quoted(t, "("+token)} {
				p.tool("code_search", "{"+args+"}")
			}
			for _, args := range []string{`"uri":` + q, `"uri":"a.go","part":` + q, `"uri":"c.json","part":"/k"`, `"uri":"c.json","part":"/k/none"`, `"uri":"c.json","part":"/list/0"`,
				`"uri":"app.go","grep":` + q, `"uri":"app.go","grep":` + quoted(t, "("+token), `"uri":` + quoted(t, "repo://./"+token+"/a"), `"uri":` + quoted(t, "repo://./b-"+token+"/app.go"),
				`"uri":` + quoted(t, "spill://"+token), `"uri":` + quoted(t, "no-such://"+token), `"uri":` + quoted(t, "text://"+token+"#"+token)} {
				p.tool("read", "{"+args+"}")
			}
			p.tool("find", `{"query":`+q+`}`)
			p.tool(token, `{}`)
			p.ask("prompts/get", `{"name":"onboard"}`)
			p.ask("prompts/get", `{"name":`+q+`}`)
			p.ask("prompts/get", `{"name":"onboard","arguments":{`+q+`:`+q+`}}`)
			p.ask("completion/complete", `{"ref":{"type":"ref/resource","uri":"repo://{repo}/{ref}/{+path}"},"argument":{"name":"ref","value":"b"}}`)
			p.ask("completion/complete", `{"ref":{"type":"ref/prompt","name":`+q+`},"argument":{"name":`+q+`,"value":`+q+`}}`)
			p.ask("resources/list", `{}`)
			p.end()
			// The client's own words come back in one place: the address of what it read.
			said := strings.ReplaceAll(w.everything(t, p), `"uri":"`, "")
			if i := strings.Index(said, token); i >= 0 {
				t.Errorf("the secret was said: …%s…", said[max(0, i-300):min(len(said), i+100)])
			}
		})
	}
}

// TestSecretFiles: the secrets of files that are there to hold some are masked by every way
// in, whatever they look like, and cannot be guessed letter by letter.
func TestSecretFiles(t *testing.T) {
	t.Parallel()
	value := func(i int) string { return letters(20, 50+i) + "7x" }
	pem := func(i int) string {
		var b strings.Builder
		for k := range 12 {
			b.WriteString(letters(64, 100+i*20+k) + "\n")
		}
		return "-----BEGIN OPENSSH PRIVATE KEY-----\n" + b.String() + "-----END OPENSSH PRIVATE KEY-----\n"
	}
	files := map[string]string{
		".env":                     "A=1\nDB_PASSWORD=" + value(1) + "\n",
		".env.production":          "export API_TOKEN='" + value(2) + "'\n",
		"deploy/.env.local":        "SECRET_KEY: " + value(3) + "\n",
		".npmrc":                   "//registry.example.com/:_authToken=" + value(4) + "\n",
		".netrc":                   "machine example.com login ann password " + value(5) + "\n",
		".aws/credentials":         "[default]\naws_access_key_id = AKIAXXXXXXXXXXXXXXXX\naws_secret_access_key = " + letters(40, 6) + "\n",
		"id_rsa":                   pem(7),
		"certs/server.pem":         pem(8),
		"certs/server.key":         pem(9),
		".docker/config.json":      `{"auths": {"r.example.com": {"auth": "` + base64.StdEncoding.EncodeToString([]byte("ann:"+value(10))) + `"}}}`,
		".kube/config":             "users:\n- name: ann\n  user:\n    token: " + value(11) + "\n    password: " + value(12) + "\n",
		".git-credentials":         "https://ann:" + value(13) + "@example.com\n",
		".pypirc":                  "[pypi]\nusername = ann\npassword = " + value(14) + "\n",
		"config/database.yml":      "production:\n  password: " + value(15) + "\n",
		"url.txt":                  "postgres://ann:" + value(16) + "@db.example.com/app\n",
		"settings.py":              "DATABASE_PASSWORD = '" + value(17) + "'\n",
		".config/gh/hosts.yml":     "github.com:\n  oauth_token: " + value(18) + "\n",
		"terraform.tfvars":         "db_password = \"" + value(19) + "\"\n",
		".cargo/credentials.toml":  "[registry]\ntoken = \"" + value(20) + "\"\n",
		".m2/settings.xml":         "<server><id>x</id><password>" + value(21) + "</password></server>\n",
		"wp-config.php":            "<?php define('DB_PASSWORD', '" + value(22) + "');\n",
		".htpasswd":                "ann:$apr1$" + letters(8, 23) + "$" + letters(22, 24) + "\n",
		".pgpass":                  "localhost:5432:app:ann:" + value(25) + "\n",
		".ssh/id_ed25519":          pem(26),
		"gradle.properties":        "signing.password=" + value(27) + "\n",
		"application.properties":   "spring.datasource.password=" + value(28) + "\n",
		"secrets.json":             `{"client_secret": "` + value(29) + `"}`,
		"docker-compose.yml":       "services:\n  db:\n    environment:\n      POSTGRES_PASSWORD: " + value(30) + "\n",
		"values.yaml":              "auth:\n  adminPassword: " + value(31) + "\n",
		"src/main/resources/a.yml": "jwt:\n  secret: " + value(32) + "\n",
	}
	w := attacked(t, "-- a.txt --\na\n")
	for name, text := range files {
		w.write(t, name, text)
	}
	w.git(t, "add", "-f", ".")
	w.git(t, "commit", "-q", "-m", "All of it")
	config := filepath.Join(w.dir, ".git", "config")
	data, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, config, append(data, "[remote \"origin\"]\n\turl = https://ann:"+value(40)+"@example.com/r.git\n"...))
	var all []string
	for i := range 41 {
		all = append(all, value(i))
	}
	all = append(all, letters(40, 6), letters(22, 24), base64.StdEncoding.EncodeToString([]byte("ann:"+value(10))))
	for _, i := range []int{7, 8, 9, 26} {
		all = append(all, strings.Split(pem(i), "\n")[1:13]...)
	}

	p := w.peer(t)
	for name := range files {
		everyWay(t, p, name)
		for _, part := range []string{"L1", "L2-L3", "/auths", "/users/0/user/token", "/production/password", "/github.com/oauth_token", "/client_secret"} {
			p.tool("read", objectOf(map[string]string{"uri": quoted(t, name), "part": quoted(t, part)}))
		}
	}
	everyWay(t, p, ".git/config")
	p.tool("code_search", `{"pattern":".","mode":"regex","limit":1000,"budget":10000}`)
	p.tool("find", `{"query":"password"}`)
	p.ask("prompts/get", `{"name":"onboard"}`)

	p.end()
	said := w.everything(t, p)
	for _, v := range all {
		if i := strings.Index(said, v); i >= 0 {
			t.Errorf("the secret was said: …%s…", said[max(0, i-200):min(len(said), i+100)])
		}
	}

	p = w.peer(t)
	// Guessing: what matches must not depend on what the mask hides.
	for i, name := range map[int]string{1: ".env", 4: ".npmrc", 15: "config/database.yml", 16: "url.txt", 17: "settings.py", 11: ".kube/config"} {
		v := value(i)
		for _, n := range []int{6, 12, len(v)} {
			for _, args := range []string{`"pattern":` + quoted(t, v[:n]), `"mode":"regex","pattern":` + quoted(t, v[:n]), `"mode":"regex","case":"ignore","pattern":` + quoted(t, "[=: '\"]"+v[:n]+".*$")} {
				if text, _ := p.tool("code_search", "{"+args+"}"); !strings.HasPrefix(text, "no match") {
					t.Errorf("%s: a guess of %d letters is confirmed: %.300s", name, n, text)
				}
			}
			if text, _ := p.tool("read", objectOf(map[string]string{"uri": quoted(t, name), "grep": quoted(t, v[:n])})); !strings.HasPrefix(text, "0 matching") {
				t.Errorf("%s: grep confirms a guess of %d letters: %.300s", name, n, text)
			}
			if text, _ := p.tool("find", `{"query":`+quoted(t, v[:n])+`}`); !strings.HasPrefix(text, "nothing found") {
				t.Errorf("%s: find confirms a guess of %d letters: %.300s", name, n, text)
			}
		}
	}
}

// TestSecretsInConfiguration: what a broken configuration holds is not repeated.
func TestSecretsInConfiguration(t *testing.T) {
	t.Parallel()
	secret := "hunter-" + letters(16, 70)
	for _, text := range []string{
		"[sources.x]\nkind = \"" + secret + "\"\n",
		"[sources.x]\nkind = \"workspace\"\nroot = \"/\"\ntoken = \"" + secret + "\"\n",
		"[sources.x]\nkind = \"workspace\"\nroot = \"https://ann:" + secret + "@example.com\"\n",
		"[policy]\nread_only = \"" + secret + "\"\n",
		"[policy]\ndeny = [\"" + secret + "(\"]\n",
		"[limits]\ncall = \"" + secret + "\"\n",
		"token = " + secret + "\n",
		"token = \"" + secret + "\n",
		"[output]\nformat = \"" + secret + "\"\n",
		"password = \"" + secret + "\"\n= x\n",
		"[[sources]]\nx = \"" + secret + "\"\n",
	} {
		w := attacked(t, "-- user.toml --\n"+text+"-- a.txt --\na\n")
		p := w.peer(t)
		answer, _ := p.tool("status", `{}`)
		p.tool("read", `{"uri":"a.txt"}`)
		p.end()
		out, _ := w.run(t, "policy", "check")
		doctor, _ := w.run(t, "doctor")
		if said := w.everything(t, p) + out + doctor; strings.Contains(said, secret) {
			i := strings.Index(said, secret)
			t.Errorf("%q: the value was said: …%s…", text, said[max(0, i-200):min(len(said), i+60)])
		}
		if !strings.Contains(answer, "broken") {
			t.Errorf("%q: %s", text, answer)
		}
	}
}
