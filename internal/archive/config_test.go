// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestVariables(t *testing.T) {
	t.Setenv("FROM_THE_ENVIRONMENT", "never") // It sets the environment.
	variables := map[string]string{"A": "1", "B c": "two words", "nested": "${A}", "empty": "", "multi": "x\ny"}
	for name, tc := range map[string]struct{ in, want, fails string }{
		"none":             {in: "a: $A $(A) ${} {A}\n", want: "a: $A $(A) ${} {A}\n"},
		"some":             {in: "a: ${A}${A}-${B c}\n", want: "a: 11-two words\n"},
		"not again":        {in: "${nested}", want: "${A}"},
		"empty":            {in: "x${empty}y", want: "xy"},
		"dollars":          {in: "$${A}$", want: "$1$"},
		"left empty":       {in: "p: ${PGPASSWORD}\nu: ${DBOS_DATABASE_URL}\n", want: "p: \nu: \n"},
		"over lines":       {in: "${multi}\n${A}", want: "x\ny\n1"},
		"everywhere":       {in: "# ${A}\n'${A}': \"${A}\"\n", want: "# 1\n'1': \"1\"\n"},
		"undefined":        {in: "a: 1\r\n\r\nb: ${NOPE}\r\n", fails: "app.yaml:3: ${NOPE} is not defined; give it a value in config_variables"},
		"the environment":  {in: "${FROM_THE_ENVIRONMENT}", fails: "app.yaml:1: ${FROM_THE_ENVIRONMENT} is not defined"},
		"blanks count":     {in: "\n${ A }", fails: "app.yaml:2: ${ A } is not defined"},
		"over a line end":  {in: "a: ${\nb}", fails: `app.yaml:1: ${\nb} is not defined`},
		"a long name":      {in: "${" + strings.Repeat("ä", 100) + "}", fails: "app.yaml:1: ${" + strings.Repeat("ä", 60) + "…} is not defined"},
		"defaults are not": {in: "${A:-x}", fails: "app.yaml:1: ${A:-x} is not defined"},
	} {
		got, err := fillIn("app.yaml", tc.in, variables)
		if tc.fails != "" {
			if err == nil || !strings.HasPrefix(err.Error(), tc.fails) {
				t.Errorf("%s: %v, want %q", name, err, tc.fails)
			}
		} else if err != nil || got != tc.want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, tc.want)
		}
	}
	if got, err := fillIn("f", "${PGPASSWORD}", map[string]string{"PGPASSWORD": "given"}); err != nil || got != "given" {
		t.Errorf("a given one that may be empty: %q, %v", got, err)
	}
}

func TestConfigIsRead(t *testing.T) {
	t.Parallel()
	const head = "name: a\nlanguage: node\n"
	for name, tc := range map[string]struct {
		in    string
		want  Config
		fails string
	}{
		"all": {
			in:   "name: app\nlanguage: python\nother: [1]\ndatabase:\n  hostname: h\n  app_db_name: db\n  migrate:\n    - one\n    - two words\n",
			want: Config{Name: "app", Language: "python", AppDBName: "db", Migrations: []string{"one", "two words"}},
		},
		"little":              {in: "x: 1\nname: a\nlanguage: go\n", want: Config{Name: "a", Language: "go"}},
		"nulls":               {in: "name: a\nlanguage: node\ndatabase:\n  app_db_name:\n  migrate:\n", want: Config{Name: "a", Language: "node"}},
		"no name":             {in: "# ours\nlanguage: node\n", fails: "dbos-config.yaml:2: the configuration has no name"},
		"a null language":     {in: "name: a\nlanguage: ~\n", fails: "dbos-config.yaml:1: the configuration has no language"},
		"no database":         {in: "name: a\nlanguage: node\ndatabase:\n", want: Config{Name: "a", Language: "node"}},
		"aliases":             {in: "x: &x {app_db_name: &d db}\nname: *d\nlanguage: node\ndatabase:\n  <<: *x\n", want: Config{Name: "db", Language: "node", AppDBName: "db"}},
		"a number as a name":  {in: "name: 123\nlanguage: node\n", want: Config{Name: "123", Language: "node"}},
		"empty":               {in: "# nothing\n", fails: "dbos-config.yaml is empty"},
		"a list":              {in: "\n- a\n", fails: "dbos-config.yaml:2: the configuration is not a mapping"},
		"a text":              {in: "hello\n", fails: "dbos-config.yaml:1: the configuration is not a mapping"},
		"not YAML":            {in: "a: 1\nb: [1\nc: }\n", fails: "dbos-config.yaml:3: not valid YAML: "},
		"tabs":                {in: "a:\n\tb: 1\n", fails: "dbos-config.yaml:2: not valid YAML: "},
		"twice":               {in: "name: a\nname: b\n", fails: "dbos-config.yaml"},
		"another language":    {in: "name: a\n\nlanguage: rust\n", fails: "dbos-config.yaml:3: the language must be one of node, python, go, java"},
		"a name that is none": {in: "name: [a]\n", fails: "dbos-config.yaml:1: `name` is not a text"},
		"database is a text":  {in: head + "a: 1\ndatabase: x\n", fails: "dbos-config.yaml:4: `database` is not a mapping"},
		"app_db_name":         {in: head + "database:\n  app_db_name: {a: b}\n", fails: "dbos-config.yaml:4: `app_db_name` is not a text"},
		"migrate is a text":   {in: head + "database:\n  x: 1\n  migrate: run\n", fails: "dbos-config.yaml:5: `migrate` is not a list of commands"},
		"a command is a list": {in: head + "database:\n  migrate:\n    - a\n    - [b]\n", fails: "dbos-config.yaml:6: `migrate` is not a text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseConfig(configName, tc.in)
			if tc.fails != "" {
				if err == nil || !strings.HasPrefix(err.Error(), tc.fails) {
					t.Errorf("parseConfig = %v, want %q", err, tc.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestConfigFile(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{
		"package.json": "", configName: "name: plain\nlanguage: node\n", "env/prod.yaml": "name: ${NAME}\nlanguage: node\n", "deep/x": "",
	})
	outside := filepath.Join(tree(t, map[string]string{"c.yaml": "name: outside\nlanguage: node\n"}), "c.yaml")
	for file, want := range map[string]string{
		"": "plain", configName: "plain", "env/prod.yaml": "filled", "./env/../env/prod.yaml": "filled", outside: "outside", filepath.Join(dir, "env/prod.yaml"): "filled",
	} {
		s, err := Open(t.Context(), dir, Options{ConfigFile: file, Variables: map[string]string{"NAME": "filled"}})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Config().Name; got != want {
			t.Errorf("with %q the name is %q, want %q", file, got, want)
		}
		files := unpack(t, pack(t, s))
		if got := files[configName]; !strings.HasPrefix(got.Content, "name: "+want) || got.Executable {
			t.Errorf("with %q the archive has %q", file, got.Content)
		}
		if got := files["env/prod.yaml"].Content; got != "name: ${NAME}\nlanguage: node\n" {
			t.Errorf("the other file is %q", got)
		}
	}
	for file, want := range map[string]string{
		"none.yaml": "the source directory has no none.yaml", "env": "env is not a file", "env/prod.yaml": "env/prod.yaml:1: ${NAME} is not defined",
	} {
		if _, err := Open(t.Context(), dir, Options{ConfigFile: file}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("with %q: %v, want %q", file, err, want)
		}
	}
	latin := tree(t, map[string]string{"package.json": "", configName: "name: \xe9\n"})
	if _, err := Open(t.Context(), latin, Options{}); err == nil || err.Error() != "dbos-config.yaml is not UTF-8 text" {
		t.Errorf("not UTF-8: %v", err)
	}
}

func TestVariablesAreInTheHash(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"package.json": "", configName: "name: ${N}\nlanguage: node\n"})
	hashes := map[string]bool{}
	for _, value := range []string{"a", "b"} {
		s, err := Open(t.Context(), dir, Options{Variables: map[string]string{"N": value, "unused": value + "x"}})
		if err != nil {
			t.Fatal(err)
		}
		hashes[hashOf(t, s)] = true
	}
	if len(hashes) != 2 {
		t.Error("another value does not change the hash")
	}
}
