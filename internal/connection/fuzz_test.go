// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package connection_test

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"go.yaml.in/yaml/v4"

	"github.com/dbos-community/terraform-provider-dbos/internal/connection"
)

// FuzzConfig edits a dbos-config.yaml: a valid file stays one, other fields and all comments stay, and a second edit
// changes nothing.
func FuzzConfig(f *testing.F) {
	for _, seed := range []string{
		"", "database:\n  port: 1\n", "database: {}\n", "{a: b}", "database: ~\n...\n", "? database\n: ~\n",
		"database: !!map &a\n x: *a\n", "database:\n  password: >\n   x # y\n\n", "!!map database:\n  x: 1\n",
		"x: &d database\n*d : {port: 1}\n", "# a\nname: x # b\ndatabase: # c\n  # d\n  port: 1 # e\n# f\n", "\uFEFF%YAML 1.2\n---\na: 1\r\n",
	} {
		f.Add(seed, address.Hostname, address.Username, address.Password)
	}
	f.Add("database: {password: 'x'}\n", "::1", "yes", "${PGPASSWORD}${X}\"'\\")
	f.Fuzz(func(t *testing.T, in, host, user, password string) {
		c := connection.Connection{Hostname: host, Port: 5432, Username: user, Password: password}
		got, err := connection.Config(in, c)
		if err != nil {
			if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), password) && len(password) > 20 {
				t.Errorf("%q: the error has a line end or the password: %v", in, err)
			}
			return
		}
		var before, after map[string]any
		if err := yaml.Unmarshal([]byte(in), &before); err != nil {
			t.Skip() // The tree is fine, but its values are not, such as a merge with a text.
		}
		if err := yaml.Unmarshal([]byte(got), &after); err != nil {
			t.Fatalf("%q became %q: %v", in, got, err)
		}
		database, _ := after["database"].(map[string]any)
		if password == "" {
			password = "${PGPASSWORD}"
		}
		for name, want := range map[string]any{"hostname": host, "port": 5432, "username": user, "password": password} {
			if database[name] != want {
				t.Errorf("%q became %q: %s is %#v", in, got, name, database[name])
			}
		}
		if a, b := others(before), others(after); !reflect.DeepEqual(a, b) {
			t.Errorf("%q became %q: the rest was %v and is %v", in, got, a, b)
		}
		if a, b := allComments(t, in), allComments(t, got); len(before) > 0 && !slices.Equal(a, b) {
			t.Errorf("%q became %q: the comments were %q and are %q", in, got, a, b)
		}
		if again, err := connection.Config(got, c); err != nil || again != got {
			t.Errorf("a second time: %v\n%q\n%q", err, got, again)
		}
	})
}

// others flattens what is not to change. Values that are unequal to themselves, such as .nan, are left out.
func others(config map[string]any) map[string]any {
	rest := map[string]any{}
	for name, value := range config {
		if inner, ok := value.(map[string]any); ok && name == "database" {
			for name, value := range inner {
				if !slices.Contains([]string{"hostname", "port", "username", "password"}, name) && reflect.DeepEqual(value, value) {
					rest["database."+name] = value
				}
			}
		} else if value != nil && reflect.DeepEqual(value, value) {
			rest[name] = value
		}
	}
	return rest
}

// allComments gives the lines of comments that the parser finds, sorted. It finds none in a file without values.
func allComments(t *testing.T, text string) []string {
	t.Helper()
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		t.Fatal(err)
	}
	var lines []string
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		for _, comment := range []string{n.HeadComment, n.LineComment, n.FootComment} {
			for line := range strings.Lines(comment) {
				if line = strings.TrimSpace(line); line != "" {
					lines = append(lines, line)
				}
			}
		}
		for _, child := range n.Content {
			walk(child)
		}
	}
	walk(&document)
	slices.Sort(lines)
	return lines
}

// FuzzURL lets pgx read back what a connection's URL says.
func FuzzURL(f *testing.F) {
	f.Add("db.example.com", int64(5432), "alice", "s3cret#pw", "", "require")
	f.Add("fe80::1%eth0", int64(1), "a:b@c", "p%2F#?&+[]{} é", "d/b?x", "")
	f.Add("10.0.0.1", int64(65535), "postgres.ref", "%00%zz", "\u2028", "verify-full")
	f.Fuzz(func(t *testing.T, host string, port int64, user, password, database, sslMode string) {
		c := connection.Connection{Hostname: host, Port: port, Username: user, Password: password, Database: database, SSLMode: sslMode}
		url, err := connection.URL(c)
		if err != nil {
			if len(password) > 20 && strings.Contains(err.Error(), password) {
				t.Errorf("the error shows the password: %v", err)
			}
			return
		}
		got, err := pgx.ParseConfig(url)
		if err != nil {
			t.Fatalf("%#v became %q: %v", c, url, err)
		}
		if database == "" {
			database = "postgres"
		}
		if got.Host != host || int64(got.Port) != cmp.Or(port, 5432) || got.User != user || got.Password != password || got.Database != database {
			t.Errorf("%#v became %q: pgx reads %q:%d %q %q %q", c, url, got.Host, got.Port, got.User, got.Password, got.Database)
		}
	})
}

// FuzzParseURL reads any text as a URL: what is accepted means the same to pgx.
func FuzzParseURL(f *testing.F) {
	for _, seed := range []string{
		"postgresql://alice:s3cret@db.example.com:5433/orders?sslmode=require", "postgres://a%3Ab:p%2F%23%40@[2001:db8::1]/my%20db",
		"postgresql://[fe80::1%25eth0]:1", "postgres://u@db/x?application_name=me", "postgresql://u:p@a,b/x", "postgresql://u:p@h//x", "postgres://:@h:/?",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := connection.ParseURL(text)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: the error has a line end: %v", text, err)
			}
			return
		}
		text = strings.TrimSpace(text)
		got, err := pgx.ParseConfig(text)
		if err != nil {
			if !strings.Contains(text, "?") {
				t.Errorf("%q is accepted, and pgx says %v", text, err)
			}
			return // A parameter that means more to pgx, such as the name of a file.
		}
		// What the URL lacks, pgx takes from elsewhere.
		if got.Host != c.Hostname || int64(got.Port) != c.Port || c.Username != "" && got.User != c.Username ||
			c.Password != "" && got.Password != c.Password || c.Database != "" && got.Database != c.Database {
			t.Errorf("%q: read %+v, and pgx reads %q:%d %q %q %q", text, c, got.Host, got.Port, got.User, got.Password, got.Database)
		}
	})
}
