// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"strings"
	"testing"
)

func TestHeldStatus(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	release := s.HoldStatus("abc", "storage-full")
	later := s.HoldStatus("abc", "rebooting")
	want(t, s, "GET", "databases/userdb/info/abc", "", 200, strings.Replace(abcAvailable, "available", "rebooting", 1))
	wantRefusal(t, s, "DELETE", "databases/userdb/abc", "", 409, `database abc is not in an available state: its status is "rebooting"`)
	later()
	want(t, s, "GET", "databases", "", 200, "["+strings.Replace(abcAvailable, "available", "storage-full", 1)+"]")
	release()
	release()
	want(t, s, "GET", "databases", "", 200, "["+abcAvailable+"]")
	s.HoldStatus("abc", "backing-up")
	want(t, s, "POST", "databases/userdb/abc/credentials", `{"Password":"abcdefgh"}`, 200, "")
	s.HoldStatus("abc", "storage-full")
	want(t, s, "DELETE", "databases/userdb/abc", "", 200, "")
	await(t, s, "databases", "[]")
}
