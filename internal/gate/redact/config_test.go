package redact

import (
	"strings"
	"testing"
)

// TestConfigFile: in a file of settings less has to speak for a secret than in code.
func TestConfigFile(t *testing.T) {
	r := New([]byte("key"))
	for _, line := range []string{
		"secret-key: correct-horse-DgGjjkNLKNum7", "secretKey: DgGjjkNLKNum7abc", `  api-key: "DgGjjkNLKNum7abc"`,
		"jdbc.password=DgGjjkNLKNum7", "spring.datasource.password=Sommer2026", "client_secret = \"DgGjjkNLKNum7\"",
	} {
		for _, name := range []string{"application.yml", "src/a.properties", "app.toml", "settings.INI"} {
			if got := string(r.Text(name, []byte(line))); !strings.Contains(got, "[redacted:") {
				t.Errorf("%s: %s stays", name, got)
			}
		}
	}
	for _, line := range []string{
		`password: "Passwort"`, "token: design-token-2", "secret: my-tls-secret", "privateKey: ./certs/key1.pem",
		"apiKey: images/2024/x.png", "password: ${DB_PASSWORD}", "password: changeme123", "nextToken: DgGjjkNLKNum7abc", "secretName: shop-TLS-2",
	} {
		if got := string(r.Text("application.yml", []byte(line))); got != line {
			t.Errorf("%s became %s", line, got)
		}
	}
}
