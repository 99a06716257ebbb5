package config

// syncDir has nothing to do: a folder cannot be flushed here.
func syncDir(string) error { return nil }
