package registry

import "github.com/modelcontextprotocol/go-sdk/mcp"

// question is the key of the one question that a call asks.
const question = "consent"

// ask is the result that asks a person. Clients of the newer era put the question and
// repeat the call with the answer; for others the SDK does both.
func ask(r Reply) *mcp.CallToolResult {
	form := &mcp.ElicitParams{Mode: "form", Message: r.Ask, RequestedSchema: emptyForm{Type: "object"}}
	return &mcp.CallToolResult{InputRequests: mcp.InputRequestMap{question: form}, RequestState: r.Ticket}
}

// An emptyForm asks for nothing but to accept or to decline.
type emptyForm struct {
	Type       string   `json:"type"`
	Properties struct{} `json:"properties"`
}

// answer reports whether the client can ask a person, and what the person said, if the
// call brings an answer. All but accepting counts as a no.
func answer(req *mcp.CallToolRequest) (asks bool, a *Answer) {
	if c := req.ClientCapabilities(); c != nil && c.Elicitation != nil {
		asks = true
	}
	if len(req.Params.InputResponses) == 0 && req.Params.RequestState == "" {
		return asks, nil
	}
	a = &Answer{Ticket: req.Params.RequestState}
	if e, ok := req.Params.InputResponses[question].(*mcp.ElicitResult); ok {
		a.Agreed = e.Action == "accept"
	}
	return asks, a
}
