// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

const childVariable = "LOCALCLOUD_TEST_CHILD"

// serveAsChild is a local cloud that runs until it is killed, or its parent ends.
func serveAsChild(dir string) int {
	s, err := Start(context.Background(), Options{Backend: "simulated", StateDir: dir, ProvisionTime: 4 * time.Millisecond})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := json.NewEncoder(os.Stdout).Encode(s.Connection()); err != nil {
		return 1
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = s.Close()
	return 0
}

// child is a local cloud in a process of its own.
type child struct {
	connection Connection
	process    *exec.Cmd
}

func startChild(t *testing.T, dir string) *child {
	t.Helper()
	c := &child{process: exec.CommandContext(t.Context(), os.Args[0])}
	c.process.Env = append(os.Environ(), childVariable+"="+dir)
	c.process.Stderr = os.Stderr
	output, err := c.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.process.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.kill)
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(line, &c.connection); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *child) kill() {
	_ = c.process.Process.Kill()
	_ = c.process.Wait()
}

// ask is false where no answer came back.
func (c *child) ask(ctx context.Context, client *http.Client, method, path, body string) (int, string, bool) {
	r, err := http.NewRequestWithContext(ctx, method, c.connection.Endpoint+"/v1alpha1/local/"+path, strings.NewReader(body))
	if err != nil {
		return 0, "", false
	}
	r.Header.Set("Authorization", "Bearer "+c.connection.Token)
	resp, err := client.Do(r)
	if err != nil {
		return 0, "", false
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(answer), err == nil
}

// promises are what was answered, and must hold from then on.
type promises struct {
	mu               sync.Mutex
	created, deleted map[string]bool
	answers          chan struct{} // one for each answer
}

// use creates instances of a kind, and deletes some of them, until no answer
// comes back.
func (p *promises) use(ctx context.Context, t *testing.T, c *child, kind, user string) {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for n := 0; ; n++ {
		name := fmt.Sprintf("%s_%d", user, n)
		status, answer, ok := c.ask(ctx, client, "POST", "databases/"+kind,
			`{"Name":"`+name+`","AdminName":"alice","AdminPassword":"12345678","HostName":"db.example.com","Port":5432,"Password":"12345678"}`)
		if !ok {
			return
		}
		if status != 200 {
			t.Errorf("create %s: %d %s", name, status, answer)
			return
		}
		p.keep(p.created, name)
		if n%3 != 1 {
			continue
		}
		p.mu.Lock()
		delete(p.created, name) // answered or not, it may be gone from now on
		p.mu.Unlock()
		status = http.StatusConflict
		for status == http.StatusConflict { // until it is available
			if status, _, ok = c.ask(ctx, client, "DELETE", "databases/"+kind+"/"+name, ""); !ok {
				return
			}
		}
		p.keep(p.deleted, name)
	}
}

func (p *promises) keep(kind map[string]bool, name string) {
	p.mu.Lock()
	kind[name] = true
	p.mu.Unlock()
	select {
	case p.answers <- struct{}{}:
	default:
	}
}

// TestKilled kills a local cloud at random moments under load. Whatever was
// answered must hold when the next one has started, and what was under way must
// come to its end.
func TestKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := &promises{created: map[string]bool{}, deleted: map[string]bool{}, answers: make(chan struct{})}
	for round := range 12 {
		c := startChild(t, dir)
		c.check(t, p)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		var users sync.WaitGroup
		for user, kind := range []string{"userdb", "byod", "userdb", "byod"} {
			users.Go(func() { p.use(ctx, t, c, kind, fmt.Sprintf("r%d_%d", round, user)) })
		}
		for range rand.IntN(40) {
			select {
			case <-p.answers:
			case <-ctx.Done():
			}
		}
		pause(ctx, time.Duration(rand.IntN(1000))*time.Microsecond)
		c.kill()
		users.Wait()
		cancel()
	}
	startChild(t, dir).check(t, p)
	if len(p.created) == 0 || len(p.deleted) == 0 {
		t.Errorf("%d instances were created and %d deleted: nothing was tried", len(p.created), len(p.deleted))
	}
}

// check waits until nothing is under way any more.
func (c *child) check(t *testing.T, p *promises) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var instances []struct{ PostgresInstanceName, Status, HostName string }
	for settled := false; !settled; {
		_, list, ok := c.ask(ctx, client, "GET", "databases", "")
		if !ok {
			t.Fatal("the list does not come back")
		}
		if err := json.Unmarshal([]byte(list), &instances); err != nil {
			t.Fatal(errors.Join(err, errors.New(list)))
		}
		settled = !strings.Contains(list, `"creating"`) && !strings.Contains(list, `"deleting"`)
	}
	there := map[string]bool{}
	for _, i := range instances {
		there[i.PostgresInstanceName] = true
		if i.Status != "available" || i.HostName == "" {
			t.Errorf("%+v", i)
		}
		if p.deleted[i.PostgresInstanceName] {
			t.Errorf("%s was deleted, and is there", i.PostgresInstanceName)
		}
	}
	for name := range p.created {
		if !there[name] {
			t.Errorf("%s was created, and is not there", name)
		}
	}
}
