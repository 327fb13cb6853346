// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend/simulated"
)

// scripted is a backend whose calls a test can watch and make fail.
type scripted struct {
	simulated.Backend
	calls chan string // nil = nobody watches
	fail  map[string]error
	slow  bool // to close
}

func (b *scripted) Close(ctx context.Context) error {
	if b.slow {
		<-ctx.Done()
	}
	return b.note("close")
}

func (b *scripted) note(call string) error {
	if b.calls != nil {
		b.calls <- call
	}
	return b.fail[call]
}

func (b *scripted) Provision(_ context.Context, instance string, admin backend.Role) (backend.Address, error) {
	return b.Address(instance), b.note("provision " + instance + " " + admin.Name + " " + admin.Password)
}

func (b *scripted) SetPassword(_ context.Context, instance string, admin backend.Role) error {
	return b.note("set " + instance + " " + admin.Name + " " + admin.Password)
}

func (b *scripted) Restore(_ context.Context, source, target string, at time.Time) (backend.Address, error) {
	return b.Address(target), b.note("restore " + source + " " + target + " " + at.Format(time.RFC3339Nano))
}

func (b *scripted) Destroy(_ context.Context, instance string) error {
	return b.note("destroy " + instance)
}

func (b *scripted) Resume(_ context.Context, instance string) (backend.Address, error) {
	return b.Address(instance), b.note("resume " + instance)
}

func (b *scripted) CreateDatabase(_ context.Context, on backend.Target, database string) error {
	return b.note("create " + on.Instance + "/" + database)
}

func (b *scripted) DropDatabase(_ context.Context, on backend.Target, database string) error {
	return b.note("drop " + on.Instance + "/" + database)
}

// wantCalls checks the calls so far.
func (b *scripted) wantCalls(t *testing.T, calls ...string) {
	t.Helper()
	for _, want := range calls {
		select {
		case got := <-b.calls:
			if got != want {
				t.Errorf("the backend is asked to %s, want %s", got, want)
			}
		default:
			t.Errorf("the backend is not asked to %s", want)
		}
	}
	for len(b.calls) > 0 {
		t.Errorf("the backend is also asked to %s", <-b.calls)
	}
}

func watched(s *Server) *scripted {
	b := &scripted{calls: make(chan string, 100), fail: map[string]error{}}
	s.backend = b
	return b
}

func TestFailuresOfBackgroundWork(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := watched(s)
	failure := errors.New("no space left on device")
	b.fail["provision abc alice 12345678"] = failure
	want(t, s, "POST", "databases/userdb", createABC, 200, "")
	await(t, s, "databases/userdb/info/abc", `"Status":"failed"`)
	wantRefusal(t, s, "POST", "databases/userdb/abc/credentials", `{"Password":"12345678"}`, 409,
		`database abc is not in an available state: its status is "failed"`)

	// A failed instance can be deleted, and the deletion may fail as well.
	b.wantCalls(t, "provision abc alice 12345678")
	b.fail["destroy abc"] = failure
	want(t, s, "DELETE", "databases/userdb/abc", "", 200, "")
	await(t, s, "databases/userdb/info/abc", `"Status":"failed"`)
	b.wantCalls(t, "destroy abc")
}

// A failed change of the password shows as a status, and the instance can be deleted.
func TestFailedReset(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := watched(s)
	provision(t, s, "abc")
	b.fail["set abc alice abcdefgh"] = errors.New("connection refused")
	release := blockChanges(s, "abc")
	want(t, s, "POST", "databases/userdb/abc/credentials", `{"Password":"abcdefgh"}`, 200, "")
	await(t, s, "databases/userdb/info/abc", `"Status":"resetting-master-credentials"`)
	release()
	await(t, s, "databases/userdb/info/abc", `"Status":"failed"`)
	wantRefusal(t, s, "POST", "databases/userdb/abc/credentials", `{"Password":"abcdefgi"}`, 409,
		`database abc is not in an available state: its status is "failed"`)
	want(t, s, "DELETE", "databases/userdb/abc", "", 200, "")
	await(t, s, "databases", "[]")
}

// A temporary state directory is removed even if the shutdown does not wait for the servers.
func TestShutdownWithoutWaiting(t *testing.T) {
	t.Parallel()
	s := start(t, in(""))
	b := watched(s)
	b.slow = true
	hurry, cancel := context.WithCancel(t.Context())
	closed := make(chan error)
	go func() { closed <- s.Shutdown(hurry) }()
	cancel()
	if err := <-closed; err != nil {
		t.Error(err)
	}
	b.wantCalls(t, "close")
	if _, err := os.Stat(s.dir.path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is still there: %v", s.dir.path, err)
	}
}

// While its server is down an instance is failed, and accepts no password, which would be lost.
func TestServerThatIsDown(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	s.serverDown("abc")
	await(t, s, "databases/userdb/info/abc", `"Status":"failed"`)
	wantRefusal(t, s, "POST", "databases/userdb/abc/credentials", `{"Password":"abcdefgh"}`, 409,
		`database abc is not in an available state: its status is "failed"`)
	s.serverUp("abc", backend.Address{Host: "127.0.0.1", Port: 7})
	await(t, s, "databases/userdb/info/abc", `"Status":"available","HostName":"127.0.0.1","Port":7`)
	want(t, s, "POST", "databases/userdb/abc/credentials", `{"Password":"abcdefgh"}`, 200, "")
	s.serverDown("nosuch")
}
