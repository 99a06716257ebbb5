package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"cleat/internal/fail"
	"cleat/internal/tasks"
	"cleat/internal/text"
)

// tasksExtension is the extension of MCP with which a call may be answered by a task that
// the client asks after (SEP-2663). A client that does not declare it in the very request
// meets nothing of what this file does.
const tasksExtension = "io.modelcontextprotocol/tasks"

// The methods of the extension.
const (
	getTask    = "tasks/get"
	updateTask = "tasks/update"
	cancelTask = "tasks/cancel"
)

// taskParams are the params of all three. They take anything: what does not fit is refused
// with our words.
type taskParams struct {
	mcp.ParamsBase
	taskID string // "" if there is none
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *taskParams) UnmarshalJSON(data []byte) error {
	var fields map[string]json.RawMessage
	if json.Unmarshal(data, &fields) != nil {
		return nil
	}
	// What is no string leaves the id empty, what is no object the _meta.
	if json.Unmarshal(fields["taskId"], &p.taskID) != nil {
		p.taskID = ""
	}
	if json.Unmarshal(fields["_meta"], &p.Meta) != nil {
		p.Meta = nil
	}
	return nil
}

// A taskResult is how a task stands; with a zero taskStatus it acknowledges.
type taskResult struct {
	mcp.ResultBase
	ResultType string `json:"resultType"`
	*taskStatus
	Result *mcp.CallToolResult `json:"result,omitempty"`
}

type taskStatus struct {
	TaskID         string      `json:"taskId"`
	Status         tasks.State `json:"status"`
	StatusMessage  string      `json:"statusMessage,omitempty"`
	CreatedAt      string      `json:"createdAt"`
	LastUpdatedAt  string      `json:"lastUpdatedAt"`
	TTLMs          int64       `json:"ttlMs"`
	PollIntervalMs int64       `json:"pollIntervalMs"`
}

func standing(t *tasks.Task, s tasks.Status) *taskStatus {
	stamp := func(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }
	return &taskStatus{TaskID: t.ID, Status: s.State, StatusMessage: s.Message, CreatedAt: stamp(t.Created),
		LastUpdatedAt: stamp(s.Updated), TTLMs: tasks.TTL.Milliseconds(), PollIntervalMs: t.Interval.Milliseconds()}
}

// takesTasks reports whether the request with this _meta declares the extension. What an
// earlier request declared does not count.
func takesTasks(meta map[string]any) bool {
	if v, _ := meta[mcp.MetaKeyProtocolVersion].(string); v < firstWithResultType {
		return false
	}
	capabilities, _ := meta[mcp.MetaKeyClientCapabilities].(map[string]any)
	extensions, _ := capabilities["extensions"].(map[string]any)
	_, ok := extensions[tasksExtension].(map[string]any)
	return ok
}

// addTasks makes the SDK take the methods; the middleware answers them.
func (w *wire) addTasks(srv *mcp.Server, opt Options) {
	if opt.JSON {
		return // the gate gives structured content to tools/call alone
	}
	w.tasks = tasks.NewStore(time.Now)
	for _, method := range []string{getTask, updateTask, cancelTask} {
		err := mcp.AddReceivingCustomMethod(srv, method, func(context.Context, *mcp.ServerSession, *taskParams) (*taskResult, error) {
			return nil, fmt.Errorf("%s passed the middleware", method)
		})
		if err != nil {
			panic(err) // the methods are constants, and none of them is the SDK's
		}
	}
}

// declareTasks adds the extension to d for a client that takes it.
func (w *wire) declareTasks(req *mcp.ServerRequest[*mcp.DiscoverParams], d *mcp.DiscoverResult) {
	if w.tasks == nil || req.Params == nil || !takesTasks(req.Params.Meta) {
		return
	}
	for i := range w.registry.entries {
		if e := &w.registry.entries[i]; e.follow != nil && w.sources(e, w.set, "") != nil {
			c := *d.Capabilities
			c.Extensions = map[string]any{tasksExtension: struct{}{}}
			d.Capabilities = &c
			return
		}
	}
}

// mayBeTask reports whether the call may be answered by a task.
func (w *wire) mayBeTask(req *mcp.CallToolRequest) bool {
	if w.tasks == nil || req.Params == nil || !takesTasks(req.Params.Meta) {
		return false
	}
	e, ok := w.registry.Lookup(ToolKind, req.Params.Name)
	return ok && e.follow != nil
}

// callTask is callTool for a call that may become a task.
func (w *wire) callTask(ctx context.Context, req *mcp.CallToolRequest) (mcp.Result, error) {
	t := &Task{}
	res, err := w.callTool(context.WithValue(ctx, taskKey{}, t), req)
	work := t.begun()
	if err != nil || res.IsError || work.ID == "" {
		return res, err
	}
	work.Tool = req.Params.Name
	held, ok := w.tasks.Add(work)
	if !ok {
		return res, nil // it says how the model goes on by itself
	}
	return &taskResult{ResultType: "task", taskStatus: standing(held, held.Status())}, nil
}

// task answers the methods of the extension.
func (w *wire) task(ctx context.Context, method string, req *mcp.ServerRequest[*taskParams]) (mcp.Result, error) {
	if req.Params == nil || !takesTasks(req.Params.Meta) {
		return nil, &jsonrpc.Error{Code: jsonrpc.CodeMethodNotFound, Message: fmt.Sprintf("method not found: %q", method)}
	}
	q := Request{Method: method, Client: client(req), Bytes: len(req.Params.taskID)}
	t, err := w.held(req.Params.taskID)
	if err != nil {
		// For the record; the id is as the client wrote it.
		q.Name, q.Refused = text.Line(fmt.Sprintf("%.80s", req.Params.taskID)), err
		return nil, rpcError(w.caller.Do(ctx, q))
	}
	switch method {
	case getTask:
		return w.pollTask(ctx, q, t)
	case cancelTask:
		if err := w.cancelTask(ctx, q, t); err != nil {
			return nil, err
		}
	}
	// An update answers what was never asked, and such answers are ignored.
	return &taskResult{ResultType: "complete"}, nil
}

// held returns the task of the id, or says how its work can be followed without it.
func (w *wire) held(id string) (*tasks.Task, error) {
	t, work, err := w.tasks.Get(id)
	if err == nil {
		return t, nil
	}
	f := fail.From(err)
	for i := range w.registry.entries {
		switch e := &w.registry.entries[i]; {
		case e.follow == nil:
		case work == nil:
			return nil, f.Then("call %s, which lists what goes on", e.follow.Poll.Name)
		case work.Tool == e.Name:
			return nil, f.Then("call %s with %s, run=%s and source=%s", e.follow.Poll.Name, e.follow.Resume, work.ID, work.Source)
		}
	}
	return nil, f
}

// pollTask answers how the task stands, through the gate where that means to look at the
// work or to hand out its result.
func (w *wire) pollTask(ctx context.Context, q Request, t *tasks.Task) (mcp.Result, error) {
	res := &taskResult{ResultType: "complete"}
	if !t.Look() {
		res.taskStatus = standing(t, t.Status())
		if failure := t.Failure(); failure != "" {
			return res, res.finish(failure, true)
		}
		return res, nil
	}
	poll := &Task{held: t, state: tasks.Working}
	r, err := w.follow(context.WithValue(ctx, taskKey{}, poll), q, t.Work.Tool+followed,
		follow{Op: "get", Run: t.Work.ID, Source: t.Work.Source, Budget: t.Work.Budget})
	var s tasks.Status
	switch {
	case err != nil:
		t.Looked(tasks.Working, "")
		return nil, err
	case r.Err == nil:
		s = poll.looked()
	case passing(r.Err):
		// What cannot be told now may be told at the next look.
		s = t.Looked(tasks.Working, r.Err.What)
	default:
		// A result that says so is what reaches the model.
		s = t.Fail(r.Text)
	}
	res.taskStatus = standing(t, s)
	if s.State == tasks.Completed {
		err = res.finish(r.Text, r.Err != nil)
	}
	return res, err
}

// finish adds the result of the call that became the task.
func (r *taskResult) finish(text string, failed bool) error {
	r.Result = &mcp.CallToolResult{}
	if err := r.Result.UnmarshalJSON([]byte(`{"resultType":"complete"}`)); err != nil {
		return err
	}
	r.Result.Content, r.Result.IsError = []mcp.Content{&mcp.TextContent{Text: text}}, failed
	return nil
}

// passing reports whether what failed may do better soon.
func passing(e *fail.Error) bool {
	switch e.Code {
	case fail.Unavailable, fail.Timeout, fail.Busy:
		return true
	}
	return false
}

// cancelTask ends the work of the task as its tool does. That it has ended by itself is no
// failure.
func (w *wire) cancelTask(ctx context.Context, q Request, t *tasks.Task) error {
	if !t.Stop() {
		return nil
	}
	r, err := w.follow(ctx, q, t.Work.Tool, follow{Op: "cancel", Run: t.Work.ID, Source: t.Work.Source})
	if err == nil && r.Err != nil && r.Err.Code != fail.Conflict {
		err = rpcError(r)
	}
	if err != nil {
		t.Unstopped()
	}
	return err
}

// follow sends the request through the gate as a call of name.
func (w *wire) follow(ctx context.Context, q Request, name string, in follow) (Reply, error) {
	raw, err := json.Marshal(in)
	if err != nil {
		return Reply{}, &jsonrpc.Error{Code: jsonrpc.CodeInternalError, Message: "encoding the arguments of a task"}
	}
	q.Name, q.Args = name, raw
	return w.caller.Do(ctx, q), nil
}
