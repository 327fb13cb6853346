// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package localcloud

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestMain makes the test binary play a local cloud when a test starts it as a child process.
func TestMain(m *testing.M) {
	if backend, dir, child := strings.Cut(os.Getenv(childVariable), ":"); child {
		os.Exit(serveAsChild(backend, dir))
	}
	os.Exit(m.Run())
}

const childVariable = "LOCALCLOUD_TEST_CHILD"

// serveAsChild runs a local cloud until the process is killed or its standard input ends.
func serveAsChild(backend, dir string) int {
	s, err := Start(context.Background(), Options{Backend: backend, StateDir: dir, ProvisionTime: 4 * time.Millisecond})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := json.NewEncoder(os.Stdout).Encode(s.Connection()); err != nil {
		return 1
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := s.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// child is a local cloud in a child process.
type child struct {
	connection Connection
	process    *exec.Cmd
	input      io.Closer
	output     io.Reader
	stderr     bytes.Buffer
	client     *http.Client
}

// launchChild does not wait until the local cloud is ready.
func launchChild(t *testing.T, backend, dir string) *child {
	t.Helper()
	c := &child{process: exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0]), client: &http.Client{Transport: &http.Transport{}}}
	c.process.Env = append(os.Environ(), childVariable+"="+backend+":"+dir)
	c.process.Stderr = &c.stderr
	var err error
	if c.output, err = c.process.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if c.input, err = c.process.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.kill)
	return c
}

func startChild(t *testing.T, backend, dir string) *child {
	t.Helper()
	c := launchChild(t, backend, dir)
	c.ready(t)
	return c
}

func (c *child) ready(t *testing.T) {
	t.Helper()
	line, err := bufio.NewReader(c.output).ReadBytes('\n')
	if err != nil {
		c.kill()
		t.Fatalf("it does not start: %v\n%s", err, c.stderr.String())
	}
	if err := json.Unmarshal(line, &c.connection); err != nil {
		t.Fatal(err)
	}
}

func (c *child) kill() {
	_ = c.process.Process.Kill()
	_ = c.process.Wait()
	c.client.CloseIdleConnections()
}

// end makes the child end by itself.
func (c *child) end(t *testing.T) {
	t.Helper()
	_ = c.input.Close()
	if err := c.process.Wait(); err != nil {
		t.Errorf("it ends with %v\n%s", err, c.stderr.String())
	}
	c.client.CloseIdleConnections()
}

// ask is false without an answer.
func (c *child) ask(ctx context.Context, method, path, body string) (int, string, bool) {
	r, err := http.NewRequestWithContext(ctx, method, c.connection.Endpoint+"/v1alpha1/local/"+path, strings.NewReader(body))
	if err != nil {
		return 0, "", false
	}
	r.Header.Set("Authorization", "Bearer "+c.connection.Token)
	resp, err := c.client.Do(r)
	if err != nil {
		return 0, "", false
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(answer), err == nil
}

// settled waits until no work is under way, and returns all instances and applications.
func (c *child) settled(t *testing.T) (instances []instanceAnswer, applications []applicationAnswer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		settled := true
		for path, list := range map[string]any{"databases": &instances, "applications": &applications} {
			_, answer, ok := c.ask(ctx, "GET", path, "")
			if err := json.Unmarshal([]byte(answer), list); !ok || err != nil {
				t.Fatalf("the list of %s does not come back: %v %s", path, err, answer)
			}
			for _, word := range []string{statusCreating, statusDeleting, statusResetting, appDeploying, appDeleting} {
				settled = settled && !strings.Contains(answer, `"`+word+`"`)
			}
		}
		if settled {
			return instances, applications
		}
		pause(ctx, 5*time.Millisecond)
	}
}
