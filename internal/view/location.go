package view

// Location implements text.Located.
func (v *View) Location() (address, path string) { return v.URI, v.name }
