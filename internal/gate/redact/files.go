package redact

import (
	"path"
	"strings"
)

// A style says how a file of secrets is read.
type style uint8

const (
	styleNone   style = iota
	styleValues       // settings: every value is masked unless it is harmless
	styleMixed        // settings of all kinds: the values with telling names or shapes
	styleKey          // private keys: base64 outside of public blocks
	styleNetrc        // words: the one after "password"
	stylePgpass       // host:port:database:user:password
	styleUsers        // user:hash
	styleOpaque       // nothing but a secret
)

// SecretFile reports whether a file of this name exists to hold secrets, so that
// Text and Part apply their stricter rules to it. name is a file name or a path, with
// either kind of slash, in any case of letters. Copies and backups count as well.
func SecretFile(name string) bool { return styleOf(name) != styleNone }

// styleOf returns how the file of this name is read.
func styleOf(name string) style {
	if name == "" {
		return styleNone
	}
	name = strings.ToLower(strings.ReplaceAll(name, `\`, "/"))
	name, _, _ = strings.Cut(name, "::$") // a stream of NTFS
	name = "/" + strings.TrimLeft(path.Clean("/"+strings.TrimRight(name, " .")), "/")
	for {
		if s := styleOfClean(name); s != styleNone {
			return s
		}
		cut := false
		for _, suffix := range []string{
			"~", ".bak", ".backup", ".old", ".orig", ".save", ".saved", ".swp", ".swo", ".tmp", ".copy", ".new", ".rej", ".dpkg-old", ".rpmsave", "#",
		} {
			if m, ok := strings.CutSuffix(name, suffix); ok && !strings.HasSuffix(m, "/") {
				name, cut = m, true
			}
		}
		if !cut {
			return styleNone
		}
	}
}

// styleOfClean does the work of styleOf on a lower-case path that begins with a slash.
func styleOfClean(name string) style {
	dir, base := path.Split(name)
	base = strings.TrimLeft(base, "#")
	if strings.HasPrefix(base, "..") { // the swap file of a dot file
		base = base[1:]
	}
	parent := path.Base(dir)
	ext := path.Ext(base)
	switch base {
	case ".envrc", "environ", "credentials", "credentials.tfrc.json", "credentials.toml", "credentials.json",
		"application_default_credentials.json", "access_tokens.db", "credentials.db", "secrets", ".secrets", ".secret", "secret",
		"secrets.json", "secrets.yaml", "secrets.yml", "secrets.toml", "secrets.ini", "secrets.env", "secrets.properties",
		"secret.json", "secret.yaml", "secret.yml", "secret.toml", "vault.yml", "vault.yaml", "local.settings.json", ".boto", ".s3cfg", "rclone.conf":
		if base == "environ" && !strings.HasPrefix(dir, "/proc/") || base == "secret" && ext != "" {
			return styleNone
		}
		return styleValues
	case ".npmrc", ".pypirc", ".yarnrc", ".yarnrc.yml", ".bunfig.toml", "pip.conf", ".dockercfg", ".dockerconfigjson", "kubeconfig", ".my.cnf", ".mylogin.cnf", ".gitconfig",
		".curlrc", ".wgetrc", ".terraformrc", "terraform.rc", "nuget.config", "wp-config.php", ".condarc", ".gemrc", "settings-security.xml",
		".composer-auth.json", "auth.json", "hosts.yml", ".fetchmailrc", ".msmtprc", ".muttrc", ".sqlcl", "config.worktree":
		if base == "hosts.yml" && parent != "gh" || base == "nuget.config" && parent == "" {
			return styleNone
		}
		return styleMixed
	case ".netrc", "_netrc", ".authinfo":
		return styleNetrc
	case ".pgpass", "pgpass.conf":
		return stylePgpass
	case ".htpasswd", "htpasswd", "shadow", "passwd-s3fs", ".passwd-s3fs":
		return styleUsers
	case ".git-credentials":
		return styleMixed
	case ".vault-token", ".npm-token", ".github-token", ".token", "master.key":
		return styleOpaque
	case "config":
		switch {
		case parent == ".git", strings.HasSuffix(parent, ".git"), parent == ".aws", parent == ".kube", strings.Contains(dir, "/.git/modules/"), parent == "git":
			return styleMixed
		}
	case "config.json":
		if parent == ".docker" || parent == "containers" {
			return styleMixed
		}
	case "settings.xml":
		if parent == ".m2" {
			return styleMixed
		}
	case "id_rsa", "id_dsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk", "id_xmss", "identity":
		if base == "identity" && parent != ".ssh" {
			return styleNone
		}
		return styleKey
	case "known_hosts", "authorized_keys", "allowed_signers":
		return styleNone
	}
	switch {
	case strings.HasPrefix(base, ".env"), strings.HasSuffix(base, ".env"), ext == ".tfvars", strings.HasSuffix(base, ".tfvars.json"):
		return styleValues
	case strings.HasPrefix(base, "service-account"), strings.HasPrefix(base, "service_account"), strings.HasPrefix(base, "serviceaccount"),
		strings.HasPrefix(base, "client_secret"):
		if ext == ".json" {
			return styleValues
		}
	case ext == ".yaml" || ext == ".yml" || ext == ".json" || ext == ".toml" || ext == ".ini":
		stem := strings.TrimSuffix(base, ext)
		for _, end := range []string{".secrets", ".secret", "-secrets", "-secret", "_secrets", "_secret", "-credentials", "_credentials", ".credentials"} {
			if strings.HasSuffix(stem, end) {
				return styleValues
			}
		}
	case ext == ".tfstate", ext == ".kubeconfig", ext == ".ovpn", ext == ".publishsettings":
		return styleMixed
	case ext == ".pem", ext == ".key", ext == ".ppk", ext == ".pkcs8", ext == ".pk8":
		return styleKey
	case ext == ".p12", ext == ".pfx", ext == ".jks", ext == ".keystore", ext == ".kdbx", ext == ".kdb", ext == ".agekey":
		return styleOpaque
	case strings.HasPrefix(base, "id_") && parent == ".ssh" && ext != ".pub", strings.HasPrefix(base, "ssh_host_") && strings.HasSuffix(base, "_key"):
		return styleKey
	case strings.Contains(dir, "/.gnupg/private-keys"):
		return styleKey
	case strings.Contains(dir, "/.config/gcloud/"), strings.HasPrefix(dir, "/gcloud/"):
		return styleMixed
	}
	return styleNone
}

// configFile reports whether the name is that of a file of settings.
func configFile(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".yml", ".yaml", ".properties", ".ini", ".conf", ".cfg", ".config", ".toml", ".json", ".tfvars", ".plist", ".xml":
		return true
	}
	return false
}
