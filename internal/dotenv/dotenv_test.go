// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package dotenv_test

import (
	"encoding/json"
	"maps"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/cli"
	"github.com/dbos-community/terraform-provider-dbos/internal/dotenv"
)

// texts are files, each with what the CLI reads.
var texts = map[string]map[string]string{
	"A=b":                    {"A": "b"},
	"A = b ":                 {"A": "b"},
	"export A=b":             {"A": "b"},
	"A=":                     {"A": ""},
	"A='x'":                  {"A": "x"},
	`A="x\ny"`:               {"A": "x\ny"},
	`A='x\ny'`:               {"A": `x\ny`},
	"A=x # c":                {"A": "x"},
	"A=x#c":                  {"A": "x"},
	"A='x # c'":              {"A": "x # c"},
	"A=`it's \"both\"`":      {"A": `it's "both"`},
	"A=\"two\nlines\"":       {"A": "two\nlines"},
	"# c\nA=b":               {"A": "b"},
	"A: b":                   {"A": "b"},
	"A.b-c=d":                {"A.b-c": "d"},
	"B=1\nA=${B}":            {"A": "1", "B": "1"},
	"B=1\nA=$B-x":            {"A": "1-x", "B": "1"},
	"A=${N:-def}":            {"A": "def"},
	"A=${N-def}":             {"A": "def"},
	"A=${N}":                 {"A": ""},
	`A=\$N`:                  {"A": "$N"},
	"A='$B'\nC=1":            {"A": "", "C": "1"},
	"B=1\nA='$B'":            {"A": "1", "B": "1"},
	`A="a\"b"`:               {"A": `a\"b`},
	"A=pa$$word":             {"A": "pa$"},
	"A=a\r\nB=c\r\n":         {"A": "a", "B": "c"},
	"A=1\nA=2":               {"A": "2"},
	"A=x=y=z":                {"A": "x=y=z"},
	`A="x" # c`:              {"A": "x"},
	"A='it''s'":              {"A": "it''s"},
	`A={"json": true}`:       {"A": `{"json": true}`},
	"junk\nA=b":              {"A": "b"},
	"A=\"unclosed\nB=c":      {"A": `"unclosed`, "B": "c"},
	"1A=b":                   {"1A": "b"},
	`A=x\`:                   {"A": `x\`},
	"A=${B:-${C:-d}}":        {"A": "d"},
	"B=1\nA=${B:+set}":       {"A": "set", "B": "1"},
	`A="tab\tx"`:             {"A": `tab\tx`},
	`A= "spaced" `:           {"A": "spaced"},
	"B=$A\nA=$B":             {"A": "", "B": ""},
	"\ufeffA=b":              {"A": "b"},
	"A=$(date)":              {"A": "$(date)"},
	"A=`date`":               {"A": "date"},
	`B=x$\$y` + "\nA=[${B}]": {"B": "x$$y", "A": "[x]"},
	"A=$A":                   {"A": ""},
	"A\nB=1":                 {"B": "1"},
	"A='x\n# kept\ny'":       {"A": "x\n# kept\ny"},
	"\n\n  \nA=b\n\n":        {"A": "b"},
	"":                       {},
	"A=é ü":                  {"A": "é ü"},
	"A=a\u00a0":              {"A": "a"},
	"DATABASE_URL=postgres://u:p%24@h/db?x=1&y=2": {"DATABASE_URL": "postgres://u:p%24@h/db?x=1&y=2"},
}

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range texts {
		if got, err := dotenv.Parse(text); err != nil || !maps.Equal(got, want) {
			t.Errorf("%q is %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestReferencesThatDoNotEnd(t *testing.T) {
	t.Parallel()
	if got, err := dotenv.Parse("A=\\$A\nC=x$A"); err == nil || !strings.Contains(err.Error(), "references of C never end") {
		t.Errorf("%q, %v", got, err)
	}
}

// TestParseAsTheCLI reads the same texts with the packages that the published CLI has installed.
func TestParseAsTheCLI(t *testing.T) {
	t.Parallel()
	installed := cli.Installed(t, cli.Newest)
	keys := slices.Sorted(maps.Keys(texts))
	encoded, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	const program = `
const load = require('module').createRequire(process.argv[1] + '/package.json');
const dotenv = load('dotenv'), { expand } = load('dotenv-expand');
const read = text => expand({ processEnv: {}, parsed: dotenv.parse(text) }).parsed;
console.log(JSON.stringify(JSON.parse(process.argv[2]).map(read)));`
	out, err := exec.CommandContext(t.Context(), "node", "-e", program, installed, string(encoded)).Output()
	if err != nil {
		t.Fatal(err)
	}
	var theirs []map[string]string
	if err := json.Unmarshal(out, &theirs); err != nil {
		t.Fatal(err)
	}
	for i, text := range keys {
		if got, err := dotenv.Parse(text); err != nil || !maps.Equal(got, theirs[i]) {
			t.Errorf("%q is %q, %v; the CLI reads %q", text, got, err, theirs[i])
		}
	}
}

func FuzzParse(f *testing.F) {
	for text := range texts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, err := dotenv.Parse(text)
		if err != nil {
			return
		}
		for name := range first {
			if !regexp.MustCompile(`^[\w.-]+$`).MatchString(name) {
				t.Errorf("%q is no name", name)
			}
		}
	})
}
