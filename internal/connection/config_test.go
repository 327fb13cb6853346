// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package connection_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
	"pgregory.net/rapid"

	"github.com/dbos-community/terraform-provider-dbos/internal/connection"
)

var address = connection.Connection{Hostname: "db.example.com", Port: 5432, Username: "alice", Password: "s3cret#pw"}

const block = `  hostname: db.example.com
  port: 5432
  username: alice
  password: "s3cret#pw"
`

func TestConfig(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ in, want string }{
		"empty file":               {"", "database:\n" + block},
		"comments only":            {"# mine\n\n# all of it", "# mine\n\n# all of it\ndatabase:\n" + strings.TrimSuffix(block, "\n")},
		"only a document mark":     {"---\n", "---\ndatabase:\n" + block},
		"no database":              {"name: app # n\n\n# end\n", "name: app # n\n\n# end\ndatabase:\n" + block},
		"closed by dots":           {"---\nname: app\n...\n# end\n", "---\nname: app\ndatabase:\n" + block + "...\n# end\n"},
		"empty and closed by dots": {"...\n", "database:\n" + block + "...\n"},
		"byte order mark":          {"\uFEFFname: app\n", "\uFEFFname: app\ndatabase:\n" + block},
		"null":                     {"database:\nname: app\n", "database:\n" + block + "name: app\n"},
		"null at the end":          {"name: app\ndatabase:", "name: app\ndatabase:\n" + strings.TrimSuffix(block, "\n")},
		"null written out":         {"database: ~ # later\nname: app\n", "database: # later\n" + block + "name: app\n"},
		"null with a tag":          {"database: !!null\n", "database:\n" + block},
		"null above comments":      {"database:\n  # port: 1\nname: app\n", "database:\n" + block + "  # port: 1\nname: app\n"},
		"its own comments and other fields": {
			"name: app\ndatabase: # d\n  # of the first\n\n  app_db_name: x # n\n  migrate:\n    - a\n\n# tail\nz: 1\n",
			"name: app\ndatabase: # d\n" + block + "  # of the first\n\n  app_db_name: x # n\n  migrate:\n    - a\n\n# tail\nz: 1\n",
		},
		"values in place, in their order": {
			"database:\n  password: old # p\n  username:   old\n  ssl: true\n  port: 1\n  hostname:   'old' # h\n",
			"database:\n  password: \"s3cret#pw\" # p\n  username:   alice\n  ssl: true\n  port: 5432\n  hostname:   'db.example.com' # h\n",
		},
		"missing ones after their neighbour": {
			"database:\n  hostname: old # h\n  # next\n  x: 1\n  username: bob\n",
			"database:\n  hostname: db.example.com # h\n  port: 5432\n  # next\n  x: 1\n  username: alice\n  password: \"s3cret#pw\"\n",
		},
		"quotes are kept": {
			"database:\n  hostname: \"old\"\n  port: \"5432\"\n  username: 'old'\n  password: 'old'\n",
			"database:\n  hostname: \"db.example.com\"\n  port: 5432\n  username: 'alice'\n  password: 's3cret#pw'\n",
		},
		"empty values": {
			"database:\n  hostname:\n  port: # p\n  username: ~\n  password: ''\n",
			"database:\n  hostname: db.example.com\n  port: 5432 # p\n  username: alice\n  password: 's3cret#pw'\n",
		},
		"values over several lines": {
			"database:\n  hostname: a\n    b\n\n    c # h\n  port: >- # f\n    12\n\n    34\n  # u\n  username: \"a\n    b\" # q\n  password: |\n    one\n    two\n\nz: 1\n",
			"database:\n  hostname: db.example.com # h\n  port: 5432 # f\n  # u\n  username: \"alice\" # q\n  password: \"s3cret#pw\"\n\nz: 1\n",
		},
		"anchors and tags of replaced values": {
			"database:\n  hostname: &h !!str old\n  port: !!int \"1\"\n  username: !!str\n  password: &p\n",
			"database:\n  hostname: db.example.com\n  port: 5432\n  username: alice\n  password: \"s3cret#pw\"\n",
		},
		"aliases as values": {
			"x: &x old\ndatabase:\n  hostname: *x\n  port: 1\n  username: *x # u\n  password: *x\n",
			"x: &x old\ndatabase:\n  hostname: db.example.com\n  port: 5432\n  username: alice # u\n  password: \"s3cret#pw\"\n",
		},
		"merged values are overridden": {
			"base: &b\n    hostname: old\ndatabase:\n    <<: *b\n    x: 1\n",
			"base: &b\n    hostname: old\ndatabase:\n" + strings.ReplaceAll(block, "  ", "    ") + "    <<: *b\n    x: 1\n",
		},
		"an anchor that nothing uses": {
			"database: &d # d\n  x: 1\n",
			"database: &d # d\n" + block + "  x: 1\n",
		},
		"an anchor on a line of its own": {
			"database:\n  &d\n  # c\n  x: 1\n",
			"database:\n  &d\n" + block + "  # c\n  x: 1\n",
		},
		"quoted keys": {
			"\"database\":\n  'port': 1\n  \"hostname\" : x\n",
			"\"database\":\n  'port': 5432\n  username: alice\n  password: \"s3cret#pw\"\n  \"hostname\" : db.example.com\n",
		},
		"indentation of the file": {
			"a:\n   b: 1\ndatabase:\n",
			"a:\n   b: 1\ndatabase:\n" + strings.ReplaceAll(block, "  ", "   "),
		},
		"indented as a whole": {
			"  a: 1\n",
			"  a: 1\n  database:\n" + strings.ReplaceAll(block, "  ", "    "),
		},
		"CRLF": {
			"name: app\r\ndatabase:\r\n  port: 1 # p\r\n  x: 1\r\n",
			"name: app\r\ndatabase:\r\n  hostname: db.example.com\r\n  port: 5432 # p\r\n  username: alice\r\n  password: \"s3cret#pw\"\r\n  x: 1\r\n",
		},
		"CRLF, appended": {"name: app\r\n", "name: app\r\ndatabase:\r\n" + strings.ReplaceAll(block, "\n", "\r\n")},
		"braces": {
			"database: {hostname: old, x: [1, 2], port: 1} # c\n",
			"database: {username: alice, password: \"s3cret#pw\", hostname: db.example.com, x: [1, 2], port: 5432} # c\n",
		},
		"empty braces": {"database: { } # c\n", "database: {hostname: db.example.com, port: 5432, username: alice, password: \"s3cret#pw\" } # c\n"},
		"braces over lines": {
			"database: { # a\n  hostname: old, # b\n  x: y z\n    w,\n  port: , username, 'password':\n}\n",
			"database: { # a\n  hostname: db.example.com, # b\n  x: y z\n    w,\n  port: 5432, username: alice, 'password': \"s3cret#pw\"\n}\n",
		},
		"JSON": {
			"{\"name\":\"app\",\"database\":{\"hostname\":\"old\",\"port\":1}}\n",
			"{\"name\":\"app\",\"database\":{\"username\": \"alice\", \"password\": \"s3cret#pw\", \"hostname\":\"db.example.com\",\"port\":5432}}\n",
		},
		"JSON without a database": {
			"{\"name\": \"app\"}",
			"{\"database\": {\"hostname\": \"db.example.com\", \"port\": 5432, \"username\": \"alice\", \"password\": \"s3cret#pw\"}, \"name\": \"app\"}",
		},
		"a tag for text on a key": {
			"!!str database:\n  ! port: 1\n",
			"!!str database:\n  hostname: db.example.com\n  ! port: 5432\n  username: alice\n  password: \"s3cret#pw\"\n",
		},
		"null in braces": {"{name: app, database: }\n", "{name: app, database: {hostname: db.example.com, port: 5432, username: alice, password: \"s3cret#pw\"}}\n"},
		"breaks that only YAML counts": {
			"x: \"\u0085\u2028\"\ndatabase:\n  port: 1\n",
			"x: \"\u0085\u2028\"\ndatabase:\n  hostname: db.example.com\n  port: 5432\n  username: alice\n  password: \"s3cret#pw\"\n",
		},
		"wide characters before a value": {
			"ü: {ö: 1}\ndatabase: {ä: \"日本\", port: 1}\n",
			"ü: {ö: 1}\ndatabase: {hostname: db.example.com, username: alice, password: \"s3cret#pw\", ä: \"日本\", port: 5432}\n",
		},
		"looks like ours in a text": {
			"notes: |\n  database:\n    hostname: keep\ndatabase:\n  x: |\n    port: keep\n",
			"notes: |\n  database:\n    hostname: keep\ndatabase:\n" + block + "  x: |\n    port: keep\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := connection.Config(tc.in, address)
			if err != nil || got != tc.want {
				t.Fatalf("Config = %v\n%s\nwant\n%s\n%q\n%q", err, got, tc.want, got, tc.want)
			}
			again, err := connection.Config(got, address)
			if err != nil || again != got {
				t.Errorf("a second time = %v\n%s", err, again)
			}
		})
	}
}

func TestConfigQuoting(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		host, user, password, want string
	}{
		"addresses":         {"10.0.0.1", "u", "aaaaaaaa", "  hostname: 10.0.0.1\n  port: 5432\n  username: u\n  password: aaaaaaaa\n"},
		"IPv6":              {"::1", "u", "aaaaaaaa", "  hostname: \"::1\"\n  port: 5432\n  username: u\n  password: aaaaaaaa\n"},
		"words for others":  {"h", "yes", "Null", "  hostname: h\n  port: 5432\n  username: \"yes\"\n  password: \"Null\"\n"},
		"numbers":           {"1.5", "1e3", "12345678", "  hostname: \"1.5\"\n  port: 5432\n  username: \"1e3\"\n  password: \"12345678\"\n"},
		"escapes":           {"h", "a\tb", "q\"b\\s'", "  hostname: h\n  port: 5432\n  username: \"a\\u0009b\"\n  password: \"q\\\"b\\\\s'\"\n"},
		"no later filling":  {"h", "u", "a${HOME}b$c{", "  hostname: h\n  port: 5432\n  username: u\n  password: \"a\\u0024{HOME}b$c{\"\n"},
		"a placeholder":     {"h", "u", "", "  hostname: h\n  port: 5432\n  username: u\n  password: ${PGPASSWORD}\n"},
		"the same by value": {"h", "u", "${PGPASSWORD}", "  hostname: h\n  port: 5432\n  username: u\n  password: ${PGPASSWORD}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := connection.Connection{Hostname: tc.host, Port: 5432, Username: tc.user, Password: tc.password}
			if got, err := connection.Config("", c); err != nil || got != "database:\n"+tc.want {
				t.Errorf("Config = %v\n%s\nwant\n%s", err, got, tc.want)
			}
		})
	}
}

func TestConfigPlaceholder(t *testing.T) {
	t.Parallel()
	c := address
	c.Password = ""
	for in, want := range map[string]string{
		"database: {x: 1}\n":                           "database: {hostname: db.example.com, port: 5432, username: alice, password: \"${PGPASSWORD}\", x: 1}\n",
		"database:\n  password: '${PGPASSWORD}' # p\n": "database:\n  hostname: db.example.com\n  port: 5432\n  username: alice\n  password: '${PGPASSWORD}' # p\n",
		"database:\n  password: 'secret' # p\n":        "database:\n  hostname: db.example.com\n  port: 5432\n  username: alice\n  password: '${PGPASSWORD}' # p\n",
		"database:\n  password: \"secret\"\n":          "database:\n  hostname: db.example.com\n  port: 5432\n  username: alice\n  password: \"${PGPASSWORD}\"\n",
	} {
		if got, err := connection.Config(in, c); err != nil || got != want {
			t.Errorf("Config(%q) = %q, %v\nwant %q", in, got, err, want)
		}
	}
}

func TestConfigRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ in, want string }{
		"a list":                       {"# c\n- a\n", "line 2: the configuration is a list, not a mapping"},
		"a single value":               {"hello\n", "line 1: the configuration is a single value, not a mapping"},
		"null written out":             {"~\n", "line 1: the configuration is a single value, not a mapping"},
		"database is a text":           {"a: 1\ndatabase: x\n", "line 2: `database` is a single value, not a mapping"},
		"database is a list":           {"database:\n  - a\n", "line 2: `database` is a list, not a mapping"},
		"database is an alias":         {"a: &a {x: 1}\ndatabase: *a\n", "line 2: `database` is an alias, not a mapping"},
		"a value is a mapping":         {"database:\n  x: 1\n  port:\n    a: 1\n", `line 4: "port" is a mapping, not a single value`},
		"a value is a list in braces":  {"database: {hostname: [a]}\n", `line 1: "hostname" is a list, not a single value`},
		"two documents":                {"a: 1\n---\nb: 1\n", "line 2: a second YAML document"},
		"an empty second document":     {"a: 1\n---\n", "line 2: a second YAML document"},
		"database twice":               {"database:\n  x: 1\ndatabase:\n", `line 3: the key "database" is given twice, first in line 1`},
		"a value twice":                {"database:\n  port: 1\n  \"port\": 2\n", `line 3: the key "port" is given twice, first in line 2`},
		"another key twice":            {"a:\n  - b: 1\n    b: 2\n", `line 3: the key "b" is given twice, first in line 2`},
		"not YAML":                     {"a: 1\nb: [\n", "line 3: not valid YAML"},
		"not YAML in the second":       {"a: 1\n---\n}\n", "line 3: not valid YAML"},
		"an anchor in use":             {"database: &d\n  x: 1\ntest: *d\n", "line 1: `database` has the anchor &d, which other parts of the file use"},
		"an anchor in use on a value":  {"database:\n  hostname: &h a\ntest: *h\n", `line 2: "hostname" has the anchor &h, which`},
		"database only by a merge":     {"base: &b\n  database: {x: 1}\n<<: *b\n", "line 3: `database` comes from a merge (<<)"},
		"database by a list of merges": {"b: &b\n  database: {x: 1}\n<<: [*b]\n", "line 3: `database` comes from a merge (<<)"},
		"a tag on database":            {"a: 1\n!!map database:\n  x: 1\n", `line 2: the key "database" has the tag !!map; remove the tag`},
		"a tag of one's own":           {"!mine database:\n  x: 1\n", `line 1: the key "database" has the tag !mine; remove the tag`},
		"a tag on database in braces":  {"{!!map database: {x: 1}}\n", `line 1: the key "database" has the tag !!map; remove the tag`},
		"a tag on a field":             {"database:\n  x: 1\n  !!int port: 1\n", `line 3: the key "port" has the tag !!int; remove the tag`},
		"an alias for database":        {"x: &d database\n*d :\n  x: 1\n", `line 2: the key "database" is written as the alias *d; write it out`},
		"a long-hand key":              {"? database\n: x: 1\n", `line 2: "x" does not stand at the beginning of its line`},
		"a long-hand null":             {"? database\n", "line 1: `database` does not stand at the beginning of its line"},
		"text that a break would end":  {"a: |\n  no break", "line 1: setting `database` here would change other parts"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := connection.Config(tc.in, address)
			if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("Config = %q, %v; want an error with %q", got, err, tc.want)
			}
		})
	}
}

func TestConfigRefusesBadAddresses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*connection.Connection){
		"hostname must not be empty":    func(c *connection.Connection) { c.Hostname = "" },
		"neither a host name":           func(c *connection.Connection) { c.Hostname = "a\nb: c" },
		"port must be a number":         func(c *connection.Connection) { c.Port = -1 },
		"username must not be empty":    func(c *connection.Connection) { c.Username = "" },
		"password must not contain a N": func(c *connection.Connection) { c.Password = "a\x00" },
	} {
		c := address
		change(&c)
		if got, err := connection.Config("", c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("Config = %q, %v; want an error with %q", got, err, name)
		}
	}
}

// configs draws whole files: other fields with comments around a `database:` in one of its many forms, in either kind
// of line ends.
func configs() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		noise := rapid.SampledFrom([]string{
			"", "# note: database:\n", "name: 'a b' # c\n", "runtime:\n  start:\n    - node x\n", "text: |\n  database:\n    port: 1\n\n", "flow: {database: {port: 1}}\n", "ünï: \"ö\\\"\"\n",
		})
		oneOf := func(label string, values ...string) string { return rapid.SampledFrom(values).Draw(t, label) }
		comment := func() string { return oneOf("comment", "", " # c", "   # 'q\" {") }
		value := func() string {
			return oneOf("value", "", " ~", " old", " 'o ''l'", ` "o\"l"`, " 12", " |\n      x\n      y", " >-\n      x", " x\n      y z", " \"x\n      y\"")
		}
		var b strings.Builder
		b.WriteString(noise.Draw(t, "before"))
		switch oneOf("form", "none", "null", "block", "braces") {
		case "null":
			b.WriteString("database:" + oneOf("null", "", " ~", " null") + comment() + "\n")
		case "block":
			b.WriteString("database:" + comment() + "\n")
			fields := []string{"hostname", "port", "username", "password", "app_db_name", "ssl"}
			for _, f := range rapid.SliceOfNDistinct(rapid.SampledFrom(fields), 1, 6, rapid.ID[string]).Draw(t, "fields") {
				v := value()
				if strings.Contains(v, "\n") {
					b.WriteString("    " + f + ":" + v + "\n")
				} else {
					b.WriteString(oneOf("above", "", "    # above\n", "\n") + "    " + f + ":" + v + comment() + "\n")
				}
			}
		case "braces":
			fields := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"hostname: a", "port: 1", "'username': \"b,\"", "password:", "x: [1]"}), 0, 5, rapid.ID[string]).Draw(t, "entries")
			b.WriteString("database: {" + strings.Join(fields, oneOf("comma", ",", ", ", ",\n  ")) + "}" + comment() + "\n")
		}
		if after := noise.Draw(t, "after"); after == "" || !strings.Contains(b.String(), after) {
			b.WriteString(after)
		}
		text := b.String()
		if rapid.Bool().Draw(t, "crlf") {
			text = strings.ReplaceAll(text, "\n", "\r\n")
		}
		return text
	})
}

func TestConfigProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := configs().Draw(t, "config")
		c := connections().Draw(t, "connection")
		got, err := connection.Config(in, c)
		if err != nil {
			t.Fatalf("%v in %q", err, in)
		}

		var before, after map[string]any
		if err := yaml.Unmarshal([]byte(in), &before); err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal([]byte(got), &after); err != nil {
			t.Fatalf("%v in %q", err, got)
		}
		database, _ := after["database"].(map[string]any)
		want := map[string]any{"hostname": c.Hostname, "port": int(c.Port), "username": c.Username, "password": c.Password}
		for name, value := range want {
			if database[name] != value {
				t.Errorf("%s is %#v, want %#v in %q", name, database[name], value, got)
			}
			delete(database, name)
		}
		old, _ := before["database"].(map[string]any)
		for name := range want {
			delete(old, name)
		}
		delete(before, "database")
		delete(after, "database")
		if a, b := fmt.Sprint(before, len(old), old), fmt.Sprint(after, len(database), database); a != b {
			t.Errorf("the rest was %s and is %s", a, b)
		}
		if a, b := comments(in), comments(got); !slices.Equal(a, b) {
			t.Errorf("the comments were %q and are %q in %q", a, b, got)
		}
		if again, err := connection.Config(got, c); err != nil || again != got {
			t.Errorf("a second time: %v\n%q\n%q", err, got, again)
		}
		if strings.Contains(in, "\r\n") && strings.Count(got, "\n") != strings.Count(got, "\r\n") {
			t.Errorf("mixed line ends in %q", got)
		}
	})
}

// comments lists the comments that configs writes.
func comments(text string) []string {
	var found []string
	for line := range strings.Lines(text) {
		for _, mark := range []string{"# c", "# above", "# 'q\" {", "# note: database:"} {
			if strings.HasSuffix(strings.TrimRight(line, "\r\n"), mark) {
				found = append(found, mark)
			}
		}
	}
	return found
}

// TestConfigPasswords is about the hardest value: any password that the service takes, in every style of the value that
// it replaces.
func TestConfigPasswords(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		password := passwords().Draw(t, "password")
		in := rapid.SampledFrom([]string{
			"", "database:\n  password: old\n", "database:\n  password: 'old'\n", "database:\n  password: \"old\"\n", "database: {password: old}\n", "database: {}\n",
		}).Draw(t, "config")
		c := address
		c.Password = password
		got, err := connection.Config(in, c)
		if err != nil {
			t.Fatal(err)
		}
		var parsed struct{ Database struct{ Password string } }
		if err := yaml.Unmarshal([]byte(got), &parsed); err != nil || parsed.Database.Password != password {
			t.Errorf("read back %q, %v; want %q from %q", parsed.Database.Password, err, password, got)
		}
		if strings.Contains(strings.ReplaceAll(got, "${PGPASSWORD}", ""), "${") {
			t.Errorf("a later filling would change %q", got)
		}
	})
}
