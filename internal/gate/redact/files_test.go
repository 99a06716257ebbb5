package redact

import (
	"regexp"
	"strings"
	"testing"
)

func TestSecretFile(t *testing.T) {
	for _, name := range []string{
		".env", "a/b/.env", ".env.local", "prod.env", ".ENV", `C:\src\.env`, ".env~", ".env.bak", ".env.swp", ".env ", ".env::$DATA", ".envrc",
		".npmrc", "/home/u/.npmrc", ".netrc", "_netrc", ".pypirc", ".aws/credentials", "~/.aws/config", ".git/config", "x/.git/modules/y/config",
		"repo.git/config", ".git-credentials", ".docker/config.json", ".kube/config", "id_rsa", ".ssh/id_ed25519", ".ssh/id_work", "server.pem",
		"tls.KEY", "cert.p12", "store.jks", "terraform.tfvars", "prod.auto.tfvars", "terraform.tfstate", ".htpasswd", "credentials.json",
		"secrets.yaml", "secrets.yml", "app.secrets.yaml", "service-account.json", "client_secret_123.json", ".pgpass", ".my.cnf",
		".config/gcloud/application_default_credentials.json", ".vault-token", "/proc/12/environ", "a/./.git/../.git/config", "id_rsa.bak",
	} {
		if !SecretFile(name) {
			t.Errorf("SecretFile(%q) = false", name)
		}
	}
	for _, name := range []string{
		"", ".", "main.go", "README.md", "environment.go", "env", "config", "config.json", "src/config", "id_rsa.pub", ".ssh/id_work.pub",
		".ssh/known_hosts", ".ssh/authorized_keys", "keys.go", "package.json", "secret.go", "secrets_test.go", "credentials.go", "token.go",
		"settings.xml", "pem.go", "hosts.yml", "netrc.go", ".gitignore", ".github/workflows/ci.yml", "docs/secrets.md",
	} {
		if SecretFile(name) {
			t.Errorf("SecretFile(%q) = true", name)
		}
	}
}

// files are pieces of secret files; what must be masked stands in ⟦ ⟧.
var files = []struct{ name, text string }{
	{".env", "# settings\nNODE_ENV=production\nPORT=3000\nDEBUG=true\nEMPTY=\nexport NAME=⟦anything at all⟧\nQUOTED=\"⟦a # b⟧\"\nREF=${OTHER}\n  SPACED = ⟦x y⟧\nJSON=⟦{\"a\":\"b\"}⟧\n"},
	{".env", "A=⟦1234567⟧ # note\nexport B='⟦it⟧'\n#OLD_KEY=⟦" + mix + "⟧\n# Note: this is prose\n"},
	{".env", "CERT=⟦\"line one\nline two\nend\"⟧\nX=⟦word⟧\n"},
	{".env", "LONG=⟦abc\\\n  def⟧\nX=⟦word⟧"},
	{".env.production", "DATABASE_URL=⟦postgres://u:p@h/d⟧\n"},
	{"/proc/7/environ", "HOME=⟦/root⟧\x00TOKEN=⟦abc⟧\x00"},
	{"secrets.yaml", "db:\n  password: ⟦hunter⟧\n  port: 5432\n  list:\n    - ⟦q7Rk2mZx9⟧\n  key: |\n⟦    line one\n    line two⟧\nnext: ⟦z⟧\n"},
	{"secrets.yaml", "stringData:\n  \"a\": '⟦b c⟧'\n  on: true\n"},
	{"credentials.json", "{\n  \"type\": \"⟦service_account⟧\",\n  \"n\": ⟦123456789⟧, \"ok\": true,\n  \"list\": [\"⟦a b⟧\"], \"e\": \"\"\n}\n"},
	{"credentials.json", `{"a":"⟦x\"y⟧","b":{"c":"⟦z⟧"}}`},
	{"terraform.tfvars", "region = \"⟦us-east-1⟧\"\ncount = 3\n"},
	{".aws/credentials", "[default]\naws_access_key_id = ⟦CANARYID⟧\naws_secret_access_key = ⟦CANARYKEY⟧\n"},
	{".aws/config", "[default]\nregion = us-east-1\noutput = json\naws_session_token = ⟦abc⟧\n"},
	{".npmrc", "registry=https://registry.example.com/\n//registry.example.com/:_authToken=⟦CANARY⟧\n_auth=⟦dTpw⟧\nalways-auth=true\nemail=a@b.c\n//r/:_password=⟦abc⟧\n"},
	{".npmrc", "//r/:_authToken=${NPM_TOKEN}\n"},
	{".pypirc", "[pypi]\nrepository = https://upload.example.com/\nusername = __token__\npassword = ⟦CANARY⟧\n"},
	{".git/config", "[core]\n\tbare = false\n[remote \"origin\"]\n\turl = https://user:⟦CANARY⟧@host/r.git\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n[http]\n\textraheader = ⟦AUTHORIZATION: basic abc⟧\n"},
	{".git/config", "[remote \"o\"]\n\turl = https://⟦canarytoken⟧@host/r.git\n\turl = ssh://git@host/r.git\n\turl = git@host:r.git\n"},
	{".git-credentials", "https://bob:⟦CANARY⟧@host\nhttps://⟦canarytoken⟧@host\n"},
	{".docker/config.json", "{\"auths\": {\"r.io\": {\"auth\": \"⟦dTpw⟧\", \"email\": \"a@b.c\"}}, \"credsStore\": \"desktop\"}"},
	{".kube/config", "clusters:\n- cluster:\n    server: https://1.2.3.4:6443\n  name: prod\nusers:\n- name: bob\n  user:\n    token: ⟦abc⟧\n    client-key-data: ⟦TUlJRXBB⟧\n"},
	{".netrc", "machine h.example.com login bob password ⟦CANARY⟧\nmachine x\n  login y\n  password\n  ⟦z⟧\n"},
	{".pgpass", "# comment\nh:5432:db:bob:⟦p:w⟧\n"},
	{".htpasswd", "bob:⟦$apr1$x$y⟧\nann:⟦{SHA}abc=⟧\n"},
	{".my.cnf", "[client]\nuser=bob\npassword=⟦CANARY⟧\nhost=db\n"},
	{"id_rsa", "⟦" + strings.Split(pem, "\n")[0] + "⟧\n⟦" + strings.Split(pem, "\n")[1] + "⟧\n⟦4wEt3yRu2iQo1A==⟧\n"},
	{"chain.pem", begin("CERTIFICATE") + pem + end("CERTIFICATE")},
	{"raw.key", "⟦" + hx64 + "⟧\n"},
	{".vault-token", "⟦hvs⟧\n"},
}

func TestFiles(t *testing.T) {
	r := New([]byte("key"))
	marker := regexp.MustCompile(`\[redacted:[a-z-]+:[0-9a-f]{6}\]`)
	secret := regexp.MustCompile(`(?s)⟦.*?⟧`)
	for _, tt := range files {
		in := strings.NewReplacer("⟦", "", "⟧", "").Replace(tt.text)
		want := secret.ReplaceAllStringFunc(tt.text, func(s string) string {
			lead := len(s) - len(strings.TrimLeft(s[len("⟦"):], " ")) - len("⟦")
			return strings.Repeat(" ", lead) + "█" + strings.Repeat("\n", strings.Count(s, "\n"))
		})
		once := r.Text(tt.name, []byte(in))
		if got := marker.ReplaceAllString(string(once), "█"); got != want {
			t.Errorf("Text(%q, %q)\n got %q\nwant %q", tt.name, in, got, want)
		}
		if twice := r.Text(tt.name, once); string(twice) != string(once) {
			t.Errorf("Text(%q, %q) = %q, and again %q", tt.name, in, once, twice)
		}
	}
}
