// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package postgres

import (
	"os"
	"os/exec"
	"strings"
)

// PackageManager installs PostgreSQL's server by its commands. The last command decides whether it worked.
type PackageManager struct {
	Program  string
	Rootless bool // it refuses to run as root
	Commands [][]string
}

var packageManagers = []PackageManager{
	{Program: "apt-get", Commands: [][]string{
		{"apt-get", "update"},
		{"apt-get", "install", "-y", "--no-install-recommends", "postgresql"},
	}},
	{Program: "dnf", Commands: [][]string{{"dnf", "install", "-y", "postgresql-server"}}},
	{Program: "apk", Commands: [][]string{{"apk", "add", "postgresql", "postgresql-client"}}},
	{Program: "pacman", Commands: [][]string{{"pacman", "-Sy", "--noconfirm", "postgresql"}}},
	{Program: "zypper", Commands: [][]string{{"zypper", "--non-interactive", "install", "postgresql-server"}}},
	{Program: "brew", Rootless: true, Commands: [][]string{
		{"brew", "install", "postgresql@17"},
		{"brew", "link", "--force", "postgresql@17"},
	}},
}

// Manager finds the package manager of this machine. installed tells whether there is a program of a name.
func Manager(installed func(program string) bool) (PackageManager, bool) {
	for _, manager := range packageManagers {
		if installed(manager.Program) {
			return manager, true
		}
	}
	return PackageManager{}, false
}

// Line is the line to type for a user who is root or is not.
func (p PackageManager) Line(root bool) string {
	lines := make([]string, len(p.Commands))
	for i, command := range p.Commands {
		lines[i] = strings.Join(command, " ")
		if !p.Rootless && !root {
			lines[i] = "sudo " + lines[i]
		}
	}
	return strings.Join(lines, " && ")
}

// OnPath tells whether a program is on the PATH.
func OnPath(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

// installHint says how to install PostgreSQL here.
func installHint() string {
	manager, ok := Manager(OnPath)
	if !ok {
		return "Install PostgreSQL's server with the packages of your system"
	}
	return "Install it with: " + manager.Line(os.Geteuid() == 0)
}
