// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package backend defines what a local cloud needs of the servers behind its database instances. Its two
// implementations are postgres and simulated.
package backend

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// Role is a PostgreSQL role with its password.
type Role struct{ Name, Password string }

// Address is where a database server listens.
type Address struct {
	Host string
	Port int
}

// String is the address as a dialer takes it.
func (a Address) String() string { return net.JoinHostPort(a.Host, strconv.Itoa(a.Port)) }

// Link is a linked database server, which the local cloud does not run, and the role to log in with.
type Link struct {
	Address Address
	Role    Role
}

// Target is where an application's database is: on an instance of the local cloud, or on a linked server.
type Target struct {
	Instance string
	Link     *Link
}

// Migration is what a deploy runs before it starts the new version.
type Migration struct {
	On       Target
	Database string
	Archive  string            // path of the application's zip, readable by this process
	Commands []string          // shell commands, in order; the first that fails ends it
	Secrets  map[string]string // the application's, as environment variables
}

// Backend runs the servers of the instances. The local cloud calls it from several goroutines. For one instance it
// never makes two of Provision, SetPassword, Restore into, Destroy and Resume at a time, and never destroys an instance
// during a restore from it, a migration, or a database call on it.
//
// After a restart the local cloud repeats what may be unfinished. So Provision and Restore clear what an earlier
// attempt under that name has left, SetPassword may set the same password again, and Destroy of a missing instance is
// no error. No error text holds a password.
type Backend interface {
	// Provision makes an instance and blocks until the admin can log in. From then on it can be restored.
	Provision(ctx context.Context, instance string, admin Role) (Address, error)
	// SetPassword changes the password of the admin role.
	SetPassword(ctx context.Context, instance string, admin Role) error
	// RestorableSince is the earliest instant that Restore accepts.
	RestorableSince(instance string) (time.Time, error)
	// Restore makes target with the content that source had at an instant, and blocks as Provision does.
	Restore(ctx context.Context, source, target string, at time.Time) (Address, error)
	// Destroy stops an instance and removes all of its data.
	Destroy(ctx context.Context, instance string) error
	// Resume starts the server of an earlier process again, at the same address if that is still free.
	Resume(ctx context.Context, instance string) (Address, error)
	// Close stops every server and keeps the data. Once the context has ended it no longer waits for sessions to end in
	// good order.
	Close(ctx context.Context) error

	// CheckLink logs in to a linked server and checks that the role may create databases.
	CheckLink(ctx context.Context, at Address, role Role) error
	// CreateDatabase makes a database, unless it exists.
	CreateDatabase(ctx context.Context, on Target, database string) error
	// DropDatabase drops a database, if it exists, and its connections.
	DropDatabase(ctx context.Context, on Target, database string) error
	// Migrate runs commands in a copy of the application's files, and returns their standard output and standard error.
	// An error of type *CommandError or *ArchiveError is the user's fault. Any other means that the commands could not
	// be run.
	Migrate(ctx context.Context, m Migration) (output string, err error)
}

// CommandError is a migration command that failed by itself.
type CommandError struct {
	Command string
	Reason  string // "exit status 1", "took longer than 10m0s"
}

// Error names the command and the reason.
func (e *CommandError) Error() string { return fmt.Sprintf("command %q: %s", e.Command, e.Reason) }

// Options are what the local cloud passes to a backend at its start.
type Options struct {
	// Dir is the backend's own folder. It is empty at the first start and is kept between starts. If this process is
	// root, other users may pass through its parents within the state directory, but not list them.
	Dir         string
	PostgresBin string
	Log         io.Writer // never nil; one Write a line
	// Down is called when a server has crashed, and Up when it runs again.
	Down func(instance string)
	Up   func(instance string, at Address)
}
