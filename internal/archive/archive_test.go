// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// awkwardTree has the difficult cases of real directories. The content of a file that the archive must leave out is
// "out".
func awkwardTree() map[string]string {
	files := map[string]string{
		configName:                  "name: app\nlanguage: node\ndatabase:\n  password: ${PGPASSWORD}\n  url: '${DBOS_DATABASE_URL}'\n",
		"package.json":              "{}\n",
		ignoreFile:                  "# comment\r\n\r\n  *.log  \r\n/secrets/\r\nbuild/out\r\ndocs/*.md\r\n**/*.tmp\r\n!keep.log\r\n{x,y}.dat\r\n[id].js\r\ndata/**\r\ncache*/\r\n./here.txt\r\nit's\r\n",
		"src/main.ts":               "main",
		"src/deep/er/than/most.ts":  "deep",
		"src/" + configName:         "out",
		"src/" + configName + "/x":  "",
		"bin/start":                 "#!/bin/sh\n",
		"empty":                     "",
		".hidden":                   "hidden",
		".config/.nested":           "nested",
		"ünï/cödé 日本 😀.txt":         "unicode",
		"with space/and 'quotes\"":  "quotes",
		"percent%20":                "percent",
		"new\nline":                 "newline in a name",
		"new\nline dir/file":        "out",
		"\nbegins with one":         "out",
		`back\slash`:                "backslash",
		"[id].js":                   "out",
		"i.js":                      "out",
		"e.js":                      "e",
		"app.log":                   "out",
		"deep/app.log":              "only at the root",
		"keep.log":                  "out",
		"secrets/key":               "out",
		"deep/secrets/key":          "only at the root",
		"build/out/x":               "out",
		"build/output":              "not out",
		"docs/a.md":                 "out",
		"docs/sub/a.md":             "deeper",
		"a/b/c.tmp":                 "out",
		"x.dat":                     "out",
		"z.dat":                     "z",
		"data/sub/x":                "out",
		"cache1/x":                  "out",
		"cachefile":                 "a file",
		"here.txt":                  "out",
		"it's":                      "out",
		"node_modules/m/index.js":   "out",
		"src/node_modules/m.js":     "out",
		"dist":                      "out",
		"src/dist/x.js":             "out",
		"dist.txt":                  "not dist",
		".git/config":               "out",
		"sub/.git":                  "out",
		".dbos/credentials":         "out",
		"venv/bin/python":           "out",
		"src/.venv/x":               "out",
		".python-version":           "out",
		"src/.python-version":       "out",
		"link-to-file":              "-> src/main.ts",
		"link-to-dir":               "-> src/deep",
		"link/in/depth":             "-> ../../bin/start",
		"src/link-to-neighbour":     "-> ../a",
		"dead":                      "-> nowhere",
		"dead-itself":               "-> dead-itself",
		"secrets-link":              "-> secrets",
		"data/out":                  "-> /",
		"node_modules/self":         "-> ..",
		"weird/-":                   "dash",
		"weird/~":                   "tilde",
		"weird/#":                   "hash",
		"weird/a:b":                 "colon",
		"weird/" + long("name", 60): "long",
	}
	return nameable(files)
}

func long(s string, n int) string { return strings.Repeat(s, n) }

func TestFiles(t *testing.T) {
	t.Parallel()
	files := awkwardTree()
	delete(files, "src/"+configName+"/x")
	dir := tree(t, files)
	s := open(t, dir)
	got := unpack(t, pack(t, s))

	want := map[string]unpacked{}
	for name, content := range files {
		if content != "out" && !strings.HasPrefix(content, "-> ") {
			want[strings.ReplaceAll(name, `\`, "/")] = unpacked{content, modes && strings.HasPrefix(content, "#!")}
		}
	}
	want[configName] = unpacked{Content: "name: app\nlanguage: node\ndatabase:\n  password: \n  url: ''\n"}
	want["link-to-file"] = unpacked{Content: "main"}
	want["link-to-dir/er/than/most.ts"] = unpacked{Content: "deep"}
	want["link/in/depth"] = unpacked{"#!/bin/sh\n", modes}
	want["secrets-link/key"] = unpacked{Content: "out"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if dead := []string{"dead", "dead-itself"}; !slices.Equal(s.DeadLinks(), dead) {
		t.Errorf("DeadLinks = %q, want %q", s.DeadLinks(), dead)
	}
}

func TestTerraformsOwnFilesAreLeftOut(t *testing.T) {
	t.Parallel()
	dir := tree(t, nodeApp(map[string]string{
		"main.tf": "in", "crash.log": "", ".terraform.lock.hcl": "", "terraform.tfstate": "", "terraform.tfstate.backup": "",
		".terraform.tfstate.lock.info": "", "a.tfvars": "", "b.tfvars.json": "", "c.auto.tfvars": "", ".tfstate": "",
		"terraform.tfstate.d/dev/terraform.tfstate": "", ".terraform/providers/x": "", ".terraform/modules": "-> /",
		"deep/down/crash.log": "", "deep/down/x.tfvars": "", "deep/.terraform/x": "", "deep/terraform.tfstate": "",
		"crash.log.txt": "in", "x.tfvarsx": "in", "deep/.terraform.d/x": "in", "other/.terraform": "in", "tfstate": "in",
	}))
	want := []string{"crash.log.txt", configName, "deep/.terraform.d/x", "main.tf", "other/.terraform", "package.json", "tfstate", "x.tfvarsx"}
	if got := names(unpack(t, pack(t, open(t, dir)))); !slices.Equal(got, want) {
		t.Errorf("the archive has %q\nwant            %q", got, want)
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	outside := tree(t, map[string]string{"file": "outside", "dir/file": "outside"})
	for name, tc := range map[string]struct {
		files map[string]string
		want  string // the error, or the names
	}{
		"file outside":           {map[string]string{"a/x": "-> " + outside + "/file"}, `"a/x" is a link that leads out of the source directory, to ` + filepath.Join(outside, "file")},
		"directory outside":      {map[string]string{"x": "-> " + outside + "/dir"}, `"x" is a link that leads out of the source directory`},
		"outside, by detours":    {map[string]string{"x": "-> y", "y": "-> " + outside + "/dir/../file"}, `is a link that leads out of the source directory`},
		"outside, file ignored":  {map[string]string{"x": "-> " + outside + "/file", ignoreFile: "x"}, ".dbosignore dbos-config.yaml package.json"},
		"outside, dir ignored":   {map[string]string{"x": "-> " + outside + "/dir", ignoreFile: "x/"}, ".dbosignore dbos-config.yaml package.json"},
		"outside, always out":    {map[string]string{"node_modules": "-> " + outside + "/dir", "dist": "-> " + outside + "/file"}, "dbos-config.yaml package.json"},
		"outside, a dead one":    {map[string]string{"x": "-> " + outside + "/none"}, "dbos-config.yaml package.json"},
		"dead but ignored":       {map[string]string{"x": "-> none", ignoreFile: "x*"}, ".dbosignore dbos-config.yaml package.json"},
		"itself":                 {map[string]string{"x": "-> ."}, `"x" is a link to a directory above itself`},
		"above":                  {map[string]string{"a/b/x": "-> ../.."}, `"a/b/x" is a link to a directory above itself`},
		"to its own directory":   {map[string]string{"a/x": "-> ../a"}, `"a/x" is a link to a directory above itself`},
		"round in circles":       {map[string]string{"a/x": "-> ../b", "b/y": "-> ../a"}, `"a/x/y" is a link to a directory above itself`},
		"up, but out of the way": {map[string]string{"a/b/c/f": "", "a/z": "-> b/c", "q/x": "-> ../a"}, "a/b/c/f a/z/f dbos-config.yaml package.json q/x/b/c/f q/x/z/f"},
		"absolute but within":    {map[string]string{"a/f": "", "x": "-> ABS/a"}, "a/f dbos-config.yaml package.json x/f"},
		"a special file":         {map[string]string{"x": "-> /dev/null"}, "dbos-config.yaml package.json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			dir, err := filepath.EvalSymlinks(dir)
			if err != nil {
				t.Fatal(err)
			}
			files := nodeApp(nil)
			for name, content := range tc.files {
				files[name] = strings.ReplaceAll(content, "ABS", dir)
			}
			addTo(t, dir, files)
			s, err := Open(t.Context(), dir, Options{})
			if err != nil {
				if !strings.Contains(err.Error(), tc.want) {
					t.Errorf("Open = %v, want %q", err, tc.want)
				}
				return
			}
			if got := strings.Join(names(unpack(t, pack(t, s))), " "); got != tc.want {
				t.Errorf("the archive has %s\nwant            %s", got, tc.want)
			}
		})
	}
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	file := filepath.Join(tree(t, map[string]string{"f": ""}), "f")
	for name, tc := range map[string]struct {
		dir  string
		want string
	}{
		"no directory":        {filepath.Join(filepath.Dir(file), "none"), "cannot open the source directory"},
		"a file":              {file, "is a file"},
		"no configuration":    {tree(t, map[string]string{"package.json": ""}), "the source directory has no dbos-config.yaml"},
		"a pattern too odd":   {tree(t, nodeApp(map[string]string{ignoreFile: "# c\n\nok\n a(b|c \n"})), `.dbosignore:4: the pattern "a(b|c" cannot be read as the CLI reads it: it has a parenthesis or a |`},
		"an ignore directory": {tree(t, nodeApp(map[string]string{ignoreFile + "/x": ""})), "cannot read .dbosignore"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := Open(t.Context(), tc.dir, Options{}); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Open = %v, want %q", err, tc.want)
			}
		})
	}
}

func TestNamesThatWindowsDoesNotHave(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no file can be called so")
	}
	for want, files := range map[string]map[string]string{
		`the file name "a/\xff" is not UTF-8 text`:         {"a/\xff": ""},
		`two files would be deployed under the name "a/b"`: {"a/b": "", `a\b`: ""},
		`the file name "..\\b" has a backslash`:            {`..\b`: ""},
	} {
		if _, err := Open(t.Context(), tree(t, nodeApp(files)), Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open = %v, want %q", err, want)
		}
	}
}

func TestContextEndsTheWork(t *testing.T) {
	t.Parallel()
	dir := tree(t, nodeApp(nil))
	s := open(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, hashErr := s.Hash(ctx)
	_, archiveErr := s.Archive(ctx)
	_, openErr := Open(ctx, dir, Options{})
	for what, err := range map[string]error{"Hash": hashErr, "Archive": archiveErr, "Open": openErr} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s = %v, want that it was canceled", what, err)
		}
	}
}

func TestSourceMayBeALinkAndRelative(t *testing.T) {
	dir := tree(t, nodeApp(map[string]string{"a": "a"}))
	want := hashOf(t, open(t, dir))
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Dir(dir)) // The working directory is the process's.
	for _, name := range []string{link, link + "/", filepath.Base(dir), "./" + filepath.Base(dir) + "/."} {
		if got := hashOf(t, open(t, name)); got != want {
			t.Errorf("the hash of %s is %s, want %s", name, got, want)
		}
	}
}

func TestTheCLIsNamesDoNotMatterAboveTheSource(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{})
	inside := filepath.Join(dir, "dist", "node_modules", "(app)", "[x]")
	files := nodeApp(map[string]string{"a": "a", "b": "b", ignoreFile: "b"})
	addTo(t, inside, files)
	plain := tree(t, files)
	if hashOf(t, open(t, inside)) != hashOf(t, open(t, plain)) {
		t.Error("the same files have another hash in another place")
	}
	if !maps.Equal(unpack(t, pack(t, open(t, inside))), unpack(t, pack(t, open(t, plain)))) {
		t.Error("the same files are packed otherwise in another place")
	}
}
