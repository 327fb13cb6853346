// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

func TestRestart(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	want(t, s, "POST", "databases/byod", `{"Name":"linked","HostName":"db.example.com","Port":5432,"Password":"12345678","captureProvenance":true}`, 200, "")
	register(t, s, "shop", "abc")
	deployed(t, s, "shop", appFiles{})
	want(t, s, "PATCH", "applications/shop", `{"max_vms":3}`, 200, "")
	_, instances := ask(t, s, "GET", "databases", "")
	_, applications := ask(t, s, "GET", "applications", "")
	former := s

	s = restart(t, s)
	want(t, s, "GET", "databases", "", 200, instances)
	want(t, s, "GET", "applications", "", 200, applications)
	wantRefusal(t, s, "PATCH", "applications/shop", `{"min_vms":4}`, 400, "min_vms 4 is more than max_vms 3")
	if s.connection.Endpoint != former.connection.Endpoint || s.connection.RefreshToken != former.connection.RefreshToken {
		t.Errorf("it was at %s, and is at %s", former.connection.Endpoint, s.connection.Endpoint)
	}
	// The token of the previous start is still valid.
	s.connection.Token = former.connection.Token
	want(t, s, "GET", "databases", "", 200, instances)
	// Restores still reach back to the same time.
	i, err := s.findInstance("abc")
	if err != nil {
		t.Fatal(err)
	}
	body := `{"RestoreName":"abd","RestoreTimestamp":"` + i.Ready.UTC().Format(time.RFC3339Nano) + `"}`
	want(t, s, "POST", "databases/userdb/abc/restore", body, 200, "")
}

func TestRestartWhereTheAddressIsTaken(t *testing.T) {
	t.Parallel()
	s := start(t)
	former := s.listener.Addr().String()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", former)
	if err != nil {
		t.Skipf("somebody else was quicker: %v", err)
	}
	defer func() { _ = taken.Close() }()
	s = start(t, in(s.options.StateDir))
	if got := s.listener.Addr().String(); got == former {
		t.Errorf("it listens on %s all the same", got)
	}
	want(t, s, "GET", "databases", "", 200, "[]")
}

// Accepted work goes on after a restart, however far it was.
func TestUnfinishedWorkGoesOn(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, name := range []string{"deleted", "reset", "setting", "source", "destroyed"} {
		provision(t, s, name)
	}
	register(t, s, "shop", "source")
	now := time.Now().UTC().Format(time.RFC3339Nano)
	s.options.ProvisionTime = time.Hour
	step := inSteps(t, s)
	want(t, s, "POST", "databases/userdb/setting/credentials", `{"Password":"abcdefgh"}`, 200, "")
	step()
	await(t, s, "databases/userdb/info/setting", `"Status":"resetting-master-credentials"`)
	want(t, s, "POST", "databases/userdb", `{"Name":"created","AdminName":"alice","AdminPassword":"12345678"}`, 200, "")
	want(t, s, "POST", "databases/userdb/source/restore", `{"RestoreName":"restored","RestoreTimestamp":"`+now+`"}`, 200, "")
	want(t, s, "POST", "databases/userdb/reset/credentials", `{"Password":"abcdefgh"}`, 200, "")
	want(t, s, "DELETE", "databases/userdb/deleted", "", 200, "")
	want(t, s, "DELETE", "databases/userdb/source", "", 200, "")
	want(t, s, "DELETE", "applications/shop", "", 200, "")

	s = restart(t, s, slowly)
	for name, status := range map[string]string{"created": "creating", "restored": "creating", "deleted": "deleting", "source": "deleting", "reset": "available", "setting": "resetting-master-credentials"} {
		if _, answer := ask(t, s, "GET", "databases/userdb/info/"+name, ""); !strings.Contains(answer, `"Status":"`+status+`"`) {
			t.Errorf("%s is %s", name, answer)
		}
	}
	if got := shop(t, s); !strings.Contains(got, `"Status":"DELETING"`) {
		t.Error(got)
	}
	wantRefusal(t, s, "PATCH", "applications/shop", `{"min_vms":1}`, 409, "application is busy: application shop is being deleted")

	s = restart(t, s)
	await(t, s, "databases/userdb/info/created", `"Status":"available"`)
	await(t, s, "databases/userdb/info/restored", `"Status":"available"`)
	await(t, s, "databases/userdb/info/reset", `"Status":"available"`)
	await(t, s, "databases/userdb/info/setting", `"Status":"available"`)
	await(t, s, "databases/userdb/info/source", `not found`)
	await(t, s, "databases/userdb/info/deleted", `not found`)
	await(t, s, "applications", `[]`)
	raw, err := os.ReadFile(s.dir.file("state.json"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(raw), "12345678") || strings.Contains(string(raw), "abcdefgh") {
		t.Errorf("a password is kept that is no longer needed: %s", raw)
	}
}

func TestServerThatDoesNotStartAgain(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	b := watched(s)
	b.fail["resume abc"] = errors.New("damaged")
	s.resumeServer(t.Context(), "abc")
	want(t, s, "GET", "databases/userdb/info/abc", "", 200, strings.Replace(abcAvailable, "available", "failed", 1))
	delete(b.fail, "resume abc")
	s.resumeServer(t.Context(), "abc")
	want(t, s, "GET", "databases/userdb/info/abc", "", 200, abcAvailable)
}

func TestClosing(t *testing.T) {
	t.Parallel()
	s := start(t, slowly)
	s.Inject(Fault{Path: "databases", Hang: true})
	want(t, s, "POST", "databases/userdb", createABC, 200, "")
	hung := make(chan error)
	go func() {
		resp, err := send(t, s, "GET", "/v1alpha1/local/databases", "")
		if err == nil {
			err = resp.Body.Close()
		}
		hung <- err
	}()
	for s.Count("GET", "databases") == 0 {
		if !pause(t.Context(), time.Millisecond) {
			t.Fatal("the test ended")
		}
	}
	begun := time.Now()
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if took := time.Since(begun); took > time.Minute {
		t.Errorf("it took %s", took)
	}
	if err := <-hung; err == nil {
		t.Error("the hanging request was answered")
	}
	if resp, err := send(t, s, "GET", "/v1alpha1/user/profile", ""); err == nil {
		_ = resp.Body.Close()
		t.Error("it still answers")
	}
}
