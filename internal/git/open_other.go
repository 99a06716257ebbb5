//go:build !unix

package git

import "os"

const openFlags = os.O_RDONLY
