package stdio

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// errorLine returns an answer with an error as one line. A nil id is written as null;
// nil data is left out.
func errorLine(id []byte, code int64, say string, data []byte) []byte {
	if id == nil {
		id = []byte("null")
	}
	b := append([]byte(resultPrefix), id...)
	b = append(b, `,"error":{"code":`...)
	b = strconv.AppendInt(b, code, 10)
	b = append(b, `,"message":`...)
	b = append(b, quote(say)...)
	if data != nil {
		b = append(b, `,"data":`...)
		b = append(b, data...)
	}
	return append(b, "}}\n"...)
}

// mend returns the line with the SDK's error e as the answer to c, and what is wrong with
// the request if the SDK refused it before any middleware ran. It gives code 0 to much of
// that, and quotes params whole in Go's terms.
func mend(c *call, e []byte) (line []byte, refused FaultKind, why string) {
	var sent struct {
		Code    int64           `json:"code"`
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(e, &sent); err != nil {
		return errorLine(c.id, jsonrpc.CodeInternalError, "internal error", nil), "", ""
	}
	say := plain(c.method, sent.Message)
	switch {
	case sent.Code == jsonrpc.CodeMethodNotFound:
		refused = FaultMethod
	case sent.Code == 0 || say != sent.Message:
		refused = FaultParams
	}
	if sent.Code == 0 {
		sent.Code = codeFor(c.method, sent.Message)
	}
	return errorLine(c.id, sent.Code, say, sent.Data), refused, say
}

// codeFor returns the code of an error that the SDK sent with code 0.
func codeFor(method, say string) int64 {
	switch {
	case strings.HasSuffix(say, "is invalid during session initialization"):
		return jsonrpc.CodeInvalidRequest
	case method != methodInitialize:
		return jsonrpc.CodeInternalError
	case strings.HasPrefix(say, "duplicate"):
		return jsonrpc.CodeInvalidRequest
	}
	return jsonrpc.CodeInvalidParams
}

// plain returns say, an error message of the SDK's, without Go's types and without the
// params that it quotes. Other messages come back unchanged.
func plain(method, say string) string {
	s, handling := strings.CutPrefix(say, "handling '"+method+"': ")
	if !handling {
		return say
	}
	_, why, ok := cutLast(s, " into a *mcp.")
	if !ok || !strings.Contains(s, `unmarshaling "`) {
		return s
	}
	_, why, _ = strings.Cut(why, ": ") // behind the type's name
	if field, kind, ok := misfit(why); ok {
		if field == "" {
			return fmt.Sprintf("invalid params of %s: %s expected", method, kind)
		}
		return fmt.Sprintf("invalid params of %s: %q must be %s", method, field, kind)
	}
	if why == "" || strings.Contains(why, "mcp.") {
		return "invalid params of " + method
	}
	return fmt.Sprintf("invalid params of %s: %.200s", method, strings.ToValidUTF8(why, ""))
}

// misfit reads a decoder's "json: cannot unmarshal … into Go struct field
// mcp.T.a.b of type X" and returns the field, a.b, and X in JSON's terms.
func misfit(say string) (field, kind string, ok bool) {
	_, target, ok := cutLast(say, " into Go ")
	if !ok {
		return "", "", false
	}
	where, goType, ok := cutLast(target, "of type ")
	if !ok {
		return "", "", false
	}
	if where, isField := strings.CutPrefix(where, "struct field "); isField {
		if _, inner, ok := cutLast(where, "mcp."); ok {
			where = inner
		}
		_, field, _ = strings.Cut(strings.TrimSpace(where), ".") // the first part is the type
	}
	switch {
	case goType == "string":
		kind = "a string"
	case goType == "bool":
		kind = "true or false"
	case strings.HasPrefix(goType, "[]"):
		kind = "an array"
	case strings.HasPrefix(goType, "int"), strings.HasPrefix(goType, "uint"), strings.HasPrefix(goType, "float"):
		kind = "a number"
	default:
		kind = "an object"
	}
	return field, kind, true
}

// cutLast is strings.Cut around the last instance of sep.
func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
