package redact

// A rule finds one kind of secret. Its anchor is text that each such secret has
// near it; find looks at the text around position p, where the anchor was seen.
// Without find the secret is the anchor and the run of bytes of the class that follows it.
type rule struct {
	anchor  string // at least three bytes
	kind    string
	class   class
	min     int  // bytes after the anchor
	max     int  // 0: any number
	bounded bool // no letter or digit may touch it
	digit   bool // there is a digit
	random  bool // it does not read like words
	fold    bool // the anchor in any case of letters
	find    func(c *scanner, p int)
}

// The kinds that are not named in the table.
const (
	kindHeld     = "held" // a secret that cleat itself holds
	kindKey      = "private-key"
	kindURL      = "url-password"
	kindQuery    = "url-signature"
	kindHook     = "webhook"
	kindAuth     = "authorization"
	kindCookie   = "cookie"
	kindJWT      = "jwt"
	kindPassword = "password"
	kindToken    = "token"
	kindSecret   = "secret"
	kindAPIKey   = "api-key"
	kindValue    = "value" // in a file of secrets
	kindDSN      = "sentry-dsn"
	kindTelegram = "telegram-token"
	kindTF       = "terraform-token"
)

// kinds returns all kinds that a marker can name.
func kinds() []string {
	all := []string{
		kindHeld, kindKey, kindURL, kindQuery, kindHook, kindAuth, kindCookie, kindJWT, kindPassword,
		kindToken, kindSecret, kindAPIKey, kindValue, kindDSN, kindTelegram, kindTF,
	}
	for n := range rules {
		if rules[n].kind != "" {
			all = append(all, rules[n].kind)
		}
	}
	return all
}

// rules are all rules, in the order in which they are tried where anchors coincide.
// The lengths are below those of real tokens, so that a clipped one is masked too,
// and there is no upper limit where the prefix alone decides.
var rules = [...]rule{
	// Forges and continuous integration.
	{anchor: "ghp_", kind: "github-token", class: alnum, min: 16},
	{anchor: "gho_", kind: "github-token", class: alnum, min: 16},
	{anchor: "ghu_", kind: "github-token", class: alnum, min: 16},
	{anchor: "ghs_", kind: "github-token", class: alnum, min: 16},
	{anchor: "ghr_", kind: "github-token", class: alnum, min: 16},
	{anchor: "github_pat_", kind: "github-token", class: url64, min: 16},
	{anchor: "glpat-", kind: "gitlab-token", class: dotted, min: 10},
	{anchor: "gldt-", kind: "gitlab-token", class: url64, min: 12},
	{anchor: "glrt-", kind: "gitlab-token", class: dotted, min: 12},
	{anchor: "glrtr-", kind: "gitlab-token", class: dotted, min: 12},
	{anchor: "glcbt-", kind: "gitlab-token", class: url64, min: 12},
	{anchor: "glptt-", kind: "gitlab-token", class: url64, min: 12},
	{anchor: "glft-", kind: "gitlab-token", class: url64, min: 12},
	{anchor: "glimt-", kind: "gitlab-token", class: url64, min: 12},
	{anchor: "glagent-", kind: "gitlab-token", class: url64, min: 20},
	{anchor: "gloas-", kind: "gitlab-token", class: url64, min: 20},
	{anchor: "glsoat-", kind: "gitlab-token", class: url64, min: 12},
	{anchor: "glffct-", kind: "gitlab-token", class: url64, min: 12},
	{anchor: "GR1348941", kind: "gitlab-token", class: url64, min: 16},
	{anchor: "ATATT3", kind: "atlassian-token", class: b64, min: 40},
	{anchor: "ATCTT3", kind: "atlassian-token", class: b64, min: 40},
	{anchor: "ATBB", kind: "bitbucket-token", class: alnum, min: 24, max: 40, bounded: true, digit: true},
	{anchor: "lin_api_", kind: "linear-token", class: alnum, min: 16},
	{anchor: "lin_oauth_", kind: "linear-token", class: alnum, min: 16},
	{anchor: "sgp_", kind: "sourcegraph-token", class: url64, min: 40, bounded: true, digit: true, random: true},
	{anchor: "PMAK-", kind: "postman-token", class: url64, min: 24, bounded: true},

	// Clouds.
	{anchor: "AKIA", kind: "aws-key", class: upper, min: 14, max: 28, bounded: true},
	{anchor: "ASIA", kind: "aws-key", class: upper, min: 14, max: 28, bounded: true, digit: true},
	{anchor: "ABIA", kind: "aws-key", class: upper, min: 14, max: 28, bounded: true, digit: true},
	{anchor: "ACCA", kind: "aws-key", class: upper, min: 14, max: 28, bounded: true, digit: true},
	{anchor: "ABSK", kind: "aws-key", class: b64, min: 100, bounded: true},
	{anchor: "AIza", kind: "google-key", class: url64, min: 30, max: 40, bounded: true},
	{anchor: "ya29.", kind: "google-token", class: dotted, min: 16, bounded: true},
	{anchor: "GOCSPX-", kind: "google-secret", class: url64, min: 16},
	{anchor: "1//0", kind: "google-token", class: url64, min: 30, bounded: true, digit: true},
	{anchor: "dop_v1_", kind: "digitalocean-token", class: hexa, min: 32},
	{anchor: "doo_v1_", kind: "digitalocean-token", class: hexa, min: 32},
	{anchor: "dor_v1_", kind: "digitalocean-token", class: hexa, min: 32},
	{anchor: "LTAI", kind: "alibaba-key", class: alnum, min: 16, max: 26, bounded: true, digit: true},
	{anchor: "HRKU-AA", kind: "heroku-token", class: url64, min: 40},
	{anchor: "fo1_", kind: "fly-token", class: url64, min: 40, bounded: true},
	{anchor: "fm2_", kind: "fly-token", class: b64, min: 80, bounded: true},
	{anchor: "hvs.", kind: "vault-token", class: url64, min: 20, bounded: true},
	{anchor: "hvb.", kind: "vault-token", class: url64, min: 20, bounded: true},
	{anchor: "hvr.", kind: "vault-token", class: url64, min: 20, bounded: true},
	{anchor: ".atlasv1.", find: (*scanner).terraform},
	{anchor: "pul-", kind: "pulumi-token", class: lowerHex, min: 40, max: 40, bounded: true},
	{anchor: "dp.pt.", kind: "doppler-token", class: alnum, min: 32},
	{anchor: "dp.st.", kind: "doppler-token", class: dotted, min: 32},
	{anchor: "tskey-", kind: "tailscale-key", class: url64, min: 20, bounded: true},
	{anchor: "nfp_", kind: "netlify-token", class: alnum, min: 32, bounded: true},
	{anchor: "sbp_", kind: "supabase-token", class: hexa, min: 32, bounded: true},
	{anchor: "pscale_tkn_", kind: "planetscale-token", class: dotted, min: 24},
	{anchor: "pscale_oauth_", kind: "planetscale-token", class: dotted, min: 24},
	{anchor: "pscale_pw_", kind: "planetscale-token", class: dotted, min: 24},

	// Models and data.
	{anchor: "sk-ant-", kind: "anthropic-key", class: url64, min: 12},
	{anchor: "sk-proj-", kind: "openai-key", class: url64, min: 16},
	{anchor: "sk-svcacct-", kind: "openai-key", class: url64, min: 16},
	{anchor: "sk-admin-", kind: "openai-key", class: url64, min: 16},
	{anchor: "sk-", kind: "openai-key", class: url64, min: 28, bounded: true, digit: true, random: true},
	{anchor: "gsk_", kind: "groq-key", class: alnum, min: 40, bounded: true, digit: true, random: true},
	{anchor: "pplx-", kind: "perplexity-key", class: alnum, min: 32, bounded: true},
	{anchor: "xai-", kind: "xai-key", class: alnum, min: 60, bounded: true},
	{anchor: "nvapi-", kind: "nvidia-key", class: url64, min: 40, bounded: true},
	{anchor: "hf_", kind: "huggingface-token", class: url64, min: 30, max: 40, bounded: true},
	{anchor: "api_org_", kind: "huggingface-token", class: alnum, min: 30, max: 48, bounded: true},
	{anchor: "dapi", kind: "databricks-token", class: lowerHex, min: 32, max: 32, bounded: true},
	{anchor: "ntn_", kind: "notion-token", class: alnum, min: 40, bounded: true, digit: true, random: true},
	{anchor: "figd_", kind: "figma-token", class: url64, min: 32, bounded: true},

	// Package registries.
	{anchor: "npm_", kind: "npm-token", class: alnum, min: 20, bounded: true, digit: true, random: true},
	{anchor: "pypi-Ag", kind: "pypi-token", class: url64, min: 16},
	{anchor: "dckr_pat_", kind: "docker-token", class: url64, min: 16},
	{anchor: "dckr_oat_", kind: "docker-token", class: url64, min: 16},
	{anchor: "rubygems_", kind: "rubygems-token", class: lowerHex, min: 40},
	{anchor: "CLOJARS_", kind: "clojars-token", class: alnum, min: 40, digit: true},
	{anchor: "AKCp", kind: "artifactory-key", class: alnum, min: 60, bounded: true},
	{anchor: "cmVmd", kind: "artifactory-key", class: alnum, min: 55, max: 64, bounded: true},
	{anchor: "oy2", kind: "nuget-key", class: alnum, min: 43, max: 43, bounded: true, digit: true},

	// Messages, payment, shops, monitoring.
	{anchor: "xoxb-", kind: "slack-token", class: url64, min: 10, bounded: true, digit: true},
	{anchor: "xoxa-", kind: "slack-token", class: url64, min: 10, bounded: true, digit: true},
	{anchor: "xoxp-", kind: "slack-token", class: url64, min: 10, bounded: true, digit: true},
	{anchor: "xoxo-", kind: "slack-token", class: url64, min: 20, bounded: true, digit: true, random: true},
	{anchor: "xoxr-", kind: "slack-token", class: url64, min: 10, bounded: true, digit: true},
	{anchor: "xoxs-", kind: "slack-token", class: url64, min: 10, bounded: true, digit: true},
	{anchor: "xoxc-", kind: "slack-token", class: url64, min: 10, bounded: true, digit: true},
	{anchor: "xoxd-", kind: "slack-token", class: url64, min: 10, bounded: true, digit: true},
	{anchor: "xoxe-", kind: "slack-token", class: url64, min: 10, bounded: true, digit: true},
	{anchor: "xoxe.", kind: "slack-token", class: dotted, min: 16, bounded: true, digit: true},
	{anchor: "xapp-", kind: "slack-token", class: url64, min: 16, bounded: true, digit: true},
	{anchor: "hooks.slack.com/", find: (*scanner).webhook, fold: true},
	{anchor: "api/webhooks/", find: (*scanner).webhook, fold: true},
	{anchor: "webhook.office.com/", find: (*scanner).webhook, fold: true},
	{anchor: ":AA", find: (*scanner).telegram},
	{anchor: "sk_live_", kind: "stripe-key", class: alnum, min: 10},
	{anchor: "sk_test_", kind: "stripe-key", class: alnum, min: 16, digit: true},
	{anchor: "rk_live_", kind: "stripe-key", class: alnum, min: 10},
	{anchor: "rk_test_", kind: "stripe-key", class: alnum, min: 16, digit: true},
	{anchor: "sk_prod_", kind: "stripe-key", class: alnum, min: 16, digit: true},
	{anchor: "rk_prod_", kind: "stripe-key", class: alnum, min: 16, digit: true},
	{anchor: "whsec_", kind: "stripe-key", class: b64, min: 20, bounded: true, digit: true},
	{anchor: "sq0atp-", kind: "square-key", class: url64, min: 20},
	{anchor: "sq0csp-", kind: "square-key", class: url64, min: 20},
	{anchor: "shpat_", kind: "shopify-token", class: hexa, min: 24},
	{anchor: "shpca_", kind: "shopify-token", class: hexa, min: 24},
	{anchor: "shppa_", kind: "shopify-token", class: hexa, min: 24},
	{anchor: "shpss_", kind: "shopify-token", class: hexa, min: 24},
	{anchor: "SG.", kind: "sendgrid-key", class: dotted, min: 40, max: 80, bounded: true, digit: true, random: true},
	{anchor: "xkeysib-", kind: "brevo-key", class: url64, min: 40},
	{anchor: "key-", kind: "mailgun-key", class: lowerHex, min: 32, max: 32, bounded: true, digit: true},
	{anchor: "sntrys_", kind: "sentry-token", class: b64, min: 16},
	{anchor: "sntryu_", kind: "sentry-token", class: b64, min: 16},
	{anchor: "NRAK-", kind: "newrelic-key", class: alnum, min: 20, bounded: true},
	{anchor: "NRII-", kind: "newrelic-key", class: url64, min: 20, bounded: true},
	{anchor: "glsa_", kind: "grafana-token", class: url64, min: 32, bounded: true},
	{anchor: "eyJrIjoi", kind: "grafana-token", class: b64, min: 60, bounded: true},
	{anchor: "glc_", kind: "grafana-token", class: b64, min: 32, bounded: true, digit: true},
	{anchor: "dt0c01.", kind: "dynatrace-token", class: dotted, min: 40},

	{anchor: "ops_eyJ", kind: "onepassword-token", class: b64, min: 60},
	{anchor: "sha256~", kind: "openshift-token", class: url64, min: 40, max: 48, digit: true},

	// Keys and tokens of no one service.
	{anchor: "AGE-SECRET-KEY-1", kind: "age-key", class: upper, min: 20},
	{anchor: "BEGIN ", find: (*scanner).armor},
	{anchor: "PuTTY-User-Key-File-", find: (*scanner).putty},
	{anchor: "ZXlKa", kind: kindJWT, class: b64, min: 60, bounded: true}, // base64 of a JWT
	{anchor: "ZXlKh", kind: kindJWT, class: b64, min: 60, bounded: true},
	{anchor: "ZXlKMF", kind: kindJWT, class: b64, min: 60, bounded: true},
	{anchor: "eyJ", find: (*scanner).jwt},

	// URLs and headers.
	{anchor: "://", find: (*scanner).url},
	{anchor: "@tcp(", find: (*scanner).goDSN},
	{anchor: "@unix(", find: (*scanner).goDSN},
	{anchor: "sig=", find: (*scanner).signature, fold: true},
	{anchor: "gnature=", find: (*scanner).signature, fold: true},
	{anchor: "curl ", find: (*scanner).curl},
	{anchor: "bearer", find: (*scanner).bearer, fold: true},

	// Names of values; the anchor is a part of the name.
	{anchor: "sswo", find: (*scanner).assignment, fold: true}, // password
	{anchor: "sswd", find: (*scanner).assignment, fold: true}, // passwd
	{anchor: "ssph", find: (*scanner).assignment, fold: true}, // passphrase
	{anchor: "sscode", find: (*scanner).assignment, fold: true},
	{anchor: "pass=", find: (*scanner).assignment, fold: true},
	{anchor: "pass:", find: (*scanner).assignment, fold: true},
	{anchor: "pass\"", find: (*scanner).assignment, fold: true},
	{anchor: "pass'", find: (*scanner).assignment, fold: true},
	{anchor: "pass ", find: (*scanner).assignment, fold: true},
	{anchor: "pwd", find: (*scanner).assignment, fold: true},
	{anchor: "secr", find: (*scanner).assignment, fold: true},
	{anchor: "token", find: (*scanner).assignment, fold: true},
	{anchor: "denti", find: (*scanner).assignment, fold: true}, // credentials
	{anchor: "uthoriz", find: (*scanner).assignment, fold: true},
	{anchor: "ookie", find: (*scanner).assignment, fold: true},
	{anchor: "_auth", find: (*scanner).assignment, fold: true},
	{anchor: "pike", find: (*scanner).assignment, fold: true}, // apikey
	{anchor: "pi_k", find: (*scanner).assignment, fold: true},
	{anchor: "pi-k", find: (*scanner).assignment, fold: true},
	{anchor: "ppke", find: (*scanner).assignment, fold: true}, // appkey
	{anchor: "pp_k", find: (*scanner).assignment, fold: true},
	{anchor: "sske", find: (*scanner).assignment, fold: true}, // accesskey
	{anchor: "ss_k", find: (*scanner).assignment, fold: true},
	{anchor: "ss-k", find: (*scanner).assignment, fold: true},
	{anchor: "teke", find: (*scanner).assignment, fold: true}, // privatekey
	{anchor: "te_k", find: (*scanner).assignment, fold: true},
	{anchor: "ntke", find: (*scanner).assignment, fold: true}, // accountkey
	{anchor: "nt_k", find: (*scanner).assignment, fold: true},
	{anchor: "ngke", find: (*scanner).assignment, fold: true}, // signingkey
	{anchor: "ng_k", find: (*scanner).assignment, fold: true},
	{anchor: "onke", find: (*scanner).assignment, fold: true}, // encryptionkey
	{anchor: "on_k", find: (*scanner).assignment, fold: true},
	{anchor: "er_k", find: (*scanner).assignment, fold: true}, // masterkey
	{anchor: "erke", find: (*scanner).assignment, fold: true},
	{anchor: "th_k", find: (*scanner).assignment, fold: true}, // authkey
	{anchor: "thke", find: (*scanner).assignment, fold: true},
	{anchor: "geke", find: (*scanner).assignment, fold: true}, // storagekey
	{anchor: "ge_k", find: (*scanner).assignment, fold: true},
	{anchor: "se_key", find: (*scanner).assignment, fold: true}, // licensekey
	{anchor: "sekey", find: (*scanner).assignment, fold: true},
}
