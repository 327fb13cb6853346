// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// checkLanguage makes the CLI's checks for the application's language. file is the configuration's name for errors. As
// in the CLI, a file counts even if a pattern leaves it out of the archive.
func (s *Source) checkLanguage(root, file string) error {
	isFile := func(name string) bool {
		info, err := os.Stat(filepath.Join(root, name))
		return err == nil && info.Mode().IsRegular()
	}
	switch s.config.Language {
	case "node":
		if !isFile("package.json") {
			return fmt.Errorf("the language in %s is node, but the source directory has no package.json", file)
		}
	case "python":
		return checkRequirements(root, file)
	case "go":
		if !isFile("main") {
			return fmt.Errorf("the language in %s is go, but the source directory has no file main; build the application for Linux with: go build -o main", file)
		}
	case "java":
		return s.placeJar(root, file)
	}
	return nil
}

func checkRequirements(root, file string) error {
	content, err := os.ReadFile(filepath.Join(root, "requirements.txt"))
	if err != nil {
		return fmt.Errorf("the language in %s is python, but requirements.txt cannot be read: %w", file, reason(err))
	}
	if !bytes.Contains(content, []byte("dbos")) {
		return fmt.Errorf("the language in %s is python, but requirements.txt does not include dbos; list all dependencies of the application there", file)
	}
	return nil
}

// placeJar puts the application's jar at the root of the archive, even if a pattern leaves it out: build directories
// often are.
func (s *Source) placeJar(root, file string) error {
	const libs = "build/libs"
	jar, err := chooseJar(filepath.Join(root, filepath.FromSlash(libs)))
	if err != nil {
		return fmt.Errorf("the language in %s is java, but %s %w", file, libs, err)
	}
	name := path.Join(libs, jar)
	at := filepath.Join(root, filepath.FromSlash(name))
	resolved, err := filepath.EvalSymlinks(at)
	if err != nil {
		return fmt.Errorf("cannot read %q: %w", name, reason(err))
	}
	info, err := os.Stat(resolved)
	if err != nil {
		return fmt.Errorf("cannot read %q: %w", name, reason(err))
	}
	if !within(resolved, root) {
		return fmt.Errorf("%q is a link that leads out of the source directory, to %s", name, resolved)
	}
	s.entries = slices.DeleteFunc(s.entries, func(e entry) bool { return e.name == name || e.name == jar })
	s.entries = append(s.entries, entry{name: jar, path: resolved, executable: info.Mode()&0o100 != 0, size: info.Size()})
	return nil
}

// chooseJar finds the one jar that runs the application. It passes over jars of sources, documentation or the plain
// classes, and prefers a jar with all dependencies.
func chooseJar(dir string) (string, error) {
	children, err := os.ReadDir(dir)
	if err != nil {
		return "", fmt.Errorf("cannot be read: %w; build the application first", reason(err))
	}
	var jars, complete []string
	for _, child := range children {
		name := child.Name()
		base, isJar := strings.CutSuffix(name, ".jar")
		info, err := os.Stat(filepath.Join(dir, name))
		if !isJar || err != nil || !info.Mode().IsRegular() || hasClassifier(base, "sources", "javadoc", "plain") {
			continue
		}
		jars = append(jars, name)
		if hasClassifier(base, "fat", "uber", "all") {
			complete = append(complete, name)
		}
	}
	if len(complete) > 0 {
		jars = complete
	}
	switch len(jars) {
	case 0:
		return "", errors.New("has no jar of the application; build it first")
	case 1:
		return jars[0], nil
	}
	return "", fmt.Errorf("has several jars that could be the application's: %s; remove the old ones", strings.Join(jars, ", "))
}

func hasClassifier(base string, words ...string) bool {
	return slices.ContainsFunc(words, func(word string) bool {
		return base == word || strings.HasSuffix(base, "-"+word)
	})
}
