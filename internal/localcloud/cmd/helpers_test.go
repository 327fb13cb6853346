// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

const childVariable = "LOCALCLOUD_TEST_PROGRAM"

// TestMain makes the test binary play dbos-localcloud when a test starts it as a program.
func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// program is dbos-localcloud as a process.
type program struct {
	process *exec.Cmd
	output  *bufio.Reader
	stderr  bytes.Buffer
}

func startProgram(t *testing.T, args ...string) *program {
	t.Helper()
	p := &program{process: exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0], args...)}
	p.process.Env = append(os.Environ(), childVariable+"=1", "TMPDIR="+t.TempDir())
	p.process.Stderr = &p.stderr
	output, err := p.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.output = bufio.NewReader(output)
	if err := p.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.process.Process.Kill()
		_ = p.process.Wait()
	})
	return p
}

func (p *program) connection(t *testing.T) localcloud.Connection {
	t.Helper()
	line, err := p.output.ReadString('\n')
	if err != nil {
		t.Fatalf("%v: %s", err, p.stderr.String())
	}
	decoder := json.NewDecoder(strings.NewReader(line))
	decoder.DisallowUnknownFields()
	var c localcloud.Connection
	if err := decoder.Decode(&c); err != nil {
		t.Fatal(err)
	}
	return c
}

func restarted(server *localcloud.Server, o localcloud.Options) (*localcloud.Server, error) {
	if err := server.Close(); err != nil {
		return nil, err
	}
	return localcloud.Start(context.Background(), o)
}
