// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package connection_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/dbos-community/terraform-provider-dbos/internal/connection"
)

func TestURL(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		in   connection.Connection
		want string
	}{
		"plain": {
			in:   connection.Connection{Hostname: "db.example.com", Port: 5432, Username: "alice", Password: "s3cretpw"},
			want: "postgresql://alice:s3cretpw@db.example.com:5432/postgres",
		},
		"every part is encoded": {
			in:   connection.Connection{Hostname: "h", Port: 1, Username: "a:b@c", Password: "p%2F#?&+[]{} é", Database: "d/b?x"},
			want: "postgresql://a%3Ab%40c:p%252F%23%3F%26%2B%5B%5D%7B%7D%20%C3%A9@h:1/d%2Fb%3Fx",
		},
		"ssl mode": {
			in:   connection.Connection{Hostname: "h", Port: 65535, Username: "u", Password: "p", SSLMode: "verify-full"},
			want: "postgresql://u:p@h:65535/postgres?sslmode=verify-full",
		},
		"IPv4": {
			in:   connection.Connection{Hostname: "10.0.0.1", Port: 5432, Username: "u", Password: "p"},
			want: "postgresql://u:p@10.0.0.1:5432/postgres",
		},
		"IPv6": {
			in:   connection.Connection{Hostname: "2001:db8::1", Port: 5432, Username: "u", Password: "p"},
			want: "postgresql://u:p@[2001:db8::1]:5432/postgres",
		},
		"IPv6 with a zone": {
			in:   connection.Connection{Hostname: "fe80::1%eth0", Port: 5432, Username: "u", Password: "p"},
			want: "postgresql://u:p@[fe80::1%25eth0]:5432/postgres",
		},
		"Supabase user": {
			in:   connection.Connection{Hostname: "h.pooler.supabase.com", Port: 6543, Username: "postgres.abcd", Password: "p"},
			want: "postgresql://postgres.abcd:p@h.pooler.supabase.com:6543/postgres",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := connection.URL(tc.in)
			if err != nil || got != tc.want {
				t.Errorf("URL = %q, %v\nwant  %q", got, err, tc.want)
			}
		})
	}
}

func TestURLRefuses(t *testing.T) {
	t.Parallel()
	good := connection.Connection{Hostname: "h", Port: 5432, Username: "u", Password: "Pa55-word"}
	for name, tc := range map[string]struct {
		change func(*connection.Connection)
		want   string
	}{
		"no host":                {func(c *connection.Connection) { c.Hostname = "" }, "hostname must not be empty"},
		"host with another":      {func(c *connection.Connection) { c.Hostname = "a,evil" }, "neither a host name"},
		"host with a user":       {func(c *connection.Connection) { c.Hostname = "x@evil" }, "neither a host name"},
		"host with a path":       {func(c *connection.Connection) { c.Hostname = "h/db?host=evil" }, "neither a host name"},
		"host with a port":       {func(c *connection.Connection) { c.Hostname = "h:99" }, "neither a host name"},
		"host with an escape":    {func(c *connection.Connection) { c.Hostname = "h%40evil" }, "neither a host name"},
		"host in brackets":       {func(c *connection.Connection) { c.Hostname = "[::1]" }, "neither a host name"},
		"host with a line end":   {func(c *connection.Connection) { c.Hostname = "h\n" }, "neither a host name"},
		"a socket's directory":   {func(c *connection.Connection) { c.Hostname = "/tmp" }, "neither a host name"},
		"zone with a bracket":    {func(c *connection.Connection) { c.Hostname = "fe80::1%a]@evil" }, "zone of an IPv6 address"},
		"negative port":          {func(c *connection.Connection) { c.Port = -1 }, "from 1 to 65535, not -1"},
		"port too high":          {func(c *connection.Connection) { c.Port = 65536 }, "from 1 to 65535, not 65536"},
		"no user":                {func(c *connection.Connection) { c.Username = "" }, "username must not be empty"},
		"no password":            {func(c *connection.Connection) { c.Password = "" }, "password must not be empty"},
		"NUL in the password":    {func(c *connection.Connection) { c.Password += "\x00" }, "password must not contain a NUL"},
		"database with a slash":  {func(c *connection.Connection) { c.Database = "/d" }, "must not begin with a slash"},
		"unknown ssl mode":       {func(c *connection.Connection) { c.SSLMode = "on" }, `sslmode "on" is not one of disable,`},
		"ssl mode with an extra": {func(c *connection.Connection) { c.SSLMode = "require&host=evil" }, "is not one of"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := good
			tc.change(&c)
			got, err := connection.URL(c)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("URL = %q, %v; want an error with %q", got, err, tc.want)
			}
			if strings.Contains(err.Error(), good.Password) {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

// passwords draws what the service takes for a password: 8 to 128 printable ASCII characters without / \ " ' @ and
// white space.
func passwords() *rapid.Generator[string] {
	var legal []rune
	for r := rune('!'); r <= '~'; r++ {
		if !strings.ContainsRune(`/\"'@`, r) {
			legal = append(legal, r)
		}
	}
	return rapid.StringOfN(rapid.SampledFrom(legal), 8, 128, -1)
}

// texts draws any text without NUL, which also covers roles and databases made elsewhere.
func texts() *rapid.Generator[string] {
	return rapid.StringOfN(rapid.Rune().Filter(func(r rune) bool { return r != 0 }), 1, 40, -1)
}

func hosts() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?){0,4}`),
		rapid.Custom(func(t *rapid.T) string {
			return net.IP(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "v4")).String()
		}),
		rapid.Custom(func(t *rapid.T) string {
			ip := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "v6")
			return net.IP(append([]byte{0x20}, ip[1:]...)).String()
		}),
		rapid.StringMatching(`fe80::[1-9a-f]%[a-z0-9]{1,5}`),
	)
}

func connections() *rapid.Generator[connection.Connection] {
	return rapid.Custom(func(t *rapid.T) connection.Connection {
		return connection.Connection{
			Hostname: hosts().Draw(t, "hostname"),
			Port:     rapid.Int64Range(1, 65535).Draw(t, "port"),
			Username: rapid.OneOf(rapid.StringMatching(`[a-z][a-z0-9_-]{2,15}`), texts()).Draw(t, "username"),
			Password: rapid.OneOf(passwords(), texts()).Draw(t, "password"),
			Database: rapid.OneOf(rapid.StringMatching(`[a-z_]{0,10}`), texts().Filter(func(s string) bool { return s[0] != '/' })).Draw(t, "database"),
			SSLMode:  rapid.SampledFrom([]string{"", "disable", "prefer", "require"}).Draw(t, "sslmode"),
		}
	})
}

func TestURLIsReadBackByPgx(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := connections().Draw(t, "connection")
		url, err := connection.URL(c)
		if err != nil {
			t.Fatal(err)
		}
		got, err := pgx.ParseConfig(url)
		if err != nil {
			t.Fatal(err)
		}
		back := connection.Connection{
			Hostname: got.Host, Port: int64(got.Port), Username: got.User, Password: got.Password, Database: got.Database, SSLMode: c.SSLMode,
		}
		if c.Database == "" {
			c.Database = "postgres"
		}
		if back != c {
			t.Errorf("pgx reads %#v\nwant      %#v", back, c)
		}
		if want := c.SSLMode == "require"; c.SSLMode != "" && c.SSLMode != "prefer" && want != (got.TLSConfig != nil) {
			t.Errorf("sslmode %q: TLS is %t", c.SSLMode, got.TLSConfig != nil)
		}
	})
}

// TestURLIsReadBackByLibpq lets psql open URLs at a server that only asks for the password in clear, and compares what
// arrives.
func TestURLIsReadBackByLibpq(t *testing.T) {
	t.Parallel()
	psql, err := exec.LookPath("psql")
	if err != nil {
		t.Skip("psql is not installed")
	}
	for _, c := range []connection.Connection{
		{Hostname: "127.0.0.1", Username: "alice", Password: "plain-Pa55"},
		{Hostname: "localhost", Username: "bob", Password: "!#$%&()*+,-.:;<=>?[]^_`{|}~", SSLMode: "disable"},
		{Hostname: "127.0.0.1", Username: "postgres.ref", Password: "%2F%00%zz+ +", Database: "a/b?c=d"},
		{Hostname: "127.0.0.1", Username: "ü:@", Password: "日本 'quoted\"\\", Database: "x y"},
		{Hostname: "::1", Username: "carol", Password: "aaaaaaaa"},
	} {
		t.Run(c.Username, func(t *testing.T) {
			t.Parallel()
			listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort(c.Hostname, "0"))
			if err != nil {
				t.Skipf("cannot listen on %s: %v", c.Hostname, err)
			}
			defer listener.Close() //nolint:errcheck // Nothing is left to lose.
			arrived := make(chan string, 1)
			go func() { arrived <- askForPassword(listener) }()

			c := c
			c.Port = int64(listener.Addr().(*net.TCPAddr).Port) //nolint:forcetypeassert // It is a TCP listener.
			url, err := connection.URL(c)
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), psql, "--no-psqlrc", url)
			cmd.Env = []string{"PGGSSENCMODE=disable", "PGCLIENTENCODING=UTF8", "HOME=" + t.TempDir()}
			output, _ := cmd.CombinedOutput()
			_ = listener.Close()
			database := c.Database
			if database == "" {
				database = "postgres"
			}
			if got, want := <-arrived, fmt.Sprintf("%q %q %q", c.Username, database, c.Password); got != want {
				t.Errorf("libpq sent %s\nwant       %s\n%s", got, want, output)
			}
		})
	}
}

// askForPassword plays a PostgreSQL server up to the password of the first session that gives one.
func askForPassword(listener net.Listener) string {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err.Error()
		}
		user, database, password, err := readLogin(conn)
		_ = conn.Close()
		if err == nil {
			return fmt.Sprintf("%q %q %q", user, database, password)
		}
	}
}

func readLogin(conn io.ReadWriter) (user, database, password string, err error) {
	const sslRequest = 80877103
	startup, err := readMessage(conn)
	if err == nil && len(startup) == 4 && binary.BigEndian.Uint32(startup) == sslRequest {
		if _, err = conn.Write([]byte("N")); err == nil {
			startup, err = readMessage(conn)
		}
	}
	if err != nil {
		return "", "", "", err
	}
	words := strings.Split(string(startup[4:]), "\x00")
	for i := 0; i+1 < len(words); i += 2 {
		switch words[i] {
		case "user":
			user = words[i+1]
		case "database":
			database = words[i+1]
		}
	}
	if _, err = conn.Write([]byte{'R', 0, 0, 0, 8, 0, 0, 0, 3}); err != nil {
		return "", "", "", err
	}
	var kind [1]byte
	if _, err = io.ReadFull(conn, kind[:]); err != nil {
		return "", "", "", err
	}
	message, err := readMessage(conn)
	return user, database, strings.TrimRight(string(message), "\x00"), err
}

func readMessage(r io.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	body := make([]byte, binary.BigEndian.Uint32(length[:])-4)
	_, err := io.ReadFull(r, body)
	return body, err
}
