// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

// Package postgres runs real PostgreSQL servers for the local cloud: each one a cluster of its own with its own port,
// passwords, WAL archive and base backup, from which it can be restored to any instant since it was made.
//
// A server is a child of this process and does not outlive it. It survives the end of either, also by SIGKILL: Open
// starts it again with everything as it was.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// oldest is the first major version that has all that is used here.
const oldest = 13

// Installation is a PostgreSQL on this machine.
type Installation struct {
	bin      string
	version  string // as it calls itself: "15.18"
	major    int
	account  *account
	template *template
	timeouts timeouts
}

// Version is the installation's own word for its version.
func (i *Installation) Version() string { return i.version }

// Find looks for an installation: in binDir, or if that is empty on the PATH and then where systems put it, the newest
// first. Its error says what was looked for and how to install it.
func Find(binDir string) (*Installation, error) {
	found, err := newSearch(binDir).find()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	postgres := filepath.Join(found, "postgres")
	out, err := exec.CommandContext(ctx, postgres, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("ask %s for its version: %w", postgres, err)
	}
	i := &Installation{bin: found, timeouts: defaultTimeouts}
	if i.version, i.major = parseVersion(string(out)); i.major < oldest {
		return nil, fmt.Errorf("%s is %q, and PostgreSQL %d or newer is needed", postgres, strings.TrimSpace(string(out)), oldest)
	}
	i.template = templateOf(i.bin, i.version)
	if i.account, err = serverAccount(os.Geteuid()); err != nil {
		return nil, err
	}
	return i, nil
}

var versionNumber = regexp.MustCompile(`\d+(\.\d+)*`)

func parseVersion(answer string) (version string, major int) {
	version = versionNumber.FindString(answer)
	first, _, _ := strings.Cut(version, ".")
	major, err := strconv.Atoi(first)
	if err != nil {
		return version, 0
	}
	return version, major
}

// search is where to look for an installation.
type search struct {
	binDir   string   // the only place, if set
	path     []string // directories
	patterns []string // globs of further directories
	install  string   // how to install it
}

func newSearch(binDir string) search {
	return search{
		binDir: binDir,
		path:   filepath.SplitList(os.Getenv("PATH")),
		patterns: []string{
			"/usr/lib/postgresql/*/bin",            // Debian, Ubuntu
			"/usr/pgsql-*/bin",                     // PostgreSQL's own packages for Red Hat
			"/opt/homebrew/opt/postgresql@*/bin",   // Homebrew, ARM
			"/usr/local/opt/postgresql@*/bin",      // Homebrew, Intel
			"/usr/libexec/postgresql*",             // Alpine
			"/usr/lib/postgresql*/bin",             // SUSE
			"/Applications/Postgres.app/*/*/*/bin", // Postgres.app
		},
		install: installHint(),
	}
}

func (s search) find() (string, error) {
	if s.binDir != "" {
		dir, err := filepath.Abs(s.binDir)
		if err != nil {
			return "", err
		}
		if err := holdsServer(dir); err != nil {
			return "", fmt.Errorf("no PostgreSQL in %s: %w. Name the directory that holds initdb and postgres. %s", s.binDir, err, s.install)
		}
		return dir, nil
	}
	for _, dir := range s.path {
		// Packages put links on the PATH; the programs find their neighbours where they really are.
		if program, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres")); err == nil && holdsServer(filepath.Dir(program)) == nil {
			return filepath.Dir(program), nil
		}
	}
	for _, pattern := range s.patterns {
		dirs, err := filepath.Glob(pattern)
		if err != nil {
			return "", err
		}
		slices.SortFunc(dirs, func(a, b string) int { return majorOf(b) - majorOf(a) })
		for _, dir := range dirs {
			if holdsServer(dir) == nil {
				return dir, nil
			}
		}
	}
	return "", fmt.Errorf("PostgreSQL is not installed: no initdb and postgres on the PATH, nor in %s. %s",
		strings.Join(s.patterns, ", "), s.install)
}

// majorOf is the major version in the name of a directory.
func majorOf(dir string) int {
	_, major := parseVersion(dir)
	return major
}

func holdsServer(dir string) error {
	for _, program := range []string{"initdb", "postgres"} {
		info, err := os.Stat(filepath.Join(dir, program))
		if err != nil {
			return err
		}
		if info.IsDir() || info.Mode()&0o111 == 0 {
			return errors.New(program + " is not a program")
		}
	}
	return nil
}
