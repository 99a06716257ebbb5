package registry

import (
	"encoding/json"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"cleat/internal/fail"
)

// finished makes res, which is empty, say that it is the whole result, as the newer era
// requires. The SDK does so for what its own handlers return and has no field for it; a
// result that comes from a middleware has to be decoded to have it.
func finished(req interface{ ProtocolVersion() string }, res json.Unmarshaler) error {
	if req.ProtocolVersion() < firstWithResultType {
		return nil
	}
	return res.UnmarshalJSON([]byte(`{"resultType":"complete"}`))
}

// firstWithResultType is the first version of the protocol whose results have a type.
const firstWithResultType = "2026-07-28"

// rpcError is a failure of what has no isError result. The client shows the message
// alone, so it is whole.
func rpcError(r Reply) *jsonrpc.Error {
	code := int64(jsonrpc.CodeInvalidParams)
	switch r.Err.Code {
	case fail.Internal:
		code = jsonrpc.CodeInternalError
	case fail.Unavailable, fail.Timeout, fail.Busy, fail.Conflict, fail.UnknownOutcome:
		code = codeOwn
	}
	return &jsonrpc.Error{Code: code, Message: r.Text}
}

// codeOwn is of the range that is free for implementations.
const codeOwn = -32000

// client names who asks, in either era of the protocol.
func client(req interface{ ClientInfo() *mcp.Implementation }) string {
	if c := req.ClientInfo(); c != nil {
		return fmt.Sprintf("%.200s/%.100s", c.Name, c.Version)
	}
	return ""
}
