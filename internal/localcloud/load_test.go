// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// A thousand changes at once share the writes of the state, so that many instances are no reason to be slow.
func TestThousandInstances(t *testing.T) {
	t.Parallel()
	s := start(t)
	const count = 1000
	begun := time.Now()
	var users sync.WaitGroup
	for user := range 20 {
		users.Go(func() {
			for n := range count / 20 {
				name := fmt.Sprintf("i%d_%d", user, n)
				want(t, s, "POST", "databases/userdb", `{"Name":"`+name+`","AdminName":"alice","AdminPassword":"12345678"}`, 200, "")
			}
		})
	}
	users.Wait()
	for creating := true; creating; {
		_, list := ask(t, s, "GET", "databases", "")
		creating = strings.Contains(list, `"creating"`)
	}
	t.Logf("%d instances in %s", count, time.Since(begun))
	begun = time.Now()
	_, list := ask(t, s, "GET", "databases", "")
	t.Logf("their list in %s", time.Since(begun))
	var instances []struct{ Status string }
	if err := json.Unmarshal([]byte(list), &instances); err != nil || len(instances) != count {
		t.Fatalf("%d instances: %v", len(instances), err)
	}
	s = restart(t, s)
	want(t, s, "GET", "databases", "", 200, list)
}

// Whoever has to wait for the file finds the change written by another.
func TestSyncIsShared(t *testing.T) {
	t.Parallel()
	s, err := openStore(filepath.Join(t.TempDir(), "state.json"))
	if err != nil {
		t.Fatal(err)
	}
	change := func(name string) {
		t.Helper()
		if err := s.change(func(st *state) error {
			st.instances.put(name, instance{Name: name})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	change("one")
	if err := s.sync(); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(s.path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.sync(); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(s.path)
	if err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(before, after) {
		t.Error("what is written already is written again")
	}
}

// A state that cannot be saved is an error of the call, and is saved later.
func TestStateThatCannotBeSaved(t *testing.T) {
	t.Parallel()
	s := start(t)
	path := s.store.path
	s.store.path = filepath.Join(path, "no folder")
	link := `{"Name":"abc","HostName":"db.example.com","Port":5432,"Password":"12345678"}`
	if status, answer := ask(t, s, "POST", "databases/byod", link); status != 500 || !strings.Contains(answer, "save the state") {
		t.Errorf("%d %s", status, answer)
	}
	s.store.path = path
	want(t, s, "DELETE", "databases/byod/nosuch", "", 404, `{"message":"database nosuch not found","statusCode":404,"requestID":"ID"}`)
	raw, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(raw), `"abc"`) {
		t.Errorf("%s %v", raw, err)
	}
}

func BenchmarkList(b *testing.B) {
	s := &Server{store: &store{state: state{instances: newTable[instance](nil)}}}
	for n := range 1000 {
		name := fmt.Sprintf("i%d", n)
		s.store.state.instances.put(name, instance{Name: name, Status: statusAvailable})
	}
	for b.Loop() {
		answer, err := s.listInstances(nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := json.Marshal(answer); err != nil {
			b.Fatal(err)
		}
	}
}
