// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestLanguages(t *testing.T) {
	t.Parallel()
	outside := filepath.Join(tree(t, map[string]string{"f": ""}), "f")
	for name, tc := range map[string]struct {
		language string
		files    map[string]string
		want     string // the error, or the names
	}{
		"node":                     {"node", map[string]string{"package.json": ""}, "dbos-config.yaml package.json"},
		"node, ignored":            {"node", map[string]string{"package.json": "", ignoreFile: "p*"}, ".dbosignore dbos-config.yaml"},
		"node without":             {"node", map[string]string{"a/package.json": ""}, "has no package.json"},
		"python":                   {"python", map[string]string{"requirements.txt": "fastapi\ndbos==1.0\n"}, "dbos-config.yaml requirements.txt"},
		"python without":           {"python", nil, "requirements.txt cannot be read: "},
		"python without dbos":      {"python", map[string]string{"requirements.txt": "fastapi\n"}, "requirements.txt does not include dbos"},
		"go":                       {"go", map[string]string{"main": "#!"}, "dbos-config.yaml main"},
		"go without":               {"go", map[string]string{"main/main.go": ""}, "has no file main"},
		"java":                     {"java", jars("app.jar"), "app.jar dbos-config.yaml"},
		"java, ignored":            {"java", with(jars("app.jar"), ignoreFile, "build/"), ".dbosignore app.jar dbos-config.yaml"},
		"java, others by its side": {"java", jars("app-1.0.jar", "app-1.0-sources.jar", "app-1.0-javadoc.jar", "app-1.0-plain.jar", "x.txt"), "app-1.0.jar build/libs/app-1.0-javadoc.jar build/libs/app-1.0-plain.jar build/libs/app-1.0-sources.jar build/libs/x.txt dbos-config.yaml"},
		"java, a complete one":     {"java", jars("app.jar", "app-all.jar"), "app-all.jar build/libs/app.jar dbos-config.yaml"},
		"java, fat":                {"java", jars("a.jar", "a-fat.jar"), "a-fat.jar build/libs/a.jar dbos-config.yaml"},
		"java, uber":               {"java", jars("a.jar", "a-uber.jar"), "a-uber.jar build/libs/a.jar dbos-config.yaml"},
		"java, one of the name":    {"java", with(jars("app.jar"), "app.jar", "old"), "app.jar dbos-config.yaml"},
		"java, several":            {"java", jars("a.jar", "b.jar"), "build/libs has several jars that could be the application's: a.jar, b.jar"},
		"java, several complete":   {"java", jars("a-all.jar", "b-fat.jar", "c.jar"), "several jars that could be the application's: a-all.jar, b-fat.jar;"},
		"java, none":               {"java", jars("a-sources.jar"), "build/libs has no jar of the application"},
		"java, not built":          {"java", nil, "; build the application first"},
		"java, a link out":         {"java", map[string]string{ignoreFile: "build/", "build/libs/a.jar": "-> " + outside}, `"build/libs/a.jar" is a link that leads out`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := tree(t, with(tc.files, configName, "name: app\nlanguage: "+tc.language+"\n"))
			s, err := Open(t.Context(), dir, Options{})
			if err != nil {
				if !strings.Contains(err.Error(), tc.want) {
					t.Errorf("Open = %v, want %q", err, tc.want)
				}
				return
			}
			files := unpack(t, pack(t, s))
			if got := strings.Join(names(files), " "); got != tc.want {
				t.Errorf("the archive has %s\nwant            %s", got, tc.want)
			}
			if at := slices.IndexFunc(names(files), func(n string) bool { return strings.HasSuffix(n, ".jar") && !strings.Contains(n, "/") }); at >= 0 {
				if jar := files[names(files)[at]]; jar.Content != "a jar" {
					t.Errorf("the jar at the root is %q", jar.Content)
				}
			}
		})
	}
}

func jars(names ...string) map[string]string {
	files := map[string]string{}
	for _, name := range names {
		files["build/libs/"+name] = "a jar"
	}
	return files
}

func with(files map[string]string, name, content string) map[string]string {
	all := map[string]string{name: content}
	for n, c := range files {
		all[n] = c
	}
	return all
}
