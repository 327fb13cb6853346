// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// FuzzIgnore reads a .dbosignore and matches a path. No text may be slow, and an error must name its line.
func FuzzIgnore(f *testing.F) {
	for _, line := range realLines(f) {
		if strings.ContainsAny(line, `[({\`) {
			f.Add(line, "a/"+strings.Trim(line, "/"))
		}
	}
	f.Add(strings.Repeat("{a,", 65), "a")
	f.Add("**/"+strings.Repeat("*a*/", 60)+"b", strings.Repeat("aa/", 80))
	f.Add("{a,b}[ab]?\n{[,],c}\n", "é😀\xff")
	f.Fuzz(func(t *testing.T, text, name string) {
		quick := inASecond(func() {
			if list, err := parseIgnore(text); err == nil {
				list.file(name)
				list.directory(name)
			}
		})
		if !quick {
			t.Errorf("%q and %q take more than a second", text, name)
		}
		if _, err := parseIgnore(text); err != nil {
			if !strings.HasPrefix(err.Error(), ignoreFile+":") {
				t.Errorf("%q: the error names no line: %v", text, err)
			}
			return
		}
		if !strings.ContainsAny(name, "/\n\r\u2028\u2029") && name != "" && name != "." && name != ".." {
			all, err := parseIgnore(text + "\n*")
			if err == nil && !all.file(name) {
				t.Errorf("%q with a star keeps %q", text, name)
			}
		}
	})
}

// FuzzReadConfig reads a dbos-config.yaml in the two steps of a deployment.
func FuzzReadConfig(f *testing.F) {
	for _, seed := range []string{
		"name: a\nlanguage: node\n", "name: ${A}\nlanguage: ${L}\ndatabase:\n  app_db_name: x\n  migrate: [one, 'two']\n",
		"x: &x {app_db_name: y}\nname: a\nlanguage: go\ndatabase:\n  <<: *x\n", "!!map database:\n  x: 1\n", "a: *a", "&a [*a]", "name: a\n---\nname: b\n",
		"name: ${PGPASSWORD}${", "{name: a, language: java, database: {migrate: }}",
	} {
		f.Add(seed)
	}
	variables := map[string]string{"A": "app", "L": "python"}
	f.Fuzz(func(t *testing.T, text string) {
		filled, err := fillIn(configName, text, variables)
		var c Config
		if err == nil {
			c, err = parseConfig(configName, filled)
		}
		if err != nil {
			if !strings.HasPrefix(err.Error(), configName) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: the error does not begin with the file or is not one line: %v", text, err)
			}
			return
		}
		var want struct {
			Name, Language string
			Database       struct {
				Migrate []string
			}
		}
		if err := yaml.Unmarshal([]byte(filled), &want); err != nil {
			t.Fatalf("%q is accepted, and YAML says %v", filled, err)
		}
		if c.Name != want.Name || c.Language != want.Language || !slices.Equal(c.Migrations, want.Database.Migrate) {
			t.Errorf("%q: read %+v, want %+v", filled, c, want)
		}
	})
}

// FuzzArchive packs two files and reads them back with the standard library.
func FuzzArchive(f *testing.F) {
	f.Add("a", "x", "d/b", "y", true)
	f.Add("é/😀", strings.Repeat("compressible ", 1000), `back\slash`, "", false)
	f.Add("dist", "out", "node_modules/x", "out", false)
	f.Add("a", "1", "a", "2", true)
	f.Fuzz(func(t *testing.T, first, firstContent, second, secondContent string, executable bool) {
		dir := t.TempDir()
		want := map[string]unpacked{}
		write := func(name, content string, mode os.FileMode) {
			at := filepath.Join(dir, name)
			if name == ignoreFile || !filepath.IsLocal(name) || path.Clean(name) != name || len(name) > 200 || os.MkdirAll(filepath.Dir(at), 0o755) != nil {
				t.Skip()
			}
			if os.WriteFile(at, []byte(content), 0o600) != nil || os.Chmod(at, mode) != nil {
				t.Skip()
			}
			want[name] = unpacked{content, modes && mode == 0o755}
		}
		mode := os.FileMode(0o644)
		if executable {
			mode = 0o755
		}
		write(first, firstContent, mode)
		write(second, secondContent, 0o644)
		for name, content := range nodeApp(nil) {
			write(name, content, 0o644)
		}
		s, err := Open(t.Context(), dir, Options{})
		if err != nil {
			if !strings.Contains(err.Error(), "file name") && !strings.Contains(err.Error(), "two files") && !strings.Contains(err.Error(), ignoreFile) {
				t.Errorf("%q and %q: %v", first, second, err)
			}
			return
		}
		got := unpack(t, pack(t, s))
		for name, file := range want {
			sent := strings.ReplaceAll(name, `\`, "/")
			if out, ok := got[sent]; ok && out != file {
				t.Errorf("%q: packed %+.80v, read %+.80v", name, file, out)
			} else if !ok && !leftOut(name) {
				t.Errorf("%q is missing", name)
			}
			delete(got, sent)
		}
		if len(got) > 0 {
			t.Errorf("the archive also has %q", names(got))
		}
	})
}

// leftOut tells whether a file is left out by its own name or that of a directory.
func leftOut(name string) bool {
	parts := strings.Split(name, "/")
	for i, part := range parts {
		directory := i < len(parts)-1
		if alwaysIgnored(part, directory) || terraformOwn(part, directory) {
			return true
		}
	}
	return false
}

func realLines(t testing.TB) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", "ignore-lines.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSuffix(line, "\n"); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}
