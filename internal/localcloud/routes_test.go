// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"strings"
	"testing"
)

// The body of a request without a token is not read.
func TestBodyWithoutATokenIsNotRead(t *testing.T) {
	t.Parallel()
	s := start(t)
	conn := dial(t, s)
	write(t, conn, "POST /v1alpha1/local/databases/userdb HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048576\r\n\r\n")
	status, answer := answered(t, conn)
	if status != 401 || !strings.Contains(answer, "no bearer token") {
		t.Errorf("%d %s", status, answer)
	}
}
