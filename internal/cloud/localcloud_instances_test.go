// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

// impatient shortens hangs. Other tests use a long timeout, because a busy machine should not count as a hang.
func impatient(cfg *Config) { cfg.RequestTimeout = 3 * time.Second }

// provision does the same as a resource: it creates, waits, and sets the password if it was found.
func provision(ctx context.Context, c *Client, name string) error {
	found, err := c.CreateInstance(ctx, NewInstance{Name: name, Username: "alice", Password: "first-password"})
	if err != nil {
		return fmt.Errorf("create: %w", err)
	}
	return settle(ctx, c, name, found)
}

func settle(ctx context.Context, c *Client, name string, found bool) error {
	instance, err := c.WaitInstance(ctx, name, Created)
	if err != nil {
		return err
	}
	if !instance.Available() || instance.Username != "alice" || instance.Linked {
		return fmt.Errorf("instance is %+v", *instance)
	}
	if !found {
		return nil
	}
	return rotate(ctx, c, name)
}

func rotate(ctx context.Context, c *Client, name string) error {
	if err := c.SetInstancePassword(ctx, name, "other-password"); err != nil {
		return fmt.Errorf("password: %w", err)
	}
	_, err := c.WaitInstance(ctx, name, ReadyAgain)
	return err
}

func destroy(ctx context.Context, c *Client, name string) error {
	if err := c.DeleteInstance(ctx, name); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	_, err := c.WaitInstance(ctx, name, Gone)
	return err
}

// carriedOut counts the requests of a kind that the server carried out: those answered with success, and those whose
// answer a fault withheld.
func carriedOut(s *localcloud.Server, method, below string, withheld int) int {
	n := withheld
	for _, r := range s.Requests() {
		if r.Method == method && strings.HasSuffix(r.Path, below) && r.Status/100 == 2 {
			n++
		}
	}
	return n
}

func TestInstanceUnderFaults(t *testing.T) {
	t.Parallel()
	const (
		creates     = "databases/userdb"
		looks       = "databases/userdb/info/*"
		credentials = "databases/userdb/*/credentials"
		named       = "databases/userdb/*"
	)
	page := localcloud.Fault{Status: http.StatusBadGateway, Body: "<html>Bad Gateway</html>", Header: map[string]string{"Content-Type": "text/html"}}
	at := func(f localcloud.Fault, method, path string, skip, times int) localcloud.Fault {
		f.Method, f.Path, f.Skip, f.Times = method, path, skip, times
		return f
	}
	acted := page
	acted.After = true
	for name, test := range map[string]struct {
		faults   []localcloud.Fault
		withheld int // creates that were carried out without a success for an answer, less those of which the opposite is true
	}{
		"none":                        {nil, 0},
		"create: answer lost":         {[]localcloud.Fault{at(localcloud.Fault{Lose: true}, "POST", creates, 0, 1)}, 1},
		"create: connection broken":   {[]localcloud.Fault{at(localcloud.Fault{Drop: true}, "POST", creates, 0, 2)}, 0},
		"create: hang":                {[]localcloud.Fault{at(localcloud.Fault{Hang: true}, "POST", creates, 0, 1)}, 0},
		"create: 502":                 {[]localcloud.Fault{at(page, "POST", creates, 0, 2)}, 0},
		"create: 502 after it":        {[]localcloud.Fault{at(acted, "POST", creates, 0, 1)}, 1},
		"create: 429":                 {[]localcloud.Fault{at(localcloud.Fault{Status: 429, Header: map[string]string{"Retry-After": "0"}}, "POST", creates, 0, 3)}, 0},
		"create: HTML as 200":         {[]localcloud.Fault{at(localcloud.Fault{Status: 200, Body: "<html>"}, "POST", creates, 0, 1)}, -1},
		"create: nothing can be seen": {[]localcloud.Fault{at(localcloud.Fault{Lose: true}, "POST", creates, 0, 1), at(page, "GET", looks, 1, 4)}, 1},
		"first look: broken":          {[]localcloud.Fault{at(localcloud.Fault{Drop: true}, "GET", looks, 0, 2)}, 0},
		"polls: 502":                  {[]localcloud.Fault{at(page, "GET", looks, 2, 5)}, 0},
		"polls: broken":               {[]localcloud.Fault{at(localcloud.Fault{Drop: true}, "GET", looks, 2, 5)}, 0},
		"polls: a proxy's 404":        {[]localcloud.Fault{at(localcloud.Fault{Status: 404, Body: "<html>"}, "GET", looks, 2, 5)}, 0},
		"polls: half an answer":       {[]localcloud.Fault{at(localcloud.Fault{Status: 200, Body: `{"PostgresInst`}, "GET", looks, 2, 5)}, 0},
		"polls: hang":                 {[]localcloud.Fault{at(localcloud.Fault{Hang: true}, "GET", looks, 2, 1)}, 0},
		"credentials: answer lost":    {[]localcloud.Fault{at(localcloud.Fault{Lose: true}, "POST", credentials, 0, 1)}, 0},
		"credentials: 502 after it":   {[]localcloud.Fault{at(acted, "POST", credentials, 0, 1)}, 0},
		"credentials: 429":            {[]localcloud.Fault{at(localcloud.Fault{Status: 429}, "POST", credentials, 0, 2)}, 0},
		"delete: answer lost":         {[]localcloud.Fault{at(localcloud.Fault{Lose: true}, "DELETE", named, 0, 1)}, 0},
		"delete: connection broken":   {[]localcloud.Fault{at(localcloud.Fault{Drop: true}, "DELETE", named, 0, 2)}, 0},
		"everything: every third 503": {[]localcloud.Fault{at(localcloud.Fault{Status: 503}, "GET", "", 1, 2), at(localcloud.Fault{Status: 503}, "", "", 5, 2)}, 0},
		"everything: slow":            {[]localcloud.Fault{{Latency: 30 * time.Millisecond}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, c := startLocal(t)
			for _, fault := range test.faults {
				server.Inject(fault)
				if fault.Hang {
					c = clientOf(t, server, impatient)
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := provision(ctx, c, "pg_main"); err != nil {
				t.Fatal(err)
			}
			if n := carriedOut(server, "POST", "/databases/userdb", test.withheld); n != 1 {
				t.Errorf("%d creates were carried out", n)
			}
			if err := rotate(ctx, c, "pg_main"); err != nil {
				t.Fatal(err)
			}
			if err := destroy(ctx, c, "pg_main"); err != nil {
				t.Fatal(err)
			}
			if list, err := c.Instances(ctx); err != nil || len(list) != 0 {
				t.Errorf("there still are %v, %v", list, err)
			}
			if n := server.Count("GET", "user/profile"); n > 3 {
				t.Errorf("the profile was asked for %d times", n)
			}
		})
	}
}

func TestRestoreUnderFaults(t *testing.T) {
	t.Parallel()
	const restores = "databases/userdb/*/restore"
	for name, fault := range map[string]localcloud.Fault{
		"answer lost":       {Lose: true},
		"connection broken": {Drop: true},
		"502 after it":      {Status: 502, After: true, Body: "<html>"},
		"hang":              {Hang: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, c := startLocal(t)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := provision(ctx, c, "pg_src"); err != nil {
				t.Fatal(err)
			}
			fault.Method, fault.Path, fault.Times = "POST", restores, 1
			server.Inject(fault)
			if fault.Hang {
				c = clientOf(t, server, impatient)
			}
			found, err := c.RestoreInstance(ctx, RestoreInstance{Source: "pg_src", Name: "pg_copy", Time: time.Now()})
			if err != nil || found != (fault.Lose || fault.After) {
				t.Fatalf("found: %t, %v", found, err)
			}
			if err := settle(ctx, c, "pg_copy", found); err != nil {
				t.Fatal(err)
			}
			withheld := 0
			if found {
				withheld = 1
			}
			if n := carriedOut(server, "POST", "/databases/userdb/pg_src/restore", withheld); n != 1 {
				t.Errorf("%d restores were carried out", n)
			}
		})
	}
}

func TestCallsForOneInstance(t *testing.T) {
	t.Parallel()
	server, c := startLocal(t)
	if _, err := c.CreateInstance(t.Context(), NewInstance{Name: "pg_main", Username: "alice", Password: "first-password"}); err != nil {
		t.Fatal(err)
	}
	if n := len(server.Requests()); n != 3 { // profile, look-up, create
		t.Errorf("%d calls", n)
	}
	_, err := c.CreateInstance(t.Context(), NewInstance{Name: "pg_main", Username: "alice", Password: "first-password"})
	if !errors.Is(err, ErrExists) || server.Count("POST", "databases/userdb") != 1 {
		t.Errorf("second create: %v", err)
	}
}

func TestDeadEnd(t *testing.T) {
	t.Parallel()
	server, c := startLocal(t)
	if err := provision(t.Context(), c, "pg_main"); err != nil {
		t.Fatal(err)
	}
	release := server.HoldStatus("pg_main", "storage-full")
	_, err := c.WaitInstance(t.Context(), "pg_main", Ready)
	var ended *WaitError
	if !errors.As(err, &ended) || !ended.DeadEnd || ended.Status != "storage-full" {
		t.Errorf("error is %v", err)
	}
	release()
	if _, err := c.WaitInstance(t.Context(), "pg_main", Ready); err != nil {
		t.Error(err)
	}
}

func TestHundredsAtOnce(t *testing.T) {
	t.Parallel()
	const n = 200
	server, c := startLocal(t)
	server.Inject(localcloud.Fault{Status: 429, Header: map[string]string{"Retry-After": "0"}, Method: "POST", Times: 30})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if err := provision(t.Context(), c, fmt.Sprintf("pg_%d", i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if made := carriedOut(server, "POST", "/databases/userdb", 0); made != n {
		t.Errorf("%d creates were carried out, want %d", made, n)
	}
	refresher := clientOf(t, server)
	before := len(server.Requests())
	names := make(chan string, n)
	for i := range n {
		names <- fmt.Sprintf("pg_%d", i)
	}
	close(names)
	for range 10 {
		all.Go(func() {
			for name := range names {
				if _, err := refresher.Instance(t.Context(), name); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if calls := len(server.Requests()) - before; calls > 3 {
		t.Errorf("a refresh of %d instances took %d calls", n, calls)
	}
}

func TestOverTLSWithARefusedToken(t *testing.T) {
	t.Parallel()
	server, c := startLocal(t, func(o *localcloud.Options) { o.TLS = true })
	server.Inject(localcloud.Fault{
		Method: "GET", Path: "databases/userdb/info/*", Skip: 2, Times: 1,
		Status: 401, Body: `{"message":"the token is expired","statusCode":401,"requestID":"req-1"}`,
	})
	if err := provision(t.Context(), c, "pg_main"); err != nil {
		t.Fatal(err)
	}
	if err := destroy(t.Context(), c, "pg_main"); err != nil {
		t.Fatal(err)
	}
	exchanges := 0
	for _, r := range server.Requests() {
		if r.Path == "/oauth/token" {
			exchanges++
		}
	}
	if exchanges != 1 {
		t.Errorf("the token was renewed %d times", exchanges)
	}
}
