package claudetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// The test program is also the server that the clients are driven against, and the
// programs that the isolation is tried on: playVar says which.
const playVar = "CLAUDETEST_PLAY"

func TestMain(m *testing.M) {
	Init()
	var err error
	switch role := os.Getenv(playVar); role {
	case "":
		os.Exit(m.Run())
	case "server":
		err = serve()
	case "environment":
		err = printEnvironment()
	case "parent", "child":
		err = hang(role)
	default:
		err = fmt.Errorf("no role %q", role)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// play returns this program as a server in the given role.
func play(t *testing.T, role string) Server {
	t.Helper()
	return Server{Argv: []string{self(t)}, Env: map[string]string{playVar: role}}
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// serve is a small MCP server: tools greet, fail and meet, prompt greet, resource note.
func serve() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s := mcp.NewServer(&mcp.Implementation{Name: "probe", Version: "1"},
		&mcp.ServerOptions{Instructions: "Greet with the greet tool."})
	type who struct {
		Who string `json:"who" jsonschema:"whom to greet"`
	}
	closed := false
	hints := &mcp.ToolAnnotations{ReadOnlyHint: true, OpenWorldHint: &closed}
	mcp.AddTool(s, &mcp.Tool{Name: "greet", Description: "Greets someone.", Annotations: hints},
		func(_ context.Context, _ *mcp.CallToolRequest, in who) (*mcp.CallToolResult, any, error) {
			return &mcp.CallToolResult{Content: []mcp.Content{
				&mcp.TextContent{Text: "Hello, " + in.Who + "."},
				&mcp.TextContent{Text: fmt.Sprintf("number=%d", len(in.Who))},
			}}, nil, nil
		})
	mcp.AddTool(s, &mcp.Tool{Name: "fail", Description: "Always fails.", Annotations: hints,
		InputSchema: &jsonschema.Schema{Type: "object"}},
		func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
			return nil, nil, errors.New("invalid: this tool always fails")
		})
	door := make(chan struct{})
	mcp.AddTool(s, &mcp.Tool{Name: "meet", Description: "Returns when two calls are in flight.", Annotations: hints,
		InputSchema: &jsonschema.Schema{Type: "object"}},
		func(_ context.Context, _ *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
			select {
			case door <- struct{}{}:
			case <-door:
			case <-time.After(20 * time.Second):
				return nil, nil, errors.New("nobody came")
			}
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "met"}}}, nil, nil
		})
	s.AddPrompt(&mcp.Prompt{Name: "greet", Arguments: []*mcp.PromptArgument{{Name: "who", Required: true}}},
		func(_ context.Context, req *mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			return &mcp.GetPromptResult{Messages: []*mcp.PromptMessage{{Role: "user",
				Content: &mcp.TextContent{Text: "Say good morning to " + req.Params.Arguments["who"] + "."}}}}, nil
		})
	s.AddResource(&mcp.Resource{Name: "note", URI: "note://one", MIMEType: "text/plain"},
		func(_ context.Context, req *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
			return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{
				{URI: req.Params.URI, MIMEType: "text/plain", Text: "the note"}}}, nil
		})
	err := s.Run(ctx, &mcp.StdioTransport{})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// printEnvironment prints the environment, and whether the address in DIAL answers.
func printEnvironment() error {
	env := os.Environ()
	slices.Sort(env)
	conn, err := net.DialTimeout("tcp", os.Getenv("DIAL"), 5*time.Second)
	if err == nil {
		err = conn.Close()
	}
	_, err = fmt.Printf("%s\ndial: %v\n", strings.Join(env, "\n"), err)
	return err
}

// hang holds a connection to the socket SOCKET until it is killed. The parent dies of
// SIGTERM, and has a child that does not.
func hang(role string) error {
	conn, err := net.Dial("unix", os.Getenv("SOCKET"))
	if err != nil {
		return err
	}
	defer conn.Close()
	if role == "parent" {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), playVar+"=child")
		if err := child.Start(); err != nil {
			return err
		}
		return child.Wait()
	}
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT)
	if _, err := conn.Write([]byte("child is up")); err != nil {
		return err
	}
	<-time.After(10 * time.Minute) // a net under a test that is broken
	return nil
}

// A recorder is a testing.TB that keeps what is said to it.
type recorder struct {
	testing.TB
	said []string
}

// stopped is what a recorder panics with where a test would end.
type stopped struct{}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.said = append(r.said, "error: "+fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.said = append(r.said, "fatal: "+fmt.Sprintf(format, args...))
	panic(stopped{})
}

func (r *recorder) Skipf(format string, args ...any) {
	r.said = append(r.said, "skip: "+fmt.Sprintf(format, args...))
	panic(stopped{})
}

// record calls f with a recorder and returns what was said to it.
func record(t *testing.T, f func(testing.TB)) (said []string) {
	t.Helper()
	r := &recorder{TB: t}
	defer func() {
		if p := recover(); p != nil && p != (stopped{}) {
			panic(p)
		}
		said = r.said
	}()
	f(r)
	return nil
}
