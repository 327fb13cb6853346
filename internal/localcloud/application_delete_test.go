// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"os"
	"testing"
)

func TestDeleteApplicationWithItsDatabase(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	b := watched(s)
	for _, drop := range []string{"false", "true"} {
		register(t, s, "shop", "abc")
		deployed(t, s, "shop", appFiles{})
		a, err := s.findApplication("shop")
		if err != nil {
			t.Fatal(err)
		}
		want(t, s, "DELETE", "applications/shop", `{"dropdb":`+drop+`}`, 200, "")
		await(t, s, "applications", `[]`)
		b.wantCalls(t, map[string][]string{
			"false": {"create abc/shop"},
			"true":  {"create abc/shop", "drop abc/shop"},
		}[drop]...)
		if _, err := os.Stat(s.dir.file("archives", a.ID)); !os.IsNotExist(err) {
			t.Errorf("its archives are still there: %v", err)
		}
	}
}

func TestApplicationOutlivesItsInstance(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	register(t, s, "shop", "abc")
	version := deployed(t, s, "shop", appFiles{})
	want(t, s, "DELETE", "databases/userdb/abc", "", 200, "")
	await(t, s, "databases", `[]`)
	wantRefusal(t, s, "POST", "applications/shop", `{"previous_version":"`+version+`"}`, 404, "database abc not found")
	want(t, s, "DELETE", "applications/shop", `{"dropdb":true}`, 200, "")
	await(t, s, "applications", `[]`)
}
