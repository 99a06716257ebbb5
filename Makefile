# Every target works with Go, git and make alone; what a target uses beyond that is said
# beside it, and tests that miss something are skipped with the reason.

GO          ?= go
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME    ?= 30s
BIN         := bin/cleat

export CGO_ENABLED ?= 0

# How a release is built: stripped, without paths of the machine, and without HTTP/2, which is
# 0.35 MB of code and which no service needs. In packages that wait for services, or are used
# once, calls are not inlined, which is 0.8 MB; the last pattern that fits a package counts.
COLD = github.com golang.org/x cleat/internal/sources cleat/internal/systems cleat/internal/markup cleat/internal/issues \
       cleat/internal/builds cleat/internal/report cleat/internal/archive cleat/internal/outgoing cleat/internal/config
HOT  = github.com/modelcontextprotocol github.com/segmentio
RELEASE = -trimpath -ldflags '-s -w' -tags nethttpomithttp2 $(COLD:%=-gcflags='%/...=-l') $(HOT:%=-gcflags='%/...=')

.PHONY: build run test install race golden fuzz bench e2e lint cross tidy check

## build: the binary, stripped, in bin/
build:
	$(GO) build $(RELEASE) -o $(BIN) ./cmd/cleat

## run: build cleat and play a session with it on this repository
run: build
	$(GO) run ./cmd/tour $(BIN)

## test: all tests that this machine allows, and which were skipped and why
test:
	$(GO) run ./.ci/gotest -timeout 20m ./...

## install: into GOBIN, or GOPATH/bin
install:
	$(GO) install $(RELEASE) ./cmd/cleat

## race: all tests under the race detector (needs a C compiler)
race:
	CGO_ENABLED=1 $(GO) run ./.ci/gotest -race -timeout 20m ./...

## golden: write the golden sessions anew; review the diff
golden:
	$(GO) test ./cmd/cleat -run 'TestGolden' -update

## fuzz: every fuzz target for FUZZTIME
fuzz:
	@for pkg in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg | grep ^Fuzz); do \
	    echo "== $$pkg $$f"; $(GO) test $$pkg -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x || exit 1; \
	  done; \
	done

## bench: ratios to a bare server, to rg (package ripgrep) and the packages' own benchmarks
bench: build
	$(GO) test ./cmd/cleat -run '^$$' -bench . -benchtime 1x -timeout 20m
	$(GO) test ./internal/... -run '^$$' -bench . -benchtime 0.5s -timeout 20m

## e2e: the real Claude Code and the MCP Inspector (need npm)
e2e:
	$(GO) test ./cmd/cleat ./internal/claudetest -run 'TestClaude|TestInspector' -count 1 -v

## lint: gofmt, go vet, staticcheck
lint:
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'gofmt these files'; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

## cross: the other systems that cleat is built for
cross:
	GOOS=darwin GOARCH=arm64 $(GO) vet ./cmd/... ./internal/...
	GOOS=windows GOARCH=amd64 $(GO) vet ./cmd/... ./internal/...
	GOOS=linux GOARCH=arm64 $(GO) build -o /dev/null ./cmd/cleat

## tidy: go.mod and go.sum say what is used
tidy:
	$(GO) mod tidy -diff

## check: all that CI asks
check: lint tidy cross test race
