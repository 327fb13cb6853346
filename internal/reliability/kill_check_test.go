// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build linux

package reliability

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// check asks the server for what there is, and its front for what was sent.
func (r *killRound) check(t *testing.T) {
	t.Helper()
	if got := r.cloud.objects(t); !slices.Equal(got, r.objects) {
		t.Errorf("there are\n%q, want\n%q", got, r.objects)
	}
	for application, want := range r.versions {
		var versions []any
		r.cloud.get(t, "applications/"+application+"/versions", &versions)
		most := want
		if r.unsaved {
			most++
		}
		if len(versions) < want || len(versions) > most {
			t.Errorf("%s has %d versions, want %d, at most %d", application, len(versions), want, most)
		}
	}
	requests := r.cloud.requests()
	if got := valuesIn(requests); !maps.Equal(got, r.values) {
		t.Errorf("passwords and secrets are\n%q, want\n%q", got, r.values)
	}
	r.checkWrites(t, requests)
}

// objects are the instances and the applications, each with what tells most.
func (c *cloudProcess) objects(t *testing.T) []string {
	t.Helper()
	var instances []struct{ PostgresInstanceName, Status string }
	var applications []struct{ Name, Status, PostgresInstanceName string }
	c.get(t, "databases", &instances)
	c.get(t, "applications", &applications)
	var found []string
	for _, i := range instances {
		found = append(found, i.PostgresInstanceName+" "+i.Status)
	}
	for _, a := range applications {
		found = append(found, a.Name+" "+a.Status+" on "+a.PostgresInstanceName)
	}
	slices.Sort(found)
	return found
}

// valuesIn are the passwords and the values of secrets that requests have set, the last one of each object. A create
// without an answer counts, as the provider looks for what it made; any other write has to be accepted.
func valuesIn(requests []*notedRequest) map[string]string {
	values := map[string]string{}
	for _, request := range requests {
		var sent struct{ Name, AdminPassword, Password, ApplicationName, SecretName, ClearSecretValue string }
		if request.status/100 != 2 && request.status != 0 || json.Unmarshal(request.body, &sent) != nil {
			continue
		}
		accepted := request.status != 0
		instance, isPassword := strings.CutSuffix(strings.TrimPrefix(request.call, "POST databases/userdb/"), "/credentials")
		switch {
		case request.call == "POST databases/userdb":
			values[sent.Name] = sent.AdminPassword
		case request.call == "POST databases/byod":
			values[sent.Name] = sent.Password
		case accepted && isPassword:
			values[instance] = sent.Password
		case accepted && request.call == "POST applications/secrets":
			values[sent.ApplicationName+"/"+sent.SecretName] = sent.ClearSecretValue
		}
	}
	return values
}

// checkWrites looks for what no plan said: a deletion, a second move, or anything but deletions in a destroy.
func (r *killRound) checkWrites(t *testing.T, requests []*notedRequest) {
	t.Helper()
	accepted := map[string]int{}
	for _, request := range requests {
		if request.status/100 == 2 && !strings.HasPrefix(request.call, "GET ") {
			accepted[request.call]++
		}
	}
	for call, times := range accepted {
		deletes, wrong := strings.HasPrefix(call, "DELETE "), false
		switch {
		case r.command == "destroy":
			wrong = !deletes
		case deletes:
			wrong = call != "DELETE databases/byod/warehouse" || times > r.relinks
		default:
			wrong = strings.HasSuffix(call, "/changedbinstance") && times > 1
		}
		if wrong {
			t.Errorf("%s was accepted %d times, and no plan said so", call, times)
		}
	}
	if t.Failed() {
		t.Logf("accepted: %v", accepted)
	}
}

// checkLeftovers looks for what should be gone: a state after a destroy, and temporary files. Only a provider that was
// killed leaves its socket.
func (r *killRound) checkLeftovers(t *testing.T) {
	t.Helper()
	if r.command == "destroy" {
		if out, err := r.w.Run(t.Context(), "state", "list"); err != nil || out != "" {
			t.Errorf("the state after the destroy: %v\n%s", err, out)
		}
	}
	left, err := os.ReadDir(r.temp)
	if err != nil {
		t.Fatal(err)
	}
	sockets := 0
	for _, entry := range left {
		if entry.Type() != fs.ModeSocket || sockets == r.killed {
			t.Errorf("%s is left in the temporary folder", entry.Name())
			continue
		}
		sockets++
	}
}
