// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"strings"
	"testing"
	"time"
)

func TestRestore(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	b := watched(s)
	at := time.Now()
	release := blockChanges(s, "abd")
	body := `{"RestoreName":"abd","RestoreTimestamp":"` + at.In(time.FixedZone("", 2*3600)).Format(time.RFC3339Nano) + `"}`
	want(t, s, "POST", "databases/userdb/abc/restore", body, 200, "")
	want(t, s, "GET", "databases/userdb/info/abd", "", 200, strings.Replace(abcCreating, "abc", "abd", 1))

	// The source may be deleted meanwhile: that waits for the restore.
	want(t, s, "DELETE", "databases/userdb/abc", "", 200, "")
	want(t, s, "GET", "databases/userdb/info/abc", "", 200, strings.Replace(abcAvailable, "available", "deleting", 1))
	release()
	await(t, s, "databases", "["+strings.ReplaceAll(abcAvailable, "abc", "abd")+"]")
	b.wantCalls(t, "restore abc abd "+at.UTC().Format(time.RFC3339Nano), "destroy abc")

	// From then on it is an ordinary instance.
	now := time.Now().Format(time.RFC3339Nano)
	want(t, s, "POST", "databases/userdb/abd/restore", `{"RestoreName":"abe","RestoreTimestamp":"`+now+`"}`, 200, "")
	await(t, s, "databases/userdb/info/abe", `"Status":"available"`)
}

func TestRestoreIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t, func(o *Options) { o.Retention = time.Hour })
	provision(t, s, "abc")
	provision(t, s, "taken")
	want(t, s, "POST", "databases/byod", `{"Name":"linked","HostName":"db.example.com","Port":5432,"Password":"12345678","captureProvenance":false}`, 200, "")
	source, err := s.findInstance("abc")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC().Format(time.RFC3339Nano)
	old := time.Now().Add(-2 * time.Hour).UTC().Format(time.RFC3339Nano)
	before := source.Ready.Add(-time.Nanosecond).UTC().Format(time.RFC3339Nano)
	since := source.Ready.UTC().Format(time.RFC3339Nano)
	tests := map[string]struct {
		source, target, timestamp string
		status                    int
		message                   string
	}{
		"missing source":  {"nosuch", "abd", now, 404, "database nosuch not found"},
		"linked source":   {"linked", "abd", now, 400, "database linked is linked: only the databases of this cloud can be restored"},
		"onto itself":     {"abc", "abc", now, 400, "database abc cannot be restored onto itself: choose another name"},
		"ill-formed name": {"abc", "a-b", now, 400, `invalid database instance name "a-b": 3 to 16 characters of a-z, 0-9 and _`},
		"taken":           {"abc", "taken", now, 409, "database taken already exists"},
		"taken by a link": {"abc", "linked", now, 409, "database linked already exists"},
		"no time":         {"abc", "abd", "yesterday", 400, `RestoreTimestamp "yesterday" is not in RFC 3339 format, such as 2009-09-07T23:45:00Z`},
		"no zone":         {"abc", "abd", "2026-01-01T00:00:00", 400, `RestoreTimestamp "2026-01-01T00:00:00" is not in RFC 3339 format, such as 2009-09-07T23:45:00Z`},
		"comma":           {"abc", "abd", "2026-01-01T00:00:00,5Z", 400, `RestoreTimestamp "2026-01-01T00:00:00,5Z" is not in RFC 3339 format, such as 2009-09-07T23:45:00Z`},
		"one-digit hour":  {"abc", "abd", "2026-01-01T1:00:00Z", 400, `RestoreTimestamp "2026-01-01T1:00:00Z" is not in RFC 3339 format, such as 2009-09-07T23:45:00Z`},
		"offset of a day": {"abc", "abd", "2026-01-01T00:00:00+24:00", 400, `RestoreTimestamp "2026-01-01T00:00:00+24:00" is not in RFC 3339 format, such as 2009-09-07T23:45:00Z`},
		"offset minutes":  {"abc", "abd", "2026-01-01T00:00:00+23:60", 400, `RestoreTimestamp "2026-01-01T00:00:00+23:60" is not in RFC 3339 format, such as 2009-09-07T23:45:00Z`},
		"future":          {"abc", "abd", "9999-12-31T23:59:59-23:59", 400, "RestoreTimestamp 9999-12-31T23:59:59-23:59 is in the future"},
		"too old":         {"abc", "abd", old, 400, "RestoreTimestamp " + old + " is outside the backup retention period of 1h0m0s"},
		"very old":        {"abc", "abd", "0000-01-01T00:00:00+23:59", 400, "RestoreTimestamp 0000-01-01T00:00:00+23:59 is outside the backup retention period of 1h0m0s"},
		"before its first backup": {"abc", "abd", before, 400,
			"RestoreTimestamp " + before + " is before the first backup of database abc, which can be restored since " + since},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := `{"RestoreName":"` + test.target + `","RestoreTimestamp":"` + test.timestamp + `"}`
			wantRefusal(t, s, "POST", "databases/userdb/"+test.source+"/restore", body, test.status, test.message)
		})
	}
}
