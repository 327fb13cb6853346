// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

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

// sync writes nothing if another call has written the change already.
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

// A call fails if the state cannot be saved, and the next sync saves it.
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
