package sqlite

// connectVirtual has SQLite connect the virtual tables now, on cleat's behalf: some compile
// statements that write to their shadow tables then, which the guard would refuse. They
// are never run, as the file is open for reading only. A table that cannot be connected
// says so when it is asked.
func (c *conn) connectVirtual() {
	for _, o := range c.cat.objects {
		if o.kind != virtualTable {
			continue
		}
		if st, _, err := c.db.Prepare("SELECT 1 FROM main." + quote(o.name)); err == nil {
			st.Close()
		}
	}
}
