// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// Changes at the same time share the writes of the state, so that a thousand instances are made quickly.
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
