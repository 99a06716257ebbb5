package redact

import (
	"regexp"
	"strings"
	"testing"
)

// Bodies of tokens that are nobody's.
const (
	mix  = "q7Rk2mZx9TbV4nLw8HcY3pJd6SgF1aKe5UiO0yQr" // 40 letters and digits
	hex8 = "3f9a1c7e"
	hx32 = "3f9a1c7e5b2d8046e1f7a9c3d5b80264"
	hx40 = hx32 + hex8
	hx64 = hx32 + hx32
	pem  = "MIIEpAIBAAKCAQEAuJ8g1Qm3Zz1V5b0sXo2Jp9wq7Yk3hT6nLd4fRc8eUi1oGvBx\nq7Rk2mZx9TbV4nLw8HcY3pJd6SgF1aKe5UiO0yQrA0lM9kNj8bHv7gCf6xDz5sPa\n4wEt3yRu2iQo1A==\n"
)

// begin and end keep a key's lines out of this file's own text.
func begin(label string) string { return "-----" + "BEGIN " + label + "-----\n" }
func end(label string) string   { return "-----" + "END " + label + "-----\n" }

// match lists secrets in ⟦ ⟧ with their kind; what stands around them must stay.
var match = []struct{ kind, text string }{
	{"github-token", "⟦ghp_" + mix[:36] + "⟧"},
	{"github-token", `{"body":"a\n⟦gho_` + mix[:36] + `⟧\n"}`},
	{"github-token", "x⟦ghs_" + mix[:36] + "⟧, ok"},
	{"github-token", "⟦ghu_" + mix[:36] + "⟧"},
	{"github-token", "⟦ghr_" + mix[:36] + "⟧"},
	{"github-token", "use ⟦github_pat_11AAAAAAA0" + mix + "_" + mix + "⟧."},
	{"github-token", "token%3D⟦ghp_" + mix[:36] + "⟧"},
	{"gitlab-token", "⟦glpat-" + mix[:20] + "⟧"},
	{"gitlab-token", "⟦glpat-" + mix[:27] + ".01.0z1abcdef⟧"},
	{"gitlab-token", "⟦gldt-" + mix[:20] + "⟧ ⟦glrt-" + mix[:20] + "⟧ ⟦glcbt-64_" + mix[:20] + "⟧"},
	{"gitlab-token", "⟦glptt-" + hx40 + "⟧ ⟦glft-" + mix[:20] + "⟧ ⟦gloas-" + hx64 + "⟧ ⟦GR1348941" + mix[:20] + "⟧"},
	{"slack-token", "⟦xoxb-123456789012-123456789012-" + mix[:24] + "⟧"},
	{"slack-token", "⟦xoxp-1234567890-1234567890-1234567890-" + hx32 + "⟧ ⟦xapp-1-A0123-1234567890-" + hx64 + "⟧"},
	{"webhook", "https://hooks.slack.com/services/⟦T0123ABCD/B0123ABCD/" + mix[:24] + "⟧"},
	{"webhook", "https://discord.com/api/webhooks/⟦123456789012345678/" + mix + mix[:28] + "⟧"},
	{"anthropic-key", "ANTHROPIC_API_KEY is ⟦sk-ant-api03-" + mix + mix + "-AA⟧"},
	{"openai-key", "⟦sk-proj-" + mix + "T3BlbkFJ" + mix + "⟧ ⟦sk-" + mix + "⟧"},
	{"npm-token", "//registry.npmjs.org/:_authToken is ⟦npm_" + mix[:36] + "⟧"},
	{"pypi-token", "⟦pypi-AgEIcHlwaS5vcmc" + mix + mix + "⟧"},
	{"google-key", "https://maps?key=⟦AIza" + mix[:35] + "⟧&v=3"},
	{"google-token", "⟦ya29." + mix + "⟧"},
	{"google-secret", "⟦GOCSPX-" + mix[:28] + "⟧"},
	{"aws-key", "id ⟦AKIA" + "IOSFODNN7EXAMPLE⟧;"},
	{"aws-key", "\"⟦ASIA" + "Q3EGXYZ7LMNOP2QR⟧\""},
	{"api-key", "aws_secret_access_key = ⟦wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY⟧"},
	{"api-key", `"SecretAccessKey": "⟦wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY⟧",`},
	{"api-key", "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=⟦" + mix + mix + "abcdef==⟧;EndpointSuffix=core.windows.net"},
	{"url-signature", "https://x.blob.core.windows.net/c/b?sv=2021-06-08&se=2026-01-01&sig=⟦q7Rk2mZx9TbV4nLw8HcY3pJd6SgF1aKe5UiO0yQrA0l%3D⟧&sp=r"},
	{"url-signature", "?X-Amz-Expires=60&X-Amz-Signature=⟦" + hx64 + "⟧"},
	{"stripe-key", "⟦sk_live_" + mix[:24] + "⟧ ⟦rk_live_" + mix[:24] + "⟧ ⟦sk_test_" + mix[:24] + "⟧"},
	{"token", "TWILIO_AUTH_TOKEN=⟦" + hx32 + "⟧"},
	{"sendgrid-key", "⟦SG." + mix[:22] + "." + mix + "Abc⟧"},
	{"mailgun-key", "api:⟦key-" + hx32 + "⟧"},
	{"linear-token", "⟦lin_api_" + mix + "⟧"},
	{"sentry-dsn", "https://⟦" + hx32 + "⟧@o12345.ingest.sentry.io/67890"},
	{"sentry-token", "⟦sntryu_" + hx64 + "⟧ ⟦sntrys_eyJpYXQiOjE3MDAwMDAwMDB9_" + mix + "⟧"},
	{"api-key", "DD_API_KEY=⟦" + hx32 + "⟧"},
	{"api-key", "datadog: {app_key: \"⟦" + hx40 + "⟧\"}"},
	{"newrelic-key", "⟦NRAK-" + mix[:27] + "⟧"},
	{"digitalocean-token", "⟦dop_v1_" + hx64 + "⟧"},
	{"vault-token", "⟦hvs." + mix + mix[:38] + "⟧"},
	{"terraform-token", "⟦q7Rk2mZx9TbV4n.atlasv1." + mix + mix[:20] + "⟧"},
	{"databricks-token", "⟦dapi" + hx32 + "⟧"},
	{"docker-token", "⟦dckr_pat_" + mix[:27] + "⟧"},
	{"huggingface-token", "⟦hf_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH⟧"},
	{"telegram-token", "https://api.telegram.org/bot⟦123456789:AA" + mix[:33] + "⟧/getMe"},
	{"token", "DISCORD_TOKEN=⟦MTE4.Gx1y2z.q7Rk2mZx9TbV4nLw8HcY3pJd⟧"},
	{"shopify-token", "⟦shpat_" + hx32 + "⟧"},
	{"jwt", "⟦eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U⟧"},
	{"jwt", "t=⟦eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMjM0In0⟧."},
	{"age-key", "⟦AGE-SECRET-KEY-1QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S3JN54KHC⟧"},
	{"private-key", "a\n⟦" + begin("RSA PRIVATE KEY") + pem + strings.TrimSpace(end("RSA PRIVATE KEY")) + "⟧\nb"},
	{"private-key", "⟦" + begin("OPENSSH PRIVATE KEY") + pem + strings.TrimSpace(end("OPENSSH PRIVATE KEY")) + "⟧\n"},
	{"private-key", "⟦" + begin("ENCRYPTED PRIVATE KEY") + "CANARY\n" + strings.TrimSpace(end("ENCRYPTED PRIVATE KEY")) + "⟧\n"},
	{"private-key", "⟦" + begin("EC PRIVATE KEY") + "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123\n\n" + pem + strings.TrimSpace(end("EC PRIVATE KEY")) + "⟧\n"},
	{"private-key", "⟦" + begin("PGP PRIVATE KEY BLOCK") + "Version: GnuPG v2\n\n" + pem + "=AbCd\n" + strings.TrimSpace(end("PGP PRIVATE KEY BLOCK")) + "⟧\n"},
	{"private-key", `{"private_key": "⟦` + strings.ReplaceAll(begin("PRIVATE KEY")+pem, "\n", `\n`) + strings.TrimSpace(end("PRIVATE KEY")) + `⟧\n"}`},
	{"private-key", `{"private_key": "⟦` + strings.ReplaceAll(begin("PRIVATE KEY")+pem[:120], "\n", `\n`) + `⟧", "user": "x"}`},
	{"private-key", "key: |\n    ⟦" + strings.ReplaceAll(begin("PRIVATE KEY")+pem, "\n", "\n    ") + strings.TrimSpace(end("PRIVATE KEY")) + "⟧\n"},
	{"private-key", "⟦" + begin("PRIVATE KEY") + strings.TrimSuffix(pem, "\n") + "⟧"},
	{"private-key", "⟦" + begin("PRIVATE KEY") + pem[:130] + "⟧\nfunc main() {}\n"},
	{"private-key", "PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\n⟦AAAAIK4bQgYhMfWWaLqgxVrQFaO⟧\nPrivate-MAC: 00\n"},
	{"url-password", "postgres://u:⟦CANARY⟧@h/d"},
	{"url-password", "postgres://u:⟦p@ss/w0rd⟧@h:5432/d?sslmode=disable"},
	{"url-password", "amqps://app:⟦s3cr3t!⟧@mq, redis://:⟦hunter2⟧@r:6379"},
	{"url-password", "https://⟦CANARYTOKEN⟧@github.com/a/b.git"},
	{"url-password", "https://⟦q7Rk2mZx9TbV4nLw8Hc⟧:x-oauth-basic@github.com/a/b"},
	{"url-password", "app:⟦S3cret⟧@tcp(db:3306)/app"},
	{"authorization", "Authorization: Bearer ⟦CANARYTOKEN1⟧"},
	{"authorization", `-H "authorization: token ⟦` + hx40 + `⟧"`},
	{"authorization", `"Authorization": "Basic ⟦YWxhZGRpbjpvcGVuc2VzYW1l⟧"`},
	{"authorization", "proxy-authorization: basic ⟦YWxhZGRpbjpvcGVuc2VzYW1l⟧"},
	{"authorization", "sent bearer ⟦" + mix + "⟧ to x"},
	{"cookie", "Cookie: theme=dark; session=⟦" + mix + "⟧; lang=en"},
	{"cookie", "Set-Cookie: _gitlab_session=⟦" + hx32 + "⟧; path=/; HttpOnly"},
	{"token", "PRIVATE-TOKEN: ⟦" + mix[:20] + "⟧\n"},
	{"api-key", "X-Api-Key: ⟦" + mix[:24] + "⟧\n"},
	{"token", "GET /x?access_token=⟦abc12345⟧&y=1"},
	{"token", "/api/v4?private_token=⟦" + mix[:20] + "⟧"},
	{"api-key", "?api_key=⟦" + hx32 + "⟧"},
	{"password", `password = "⟦hunter2⟧"`},
	{"password", `"password": "⟦Tr0ub4dor&3⟧",`},
	{"password", `{\"password\":\"⟦S3cr3t!pw⟧\"}`},
	{"password", "DB_PASSWORD=⟦ab;cd&e1f⟧\n"},
	{"password", "Server=x;User Id=sa;Password=⟦Passw0rd!23⟧;Encrypt=true"},
	{"password", "password: ⟦hunter22⟧\n"},
	{"password", "<password>⟦hunter2⟧</password>"},
	{"password", `<add key="ClearTextPassword" value="⟦S3cr3t!pw⟧" />`},
	{"password", `os.Setenv("PGPASSWORD", "⟦S3cr3t!pw⟧")`},
	{"password", "mysql --password=⟦S3cr3t!pw⟧ -u root"},
	{"password", "login --password ⟦S3cr3t!pw⟧ now"},
	{"password", `config["password"] = '⟦S3cr3t!pw⟧'`},
	{"secret", `client_secret: "⟦` + mix[:32] + `⟧"`},
	{"secret", "export JWT_SECRET=⟦k3y-for-signing-9⟧"},
	{"token", `const apiToken = '⟦` + mix[:24] + `⟧';`},
	{"api-key", `api-key => "⟦` + hx32 + `⟧"`},
	{"token", `var githubToken string = "⟦` + mix[:24] + `⟧"`},
	{"token", "def login(token: str = '⟦" + mix[:24] + "⟧')"},
	{"token", `TOKEN ::= "⟦` + hx32 + `⟧"`},
	{"token", "<apiToken>\n    ⟦" + hx32 + "⟧\n</apiToken>"},
	{"token", "redirected to https://x/cb#access_token=⟦" + mix[:22] + "⟧&state=1"},
	{"cookie", "Cookie: a=1; s=⟦" + mix + "⟧; t=⟦" + hx32 + "⟧"},
	{"password", "curl -s -u bob:⟦S3cr3t!pw⟧ https://x; curl --user 'bob:⟦S3 cr3t⟧' \\\n  https://y"},
}

// pass lists texts in which nothing is a secret.
var pass = []string{
	"",
	"token := parser.Next()",
	"if tok.Kind == token.IDENT { return token.Pos(p) }",
	"password: string",
	"  password: str = None,",
	`secret = os.Getenv("X")`,
	`"token": "{{ .Token }}"`,
	`password = "changeme"`,
	`password = "${DB_PASSWORD}"`,
	`api_key: <your-api-key>`,
	`API_KEY=your-key-here-123`,
	"GITHUB_TOKEN=${{ secrets.GITHUB_TOKEN }}",
	"token: ${TOKEN}",
	`password: "xxxxxxxxxxxx"`,
	"PASSWORD=********",
	"glpat-xxxxxxxxxxxxxxxxxxxx",
	`{"type": "password", "label": "Your password"}`,
	`{"password": "Passwort", "token": "Jeton", "forgot_password": "Forgot it?"}`,
	`"nextPageToken": "` + mix + `"`,
	`"token_type": "bearer", "expires_in": 3600, "max_tokens": 4096`,
	`token_url = "https://example.com/oauth/token"`,
	"secretName: my-tls-secret-2",
	"PWD=/home/x/y1z2",
	"--- PASS: TestThing123 (0.00s)",
	"3f9a1c7e5b2d8046e1f7a9c3d5b80264e1f7a9c3 HEAD",
	"commit " + hx40,
	"sha256:" + hx64,
	"123e4567-e89b-12d3-a456-426614174000",
	"github.com/google/go-cmp v0.7.0 h1:wk8382ETsv4JYUZwIsn6YpYiWiBsYLSJiTsyBihx1mE=",
	`"integrity": "sha512-q7Rk2mZx9TbV4nLw8HcY3pJd6SgF1aKe5UiO0yQrA0lM9kNj8bHv7gCf6xDz5sPa4wEt3yRu2iQo1A=="`,
	"https://example.com:8080/@scope/pkg",
	"http://localhost:4873/@acme%2fui",
	"git clone git@github.com:a/b.git && ssh://git@host/a",
	"https://user:password@example.com and https://<user>:<pass>@host and https://$USER:$PASS@host",
	"mailto:someone@example.com see https://x.org/~u",
	`strings.HasPrefix(s, "` + strings.TrimSpace(begin("RSA PRIVATE KEY")) + `") && strings.HasSuffix(s, "` + strings.TrimSpace(end("RSA PRIVATE KEY")) + `")`,
	`const header = "` + strings.TrimSpace(begin("PRIVATE KEY")) + "\"\n\nfunc parse(data []byte) error {\n\treturn nil\n}\n",
	begin("CERTIFICATE") + pem + end("CERTIFICATE"),
	begin("PUBLIC KEY") + pem + end("PUBLIC KEY"),
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK4bQgYhMfWWaLqgxVrQFaOTxsrC4Is0V1sFbDwCgg a@b",
	"npm_config_registry=https://registry.example.com npm_lifecycle_event=test",
	"task-force disk-usage-report-2024 sk-fading-circle12 risk-assessment-framework",
	"AKIAfoo AIzaShort ghp_short hf_hub_download dapi.New",
	"Authorization: Bearer <token>",
	`req.Header.Set("Authorization", "Bearer "+token)`,
	"bearer authentication is used",
	"Set-Cookie: theme=dark; Path=/",
	"Cookie consent: see our cookie policy",
	"key-value pairs, monkey-patching",
	"eyJ is how they begin",
	"a signature=verified and design=1",
	"credentials: same-origin",
	`"md5", "password", "scram-sha-256"`,
	"sk-ssh-ed25519-cert-v01@openssh.com",
	"_START = b\"" + strings.TrimSpace(begin("OPENSSH PRIVATE KEY")) + "\"\n_END = b\"" + strings.TrimSpace(end("OPENSSH PRIVATE KEY")) + "\"\n",
	"std::token::Kind x; Token::Parse(y2k)",
	"curl -u $USER:$PASS https://x",
	"tokens: 123456, token: 42",
	"fmt.Printf(\"password=%s token=%q\", p, q)",
	`PrivateKey: testEd25519PrivateKey,`,
	"[redacted:github-token:3f9a1c]",
	"password=[redacted:password:3f9a1c]",
	"postgres://u:[redacted:url-password:3f9a1c]@h/d",
	"Authorization: Bearer [redacted:authorization:3f9a1c]",
}

func TestRules(t *testing.T) {
	r := New([]byte("key"))
	hash := regexp.MustCompile(`:[0-9a-f]{6}\]`)
	secret := regexp.MustCompile(`(?s)⟦.*?⟧`)
	for _, m := range match {
		in := strings.NewReplacer("⟦", "", "⟧", "").Replace(m.text)
		want := secret.ReplaceAllStringFunc(m.text, func(s string) string {
			return "[redacted:" + m.kind + ":HASH]" + strings.Repeat("\n", strings.Count(s, "\n"))
		})
		got := hash.ReplaceAllString(r.String(in), ":HASH]")
		if got != want {
			t.Errorf("String(%q)\n got %q\nwant %q", in, got, want)
		}
		// However the text around it lies in memory.
		if got := r.String("\n" + in); got != "\n"+r.String(in) {
			t.Errorf("String(%q) depends on its position: %q", in, got)
		}
		if once := r.String(in); r.String(once) != once {
			t.Errorf("String(%q) = %q, and again %q", in, once, r.String(once))
		}
	}
	for _, s := range pass {
		if got := r.String(s); got != s {
			t.Errorf("String(%q) = %q", s, got)
		}
		if got := r.String(" " + s); got != " "+s {
			t.Errorf("String(%q) = %q", " "+s, got)
		}
	}
}

// Each rule that has an anchor of its own finds a token with it.
func TestAnchors(t *testing.T) {
	r := New(nil)
	for _, rule := range rules {
		if rule.find != nil {
			continue
		}
		body := mix + mix + mix
		switch rule.class {
		case lowerHex, hexa:
			body = hx64
		case upper:
			body = strings.ToUpper(mix)
		}
		n := max(rule.min, 24)
		if rule.max > 0 {
			n = rule.max
		}
		in := "see " + rule.anchor + body[:n] + " there"
		if got := r.String(in); !strings.HasPrefix(got, "see [redacted:"+rule.kind+":") || !strings.HasSuffix(got, "] there") {
			t.Errorf("String(%q) = %q, want kind %s", in, got, rule.kind)
		}
	}
}
