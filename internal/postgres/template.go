// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
)

// segmentSize is the size of a log file of a server, in bytes.
const segmentSize = 1 << 20

// template is a data directory as initdb leaves it, with the configuration of all servers. Copying it is ten times as
// fast as running initdb again. It is kept in memory, so that nothing has to be removed when this process ends.
type template struct {
	busy     chan struct{} // a lock that can be waited for with a context
	data     []byte        // nil until it is complete
	password string        // of the superuser
}

var (
	templates     = map[string]*template{}
	templatesLock sync.Mutex
)

// templateOf is the template of an installation, of which a process makes only one.
func templateOf(bin, version string) *template {
	templatesLock.Lock()
	defer templatesLock.Unlock()
	key := bin + " " + version
	if templates[key] == nil {
		templates[key] = &template{busy: make(chan struct{}, 1)}
	}
	return templates[key]
}

// prepare returns when the template is complete. The first caller makes it in a directory below dir. If that fails, the
// next caller tries again.
func (i *Installation) prepare(ctx context.Context, dir string) error {
	select {
	case i.template.busy <- struct{}{}:
		defer func() { <-i.template.busy }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if i.template.data != nil {
		return nil
	}
	work := filepath.Join(dir, makingName)
	if err := os.Mkdir(work, 0o700); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()

	data, password := filepath.Join(work, dataName), randomPassword()
	if err := i.initdb(ctx, data, filepath.Join(work, "password"), password); err != nil {
		return fmt.Errorf("make the template of a data directory: %w", err)
	}
	var packed bytes.Buffer
	if err := i.packTemplate(ctx, &packed, data); err != nil {
		return err
	}
	i.template.data, i.template.password = packed.Bytes(), password
	return nil
}

func (i *Installation) initdb(ctx context.Context, data, passwordFile, password string) error {
	if err := i.account.mkdir(data); err != nil {
		return err
	}
	if err := os.WriteFile(passwordFile, []byte(password+"\n"), 0o600); err != nil {
		return err
	}
	if err := i.account.chown(passwordFile); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(i.bin, "initdb"))
	cmd.Env = environment()
	defer closeAll(cmd)
	dataName, err := i.account.passTo(cmd, data)
	if err != nil {
		return err
	}
	passwordName, err := i.account.passTo(cmd, passwordFile)
	if err != nil {
		return err
	}
	cmd.Args = append(cmd.Args, "--pgdata="+dataName, "--pwfile="+passwordName, "--username="+superuser,
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale="+locale(), "--wal-segsize=1", "--no-sync")
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := i.account.start(cmd); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, tail(output.Bytes()))
	}
	return nil
}

// closeAll closes the files that passTo has opened for a command.
func closeAll(cmd *exec.Cmd) {
	for _, file := range cmd.ExtraFiles {
		_ = file.Close()
	}
}

// locale needs no package. It sorts by code points and, except on macOS, knows the classes of all characters.
func locale() string {
	if runtime.GOOS == "darwin" {
		return "C"
	}
	return "C.UTF-8"
}

// packTemplate packs the result of initdb with the configuration files, which are the same for all servers. A server
// gets its port and name when it starts.
func (i *Installation) packTemplate(ctx context.Context, w io.Writer, data string) error {
	own := map[string]string{"postgresql.conf": settings, "pg_hba.conf": logins}
	archive := tar.NewWriter(w)
	err := i.account.pack(ctx, archive, data, func(name string) bool { return own[name] != "" })
	for _, name := range slices.Sorted(maps.Keys(own)) {
		err = errors.Join(err, packText(archive, name, own[name]))
	}
	return errors.Join(err, archive.Close())
}

// logins makes every role log in with a password, over the loopback interface.
const logins = `host all all 127.0.0.1/32 scram-sha-256
host all all ::1/128 scram-sha-256
`

// settings are for a small server that is reached by TCP only and may be killed at any moment, but need not survive a
// power cut. The path of the archive is relative to the data directory, so that a directory can be moved. A log file
// gets its name in the archive only when it is complete.
const settings = `listen_addresses = '127.0.0.1'
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
max_connections = 60
shared_buffers = '16MB'
huge_pages = off
dynamic_shared_memory_type = 'mmap'
max_worker_processes = 0
max_logical_replication_workers = 0
max_wal_senders = 0
jit = off

# A killed process loses no page that it has handed to the system, so there is
# no need to wait for the disk. It loses commits that it has kept to itself, and
# it can leave a page half written: these two stay on.
fsync = off
synchronous_commit = on
full_page_writes = on
wal_compression = on
max_wal_size = '256MB'
min_wal_size = '8MB'

wal_level = 'replica'
archive_mode = on
archive_command = 'cp "%p" "../wal/%f.tmp" && mv "../wal/%f.tmp" "../wal/%f"'

# Statements can hold secrets: none is ever logged.
log_statement = 'none'
log_min_error_statement = 'panic'
log_checkpoints = off
log_timezone = 'UTC'
timezone = 'UTC'
lc_messages = 'C'
`
