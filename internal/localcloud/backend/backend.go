// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package backend says what a local cloud needs of the servers behind its database instances. It has two
// implementations: postgres and simulated.
package backend

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// Role is a role that logs in to a database server.
type Role struct{ Name, Password string }

// Address is where a database server listens.
type Address struct {
	Host string
	Port int
}

// String is the address as a dialer takes it.
func (a Address) String() string { return net.JoinHostPort(a.Host, strconv.Itoa(a.Port)) }

// Link is a database server that is not ours: where it is, and the role that was given to us.
type Link struct {
	Address Address
	Role    Role
}

// Target is where an application's database is: on one of our instances, or on a linked server.
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

// Backend is what stands behind the instances. The server calls it from several goroutines, but for one instance never
// makes two of Provision, SetPassword, Restore into, Destroy and Resume at a time, and never destroys an instance while
// a restore from it, a migration or a database call on it is running.
//
// The server repeats after a restart what it cannot know to be finished. So Provision and Restore begin anew and clear
// what an earlier attempt under that name has left, SetPassword may set the same password again, and Destroy of what is
// not there is no error. No error text holds a password.
type Backend interface {
	// Provision makes an instance and blocks until a client can log in as admin. Archive and base backup exist from
	// then on.
	Provision(ctx context.Context, instance string, admin Role) (Address, error)
	// SetPassword changes the password of the admin role.
	SetPassword(ctx context.Context, instance string, admin Role) error
	// RestorableSince is the earliest instant that Restore accepts.
	RestorableSince(instance string) (time.Time, error)
	// Restore makes target with the content that source had at an instant, and blocks as Provision does.
	Restore(ctx context.Context, source, target string, at time.Time) (Address, error)
	// Destroy stops an instance and removes all of its data.
	Destroy(ctx context.Context, instance string) error
	// Resume starts again what an earlier process provisioned, at its former address where that is still free.
	Resume(ctx context.Context, instance string) (Address, error)
	// Close stops every server and keeps the data. Once the context has ended it takes less care to stop them in good
	// order.
	Close(ctx context.Context) error

	// CheckLink logs in to a server that is not ours and proves that the role may create databases.
	CheckLink(ctx context.Context, at Address, role Role) error
	// CreateDatabase makes a database, unless it exists.
	CreateDatabase(ctx context.Context, on Target, database string) error
	// DropDatabase drops a database, if it exists, and its connections.
	DropDatabase(ctx context.Context, on Target, database string) error
	// Migrate runs commands in a copy of the application's files. The output belongs to the user: standard output and
	// error of what ran, with a failing command or without. An error that is a *CommandError or an *ArchiveError is the
	// user's; any other means that the commands could not be run.
	Migrate(ctx context.Context, m Migration) (output string, err error)
}

// CommandError is a migration command that failed by itself.
type CommandError struct {
	Command string
	Reason  string // "exit status 1", "took longer than 10m0s"
}

// Error names the command and why it counts as failed.
func (e *CommandError) Error() string { return fmt.Sprintf("command %q: %s", e.Command, e.Reason) }

// Options are what the local cloud gives a backend at its start.
type Options struct {
	// Dir is the backend's own folder. It exists, is empty at the first start, and is kept between starts. For root its
	// parents within the state directory may be passed through, but not listed, by other users.
	Dir         string
	PostgresBin string
	Log         io.Writer // never nil; one Write a line
	// Down is told of a server that has ended by itself, and Up when it is there again. Both may be nil.
	Down func(instance string, reason error)
	Up   func(instance string, at Address)
}
