// Command tour starts a cleat server as Claude Code does, calls its tools on the
// repository it is run in, and prints what the model would see.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/exec"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: tour PATH-OF-CLEAT")
	}
	if err := tour(context.Background(), os.Args[1]); err != nil {
		log.Fatal("tour: ", err)
	}
}

func tour(ctx context.Context, cleat string) error {
	client := mcp.NewClient(&mcp.Implementation{Name: "tour", Version: "1"}, nil)
	cmd := exec.Command(cleat, "serve")
	cmd.Stderr = os.Stderr
	session, err := client.Connect(ctx, &mcp.CommandTransport{Command: cmd}, nil)
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", cleat, err)
	}
	defer session.Close()

	list, err := session.ListTools(ctx, nil)
	if err != nil {
		return fmt.Errorf("listing tools: %w", err)
	}
	var names []string
	for _, t := range list.Tools {
		names = append(names, t.Name)
	}
	heading("tools", strings.Join(names, ", "))

	for _, call := range []struct {
		tool string
		args map[string]any
	}{
		{"status", nil},
		{"find", map[string]any{"query": "readme", "in": []string{"documents"}, "limit": 3}},
		{"code_search", map[string]any{"pattern": `^func main\(`, "mode": "regex", "context": 1, "limit": 10}},
		{"code_search", map[string]any{"pattern": "Repo.Resolve", "mode": "refs", "limit": 10}},
		{"code_history", map[string]any{"op": "log", "path": "README.md", "limit": 3}},
		{"read", map[string]any{"uri": "README.md", "outline": true}},
		{"read", map[string]any{"uri": "README.md", "part": "L1-L8"}},
		{"read", map[string]any{"uri": "../outside"}},
	} {
		res, err := session.CallTool(ctx, &mcp.CallToolParams{Name: call.tool, Arguments: call.args})
		if err != nil {
			return fmt.Errorf("calling %s: %w", call.tool, err)
		}
		heading(call.tool, fmt.Sprint(call.args))
		for _, c := range res.Content {
			if t, ok := c.(*mcp.TextContent); ok {
				fmt.Println(t.Text)
			}
		}
	}
	return nil
}

func heading(name, args string) { fmt.Printf("\n==> %s %s\n", name, strings.TrimPrefix(args, "map")) }
