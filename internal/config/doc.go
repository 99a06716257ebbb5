// Package config reads the configuration: three TOML layers, strictly decoded,
// with secret references and trust.
//
// The layers are managed (ManagedFile, by the machine's owner), user (UserFile)
// and project (cleat.toml at the root of the repository). Each is optional, and a
// lower one can only narrow what a higher one says. What a project file adds counts
// once the developer has trusted its exact content.
//
// Everything that is wrong is a Problem, and all of them are reported at once. A
// Problem names keys and positions, never a value: a value could be a secret.
//
// Nothing is expanded in a value, and no variable of the environment changes what
// the files say.
package config
