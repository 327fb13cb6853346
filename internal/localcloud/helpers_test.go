// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// start starts a simulated local cloud that ends with the test.
func start(t *testing.T, change ...func(*Options)) *Server {
	t.Helper()
	var log bytes.Buffer
	o := Options{Backend: "simulated", StateDir: t.TempDir(), ProvisionTime: 20 * time.Millisecond, Log: &log}
	for _, c := range change {
		c(&o)
	}
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("log:\n%s", log.String())
		}
	})
	return s
}

// slowly has nothing go on in the background while the test lasts.
func slowly(o *Options) {
	o.ProvisionTime = time.Hour
	o.lag = func(ctx context.Context) bool {
		<-ctx.Done()
		return false
	}
}

// inSteps lets what lasts a moment last until the test calls step.
func inSteps(t *testing.T, s *Server) (step func()) {
	t.Helper()
	steps := make(chan struct{})
	s.options.lag = func(ctx context.Context) bool {
		select {
		case <-steps:
			return true
		case <-ctx.Done():
			return false
		}
	}
	return func() {
		t.Helper()
		select {
		case steps <- struct{}{}:
		case <-time.After(time.Minute):
			t.Fatal("nothing waits for the next step")
		}
	}
}

func in(dir string) func(*Options) { return func(o *Options) { o.StateDir = dir } }

// restart ends a local cloud and starts another on the same state.
func restart(t *testing.T, s *Server, change ...func(*Options)) *Server {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// The next local cloud may have the same address, but not these connections.
	http.DefaultClient.CloseIdleConnections()
	return start(t, append([]func(*Options){in(s.options.StateDir)}, change...)...)
}

var requestIDs = regexp.MustCompile(`"requestID":"[0-9a-f]{24}"`)

// ask makes a call below the organization and returns status and answer, with the request's id replaced by ID.
func ask(t *testing.T, s *Server, method, path, body string) (int, string) {
	t.Helper()
	return askPath(t, s, method, "/v1alpha1/local/"+path, body)
}

func askPath(t *testing.T, s *Server, method, path, body string) (int, string) {
	t.Helper()
	resp, err := send(t, s, method, path, body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return read(t, resp)
}

func read(t *testing.T, resp *http.Response) (int, string) {
	t.Helper()
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, requestIDs.ReplaceAllString(string(answer), `"requestID":"ID"`)
}

func send(t *testing.T, s *Server, method, path, body string) (*http.Response, error) {
	t.Helper()
	return sendContext(t.Context(), t, s, method, path, body)
}

func sendContext(ctx context.Context, t *testing.T, s *Server, method, path, body string) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, s.connection.Endpoint+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.connection.Token)
	r.Header.Set("Content-Type", "application/json")
	return http.DefaultClient.Do(r)
}

// want makes a call and checks its answer.
func want(t *testing.T, s *Server, method, path, body string, status int, answer string) {
	t.Helper()
	gotStatus, got := ask(t, s, method, path, body)
	if gotStatus != status || got != answer {
		t.Errorf("%s %s %s is answered\n%d %s\nwant\n%d %s", method, path, body, gotStatus, got, status, answer)
	}
}

// wantRefusal makes a call that must be refused with a message.
func wantRefusal(t *testing.T, s *Server, method, path, body string, status int, message string) {
	t.Helper()
	text, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	want(t, s, method, path, body, status, fmt.Sprintf(`{"message":%s,"statusCode":%d,"requestID":"ID"}`, text, status))
}

// await repeats a call until its answer holds a text.
func await(t *testing.T, s *Server, path, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	answer := ""
	for !strings.Contains(answer, text) {
		if !pause(ctx, 2*time.Millisecond) {
			t.Fatalf("%s still answers %s, not %s", path, answer, text)
		}
		_, answer = ask(t, s, "GET", path, "")
	}
}

// provision makes an instance and waits until it is available.
func provision(t *testing.T, s *Server, name string) {
	t.Helper()
	want(t, s, "POST", "databases/userdb", `{"Name":"`+name+`","AdminName":"alice","AdminPassword":"12345678"}`, 200, "")
	await(t, s, "databases/userdb/info/"+name, `"Status":"available"`)
}

// register registers an application on an instance.
func register(t *testing.T, s *Server, name, instance string) {
	t.Helper()
	status, answer := ask(t, s, "PUT", "applications", `{"name":"`+name+`","database":"`+instance+`","language":"node","provenancedb":""}`)
	if status != 200 {
		t.Fatalf("register %s: %d %s", name, status, answer)
	}
}

// blockChanges keeps background work from changing an instance until release is called.
func blockChanges(s *Server, instance string) (release func()) {
	lock := s.instanceLocks.of(instance)
	lock.RLock()
	return lock.RUnlock
}

func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		relative, err := filepath.Rel(dir, path)
		files = append(files, relative)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// dial opens a connection for requests that are written by hand.
func dial(t *testing.T, s *Server) net.Conn {
	t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", s.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// answered reads the answer on a connection.
func answered(t *testing.T, conn net.Conn) (int, string) {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, resp)
}

func write(t *testing.T, conn net.Conn, format string, args ...any) {
	t.Helper()
	if _, err := fmt.Fprintf(conn, format, args...); err != nil {
		t.Fatal(err)
	}
}

// broken makes a call whose connection must break without an answer.
func broken(t *testing.T, s *Server, method, path, body string) {
	t.Helper()
	resp, err := send(t, s, method, "/v1alpha1/local/"+path, body)
	if err == nil {
		status, answer := read(t, resp)
		t.Errorf("%s %s is answered %d %s", method, path, status, answer)
	}
}
