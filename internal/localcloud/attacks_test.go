// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// dial opens a connection that sends what the attacker writes.
func dial(t *testing.T, s *Server) net.Conn {
	t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", s.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// answered reads the answer on a connection.
func answered(t *testing.T, conn net.Conn) (int, string) {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, resp)
}

func write(t *testing.T, conn net.Conn, format string, args ...any) {
	t.Helper()
	if _, err := fmt.Fprintf(conn, format, args...); err != nil {
		t.Fatal(err)
	}
}

// Without a token nothing is read of a body, and so nothing is kept.
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

// What is remembered of requests is bounded in bytes, with bodies and without.
func TestRequestLogIsBoundedInBytes(t *testing.T) {
	t.Parallel()
	for _, keepBodies := range []bool{false, true} {
		l := requestLog{keepBodies: keepBodies}
		for range 3000 {
			path := "/" + strings.Repeat("x", 30<<10)
			r, err := http.NewRequestWithContext(t.Context(), "POST", path, strings.NewReader(strings.Repeat("x", 100<<10)))
			if err != nil {
				t.Fatal(err)
			}
			entry := l.begin(r)
			_, _ = io.Copy(io.Discard, r.Body)
			l.end(entry, r, 401, 401)
		}
		total := 0
		for _, entry := range l.entries {
			total += entry.size()
		}
		if total > keptBytes || total != l.bytes || total < keptBytes/2 {
			t.Errorf("%d bytes are kept and %d counted, at most %d", total, l.bytes, keptBytes)
		}
		if got := len(l.entries[len(l.entries)-1].Body); (got > 0) != keepBodies {
			t.Errorf("%d bytes of a body are kept", got)
		}
	}
}

// Half an upload, or one that drips, does not hold an application for long.
func TestSlowUploadEnds(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]time.Duration{"nothing more": time.Hour, "drips": 5 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			s.bodyTimeout = 300 * time.Millisecond
			provision(t, s, "abc")
			register(t, s, "shop", "abc")
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
			deployed(t, s, "shop", appFiles{})
		})
	}
}

// A body that takes its time but comes is read, and the connection goes on.
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

// A web page that gives its own name this machine's address gets nothing.
func TestForeignHostIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	for host, want := range map[string]int{
		"evil.example": 421, "evil.example:80": 421, "127.0.0.1.evil.example": 421, "localhost.evil.example": 421, "0.0.0.0": 421, "10.0.0.1": 421,
		"localhost": 200, "localhost:1": 200, "127.0.0.1:9": 200, "[::1]:80": 200, "[::1]": 200,
	} {
		for _, path := range []string{"/v1alpha1/user/profile", "/localcloud/requests"} {
			r, err := http.NewRequestWithContext(t.Context(), "GET", s.connection.Endpoint+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = host
			r.Header.Set("Authorization", "Bearer "+s.connection.Token)
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			if status, answer := read(t, resp); status != want {
				t.Errorf("%s at %s: %d %s", path, host, status, answer)
			}
		}
	}
}

// PostgreSQL would refuse these roles when the instance is made.
func TestNamesThatPostgreSQLKeeps(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, message := range map[string]string{
		"pg_x":   `invalid database username "pg_x": PostgreSQL keeps names that begin with pg_ for itself`,
		"public": `invalid database username "public": it is reserved`,
		"none":   `invalid database username "none": it is reserved`,
	} {
		wantRefusal(t, s, "POST", "databases/userdb", `{"Name":"abc","AdminName":"`+name+`","AdminPassword":"12345678"}`, 400, message)
	}
}

// An archive that nobody could unpack is the client's mistake, and changes nothing.
func TestBadArchives(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	register(t, s, "shop", "abc")
	const refused = "the application archive cannot be unpacked: "
	tests := map[string]struct {
		header  zip.FileHeader
		mode    fs.FileMode
		message string
	}{
		"traversal": {zip.FileHeader{Name: "../evil"}, 0o644, refused + "../evil: the name leads out of the archive"},
		"hidden":    {zip.FileHeader{Name: "a/../../evil"}, 0o644, refused + "a/../../evil: the name leads out of the archive"},
		"absolute":  {zip.FileHeader{Name: "/etc/cron.d/evil"}, 0o644, refused + "/etc/cron.d/evil: the name leads out of the archive"},
		"backslash": {zip.FileHeader{Name: `..\evil`}, 0o644, refused + `..\evil: the name leads out of the archive`},
		"link":      {zip.FileHeader{Name: "link"}, 0o777 | fs.ModeSymlink, refused + "link: it is neither a file nor a folder"},
		"device":    {zip.FileHeader{Name: "null"}, 0o666 | fs.ModeDevice | fs.ModeCharDevice, refused + "null: it is neither a file nor a folder"},
		"bomb":      {zip.FileHeader{Name: "bomb", UncompressedSize64: 3 << 30}, 0o644, refused + "its files are larger than 2147483648 bytes together"},
	}
	for name, test := range tests {
		var archive bytes.Buffer
		w := zip.NewWriter(&archive)
		if _, err := w.Create("dbos-config.yaml"); err != nil {
			t.Fatal(err)
		}
		test.header.SetMode(test.mode)
		if _, err := w.CreateRaw(&test.header); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		t.Log(name)
		body := `{"application_archive":"` + base64.StdEncoding.EncodeToString(archive.Bytes()) + `"}`
		wantRefusal(t, s, "POST", "applications/shop", body, 400, test.message)
	}
	wantRefusal(t, s, "POST", "applications/shop", `{"application_archive":"AAAA"}`, 400, "application_archive is not a zip archive")
	deployed(t, s, "shop", configured(""))
}
