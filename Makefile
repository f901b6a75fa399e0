# Backup Watchdog. `make` alone lists what there is.

export CGO_ENABLED = 0

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS  = -s -w -X main.version=$(VERSION)
TARGETS  = linux/amd64 darwin/amd64 darwin/arm64
PREFIX  ?= $(HOME)/.local

.DEFAULT_GOAL := help
.PHONY: help build run demo test check bench judge fuzz install uninstall pictures clean tools

help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build watchdogd and watchdogctl into bin/
	@mkdir -p bin
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/watchdogd ./cmd/watchdogctl ./cmd/fakephone

run: build ## watch this computer's backups in the foreground
	@./.make/run

demo: build ## a backup that works and one that stalls, in about a minute
	@./.make/demo

test: ## run all tests; more of them where idevicebackup2 and D-Bus are there
	@AXE="$${AXE:-$$(./.make/axe)}" go test -timeout 20m ./...

check: ## format, vet for all systems, static analysis, modules, cross-builds
	@test -z "$$(gofmt -l cmd daemon plist packaging)" || { gofmt -l cmd daemon plist packaging; echo "not formatted: gofmt -w does it"; exit 1; }
	@for t in $(TARGETS); do echo "vet $$t"; GOOS=$${t%/*} GOARCH=$${t#*/} go vet ./... || exit 1; done
	go tool -modfile=.tools/go.mod staticcheck ./...
	go mod tidy -diff
	go mod verify
	@for t in $(TARGETS); do echo "build $$t"; GOOS=$${t%/*} GOARCH=$${t#*/} go build -o /dev/null ./... || exit 1; done
	go test -run 'TestArrows' ./daemon

bench: ## measure what looking and checking cost, beside public tools
	@./.make/bench

judge: ## measure the judgement in a made-up world (SEED=1 RUNS=1000)
	@go run ./cmd/judge -seed $(or $(SEED),1) -runs $(or $(RUNS),1000)

fuzz: ## fuzz what reads hostile input, FUZZ executions a target (10000)
	@./.make/fuzz $(or $(FUZZ),10000)

install: build ## install the login service for this user
	./bin/watchdogctl install

uninstall: build ## remove the login service; PURGE=1 removes state and logs too
	./bin/watchdogctl uninstall $(if $(PURGE),--purge)

pictures: build ## make the pictures of the README, from the demo
	@./.make/pictures

clean: ## remove what was built
	rm -rf bin dist

include packaging/dist.mk
