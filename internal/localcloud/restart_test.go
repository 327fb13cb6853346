// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
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
	// The former token is still good.
	s.connection.Token = former.connection.Token
	want(t, s, "GET", "databases", "", 200, instances)
	// What can be restored is so from the same time on.
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

// What was accepted goes on after a restart, however far it was.
func TestUnfinishedWorkGoesOn(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, name := range []string{"deleted", "reset", "source", "destroyed"} {
		provision(t, s, name)
	}
	register(t, s, "shop", "source")
	now := time.Now().UTC().Format(time.RFC3339Nano)
	s.options.ProvisionTime = time.Hour
	want(t, s, "POST", "databases/userdb", `{"Name":"created","AdminName":"alice","AdminPassword":"12345678"}`, 200, "")
	want(t, s, "POST", "databases/userdb/source/restore", `{"RestoreName":"restored","RestoreTimestamp":"`+now+`"}`, 200, "")
	want(t, s, "POST", "databases/userdb/reset/credentials", `{"Password":"abcdefgh"}`, 200, "")
	want(t, s, "DELETE", "databases/userdb/deleted", "", 200, "")
	want(t, s, "DELETE", "databases/userdb/source", "", 200, "")
	want(t, s, "DELETE", "applications/shop", "", 200, "")

	s = restart(t, s, slowly)
	for name, status := range map[string]string{"created": "creating", "restored": "creating", "deleted": "deleting", "source": "deleting", "reset": "available"} {
		if _, answer := ask(t, s, "GET", "databases/userdb/info/"+name, ""); !strings.Contains(answer, `"Status":"`+status+`"`) {
			t.Errorf("%s is %s", name, answer)
		}
	}
	if got := shop(t, s); !strings.Contains(got, `"Status":"DELETING"`) {
		t.Error(got)
	}
	wantRefusal(t, s, "PATCH", "applications/shop", `{"min_vms":1}`, 409, "application is busy: application shop is being deleted")
	await(t, s, "databases/userdb/info/reset", `"Status":"resetting-master-credentials"`)

	s = restart(t, s)
	await(t, s, "databases/userdb/info/created", `"Status":"available"`)
	await(t, s, "databases/userdb/info/restored", `"Status":"available"`)
	await(t, s, "databases/userdb/info/reset", `"Status":"available"`)
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

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	s := start(t)
	damaged := t.TempDir()
	if err := os.WriteFile(filepath.Join(damaged, "state.json"), []byte(`{"format":1,"inst`), 0o600); err != nil {
		t.Fatal(err)
	}
	later := t.TempDir()
	if err := os.WriteFile(filepath.Join(later, "state.json"), []byte(`{"format":2}`), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	odd := t.TempDir()
	if err := os.Mkdir(filepath.Join(odd, "state.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	settled := t.TempDir()
	settler := start(t, in(settled))
	if err := settler.Close(); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		options Options
		fault   string
	}{
		"all interfaces":    {Options{Listen: "0.0.0.0:0"}, "loopback address only"},
		"no host":           {Options{Listen: ":0"}, "loopback address only"},
		"public address":    {Options{Listen: "192.0.2.1:80"}, "loopback address only"},
		"name":              {Options{Listen: "example.com:80"}, "loopback address only"},
		"no port":           {Options{Listen: "127.0.0.1"}, "missing port"},
		"backend":           {Options{Backend: "mysql"}, `unknown backend "mysql"`},
		"organization":      {Options{Organization: "a/b"}, `organization "a/b"`},
		"organization user": {Options{Organization: "user"}, "belongs to the account's own calls"},
		"taken port":        {Options{Listen: s.listener.Addr().String()}, "address already in use"},
		"same state":        {Options{StateDir: s.options.StateDir}, "is in use by another local cloud"},
		"file as state":     {Options{StateDir: file}, "state directory: mkdir " + file + ": not a directory"},
		"below a file":      {Options{StateDir: filepath.Join(file, "state")}, "state directory: mkdir " + file + ": not a directory"},
		"folder as a file":  {Options{StateDir: odd}, "state.json: is a directory"},
		"damaged state":     {Options{StateDir: damaged}, "state.json"},
		"later state":       {Options{StateDir: later}, "has format 2, this program reads format 1"},
		"another's state":   {Options{StateDir: settled, Organization: "other"}, `belongs to organization "local"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := test.options
			setDefault(&o.Backend, "simulated")
			setDefault(&o.StateDir, t.TempDir())
			started, err := Start(t.Context(), o)
			if err == nil {
				_ = started.Close()
			}
			if err == nil || !strings.Contains(err.Error(), test.fault) {
				t.Errorf("%v, want %q", err, test.fault)
			}
		})
	}
}

// What tests ask for: a state that is not kept, and a listener of their own.
func TestVolatileOnListener(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, slowly, func(o *Options) { o.Volatile, o.Listener = true, listener })
	if want := "http://" + listener.Addr().String(); s.Connection().Endpoint != want {
		t.Errorf("the endpoint is %s, want %s", s.Connection().Endpoint, want)
	}
	ask(t, s, "POST", "databases/userdb", createABC)
	if _, err := os.Stat(s.dir.file("state.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the state is in a file: %v", err)
	}
	s = restart(t, s)
	if status, _ := ask(t, s, "GET", "databases/userdb/info/abc", ""); status != http.StatusNotFound {
		t.Errorf("the instance is there after a restart: %d", status)
	}
}

func TestStateDirectoryThatIsClosed(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	closed := t.TempDir()
	if err := os.Chmod(closed, 0o500); err != nil {
		t.Fatal(err)
	}
	for path, fault := range map[string]string{
		closed:                         "state directory: open " + filepath.Join(closed, "lock") + ": permission denied",
		filepath.Join(closed, "state"): "state directory: mkdir " + filepath.Join(closed, "state") + ": permission denied",
	} {
		s, err := Start(t.Context(), Options{Backend: "simulated", StateDir: path})
		if err == nil {
			_ = s.Close()
		}
		if err == nil || err.Error() != fault {
			t.Errorf("%v, want %s", err, fault)
		}
	}
}

func TestTwoSideBySide(t *testing.T) {
	t.Parallel()
	one, two := start(t), start(t)
	provision(t, one, "abc")
	want(t, two, "GET", "databases", "", 200, "[]")
}

func TestTemporaryStateDirectoryIsRemoved(t *testing.T) {
	t.Parallel()
	s := start(t, in(""))
	if info, err := os.Stat(s.dir.path); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v %v", info, err)
	}
	provision(t, s, "abc")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.dir.path); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", s.dir.path, err)
	}
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
	if took := time.Since(begun); took > 5*time.Second {
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

func TestStateFileIsOneJSONDocument(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	provision(t, s, "abd")
	register(t, s, "shop", "abc")
	raw, err := os.ReadFile(s.dir.file("state.json"))
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Format       int
		Instances    map[string]struct{ Status string }
		Applications map[string]struct{ Instance string }
	}
	if err := json.Unmarshal(raw, &document); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	if document.Format != 1 || len(document.Instances) != 2 || document.Applications["shop"].Instance != "abc" {
		t.Errorf("it holds %s", raw)
	}
}
