// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import "strings"

// machine is what decides how PostgreSQL may be installed.
type machine struct {
	installed      func(program string) bool
	root, sudo, ci bool
}

// packageManager installs PostgreSQL's server by its commands, the last of
// which decides.
type packageManager struct {
	program  string
	rootless bool // refuses to run as root
	commands [][]string
}

var packageManagers = []packageManager{
	{program: "apt-get", commands: [][]string{
		{"apt-get", "update"},
		{"apt-get", "install", "-y", "--no-install-recommends", "postgresql"},
	}},
	{program: "dnf", commands: [][]string{{"dnf", "install", "-y", "postgresql-server"}}},
	{program: "apk", commands: [][]string{{"apk", "add", "postgresql", "postgresql-client"}}},
	{program: "pacman", commands: [][]string{{"pacman", "-Sy", "--noconfirm", "postgresql"}}},
	{program: "zypper", commands: [][]string{{"zypper", "--non-interactive", "install", "postgresql-server"}}},
	{program: "brew", rootless: true, commands: [][]string{
		{"brew", "install", "postgresql@17"},
		{"brew", "link", "--force", "postgresql@17"},
	}},
}

// manager is the package manager of the machine.
func (m machine) manager() (packageManager, bool) {
	for _, manager := range packageManagers {
		if m.installed(manager.program) {
			return manager, true
		}
	}
	return packageManager{}, false
}

// unasked tells whether packages may be installed without asking, and what
// goes before the command.
func (m machine) unasked(manager packageManager) (prefix []string, allowed bool) {
	const quiet = "DEBIAN_FRONTEND=noninteractive"
	switch {
	case manager.rootless:
		return nil, m.ci && !m.root
	case m.root:
		return []string{"env", quiet}, true
	case m.sudo:
		return []string{"sudo", "-n", "env", quiet}, true
	default:
		return nil, false
	}
}

// typed is the one line for a person to type.
func (p packageManager) typed() string {
	lines := make([]string, len(p.commands))
	for i, command := range p.commands {
		lines[i] = strings.Join(command, " ")
		if !p.rootless {
			lines[i] = "sudo " + lines[i]
		}
	}
	return strings.Join(lines, " && ")
}
