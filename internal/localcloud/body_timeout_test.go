// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"strings"
	"testing"
	"time"
)

// Half an upload, or a very slow one, ends soon and unlocks the application.
func TestSlowUploadEnds(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]time.Duration{"nothing more": time.Hour, "drips": 5 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			provision(t, s, "abc")
			register(t, s, "shop", "abc")
			usual := s.bodyTimeout
			s.bodyTimeout = 300 * time.Millisecond
			conn := dial(t, s)
			write(t, conn, "POST /v1alpha1/local/applications/shop HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Length: 1048576\r\n\r\n{\"application_archive\":\"AAAA", s.connection.Token)
			go func() {
				for pause(t.Context(), next) {
					if _, err := conn.Write([]byte("A")); err != nil {
						return
					}
				}
			}()
			if status, answer := answered(t, conn); status != 408 || !strings.Contains(answer, "came too slowly") {
				t.Errorf("%d %s", status, answer)
			}
			s.bodyTimeout = usual // This upload may be as slow as the machine.
			deployed(t, s, "shop", appFiles{})
		})
	}
}

// A body that comes in pieces is read, and the connection stays open.
func TestBodyInPieces(t *testing.T) {
	t.Parallel()
	s := start(t)
	conn := dial(t, s)
	for range 2 {
		write(t, conn, "POST /v1alpha1/local/databases/userdb HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Length: 2\r\n\r\n{", s.connection.Token)
		pause(t.Context(), 20*time.Millisecond)
		write(t, conn, "}")
		if status, answer := answered(t, conn); status != 400 || !strings.Contains(answer, "Name is missing") {
			t.Errorf("%d %s", status, answer)
		}
	}
}
