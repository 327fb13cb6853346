// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

// Package postgres runs real PostgreSQL servers for the local cloud. Each has a cluster of its own, with its port,
// passwords, log archive and base backup, and can be restored to any instant since it was made.
//
// A server is a child of this process and ends with it. Its data survives the end of either, even by SIGKILL, and Open
// starts it again.
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

// oldest is the first major version with all that this package uses.
const oldest = 13

// Installation is a PostgreSQL installation on this machine.
type Installation struct {
	bin      string
	version  string // for example "15.18"
	major    int
	account  *account
	template *template
	timeouts timeouts
}

// Find looks for an installation: in binDir, or if that is empty on the PATH and then where systems put it, the newest
// version first. Its error says where it looked and how to install PostgreSQL.
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

// search says where to look for an installation.
type search struct {
	binDir   string   // the only place, if set
	path     []string // directories
	patterns []string // globs of further directories
	install  string   // advice for the error
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
		// Packages put links on the PATH, and the programs find their libraries beside the real file.
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
