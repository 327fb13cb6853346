// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build linux

package reliability

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

// cloudProcess is a local cloud in a process of its own, and a front that notes what the provider asks of it.
type cloudProcess struct {
	dir        string
	process    *exec.Cmd
	connection localcloud.Connection
	log        bytes.Buffer

	address string // of the front; it stays
	front   *http.Server
	mu      sync.Mutex
	noted   []*notedRequest
}

// notedRequest is a request with what the local cloud answered; 0 means nothing.
type notedRequest struct {
	call   string // method and path below the organization
	body   []byte
	status int
}

func startCloud(t *testing.T, dir string) *cloudProcess {
	t.Helper()
	c := &cloudProcess{dir: dir, address: "127.0.0.1:0"}
	t.Cleanup(func() {
		c.end(os.Kill)
		if t.Failed() {
			t.Logf("log of the local cloud:\n%s", c.log.String())
		}
	})
	c.start(t)
	return c
}

func (c *cloudProcess) start(t *testing.T) {
	t.Helper()
	program := acctest.Program(t, "dbos-localcloud", "./internal/localcloud/cmd")
	c.process = exec.CommandContext(context.WithoutCancel(t.Context()), program, "up", "--json", "--backend", "simulated",
		"--provision-time", "1s", "--state-dir", c.dir)
	c.process.Stderr = &c.log
	output, err := c.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.process.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err != nil {
		t.Fatalf("the local cloud does not start: %v", err)
	}
	if err := json.Unmarshal(line, &c.connection); err != nil {
		t.Fatal(err)
	}
	c.open(t)
}

// open opens the front at the same address as before.
func (c *cloudProcess) open(t *testing.T) {
	t.Helper()
	target, err := url.Parse(c.connection.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", c.address)
	if err != nil {
		t.Fatal(err)
	}
	c.address = listener.Addr().String()
	forward := &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:    &http.Transport{DisableKeepAlives: true},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	c.front = &http.Server{Handler: c.noting(forward), ReadHeaderTimeout: time.Minute}
	go func(front *http.Server) { _ = front.Serve(listener) }(c.front)
}

// noting notes each request that has come whole, and forwards it to the end even if its sender goes away.
func (c *cloudProcess) noting(forward *httputil.ReverseProxy) http.HandlerFunc {
	below := "/v1alpha1/" + c.connection.Organization + "/"
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		request := &notedRequest{call: r.Method + " " + strings.TrimPrefix(r.URL.Path, below), body: body}
		c.mu.Lock()
		c.noted = append(c.noted, request)
		c.mu.Unlock()
		forward := *forward
		forward.ModifyResponse = func(resp *http.Response) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			request.status = resp.StatusCode
			return nil
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		forward.ServeHTTP(w, r.WithContext(context.WithoutCancel(r.Context())))
	}
}

// requests are those of the provider, in the order of their arrival.
func (c *cloudProcess) requests() []*notedRequest {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.noted)
}

// end stops the local cloud, then its front.
func (c *cloudProcess) end(s os.Signal) {
	if c.process != nil && c.process.Process != nil {
		_ = c.process.Process.Signal(s)
		_ = c.process.Wait() // Killed, it ends with an error.
	}
	if c.front != nil {
		_ = c.front.Close()
	}
}

// restart kills it, and starts it again at the same address.
func (c *cloudProcess) restart(t *testing.T) {
	t.Helper()
	c.end(os.Kill)
	c.start(t)
}

func (c *cloudProcess) environment() []string {
	return []string{"DBOS_ENDPOINT=http://" + c.address, "DBOS_TOKEN=" + c.connection.Token}
}

func (c *cloudProcess) get(t *testing.T, path string, answer any) {
	t.Helper()
	c.call(t, http.MethodGet, path, nil, answer)
}

func (c *cloudProcess) await(t *testing.T, path, status string) {
	t.Helper()
	acctest.Await(t, path+" is "+status, func() bool {
		var record struct{ Status string }
		c.get(t, path, &record)
		return record.Status == status
	})
}

// call asks the control plane as somebody would behind Terraform's back.
func (c *cloudProcess) call(t *testing.T, method, path string, body, answer any) {
	t.Helper()
	payload, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, c.connection.Endpoint+"/v1alpha1/"+c.connection.Organization+"/"+path, bytes.NewReader(payload))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.connection.Token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %s", method, path, resp.Status)
	}
	if answer == nil {
		return
	}
	if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
}
