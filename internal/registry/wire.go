package registry

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"cleat/internal/fail"
	"cleat/internal/systems"
	"cleat/internal/systems/documents"
	"cleat/internal/tasks"
)

// A Request is one call on its way in, from a client or from the command line.
type Request struct {
	Method string          // of the protocol: tools/call, resources/read, …
	Name   string          // of the tool or prompt; the address of a resource; the template of a completion
	Args   json.RawMessage // of tools and prompts
	Client string          // name and version
	Bytes  int             // size of the arguments as they came

	// For completion/complete:
	Argument, Prefix string
	Vars             map[string]string
	Kind             Kind

	// Asks reports whether the client can put a question to a person, and Answer is what
	// the person said to the question of an earlier reply, with its ticket.
	Asks   bool
	Answer *Answer

	// Refused is what is wrong with a request that cannot be understood. It is passed on
	// all the same, so that it is recorded.
	Refused error
}

// An Answer is what a person said to a question.
type Answer struct {
	Agreed bool
	Ticket string
}

// Raw returns the arguments as they came, for a record of a request that is not decoded.
func (r *Request) Raw() json.RawMessage {
	if r.Method != Complete {
		return r.Args
	}
	raw, err := json.Marshal(struct {
		Argument string            `json:"argument"`
		Value    string            `json:"value"`
		Vars     map[string]string `json:"context,omitempty"`
	}{r.Argument, r.Prefix, r.Vars})
	if err != nil {
		return nil // strings always encode
	}
	return raw
}

// A Reply is what goes out: redacted, marked and within the budget.
type Reply struct {
	Text       string
	Structured json.RawMessage // instead of Text, where the configuration asks for JSON
	Err        *fail.Error     // Text then shows it
	Unknown    bool            // nothing of the request's name exists
	MIMEType   string
	Values     []string // of a completion
	Total      int
	Items      []documents.Item // of a list of resources

	// Ask is a question to put to a person before the call is done, and Ticket what has to
	// come back with the answer.
	Ask, Ticket string
}

// A Caller takes a request through policy, audit and limits, and brings the reply. It
// is the one way in for tools, resources, prompts, completions and the command line.
type Caller interface {
	Do(ctx context.Context, req Request) Reply

	// Shows reports whether policy lets the capability be listed, with this source and
	// this value of an argument ("" for any).
	Shows(e *Entry, source, argument, value string) bool
}

// Options configure a server.
type Options struct {
	Version      string
	Instructions string
	JSON         bool // list output schemas
}

// Methods that a Caller takes. Every other method is the SDK's own.
const (
	CallTool      = "tools/call"
	ReadResource  = "resources/read"
	ListResources = "resources/list"
	GetPrompt     = "prompts/get"
	Complete      = "completion/complete"
)

// cacheScope keeps answers from being shared between users.
const cacheScope = "private"

// NewServer returns a server of what policy lets be listed. It is for one connection.
// Tools and templates are bound at the first request that needs them.
func (r *Registry) NewServer(set *systems.Set, caller Caller, opt Options) *mcp.Server {
	w := &wire{registry: r, caller: caller, set: set, bound: map[string]bool{}}
	w.discovery = mcp.DiscoverResult{
		SupportedVersions: mcp.SupportedProtocolVersions(),
		Capabilities:      &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{}},
		Instructions:      opt.Instructions,
		Cacheable:         mcp.Cacheable{CacheScope: cacheScope},
	}
	caps := w.discovery.Capabilities
	for i := range r.entries {
		if e := &r.entries[i]; e.Kind != ToolKind && w.sources(e, set, "") != nil {
			caps.Completions = &mcp.CompletionCapabilities{}
			if e.Kind == PromptKind {
				caps.Prompts = &mcp.PromptCapabilities{}
			} else {
				caps.Resources = &mcp.ResourceCapabilities{}
			}
		}
	}
	options := &mcp.ServerOptions{
		Instructions: opt.Instructions, Capabilities: caps,
		SetCacheable: func(_ context.Context, _ mcp.Request, c *mcp.Cacheable) { c.CacheScope = cacheScope },
	}
	if caps.Completions != nil {
		// The middleware answers; the SDK only wants to know that there is a handler.
		options.CompletionHandler = func(context.Context, *mcp.CompleteRequest) (*mcp.CompleteResult, error) {
			return nil, errors.New("completion passed the middleware")
		}
	}
	w.self = &mcp.Implementation{Name: "cleat", Title: "cleat", Version: opt.Version}
	srv := mcp.NewServer(w.self, options)
	// Inferring schemas takes longer than all else at the start, and server/discover,
	// which a client waits for, needs none of them.
	w.bindAll = sync.OnceValue(func() error {
		for i := range r.entries {
			if err := w.bind(srv, &r.entries[i], set, opt); err != nil {
				return err
			}
		}
		return nil
	})
	w.addTasks(srv, opt)
	srv.AddReceivingMiddleware(w.middleware)
	return srv
}

type wire struct {
	registry  *Registry
	caller    Caller
	set       *systems.Set
	bound     map[string]bool // tools that the SDK knows
	discovery mcp.DiscoverResult
	self      *mcp.Implementation
	tasks     *tasks.Store // nil if there are none

	bindAll     func() error // adds what is to be listed, once
	initialized atomic.Bool  // the one connection has had its initialize
}

// sources lists the sources with which e may be listed; nil if there are none.
func (w *wire) sources(e *Entry, set *systems.Set, value string) []string {
	var names []string
	for _, s := range e.Sources(set) {
		if w.caller.Shows(e, s.Name, "", value) {
			names = append(names, s.Name)
		}
	}
	return names
}

// List returns the tools as a client sees them.
func (r *Registry) List(set *systems.Set, caller Caller, json bool) ([]*mcp.Tool, error) {
	w := &wire{registry: r, caller: caller}
	var tools []*mcp.Tool
	for i := range r.entries {
		e := &r.entries[i]
		sources := w.sources(e, set, "")
		if e.Kind != ToolKind || sources == nil {
			continue
		}
		t, err := w.tool(e, set, sources, Options{JSON: json})
		if err != nil {
			return nil, err
		}
		if t != nil {
			tools = append(tools, t)
		}
	}
	return tools, nil
}

// bind adds e to srv, if it has a source that policy lets be seen.
func (w *wire) bind(srv *mcp.Server, e *Entry, set *systems.Set, opt Options) error {
	sources := w.sources(e, set, "")
	if sources == nil {
		return nil
	}
	switch e.Kind {
	case ToolKind:
		t, err := w.tool(e, set, sources, opt)
		if err != nil || t == nil {
			return err
		}
		srv.AddTool(t, w.callTool)
		w.bound[e.Name] = true
	case TemplateKind:
		srv.AddResourceTemplate(&mcp.ResourceTemplate{Name: e.Name, Title: e.Title, Description: e.Description,
			URITemplate: e.URI, MIMEType: e.MIMEType}, w.readResource)
	case PromptKind:
		p := &mcp.Prompt{Name: e.Name, Title: e.Title, Description: e.Description}
		for _, a := range e.shape().args {
			p.Arguments = append(p.Arguments, &mcp.PromptArgument{Name: a.name, Description: a.desc, Required: a.required})
		}
		srv.AddPrompt(p, w.getPrompt)
	}
	return nil
}

// tool returns e as the SDK lists it, or nil where policy leaves it no operation.
func (w *wire) tool(e *Entry, set *systems.Set, sources []string, opt Options) (*mcp.Tool, error) {
	shown := func(arg, value string) bool {
		return slices.ContainsFunc(sources, func(s string) bool { return w.caller.Shows(e, s, arg, value) })
	}
	if ops := e.Ops("op"); ops != nil && !slices.ContainsFunc(ops, func(v string) bool { return shown("op", v) }) {
		return nil, nil
	}
	schema, err := e.shape().input(sources, shown)
	if err != nil {
		return nil, err
	}
	destructive := e.Access == Destructive
	remote := slices.ContainsFunc(e.Sources(set), func(s systems.Source) bool { return !s.Local })
	// The title goes with the annotations alone, where the client looks for it.
	t := &mcp.Tool{Name: e.Name, Description: e.Description, InputSchema: schema,
		Annotations: &mcp.ToolAnnotations{Title: e.Title, ReadOnlyHint: e.Access == Read,
			IdempotentHint: e.Idempotent || e.Access == Read, DestructiveHint: &destructive, OpenWorldHint: &remote}}
	if opt.JSON {
		if t.OutputSchema, err = e.output(); err != nil {
			return nil, err
		}
	}
	if e.AlwaysLoad || e.AskUser {
		t.Meta = mcp.Meta{}
	}
	if e.AlwaysLoad {
		t.Meta["anthropic/alwaysLoad"] = true
	}
	if e.AskUser {
		t.Meta["anthropic/requiresUserInteraction"] = true
	}
	return t, nil
}

// middleware answers what the SDK would answer wrongly or behind the gate's back, and
// hands everything else on.
func (w *wire) middleware(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		switch req.(type) {
		case *mcp.ListToolsRequest, *mcp.CallToolRequest, *mcp.ListPromptsRequest, *mcp.ListResourceTemplatesRequest:
			if err := w.bindAll(); err != nil {
				return nil, &jsonrpc.Error{Code: jsonrpc.CodeInternalError, Message: fail.Show(err)}
			}
		}
		switch r := req.(type) {
		case *mcp.ServerRequest[*mcp.DiscoverParams]:
			// The SDK's own answer stores state that makes a later initialize fail.
			d := w.discovery
			w.declareTasks(r, &d)
			return &d, nil
		case *mcp.ServerRequest[*mcp.InitializeParams]:
			return w.initialize(ctx, next, method, r)
		case *mcp.CallToolRequest:
			if r.Params != nil && !w.bound[r.Params.Name] {
				return w.callTool(ctx, r)
			}
			if w.mayBeTask(r) {
				return w.callTask(ctx, r)
			}
		case *mcp.ServerRequest[*taskParams]:
			return w.task(ctx, method, r)
		case *mcp.ReadResourceRequest:
			return w.readResource(ctx, r)
		case *mcp.ListResourcesRequest:
			return w.listResources(ctx, r)
		case *mcp.GetPromptRequest:
			return w.getPrompt(ctx, r)
		case *mcp.CompleteRequest:
			return w.complete(ctx, r)
		}
		res, err := next(ctx, method, req)
		if err != nil {
			var rpc *jsonrpc.Error
			if !errors.As(err, &rpc) {
				err = &jsonrpc.Error{Code: jsonrpc.CodeInvalidRequest, Message: err.Error()}
			}
			return res, err
		}
		w.trim(res)
		return res, nil
	}
}

// trim takes out of a list what policy has closed since the list was bound: an edit of
// the configuration tightens at once.
func (w *wire) trim(res mcp.Result) {
	closed := func(k Kind, name string) bool {
		e, ok := w.registry.Lookup(k, name)
		return !ok || w.sources(e, w.set, "") == nil
	}
	switch r := res.(type) {
	case *mcp.ListToolsResult:
		r.Tools = slices.DeleteFunc(slices.Clone(r.Tools), func(t *mcp.Tool) bool { return closed(ToolKind, t.Name) })
	case *mcp.ListPromptsResult:
		r.Prompts = slices.DeleteFunc(slices.Clone(r.Prompts), func(p *mcp.Prompt) bool { return closed(PromptKind, p.Name) })
	case *mcp.ListResourceTemplatesResult:
		r.ResourceTemplates = slices.DeleteFunc(slices.Clone(r.ResourceTemplates),
			func(t *mcp.ResourceTemplate) bool { return closed(TemplateKind, t.Name) })
	}
}

// initialize lets the SDK answer, unless a call of the newer era came first: the SDK then
// takes the handshake for a second one, though clients that fall back need it.
func (w *wire) initialize(ctx context.Context, next mcp.MethodHandler, method string, req *mcp.ServerRequest[*mcp.InitializeParams]) (mcp.Result, error) {
	if w.initialized.Swap(true) || req.Params == nil {
		return next(ctx, method, req)
	}
	res, err := next(ctx, method, req)
	if err == nil {
		return res, nil
	}
	const newestHandshake = "2025-11-25"
	version := req.Params.ProtocolVersion
	if !slices.Contains(mcp.SupportedProtocolVersions(), version) || version > newestHandshake {
		version = newestHandshake
	}
	return &mcp.InitializeResult{ProtocolVersion: version, Capabilities: w.discovery.Capabilities,
		Instructions: w.discovery.Instructions, ServerInfo: w.self}, nil
}

func (w *wire) callTool(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	q := Request{Method: CallTool, Name: req.Params.Name, Args: req.Params.Arguments,
		Bytes: len(req.Params.Arguments), Client: client(req)}
	q.Asks, q.Answer = answer(req)
	ctx, done := notify(ctx, req)
	r := w.caller.Do(ctx, q)
	done()
	if r.Ask != "" {
		return ask(r), nil
	}
	if r.Unknown {
		return nil, &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: r.Text}
	}
	res := &mcp.CallToolResult{}
	if err := finished(req, res); err != nil {
		return nil, err
	}
	if r.Structured != nil && r.Err == nil {
		res.StructuredContent, res.Content = r.Structured, []mcp.Content{}
		return res, nil
	}
	res.Content, res.IsError = []mcp.Content{&mcp.TextContent{Text: r.Text}}, r.Err != nil
	return res, nil
}

func (w *wire) readResource(ctx context.Context, req *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
	r := w.caller.Do(ctx, Request{Method: ReadResource, Name: req.Params.URI, Bytes: len(req.Params.URI), Client: client(req)})
	if r.Err != nil {
		err := rpcError(r)
		if err.Code == jsonrpc.CodeInvalidParams && r.Err.Code != fail.NotFound {
			// Claude Code takes that code for a resource that is gone, and says so in place of
			// the message.
			err.Code = codeOwn
		}
		return nil, err
	}
	res := &mcp.ReadResourceResult{}
	if err := finished(req, res); err != nil {
		return nil, err
	}
	res.CacheScope = cacheScope
	res.Contents = []*mcp.ResourceContents{{URI: req.Params.URI, MIMEType: r.MIMEType, Text: r.Text}}
	return res, nil
}

func (w *wire) listResources(ctx context.Context, req *mcp.ListResourcesRequest) (*mcp.ListResourcesResult, error) {
	q := Request{Method: ListResources, Client: client(req)}
	if req.Params != nil && req.Params.Cursor != "" {
		q.Refused = fail.Errorf(fail.Invalid, "the list has one page, there is no cursor").Then("list again without a cursor")
	}
	r := w.caller.Do(ctx, q)
	if r.Err != nil {
		return nil, rpcError(r)
	}
	res := &mcp.ListResourcesResult{Cacheable: mcp.Cacheable{CacheScope: cacheScope}, Resources: []*mcp.Resource{}}
	for _, it := range r.Items {
		x := &mcp.Resource{URI: it.URI, Name: it.Name, Title: it.Title, MIMEType: it.MIMEType, Size: max(0, it.Size)}
		if !it.Modified.IsZero() {
			x.Annotations = &mcp.Annotations{LastModified: it.Modified.UTC().Format(time.RFC3339)}
		}
		res.Resources = append(res.Resources, x)
	}
	return res, nil
}

func (w *wire) getPrompt(ctx context.Context, req *mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
	args, err := json.Marshal(req.Params.Arguments)
	if err != nil {
		return nil, &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: "arguments cannot be encoded"}
	}
	r := w.caller.Do(ctx, Request{Method: GetPrompt, Name: req.Params.Name, Args: args, Bytes: len(args), Client: client(req)})
	if r.Err != nil {
		return nil, rpcError(r)
	}
	res := &mcp.GetPromptResult{}
	if err := finished(req, res); err != nil {
		return nil, err
	}
	res.Messages = []*mcp.PromptMessage{{Role: "user", Content: &mcp.TextContent{Text: r.Text}}}
	return res, nil
}

func (w *wire) complete(ctx context.Context, req *mcp.CompleteRequest) (*mcp.CompleteResult, error) {
	p := req.Params
	q := Request{Method: Complete, Argument: p.Argument.Name, Prefix: p.Argument.Value, Client: client(req)}
	switch {
	case p.Ref == nil:
		q.Refused = fail.Errorf(fail.Invalid, "ref is missing").Then("pass a ref of type ref/resource or ref/prompt")
	case p.Ref.Type == "ref/resource":
		q.Kind, q.Name = TemplateKind, p.Ref.URI
	case p.Ref.Type == "ref/prompt":
		q.Kind, q.Name = PromptKind, p.Ref.Name
	default:
		q.Refused = fail.Errorf(fail.Invalid, "ref.type must be ref/resource or ref/prompt")
	}
	if p.Context != nil {
		q.Vars = p.Context.Arguments
	}
	q.Bytes = len(q.Name) + len(q.Prefix)
	r := w.caller.Do(ctx, q)
	if r.Err != nil {
		return nil, rpcError(r)
	}
	values := r.Values
	if values == nil {
		values = []string{}
	}
	return &mcp.CompleteResult{Completion: mcp.CompletionResultDetails{Values: values, Total: r.Total,
		HasMore: r.Total > len(values)}}, nil
}
