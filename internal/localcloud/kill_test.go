// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package localcloud

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// promises are the answers that must hold from then on.
type promises struct {
	mu               sync.Mutex
	created, deleted map[string]bool
	versions         map[string]string // an application's last that was answered
	registered, gone map[string]bool
	answers          chan struct{} // one for each answer
}

func newPromises() *promises {
	return &promises{
		created: map[string]bool{}, deleted: map[string]bool{},
		versions: map[string]string{}, registered: map[string]bool{}, gone: map[string]bool{},
		answers: make(chan struct{}),
	}
}

func (p *promises) keep(note func()) {
	p.mu.Lock()
	note()
	p.mu.Unlock()
	select {
	case p.answers <- struct{}{}:
	default:
	}
}

// done repeats a call while it is refused as busy. It is false once no answer comes back.
func (c *child) done(ctx context.Context, t *testing.T, method, path, body string) (string, bool) {
	for {
		status, answer, ok := c.ask(ctx, method, path, body)
		switch {
		case !ok:
			return "", false
		case status/100 == 2:
			return answer, true
		case status != http.StatusConflict:
			t.Errorf("%s %s: %d %s", method, path, status, answer)
			return "", false
		}
		pause(ctx, time.Millisecond)
	}
}

// useInstances creates instances of a kind, and changes or deletes some of them, until no answer comes back.
func (p *promises) useInstances(ctx context.Context, t *testing.T, c *child, kind, user string) {
	for n := 0; ; n++ {
		name := fmt.Sprintf("%s_%d", user, n)
		if _, ok := c.done(ctx, t, "POST", "databases/"+kind,
			`{"Name":"`+name+`","AdminName":"alice","AdminPassword":"12345678","HostName":"db.example.com","Port":5432,"Password":"12345678"}`); !ok {
			return
		}
		p.keep(func() { p.created[name] = true })
		switch {
		case n%3 == 1:
			// From now on it may be gone, even without an answer.
			p.keep(func() { delete(p.created, name) })
			if _, ok := c.done(ctx, t, "DELETE", "databases/"+kind+"/"+name, ""); !ok {
				return
			}
			p.keep(func() { p.deleted[name] = true })
		case n%3 == 2 && kind == "userdb":
			if _, ok := c.done(ctx, t, "POST", "databases/userdb/"+name+"/credentials", `{"Password":"abcdefgh"}`); !ok {
				return
			}
		}
	}
}

// useApplications registers and deploys applications, and deletes every other one, until no answer comes back.
func (p *promises) useApplications(ctx context.Context, t *testing.T, c *child, user string, first int) {
	archive := appFiles{}.base64(t)
	for n := first; ; n++ {
		name := fmt.Sprintf("%s-%d", user, n)
		if _, ok := c.done(ctx, t, "PUT", "applications", `{"name":"`+name+`","database":"base","language":"node","provenancedb":""}`); !ok {
			return
		}
		p.keep(func() { p.registered[name] = true })
		answer, ok := c.done(ctx, t, "POST", "applications/"+name, `{"application_archive":"`+archive+`"}`)
		if !ok {
			return
		}
		var deployed struct{ ApplicationVersion string }
		if err := json.Unmarshal([]byte(answer), &deployed); err != nil {
			t.Error(err)
			return
		}
		p.keep(func() { p.versions[name] = deployed.ApplicationVersion })
		if n%2 == 0 {
			continue
		}
		p.keep(func() { delete(p.registered, name); delete(p.versions, name) })
		if _, ok := c.done(ctx, t, "DELETE", "applications/"+name, `{"dropdb":true}`); !ok {
			return
		}
		p.keep(func() { p.gone[name] = true })
	}
}

// TestKilled kills a local cloud at least fifty times, at random moments under load, sometimes during its start or end.
// Whatever was answered must hold after the next start, unfinished work must finish, and no file may be left over.
func TestKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := newPromises()
	c := startChild(t, "simulated", dir)
	if _, ok := c.done(t.Context(), t, "POST", "databases/userdb", `{"Name":"base","AdminName":"alice","AdminPassword":"12345678"}`); !ok {
		t.Fatal("nothing can be created")
	}
	p.created["base"] = true
	c.settled(t)
	c.kill()
	for round := 0; round < 50 || !p.enough() && round < 500; round++ {
		if round%5 == 4 {
			c = launchChild(t, "simulated", dir)
			pause(t.Context(), time.Duration(rand.IntN(40))*time.Millisecond)
			c.kill()
			continue
		}
		c = startChild(t, "simulated", dir)
		p.check(t, c, dir)
		p.killUnderLoad(t, c, round)
		if t.Failed() {
			return
		}
	}
	c = startChild(t, "simulated", dir)
	p.check(t, c, dir)
	c.end(t)
	if slices.Contains(filesIn(t, dir), "state.json.new") {
		t.Error("a temporary file is left")
	}
	if !p.enough() {
		t.Errorf("%d instances were created and %d deleted, %d applications deployed and %d deleted: too little was tried",
			len(p.created), len(p.deleted), len(p.versions), len(p.gone))
	}
}

// enough tells whether every kind of call was answered at least once.
func (p *promises) enough() bool {
	return len(p.created) > 1 && len(p.deleted) > 0 && len(p.versions) > 0 && len(p.gone) > 0
}

func (p *promises) killUnderLoad(t *testing.T, c *child, round int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var users sync.WaitGroup
	for user, kind := range []string{"userdb", "byod", "userdb"} {
		users.Go(func() { p.useInstances(ctx, t, c, kind, fmt.Sprintf("r%d_%d", round, user)) })
	}
	users.Go(func() { p.useApplications(ctx, t, c, fmt.Sprintf("shop%d", round), round%2) })
	for range rand.IntN(24) {
		select {
		case <-p.answers:
		case <-ctx.Done():
		}
	}
	pause(ctx, time.Duration(rand.IntN(2000))*time.Microsecond)
	if round%5 == 1 {
		_ = c.input.Close() // It is killed while it ends.
		pause(ctx, time.Duration(rand.IntN(2000))*time.Microsecond)
	}
	c.kill()
	users.Wait()
}

// check compares the objects and files with the promises.
func (p *promises) check(t *testing.T, c *child, dir string) {
	t.Helper()
	instances, applications := c.settled(t)
	there := map[string]bool{}
	for _, i := range instances {
		there[i.PostgresInstanceName] = true
		if i.Status != statusAvailable || i.HostName == "" {
			t.Errorf("%+v", i)
		}
	}
	files := []string{"lock", "state.json", ConnectionFile, ".dbos/credentials"}
	for _, a := range applications {
		there[a.Name] = true
		files = append(files, p.checkVersions(t, c, a)...)
	}
	for _, kept := range []map[string]bool{p.created, p.registered} {
		for name := range kept {
			if !there[name] {
				t.Errorf("%s was created, and is not there", name)
			}
		}
	}
	for _, lost := range []map[string]bool{p.deleted, p.gone} {
		for name := range lost {
			if there[name] {
				t.Errorf("%s was deleted, and is there", name)
			}
		}
	}
	got := filesIn(t, dir)
	for _, file := range got {
		// The write of a password that was still to be set may be under way.
		if !slices.Contains(files, file) && file != "state.json.new" {
			t.Errorf("%s belongs to nothing", file)
		}
	}
	for _, file := range files {
		if !slices.Contains(got, file) {
			t.Errorf("%s is missing", file)
		}
	}
}

// checkVersions checks the versions of an application, and returns their files.
func (p *promises) checkVersions(t *testing.T, c *child, a applicationAnswer) []string {
	t.Helper()
	_, answer, ok := c.ask(t.Context(), "GET", "applications/"+a.Name+"/versions", "")
	var versions []versionAnswer
	if err := json.Unmarshal([]byte(answer), &versions); !ok || err != nil {
		t.Fatalf("the versions of %s do not come back: %v %s", a.Name, err, answer)
	}
	var files []string
	running := a.Version == "" && len(versions) == 0
	for _, v := range versions {
		files = append(files, filepath.Join("archives", a.ID, v.Version+".zip"))
		running = running || v.Version == a.Version
	}
	if promised := p.versions[a.Name]; !running || promised != "" && promised != a.Version {
		t.Errorf("%s was deployed as %q, runs %q and has %v", a.Name, promised, a.Version, versions)
	}
	return files
}
